"""The cells of scenes that several pages have; each page's own stand beside its scenes."""

import plotly.graph_objects as go
import torch
from PIL import Image

import aevb
from aevb.evaluation import posterior_means, responsibilities
from aevb.explore import codes, maps
from aevb.explore.measures import measured
from aevb.explore.record import record
from aevb.figures.curves import learning_curve
from aevb.figures.images import sheet
from aevb.figures.maps import digit_map


def latent_map(checkpoint: str, map: str = "tsne", by: str = "cluster") -> go.Figure:
    """The map of the test images, coloured by their clusters where there are any, else by their labels."""
    known = aevb.load(checkpoint)
    model, test = known.model, known.images().test
    observed, labels = test.seen_by(model).fixed(), test.known_labels
    if map in known.maps:
        points = known.maps[map]
    else:
        codes_of = codes.styles if map == "style" else posterior_means
        points = maps.pca(codes_of(model, *observed).numpy())

    shares = responsibilities(model, observed[0])
    if shares is not None and by == "cluster":
        labels = torch.tensor(measured(known)["class_of"])[shares.argmax(1)]
    print(f"{len(points):,} test images by {map}; the first is at {points[0].round(1)}")
    return digit_map(points, labels.numpy())


def dimensions(checkpoint: str, digit: int = 0, dim: int | None = None) -> Image.Image:
    """What a dimension says of the test images, and what it does to one of them."""
    known = aevb.load(checkpoint)
    model, use = known.model, torch.tensor(measured(known)["use"])
    test = known.images().test
    x = codes.seen(model, test.images[[digit]])
    shares = responsibilities(model, x)
    y = test.known_labels[[digit]] if model.conditional else None if shares is None else shares.argmax(1)
    epsilon = codes.style(model, codes.posterior(model, x, y).mean, y)[0]
    chosen = int(use.argmax()) if dim is None else dim - 1
    print(f"dimension {chosen + 1}: mean KL {use[chosen]:.2f} nats; used: {int((use >= 0.01).sum())}")
    moved = codes.along(epsilon, chosen, torch.arange(-3.0, 4.0))
    return sheet(codes.write(model, moved, None if y is None else y.expand(7)), 7)


def training(checkpoint: str, epoch: int | None = None, origin: str = "clusters") -> go.Figure:
    """How the checkpoint was trained, epoch by epoch; or, where that is recorded, from its plain start."""
    told = record(aevb.load(checkpoint))
    if origin == "plain":
        told = told.get("plain", told)
    point = min(told["curve"], key=lambda one: abs(one["epoch"] - (epoch or told["chosen"])))
    print({name: point[name] for name in ("epoch", "train_elbo", "elbo", "terms")})
    return learning_curve(told["curve"], chosen=told["chosen"])

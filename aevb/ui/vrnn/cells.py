"""The VRNN's views in Python."""

import math

import numpy as np
import plotly.graph_objects as go
import torch
from PIL import Image

import aevb
from aevb.explore import codes
from aevb.explore import rows as by_row
from aevb.explore.measures import measured
from aevb.explore.noise import Noise
from aevb.figures.images import sheet


def growing(
    checkpoint: str, seed: int = by_row.SEED, temperature: float = 1, grown: int | None = None, image: int = 1
) -> Image.Image:
    """Twelve samples as far as they have grown, and where z of the framed one's last row is."""
    model = aevb.load(checkpoint).expect(aevb.VRNN)
    drawn = by_row.samples(model, seed, 12, temperature=temperature)
    rows = min(grown or model.length, model.length)
    print(f"z of row {rows}: {drawn.z[rows - 1, image - 1].tolist()}")
    images = drawn.x.transpose(0, 1).clone()
    images[:, rows:] = 0
    return sheet(images.flatten(1), 6)


def rows(checkpoint: str, digit: int = 0, seed: int = by_row.SEED) -> go.Figure:
    """A digit read row by row: the KL of each row, and how improbable its pixels were."""
    known = aevb.load(checkpoint)
    model = known.expect(aevb.VRNN)
    x = codes.seen(model, known.images().test.images[[digit]])
    read = by_row.read(model, x, Noise(seed).normal(model.length, 1, model.latent_dim))
    kl, surprise = (-read.terms[name][:, 0] for name in ("minus_kl_z", "reconstruction"))
    print(f"log p(x | z) {-surprise.sum():.1f} - KL {kl.sum():.1f} = ELBO {-(kl + surprise).sum():.1f} nats")
    print(f"row {kl.argmax() + 1} surprises most: KL {kl.max():.1f}")

    noise = Noise(seed).normal(10, model.length, model.latent_dim).transpose(0, 1)
    paths = by_row.read(model, x.expand(10, -1, -1), noise)
    ratios = paths.terms["reconstruction"] + paths.prior.log_prob(paths.z) - paths.posterior.log_prob(paths.z)
    print(f"bound, K = 10: {ratios.sum(0).logsumexp(0) - math.log(10):.1f} nats")
    bars = {"KL": kl, "-log p": surprise}
    return go.Figure([go.Bar(name=name, x=nats.tolist(), orientation="h") for name, nats in bars.items()])


def moved(
    checkpoint: str, seed: int = by_row.SEED, moved_row: int = 9, moved_z: list[float] | None = None
) -> Image.Image:
    """A digit as it was drawn, and as it grows where some rows' ε are others."""
    model = aevb.load(checkpoint).expect(aevb.VRNN)
    epsilon, uniforms = by_row.noise(model, seed, 1)
    before = by_row.drawn(model, epsilon, uniforms)
    moves = moved_z or []  # a row, from 1, and its ε; and again
    for row, *place in zip(moves[::3], moves[1::3], moves[2::3], strict=True):
        epsilon[int(row) - 1, 0, :2] = torch.tensor(place[: model.latent_dim])
    after, row = by_row.drawn(model, epsilon, uniforms), min(moved_row, model.length)
    print(f"z of row {row}: {after.z[row - 1, 0].tolist()}")
    return sheet(torch.stack([before.x.flatten(), after.x.flatten()]), 2)


def endings(
    checkpoint: str, digit: int = 0, seed: int = by_row.SEED, temperature: float = 1, keep: int | None = None
) -> Image.Image:
    """The first rows of a digit, and twelve ways in which the model goes on."""
    known = aevb.load(checkpoint)
    model = known.expect(aevb.VRNN)
    kept = round(9 / 28 * model.length) if keep is None else min(keep, model.length)
    x = codes.seen(model, known.images().test.images[[digit]])[:, :kept].expand(12, -1, -1)
    epsilon, uniforms = by_row.noise(model, seed, 13)
    epsilon[:kept] = epsilon[:kept, :1].clone()  # the rows that are kept have one z in all
    drawn = by_row.drawn(model, epsilon[:, 1:], uniforms[:, 1:], x, temperature=temperature)
    print(f"{kept} rows are kept; pixels below that differ: {drawn.x.std(1).gt(0).sum()}")
    return sheet(drawn.x.transpose(0, 1).flatten(1), 6)


def paths(
    checkpoint: str, digit: int = 0, seed: int = by_row.SEED, paths: str = "digits", only: int | None = None
) -> go.Figure:
    """The paths of z: q's means by class with a digit's own, or those of thirty samples."""
    known = aevb.load(checkpoint)
    model = known.expect(aevb.VRNN)
    if paths == "samples":
        z = by_row.samples(model, seed, 30).z
        found = {f"sample {k + 1}": path for k, path in enumerate(z.unbind(1))}
    else:
        means = np.array(measured(known).get("class_paths", []), float)  # NaN of a class without images
        x = codes.seen(model, known.images().test.images[[digit]])
        found = {str(label): path for label, path in enumerate(means) if only in (None, -1, label)}
        found[f"digit {digit}"] = by_row.mean_paths(model, x)[0]
    name, path = list(found.items())[-1]
    row = len(path) // 2
    print(f"z of row {row} of {name}: {path[row - 1].tolist()}")
    lines = {name: path.T[:2].tolist() for name, path in found.items()}
    return go.Figure([go.Scatter(name=name, x=z[0], y=z[-1]) for name, z in lines.items()])


def samples(checkpoint: str, seed: int = by_row.SEED) -> Image.Image:
    """Thirty samples, and the probabilities that their pixels were drawn with."""
    model = aevb.load(checkpoint).expect(aevb.VRNN)
    drawn = by_row.samples(model, seed, 30)
    print(f"black and white: {drawn.x.mean():.4f}, probabilities: {drawn.probs.mean():.4f}")
    return sheet(torch.cat([part.transpose(0, 1).flatten(1) for part in (drawn.x, drawn.probs)]), 10)

"""The GMVAE's views in Python."""

import plotly.graph_objects as go
import torch
from PIL import Image
from torch.distributions import kl_divergence

import aevb
from aevb.explore import codes
from aevb.explore.measures import measured
from aevb.explore.noise import Noise
from aevb.figures.images import sheet
from aevb.percent import stated


def clusters(checkpoint: str, seed: int = 0) -> Image.Image:
    """A row for each cluster: draws z ~ p(z | y), decoded."""
    known = aevb.load(checkpoint)
    model, measures = known.model, measured(known)
    order = torch.tensor(measures["order"])
    epsilon = Noise(seed).normal(len(order), 12, model.latent_dim)
    print("rows, from the top:", *measures["titles"])
    return sheet(codes.write(model, epsilon, torch.eye(model.choices)[order].unsqueeze(1)), 12)


def guess(checkpoint: str, digit: int = 0, seed: int = 0) -> Image.Image:
    """Which cluster an image is in, and the ELBO that comes of it."""
    known = aevb.load(checkpoint)
    model, measures = known.model, measured(known)
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    shares, q = codes.components(model, x)
    for cluster, title in zip(measures["order"], measures["titles"], strict=True):
        print(f"{title:4} q(y | x) {stated(shares[cluster].item())}")

    y = torch.arange(model.choices)
    z = q.mean + q.stddev * Noise(seed).normal(model.choices, model.latent_dim)
    likelihood = shares @ codes.likelihood(model, z, y).log_prob(x)
    kl_z = shares @ kl_divergence(q, codes.prior(model, y))
    kl_y = shares.xlogy(shares * model.choices).sum()
    print(
        f"log p(x | z) {likelihood:.1f} - KL(z) {kl_z:.1f} - KL(y) {kl_y:.1f} "
        f"= ELBO {likelihood - kl_z - kl_y:.1f} nats"
    )
    likely = shares.argmax()
    return sheet(torch.stack([x, codes.decode(model, q.mean[likely], likely)]), 2)


def knobs(checkpoint: str, digit: int = 0, z: list[float] | None = None, choice: str = "") -> Image.Image:
    """One place ε in the chosen cluster, and in every cluster."""
    known = aevb.load(checkpoint)
    model, measures = known.model, measured(known)
    order, titles = measures["order"], measures["titles"]
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    own = codes.components(model, x)[0].argmax()
    y = torch.tensor(order[titles.index(choice)]) if choice else own
    mean = codes.style(model, codes.posterior(model, x, own).mean, own)
    epsilon = mean.round(decimals=2).clamp(-5, 5) if z is None else torch.tensor(z)
    print(f"in the cluster {titles[order.index(int(y))]}; ‖ε‖ = {epsilon.norm():.2f}")
    everywhere = codes.write(model, epsilon.expand(len(order), -1), torch.tensor(order))
    return sheet(torch.cat([codes.write(model, epsilon, y).unsqueeze(0), everywhere]), 1 + len(order))


def plane(
    checkpoint: str, digit: int = 0, z: list[float] | None = None, choice: str = "", plane: str = ""
) -> Image.Image:
    """The plane of places through ε along two directions, in the chosen cluster."""
    known = aevb.load(checkpoint)
    assert known.model.latent_dim > 1, "A plane takes two latent numbers, and this model has one."
    model, measures = known.model, measured(known)
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    own = codes.components(model, x)[0].argmax()
    y = torch.tensor(measures["order"][measures["titles"].index(choice)]) if choice else own
    mean = codes.style(model, codes.posterior(model, x, own).mean, own)
    epsilon = mean.round(decimals=2) if z is None else torch.tensor(z)

    # "pca1" is the first principal direction about the places' centre, "3" the third dimension.
    (u, from_u), (v, from_v) = (codes.axis(measures, name) for name in (plane or "pca1,pca2").split(","))
    a, b = u @ (epsilon - from_u), v @ (epsilon - from_v)
    print(f"ε is at {a:.1f}, {b:.1f}")

    at = 4 * ((2 * torch.arange(9) + 1) / 9 - 1)
    grid = codes.plane(epsilon, u, v, at - a, at.flip(0) - b)
    return sheet(codes.write(model, grid, y.expand(9, 9)), 9)


def confusion(checkpoint: str, cell: list[int] | None = None, page: int = 1) -> Image.Image:
    """Clusters against labels, and the images of a cell: at first of the commonest mistake."""
    known = aevb.load(checkpoint)
    model, test = known.expect(aevb.GMVAE), known.images().test
    measures = measured(known)
    order = torch.tensor(measures["order"])
    matched = torch.tensor(measures["class_of"])[order]
    labels, shares = test.known_labels, model.responsibilities(codes.seen(model, test.images))
    kinds = torch.arange(len(known.classes))
    of = shares.argmax(1)
    counts = torch.stack([labels[of == y].bincount(minlength=len(kinds)) for y in order])
    right = matched.unsqueeze(1) == kinds
    print(counts, f"accuracy {(counts * right).sum() / len(test):.3f}", sep="\n")

    mistakes = counts * ~right * (matched.unsqueeze(1) >= 0)
    row, label = cell or divmod(int(mistakes.argmax()), len(kinds))
    inside = ((of == order[row]) & (labels == label)).nonzero().flatten()
    surest = inside[shares.max(1).values[inside].argsort(descending=True, stable=True)]
    shown = surest[60 * (page - 1) :][:60]
    print(f"{len(inside)} images in the cluster {measures['titles'][row]} labelled {label}")
    return sheet(test.images[shown].flatten(1) / 255, 10)


def gumbel(tau: float = 1, pi: list[int] = [50, 30, 20]) -> go.Figure:  # noqa: B006
    """500 samples softmax((log π + g) / τ) of three categories."""
    noise = -(-Noise(5).uniform(500, 3).log()).log()
    samples = (((torch.tensor(pi) / 100).log() + noise) / tau).softmax(-1)
    nearest = samples.argmax(1).bincount(minlength=3) / len(samples)
    print(f"nearest to each corner: {nearest.tolist()}; π: {pi}")
    a, b, c = samples.T.tolist()
    return go.Figure(go.Scatterternary(a=a, b=b, c=c, mode="markers"))

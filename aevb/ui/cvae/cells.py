"""The CVAE's views in Python."""

import math

import torch
from PIL import Image

import aevb
from aevb import checkpoints
from aevb.explore import codes
from aevb.explore.measures import measured
from aevb.explore.noise import Noise
from aevb.figures.images import sheet
from aevb.percent import stated


def styles(checkpoint: str, seed: int = 0, shared: bool = True) -> Image.Image:
    """A row for each label, drawn in styles ε ~ N(0, I)."""
    model = aevb.load(checkpoint).model
    rows, noise = model.choices, Noise(seed)
    epsilon = noise.normal(12, model.latent_dim) if shared else noise.normal(rows, 12, model.latent_dim)
    epsilon = epsilon.expand(rows, 12, -1)
    print(f"mean ‖ε‖: {epsilon.norm(dim=-1).mean():.2f}")
    return sheet(codes.write(model, epsilon, torch.eye(rows).unsqueeze(1)), 12)


def conditioned(seed: int = 0, label: str = "3") -> Image.Image:
    """A row for each small model, by what the label conditions: draws of the same labels and noise."""
    models = [aevb.load(name).model for name in checkpoints.COMPARED]
    noise, y, epsilon = Noise(seed), [], []
    for _ in range(20):
        y.append(int(10 * noise.uniform()) if label == "random" else int(label))
        epsilon.append(noise.normal(20))
    print("labels:", *y)
    labels, styles = torch.tensor(y), torch.stack(epsilon)
    return sheet(torch.cat([codes.write(model, styles, labels) for model in models]), 20)


def rewrite(checkpoint: str, digit: int = 0, seed: int = 0) -> Image.Image:
    """A digit's style under every label, its z under every label, and what it is worth under its own."""
    known = aevb.load(checkpoint)
    model = known.model
    test = known.images().test
    x, y = codes.seen(model, test.images[[digit]])[0], test.known_labels[digit]
    q, labels = codes.posterior(model, x, y), torch.arange(model.choices)
    z = q.mean + q.stddev * Noise(seed).normal(model.latent_dim)
    terms = codes.elbo_terms(model, x, z, y)
    print({name: f"{value:.1f}" for name, value in terms.items()}, f"ELBO {sum(terms.values()):.1f} nats")

    draws = q.mean + q.stddev * Noise(0).normal(100, model.latent_dim)
    log_weights = sum(codes.joint_terms(model, x, draws, y.expand(100)).values()) - q.log_prob(draws)
    print(f"bound, K = 100: {log_weights.logsumexp(0) - math.log(100):.1f} nats")

    restyled = codes.write(model, codes.style(model, q.mean, y).expand(len(labels), -1), labels)
    return sheet(
        torch.cat([restyled, codes.decode(model, q.mean.expand(len(labels), -1), labels)]), len(labels)
    )


def guess(checkpoint: str, digit: int = 0) -> Image.Image:
    """How probable an image is under each label, by bounds of K = 100."""
    known = aevb.load(checkpoint)
    model = known.model
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    labels = torch.arange(model.choices)
    q = codes.posterior(model, x.expand(len(labels), -1), labels)
    z = q.mean + q.stddev * Noise(0).normal(100, 1, model.latent_dim)
    log_weights = sum(codes.joint_terms(model, x, z, labels.expand(100, -1)).values()) - q.log_prob(z)
    bounds = log_weights.logsumexp(0) - math.log(100)
    for label in labels:
        print(
            f"{label}: {bounds.max() - bounds[label]:6.1f} nats below the best, p(y | x) "
            f"{stated(bounds.softmax(0)[label].item())}"
        )
    return sheet(torch.stack([x, codes.decode(model, q.mean, labels)[bounds.argmax()]]), 2)


def confusion(checkpoint: str, cell: list[int] | None = None, page: int = 1) -> Image.Image:
    """Labels guessed against their own, and the images of a cell: at first of the commonest mistake."""
    known = aevb.load(checkpoint)
    measures, test = measured(known), known.images().test
    counts = torch.tensor(measures["confusion"])
    print(
        counts, f"accuracy {measures['accuracy']:.3f}, by bounds of K = {measures['label_samples']}", sep="\n"
    )

    row, label = cell or divmod(int((counts - counts.diag().diag()).argmax()), len(counts))
    guesses, shares = torch.full((len(test),), -1), torch.ones(len(test))
    seen = measures.get("guessed", slice(None))  # the labels of all, or of a few, are guessed
    guesses[seen] = test.known_labels[seen]
    for image, guess, share in measures["mistakes"]:
        guesses[image], shares[image] = guess, share
    inside = ((guesses == row) & (test.known_labels == label)).nonzero().flatten()
    surest = inside[shares[inside].argsort(descending=True, stable=True)]
    shown = surest[60 * (page - 1) :][:60]
    print(f"{len(inside)} images guessed as {row} labelled {label}")
    return sheet(test.images[shown].flatten(1) / 255, 10)


def knobs(checkpoint: str, digit: int = 0, z: list[float] | None = None, choice: str = "") -> Image.Image:
    """One style ε under the chosen label, or weights of two, and under all ten."""
    known = aevb.load(checkpoint)
    model = known.model
    test = known.images().test
    x, y = codes.seen(model, test.images[[digit]])[0], test.known_labels[digit]
    mean = codes.style(model, codes.posterior(model, x, y).mean, y)
    epsilon = mean.round(decimals=2).clamp(-5, 5) if z is None else torch.tensor(z)
    labels = torch.arange(model.choices)
    weights = (1 - (labels - float(choice or y)).abs()).clamp(min=0)
    print("weights of the labels:", weights.tolist(), f"‖ε‖ = {epsilon.norm():.2f}")
    under_all = codes.write(model, epsilon.expand(len(labels), -1), labels)
    return sheet(torch.cat([codes.write(model, epsilon, weights).unsqueeze(0), under_all]), 1 + len(labels))


def plane(
    checkpoint: str, digit: int = 0, z: list[float] | None = None, choice: str = "", plane: str = ""
) -> Image.Image:
    """The plane of styles through ε along two directions, written as the chosen label."""
    known = aevb.load(checkpoint)
    assert known.model.latent_dim > 1, "A plane takes two latent numbers, and this model has one."
    model, measures = known.model, measured(known)
    test = known.images().test
    x, y = codes.seen(model, test.images[[digit]])[0], test.known_labels[digit]
    mean = codes.style(model, codes.posterior(model, x, y).mean, y)
    epsilon = mean.round(decimals=2) if z is None else torch.tensor(z)
    weights = (1 - (torch.arange(model.choices) - float(choice or y)).abs()).clamp(min=0)

    # "pca1" is the first principal direction about the styles' centre, "3" the third dimension.
    (u, from_u), (v, from_v) = (codes.axis(measures, name) for name in (plane or "pca1,pca2").split(","))
    a, b = u @ (epsilon - from_u), v @ (epsilon - from_v)
    print(f"ε is at {a:.1f}, {b:.1f}")

    at = 4 * ((2 * torch.arange(9) + 1) / 9 - 1)
    grid = codes.plane(epsilon, u, v, at - a, at.flip(0) - b)
    return sheet(codes.write(model, grid, weights.expand(9, 9, -1)), 9)


def between(checkpoint: str, digit: int = 0, to: int = 3, from_: int = 3, until: int = 8) -> Image.Image:
    """From one style to another by columns, from one label to another by rows."""
    known = aevb.load(checkpoint)
    model = known.model
    test, both = known.images().test, [digit, to]
    x, y = codes.seen(model, test.images[both]), test.known_labels[both]
    start, end = codes.style(model, codes.posterior(model, x, y).mean, y)
    columns = codes.walk(start, end, 9)
    rows = codes.between_labels(from_, until, 6, model.choices)
    print(f"labels {y.tolist()}; the styles are {(start - end).norm():.2f} apart")
    return sheet(codes.write(model, columns.expand(6, 9, -1), rows.unsqueeze(1).expand(6, 9, -1)), 9)

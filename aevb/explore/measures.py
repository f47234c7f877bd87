"""What never changes for a checkpoint, measured once on the whole test set and recorded with it.

`python -m aevb measure` leaves it in measures.json (`aevb.checkpoints`), and so does training at its end. A
model's own methods and attributes decide what is measured of it.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from aevb import checkpoints
from aevb.checkpoints import Checkpoint
from aevb.data import Split
from aevb.evaluation import dimension_kl, elbos, posterior_means, responsibilities
from aevb.explore import codes, rows
from aevb.explore.clusters import clustering
from aevb.explore.labels import guesses
from aevb.explore.maps import directions
from aevb.models import LatentVariableModel

PERCENT = range(101)
"""Of `elbo_percentiles`."""

DIRECTIONS = 4
"""Principal directions of the styles that are kept."""

PATHS = 2000
"""Test images whose latent paths are averaged by class."""

FEW = 3
"""Paths of each class that are kept as they are."""

LABEL_SAMPLES = 10
"""K of the bounds by which labels are guessed: all of MNIST's test images in a minute on one core."""

SEEN, SEEN_IN_ROWS, GUESSED = 2_000, 400, 200
"""Test images that a checkpoint of which nothing is recorded is measured on at most, one of rows, and those
of them whose labels are guessed (`affordable`)."""

WORK, LEAST = 5e10, 20
"""Products of a weight that the images may take, and how many are looked at whatever they take: a second or
two of one core for each of the four things that are measured. The tutorial's models stay below it."""

SAMPLES = 12
"""Of a VRNN that are recorded: those that the app shows first, of `rows.SEED`."""

DIGITS = 6
"""Significant digits of what is kept."""


def measure(
    model: LatentVariableModel, test: Any, *, seen: int | None = None, guessed: int | None = None
) -> dict[str, Any]:
    """The measures of a model on the test images, as plain JSON.

    L latent dimensions, T rows, C clusters, K classes. Of every model:
        elbo_percentiles: (101,) of the images' one-sample ELBOs, in nats, as the app shows the images to the
            model (`codes.seen`).
        use: (L,) the mean KL of each dimension, in nats, summed over the rows where there are several.
    Of a model with one z for each image (not `model.by_row`):
        centre: (L,) the mean of the images' styles ε (`codes.styles`).
        directions: (4, L) the styles' first principal directions, unit vectors.
    Of a model with a z for each row:
        row_kl: (T,) the mean KL of each row, in nats; and, where the images have labels,
        class_paths: (K, T, L) q's means along the rows, averaged by class over 2,000 of the images.
        few_paths: (K, 3, T, L) q's means along the rows of each class's first three of them.
    Of a model that unrolls rows of black and white pixels, as `models.VRNN` does:
        samples: 12 images that the app shows without the model (`rows.samples`): their `seed`, and of each
            its pixels `x`, T·D zeros and ones in a string, their probabilities `probs` in 255ths, (T·D,), and
            of its rows `z` and the prior's `loc` and `scale`, (T, L) each.
    Of a model with a latent choice and images with labels, as in `clusters.Clustering`:
        order: (C,) the clusters' numbers by the classes matched with them.
        titles: (C,) the clusters' names, in that order.
        class_of: (C,) by the cluster's number.
        confusion: (C, K) by the cluster's number.
        accuracy, conditional_entropy: a number each.
    Of a model that is told labels, as in `labels.Guesses`:
        label_samples: K of the bounds that they are guessed by.
        accuracy: a number.
        confusion: (C, C) by the label guessed.
        mistakes: of each image that is taken for another its number, the label guessed, and p(y | x) of that.
        guessed: the numbers of the images whose labels are guessed, where those are not all.

    Args:
        test: a split, or whatever else `Examples.of` takes.
        seen: how many of the images are looked at (`Split.spread`); else all.
        guessed: of how many of those labels are guessed, which takes longest; else of all.
    Raises:
        NotImplementedError: of a model whose KL has no part for each dimension.
        ValueError: for images that the model is not of.
    """
    test = Split.of(test, model)
    count, numbers = len(test), test.spread(seen)
    test = test[numbers]
    observed = test.seen_by(model).fixed()
    x = codes.seen(model, test.images)
    shown = elbos(model, x, *observed[1:])
    percentiles = np.percentile(shown.cpu().double().numpy(), PERCENT)
    kl = dimension_kl(model, *observed).cpu().view(model.length, model.latent_dim)
    found: dict[str, Any] = {"elbo_percentiles": percentiles, "use": kl.sum(0).numpy()}
    if not model.by_row:
        centre, principal = directions(codes.styles(model, *observed).cpu().numpy(), DIRECTIONS)
        found |= {"centre": centre, "directions": principal}
    else:
        found["row_kl"] = kl.sum(1).numpy()
        if test.labels is not None:
            few = test.spread(PATHS)
            found |= _paths(model, [part[few] for part in observed], test.labels[few])
    if hasattr(model, "unroll") and model.support == "binary":
        found["samples"] = _samples(model)
    shares = responsibilities(model, observed[0])
    if shares is not None and test.labels is not None:
        scored = clustering(shares, test.labels)
        names = ("order", "titles", "class_of", "confusion", "accuracy", "conditional_entropy")
        found |= {name: getattr(scored, name) for name in names}
    if model.conditional:
        few = test.spread(guessed)
        named = guesses(model, x[few], test.known_labels[few], samples=LABEL_SAMPLES)
        asked = numbers[few]
        mistakes = [(asked[which].item(), *told) for which, *told in named.mistakes]
        found |= {"label_samples": LABEL_SAMPLES, "mistakes": mistakes}
        found |= {name: getattr(named, name) for name in ("accuracy", "confusion")}
        if len(asked) < count:
            found["guessed"] = asked.numpy()
    return plain(found)


def affordable(model: LatentVariableModel) -> tuple[int, int]:
    """On how many test images to measure a model, and of how many to have labels guessed, in some seconds:
    fewer of one that has many weights, and computes with them for each choice."""
    products = model.length * sum(p.numel() for p in model.parameters())
    choices = max(1, model.choices)
    one, guess = (1, choices * LABEL_SAMPLES) if model.conditional else (choices, 1)
    seen = SEEN_IN_ROWS if model.by_row else SEEN
    return (
        min(seen, max(LEAST, int(WORK / (products * one)))),
        min(GUESSED, max(LEAST, int(WORK / (products * guess)))),
    )


def measured(known: Checkpoint) -> dict[str, Any]:
    """What is recorded of a checkpoint (`Checkpoint.measures`), or else found now of some test images.

    Of a latent choice and images without labels there are an `order` and `titles` too, the clusters' numbers.

    Raises:
        CheckpointError, DataError: where the record is damaged, or the images are not here.
        ValueError: for images that the model is not of.
    """
    model, found = known.model, known.measures
    if not found:
        seen, guessed = affordable(model)
        found = measure(model, known.images().test, seen=seen, guessed=guessed)
    if model.choices and not model.conditional:
        numbers = list(range(model.choices))
        unlabelled = {
            "order": numbers,
            "titles": [f"no. {y + 1}" for y in numbers],
            "class_of": [-1] * model.choices,
        }
        found = unlabelled | found
    return found


def _paths(model: LatentVariableModel, observed: Sequence[Tensor], labels: Tensor) -> dict[str, Any]:
    paths = posterior_means(model, *observed).cpu().unflatten(1, (model.length, model.latent_dim))
    by_class = [paths[labels == label] for label in range(int(labels.max()) + 1)]
    return {
        "class_paths": [group.mean(0).numpy() for group in by_class],
        "few_paths": [group[:FEW].numpy() for group in by_class],
    }


def _samples(model: Any) -> dict[str, Any]:
    drawn = rows.samples(model, rows.SEED, SAMPLES)
    x, probs = (part.transpose(0, 1).flatten(1).cpu() for part in (drawn.x, drawn.probs))
    prior = drawn.prior.base_dist
    along = {"z": drawn.z, "loc": prior.loc, "scale": prior.scale}
    return {
        "seed": rows.SEED,
        "x": ["".join(map(str, image)) for image in x.int().tolist()],
        "probs": (255 * probs).round().int().numpy(),
    } | {name: part.transpose(0, 1).cpu().numpy() for name, part in along.items()}


def plain(value: Any) -> Any:
    """Plain JSON: arrays as lists, numbers rounded; None for what is not finite, for JSON has no word."""
    match value:
        case np.ndarray():
            return plain(value.tolist())
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case float():
            return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def save(measures: dict[str, Any], folder: Path) -> None:
    """Writes measures.json into a checkpoint's folder."""
    checkpoints.write_json(folder / "measures.json", measures)

"""How well a model that is told labels names them itself, by Bayes' rule (section 5.4).

What it makes of one image, label by label, is in `codes.label_bounds`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from aevb.data.border import one_each
from aevb.evaluation import BATCH
from aevb.explore import codes
from aevb.models import LatentVariableModel


@dataclass(frozen=True)
class Guesses:
    """The most probable label of each of N examples against its own.

    Attributes:
        accuracy: the share of examples whose own label it is.
        confusion: (C, C) counts of examples by the label guessed and their own.
        mistakes: of each example that is taken for another, in their order: its number, the label guessed,
            and p(y | x) of that.
    """

    accuracy: float
    confusion: np.ndarray
    mistakes: list[tuple[int, int, float]]


def guesses(model: LatentVariableModel, x: Any, labels: Any, *, samples: int, seed: int = 0) -> Guesses:
    """Guesses the labels (N,) of x: (N, D) under p(y) = 1/C, by bounds on log p(x | y) of K = `samples`.

    x and its labels are as `model.observed` takes them.

    Raises:
        ValueError: as that does, and for weights of several labels.
    """
    x, labels = model.observed(x, labels)
    labels = one_each(labels)
    parts = x.split(BATCH)
    bounds = torch.cat([codes.label_bounds(model, part, samples=samples, seed=seed) for part in parts])
    shares, found = bounds.softmax(1).max(1)
    shares, found, labels = shares.cpu(), found.cpu(), labels.cpu()
    confusion = np.zeros((model.choices, model.choices), dtype=np.int64)
    np.add.at(confusion, (found.numpy(), labels.numpy()), 1)
    wrong = (found != labels).nonzero().flatten()
    told: list[Any] = [part[wrong].tolist() for part in (found, shares)]
    return Guesses(
        accuracy=float(confusion.trace() / len(labels)),
        confusion=confusion,
        mistakes=list(zip(wrong.tolist(), *told, strict=True)),
    )

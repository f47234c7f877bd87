"""The clusters that a model with a latent choice y has found, against classes (section 5.5.4).

Labels take part in the scores, names and order of the clusters alone: the model never saw one. q(y | x)
itself is in `evaluation.responsibilities`; what lies within a cluster, in `codes`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from aevb.data.border import as_tensor, one_each, read_labels
from aevb.evaluation import responsibilities
from aevb.models import LatentVariableModel
from aevb.models.base import check_choices

MAX_CLASSES = 2**16
"""Of labels that are numbered; of those that are not, such as years, a table of counts has no end."""


@dataclass(frozen=True)
class Clustering:
    """Clusters against classes.

    Attributes:
        accuracy: the share of examples in the cluster matched with their class, under the best
            one-to-one matching.
        conditional_entropy: H(q(y | x)) averaged over the examples, in nats.
        confusion: (C, K) counts of examples by cluster and class.
        class_of: (C,) the class matched with each cluster, -1 where there are more clusters than classes.
    """

    accuracy: float
    conditional_entropy: float
    confusion: np.ndarray
    class_of: np.ndarray

    @property
    def order(self) -> list[int]:
        """The clusters by the classes matched with them; those without one come last."""
        return sorted(range(len(self.class_of)), key=lambda y: (self.class_of[y] < 0, self.class_of[y]))

    @property
    def titles(self) -> list[str]:
        """What the clusters are called, in that order: by the class matched with each, else by number."""
        return [f"{self.class_of[y]}s" if self.class_of[y] >= 0 else f"no. {y + 1}" for y in self.order]


def scores(model: LatentVariableModel, x: Any, labels: Any) -> dict[str, float]:
    """`accuracy` and `conditional_entropy`, in nats, of a model's clusters on x, as
    `model.observed` takes it.

    {} for a model without a latent choice.

    Raises:
        ValueError: as `clustering` does.
    """
    shares = responsibilities(model, x)
    if shares is None:
        return {}
    found = clustering(shares, labels)
    return {"accuracy": found.accuracy, "conditional_entropy": found.conditional_entropy}


def clustering(probabilities: Any, labels: Any) -> Clustering:
    """Scores q(y | x), (N, C), against labels (N,) in 0…K-1, by the best one-to-one matching.

    Raises:
        ValueError: for no examples, rows that are no probabilities, labels of another number, or what are
            none.
    """
    probabilities = as_tensor(probabilities).cpu()
    if probabilities.ndim != 2:
        raise ValueError(f"Probabilities must be of shape (N, C), not {tuple(probabilities.shape)}.")
    if not probabilities.is_floating_point():
        probabilities = probabilities.float()
    check_choices(probabilities, probabilities.shape[1])
    if not len(labels) or len(labels) != len(probabilities):
        raise ValueError(f"There are {len(probabilities)} examples but {len(labels)} labels.")
    from scipy.optimize import linear_sum_assignment  # imported late: it takes a while

    labels = one_each(read_labels(labels, count=len(probabilities))).cpu()
    clusters, classes = probabilities.argmax(1), int(labels.max()) + 1
    if classes > MAX_CLASSES:
        raise ValueError(
            f"Labels must be in 0…K-1 for K classes, not up to {classes - 1:,}:"
            " aevb.data.number_labels(labels) numbers them."
        )
    confusion = np.zeros((probabilities.shape[1], classes), dtype=np.int64)
    np.add.at(confusion, (clusters.numpy(), labels.numpy()), 1)
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    class_of = np.full(len(confusion), -1)
    class_of[rows] = columns
    return Clustering(
        accuracy=float(confusion[rows, columns].sum() / len(labels)),
        conditional_entropy=torch.special.entr(probabilities).sum(1).mean().item(),
        confusion=confusion,
        class_of=class_of,
    )

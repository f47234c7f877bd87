"""How well the clusters of q(y | x) match classes that the model never saw (tutorial section 5.5.4)."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from aevb.evaluation import BATCH, evaluating
from aevb.models import GMVAE, LatentVariableModel


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


@torch.no_grad()
def responsibilities(model: GMVAE, x: Tensor) -> Tensor:
    """q(y | x), (N, C), in bounded memory."""
    with evaluating(model):
        return torch.cat([model.q_y_given_x(batch).probs for batch in x.split(BATCH)])


def scores(model: LatentVariableModel, x: Tensor, labels: Tensor) -> dict[str, float]:
    """A GMVAE's `accuracy` and `conditional_entropy`, in nats, on x: (N, D); {} for any other model.

    Raises:
        ValueError: as `clustering` does.
    """
    if not isinstance(model, GMVAE):
        return {}
    found = clustering(responsibilities(model, x), labels)
    return {"accuracy": found.accuracy, "conditional_entropy": found.conditional_entropy}


def clustering(probabilities: Tensor, labels: Tensor) -> Clustering:
    """Scores q(y | x), (N, C), against labels (N,) in 0…K-1, by the best one-to-one matching.

    Raises:
        ValueError: for no examples or labels of another number.
    """
    if not len(labels) or len(labels) != len(probabilities):
        raise ValueError(f"There are {len(probabilities)} examples but {len(labels)} labels.")
    clusters, classes = probabilities.argmax(1), int(labels.max()) + 1
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

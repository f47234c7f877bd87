"""The clusters of a trained GMVAE: which classes they match, and what is within them (section 5.5.4).

Labels take part in the scores, names and order of the clusters alone: the model never saw one. What is
within a cluster are pure functions of a model and tensors, as in `explore`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.distributions import Independent

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

    @property
    def order(self) -> list[int]:
        """The clusters by the classes matched with them; those without one come last."""
        return sorted(range(len(self.class_of)), key=lambda y: (self.class_of[y] < 0, self.class_of[y]))

    @property
    def titles(self) -> list[str]:
        """What the clusters are called, in that order: by the class matched with each, else by number."""
        return [f"{self.class_of[y]}s" if self.class_of[y] >= 0 else f"no. {y + 1}" for y in self.order]


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


def members(probabilities: Tensor, labels: Tensor, cluster: int, label: int) -> Tensor:
    """The examples (M,) of one cell of `Clustering.confusion`, those surest of their cluster first."""
    found = torch.nonzero((probabilities.argmax(1) == cluster) & (labels == label)).flatten()
    return found[probabilities[found, cluster].argsort(descending=True, stable=True)]


# Within the clusters


@torch.no_grad()
def posteriors(model: GMVAE, x: Tensor) -> Independent:
    """q(z | x, y) of one x: (D,) for every cluster y, with its `mean` and `stddev` (C, L)."""
    return model.q_z_given_xy(x, model.one_hots.squeeze(1))


@torch.no_grad()
def place(model: GMVAE, z: Tensor, cluster: int | Tensor) -> Tensor:
    """Where z: (…, L) lies in its cluster's prior: ε = (z - μ_θ(y)) / σ_θ(y), (…, L), for one y or (…,).

    In every cluster ε ~ N(0, I) a priori, so that one ε has its counterpart in each.
    """
    p_z = model.p_z_given_y(model.one_hots[cluster, 0])
    return (z - p_z.mean) / p_z.stddev


@torch.no_grad()
def latents(model: GMVAE, epsilon: Tensor) -> Tensor:
    """z = μ_θ(y) + σ_θ(y) ε in every cluster y, (C, S, L), for ε: (S, L) or (C, S, L); undoes `place`."""
    p_z = model.p_z_given_y(model.one_hots)
    return p_z.mean + p_z.stddev * epsilon


@torch.no_grad()
def decode(model: GMVAE, z: Tensor) -> Tensor:
    """p_θ(z), the probability of each pixel to be 1, (…, D), for z: (…, L)."""
    return model.p_x_given_z(z).mean

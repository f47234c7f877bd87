"""The tutorial's Experiments 1 and 2 on factor analysis (section 5.2.4), recorded step by step.

The parameters of factor analysis are a few dozen numbers, so every state that training passes through can be
kept, and every quantity that is intractable elsewhere can be measured at each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from torch import Generator

from aevb.data import Examples
from aevb.explore.noise import Noise
from aevb.models.base import check_sizes
from aevb.models.factor_analysis import Covariance, FactorAnalysis, softplus, synthetic, true_model
from aevb.training import Alternating, TrainingConfig, train

DATA_DIM = 3
FAMILIES: Mapping[str, tuple[Covariance, float]] = {
    "full": ("full", 0.1),
    "diagonal": ("diagonal", 0.1),
    "0.1": ("fixed", 0.1),
    "0.5": ("fixed", 0.5),
    "1.0": ("fixed", 1.0),
}
"""Of q, as the last paragraph of section 5.2.4 has them: its covariance, and σ where that is fixed."""
LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class Experiment:
    """What determines a run entirely: the same experiment always gives the same trajectory.

    Attributes:
        training: the gradient steps; its seed also draws the data and the initial parameters.
        latent_dim: L.
        covariance: what q's may be.
        scale: σ of z in a fixed one.
    Raises:
        ValueError: for a size below 1 (`TrainingConfig` and `FactorAnalysis` check the rest).
    """

    training: TrainingConfig = TrainingConfig(steps=1000, batch_size=32, learning_rate=1e-2)  # noqa: RUF009
    latent_dim: int = 2
    covariance: Covariance = "full"
    scale: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(latent_dim=self.latent_dim)

    def data(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The 1,000 training and 1,000 test points, each (1000, 3). Shared: not to be changed."""
        return _data(self.training.seed)

    def initial_model(self) -> FactorAnalysis:
        """The model before the first step: W, pre_sigma and V from N(0, 1), as in the tutorial's code."""
        model = FactorAnalysis(DATA_DIM, self.latent_dim, covariance=self.covariance, scale=self.scale)
        generator = Generator().manual_seed(self.training.seed)
        _start(model, lambda *shape: torch.randn(shape, generator=generator))
        return model


def in_the_browser(seed: int, latent_dim: int, family: str) -> tuple[FactorAnalysis, torch.Tensor]:
    """What the browser begins with, in float64: a model before its first step, and (2000, 3) points.

    The first 1,000 are to train on, the others to test on. `family` is one of `FAMILIES`.
    """
    truth, noise = true_model().double(), Noise(64 * seed).normal(2000, 5).double()
    x = noise[:, :2] @ truth.p_x_given_z.W.T + truth.p_x_given_z.sigma * noise[:, 2:]
    covariance, scale = FAMILIES[family]
    model = FactorAnalysis(DATA_DIM, latent_dim, covariance=covariance, scale=scale).double()
    _start(model, Noise(64 * seed + 1).normal)
    return model, x


@torch.no_grad()
def _start(model: FactorAnalysis, normal: Callable[..., torch.Tensor]) -> None:
    """Draws W, pre_sigma and V anew."""
    for parameter in (model.p_x_given_z.W, model.p_x_given_z.pre_sigma, model.q_z_given_x.V):
        parameter.copy_(normal(*parameter.shape))


EXPERIMENT_1 = Experiment(replace(Experiment.training, seed=2))
"""The tutorial's: φ and θ together, 1,000 steps of Adam at 0.01 on batches of 32."""
EXPERIMENT_2 = Experiment(replace(EXPERIMENT_1.training, steps=4000, schedule=Alternating(1000, 1000)))
"""The tutorial's: 1,000 steps of φ alone, 1,000 of θ alone, twice."""


@lru_cache(maxsize=8)
def _data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    return synthetic(seed)


@dataclass(frozen=True)
class Trajectory:
    """The N states that a factor analysis model passes through, and what each is worth on the test points.

    D = 3 observed and L latent dimensions. The curves are averages over the 1,000 test points, in nats.

    Attributes:
        phase: (N,) what led to each state: "E", "M", "EM" for both at once, "" for the first, at step 0.
        W: (N, D, L).
        sigma: (N, D).
        V: (N, L, D), q's.
        scale_tril: (N, L, L), the Cholesky factor of q's covariance.
        elbo_estimate: (N,) one sample of z for each test point.
        elbo: (N,) its expectation, in closed form.
        evidence: (N,) log p(x).
    """

    phase: np.ndarray
    W: np.ndarray
    sigma: np.ndarray
    V: np.ndarray
    scale_tril: np.ndarray
    elbo_estimate: np.ndarray
    elbo: np.ndarray
    evidence: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """KL(q(z | x) ‖ p(z | x)), (N,): what equation 2 leaves between the evidence and the ELBO."""
        return np.maximum(self.evidence - self.elbo, 0)  # rounding can leave -1e-16 where q is exact

    def __len__(self) -> int:
        return len(self.phase)

    def spans(self) -> list[tuple[int, int, str]]:
        """The stretches (from, to, phase) of steps in which one phase lasts."""
        edges = [*np.flatnonzero(self.phase[1:] != self.phase[:-1]).tolist(), len(self) - 1]
        return [(start, end, str(self.phase[end])) for start, end in pairwise(edges)]

    def generated(self, step: int, count: int) -> np.ndarray:
        """Points x = W z + σ ε, (count, D), of the model after a step, with the same noise at every step."""
        W, sigma = self.W[step], self.sigma[step]
        noise = np.random.default_rng(0).standard_normal((count, sum(W.shape)))
        return noise[:, : W.shape[1]] @ W.T + sigma * noise[:, W.shape[1] :]


def run(experiment: Experiment) -> Trajectory:
    """Trains by gradient steps and records the state before the first step and after each.

    Raises:
        Diverged: as `train` does.
    """
    train_x, test_x = experiment.data()
    model = experiment.initial_model()
    phases, states = [""], [_state(model)]
    for progress in train(model, Examples(train_x), experiment.training):
        phases.append(progress.phase)
        states.append(_state(model))
    # Kept are the parameters; what they stand for is computed for all states at once.
    all_W, pre_sigma, all_V, cholesky = (torch.stack(column) for column in zip(*states, strict=True))
    found = (all_W, softplus(pre_sigma), all_V, torch.vmap(model.q_z_given_x.tril)(cholesky))
    W, sigma, V, scale_tril = (values.double().numpy() for values in found)
    noise = np.random.default_rng(experiment.training.seed)
    curves = measure(W, sigma, V, scale_tril, test_x.double().numpy(), noise)
    return Trajectory(np.array(phases), W, sigma, V, scale_tril, *curves)


def _state(model: FactorAnalysis) -> list[torch.Tensor]:
    """W, pre_sigma, V and cholesky as they are now."""
    p, q = model.p_x_given_z, model.q_z_given_x
    return [value.detach().clone() for value in (p.W, p.pre_sigma, q.V, q.cholesky)]


@lru_cache(maxsize=8)
def true_evidence(seed: int) -> float:
    """The evidence of the test points under the model that they were drawn from: the height to reach."""
    return true_model().evidence(_data(seed)[1]).mean().item()


def measure(
    W: np.ndarray,
    sigma: np.ndarray,
    V: np.ndarray,
    scale_tril: np.ndarray,
    x: np.ndarray,
    noise: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The estimated ELBO, the exact ELBO and the evidence of N models at once, each (N,), averaged over x.

    The same as the means of `FactorAnalysis.elbo`, `exact_elbo` and `evidence`, but each is a quadratic
    form in x, so x enters through its second moment alone: thousands of states cost a few milliseconds.

    Args:
        W, sigma, V, scale_tril: (N, D, L), (N, D), (N, L, D), (N, L, L), in float64.
        x: (points, D).
        noise: where the estimate's sample for each model and point comes from.
    """
    points, data_dim = x.shape
    latent_dim = W.shape[2]
    moment = x.T @ x / points

    def quadratic(A: np.ndarray, S: np.ndarray) -> np.ndarray:
        """diag(A S Aᵀ) for each: the mean squares of the rows of A times what has second moment S."""
        return ((A @ S) * A).sum(-1)

    marginal = W @ W.swapaxes(1, 2) + sigma[:, None, :] ** 2 * np.eye(data_dim)
    log_det = np.linalg.slogdet(marginal)[1]
    distance = np.trace(np.linalg.solve(marginal, np.broadcast_to(moment, marginal.shape)), axis1=1, axis2=2)
    evidence = -0.5 * (data_dim * LOG_2PI + log_det + distance)

    # x - W z with z = V x + C ε is (I - W V) x - W C ε: its mean square is exact with E[ε εᵀ] = I, and
    # estimated with the moments of the ε that were drawn.
    of_x, of_noise = np.eye(data_dim) - W @ V, -W @ scale_tril
    drawn = noise.standard_normal((len(W), points, latent_dim))
    cross = x.T @ drawn / points
    noise_moment = drawn.swapaxes(1, 2) @ drawn / points
    exact = quadratic(of_x, moment) + (of_noise**2).sum(-1)
    estimated = quadratic(of_x, moment) + quadratic(of_noise, noise_moment)
    estimated += 2 * ((of_x @ cross) * of_noise).sum(-1)

    diagonal = np.diagonal(scale_tril, axis1=1, axis2=2)
    kl = quadratic(V, moment).sum(-1) + (scale_tril**2).sum((1, 2)) - latent_dim
    kl = 0.5 * kl - np.log(diagonal).sum(-1)

    def log_likelihood(squares: np.ndarray) -> np.ndarray:
        return -0.5 * (LOG_2PI + 2 * np.log(sigma) + squares / sigma**2).sum(-1)

    return log_likelihood(estimated) - kl, log_likelihood(exact) - kl, evidence

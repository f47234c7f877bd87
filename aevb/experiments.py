"""The tutorial's Experiments 1 and 2 on factor analysis (section 5.2.4), recorded step by step.

The parameters of factor analysis are a few dozen numbers, so every state that training passes through
can be kept, and every quantity that is intractable elsewhere can be measured at each. Training by
gradient steps (`run`), classic EM in closed form (`classic_em`) and a walk by hand (`take`) all leave
the same record, a `Trajectory`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from torch import Generator

from aevb.data import Examples
from aevb.models.base import check_sizes
from aevb.models.factor_analysis import FactorAnalysis, inverse_softplus, synthetic, true_model
from aevb.training import Alternating, Diverged, Phase, Simultaneous, TrainingConfig, train

DATA_DIM = 3
CHUNK = 50  # states between two yields of `run`: about twenty a second
LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class Experiment:
    """What determines a run entirely: the same experiment always gives the same trajectory.

    Attributes:
        training: the gradient steps; its seed also draws the data and the initial parameters.
        latent_dim: L.
    Raises:
        ValueError: for a size below 1 (`TrainingConfig` checks the rest).
    """

    training: TrainingConfig = TrainingConfig(steps=1000, batch_size=32, learning_rate=1e-2)  # noqa: RUF009
    latent_dim: int = 2

    def __post_init__(self) -> None:
        check_sizes(latent_dim=self.latent_dim)

    @property
    def steps_per_pass(self) -> int:
        """Gradient steps in one pass over the training data, which is what an iteration of EM costs."""
        return max(1, len(self.data()[0]) // self.training.batch_size)

    def data(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The 1,000 training and 1,000 test points, each (1000, 3). Shared: not to be changed."""
        return _data(self.training.seed)

    def initial_model(self) -> FactorAnalysis:
        """The model before the first step: W, pre_sigma and V from N(0, 1), as in the tutorial's code."""
        model = FactorAnalysis(DATA_DIM, self.latent_dim)
        generator = Generator().manual_seed(self.training.seed)
        with torch.no_grad():
            for parameter in (model.p_x_given_z.W, model.p_x_given_z.pre_sigma, model.q_z_given_x.V):
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        return model


EXPERIMENT_1 = Experiment(replace(Experiment.training, seed=2))
"""The tutorial's: φ and θ together, 1,000 steps of Adam at 0.01 on batches of 32."""
EXPERIMENT_2 = Experiment(replace(EXPERIMENT_1.training, steps=4000, schedule=Alternating(1000, 1000)))
"""The tutorial's: 1,000 steps of φ alone, 1,000 of θ alone, twice."""


@lru_cache(maxsize=8)
def _data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    return synthetic(seed)


@dataclass(frozen=True)
class Trajectory:
    """N successive states of a factor analysis model, and what each is worth on the test points.

    D = 3 observed and L latent dimensions. The curves are averages over the 1,000 test points, in nats.

    Attributes:
        position: (N,) where each state stands on the time axis: gradient steps in `run`, iterations in
            `classic_em` (a half after its E-step), moves in a walk. The first is 0.
        phase: (N,) what led to each state: "E", "M", "EM" for both at once, "" for the first.
        W: (N, D, L).
        sigma: (N, D).
        V: (N, L, D), q's.
        scale_tril: (N, L, L), the Cholesky factor of q's covariance.
        V_exact: (N, L, D), the exact posterior's.
        covariance_exact: (N, L, L).
        elbo_estimate: (N,) one sample of z for each test point.
        elbo: (N,) its expectation, in closed form.
        evidence: (N,) log p(x).
    """

    position: np.ndarray
    phase: np.ndarray
    W: np.ndarray
    sigma: np.ndarray
    V: np.ndarray
    scale_tril: np.ndarray
    V_exact: np.ndarray
    covariance_exact: np.ndarray
    elbo_estimate: np.ndarray
    elbo: np.ndarray
    evidence: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """KL(q(z | x) ‖ p(z | x)), (N,): what equation 2 leaves between the evidence and the ELBO."""
        return np.maximum(self.evidence - self.elbo, 0)  # rounding can leave -1e-16 where q is exact

    @property
    def latent_dim(self) -> int:
        return self.W.shape[-1]

    def __len__(self) -> int:
        return len(self.position)

    def __getitem__(self, index: slice | Sequence[int] | np.ndarray) -> "Trajectory":
        """Some of the states, by a slice or by their indices."""
        return Trajectory(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    @classmethod
    def join(cls, parts: Iterable["Trajectory"]) -> "Trajectory":
        """One trajectory from successive pieces of it."""
        pieces = list(parts)
        if len(pieces) == 1:
            return pieces[0]
        columns = {f.name: np.concatenate([getattr(piece, f.name) for piece in pieces]) for f in fields(cls)}
        return cls(**columns)

    def spans(self) -> list[tuple[float, float, str]]:
        """The stretches (from, to, phase) of the time axis in which one phase lasts."""
        starts = np.flatnonzero(self.phase[1:] != self.phase[:-1])
        edges = [*starts, len(self) - 1]
        return [
            (float(self.position[start]), float(self.position[end]), str(self.phase[end]))
            for start, end in pairwise(edges)
        ]

    def model(self, index: int = -1) -> FactorAnalysis:
        """The model at one state."""
        model = FactorAnalysis(self.W.shape[1], self.latent_dim)
        p, q = model.p_x_given_z, model.q_z_given_x
        tril = torch.as_tensor(self.scale_tril[index])
        with torch.no_grad():
            p.W.copy_(torch.as_tensor(self.W[index]))
            p.pre_sigma.copy_(inverse_softplus(torch.as_tensor(self.sigma[index])))
            q.V.copy_(torch.as_tensor(self.V[index]))
            q.cholesky.copy_(tril.tril(-1) + inverse_softplus(tril.diagonal()).diag())
        return model


def run(experiment: Experiment) -> Iterator[Trajectory]:
    """Trains by gradient steps and records the state before the first step and after each.

    Yields:
        successive pieces of one trajectory, the initial state alone first.
    Raises:
        Diverged: as `train` does.
    """
    train_x, _ = experiment.data()
    recorder = _Recorder(experiment, experiment.initial_model())
    recorder.note(0, "")
    yield recorder.take()
    for progress in train(recorder.model, Examples(train_x), experiment.training):
        recorder.note(progress.step, progress.phase)
        if progress.step % CHUNK == 0 or progress.step == progress.steps:
            yield recorder.take()


def classic_em(experiment: Experiment, iterations: int) -> Trajectory:
    """Classic EM (section 2) from the same initial parameters: each step in closed form, in float64.

    Raises:
        ValueError: for fewer than one iteration.
    """
    check_sizes(iterations=iterations)
    train_x = experiment.data()[0].double()
    recorder = _Recorder(experiment, experiment.initial_model().double())
    recorder.note(0, "")
    for iteration in range(1, iterations + 1):
        recorder.model.e_step()
        recorder.note(iteration - 0.5, "E")
        recorder.model.m_step(train_x)
        recorder.note(iteration, "M")
    return recorder.take()


@dataclass(frozen=True)
class Move:
    """One step of a walk by hand.

    Attributes:
        phase: "E" or "M".
        steps: gradient steps of the approximate step; 0 for the exact one, in closed form.
    """

    phase: Literal["E", "M"]
    steps: int = 0


def start(experiment: Experiment) -> Trajectory:
    """A walk's first state."""
    recorder = _Recorder(experiment, experiment.initial_model())
    recorder.note(0, "")
    return recorder.take()


def take(walk: Trajectory, move: Move, experiment: Experiment) -> Trajectory:
    """The walk, continued by one move from its last state; an approximate one adds all its gradient steps.

    Raises:
        ValueError: for a negative number of steps.
        Diverged: as `train` does.
    """
    train_x, _ = experiment.data()
    recorder, begun = _Recorder(experiment, walk.model()), round(float(walk.position[-1]))
    if move.steps == 0:
        if move.phase == "E":
            recorder.model.e_step()
        else:
            recorder.model.m_step(train_x)
        recorder.note(begun + 1, move.phase)
    else:
        config = replace(
            experiment.training,
            steps=move.steps,
            schedule=Alternating(1, 0) if move.phase == "E" else Alternating(0, 1),
            seed=experiment.training.seed + begun + 1,  # fresh batches at each move, and repeatable
        )
        for progress in train(recorder.model, Examples(train_x), config):
            recorder.note(begun + progress.step / move.steps, move.phase)
    return Trajectory.join([walk, recorder.take()])


@dataclass(frozen=True)
class Walk:
    """A walk by hand, as far as it has come.

    The experiment and the moves determine the trajectory, so it counts neither in a comparison nor in a
    hash.
    """

    experiment: Experiment
    moves: tuple[Move, ...]
    trajectory: Trajectory = field(compare=False, repr=False)

    @classmethod
    def begin(cls, experiment: Experiment) -> "Walk":
        """No move yet."""
        return cls(experiment, (), start(experiment))

    def shared(self, moves: tuple[Move, ...]) -> "Walk":
        """This walk up to where it parts from other moves."""
        pairs = zip(self.moves, moves, strict=False)
        count = next((i for i, (own, other) in enumerate(pairs) if own != other), None)
        if count is None:
            count = min(len(self.moves), len(moves))
        states = int(np.searchsorted(self.trajectory.position, count, side="right"))
        return Walk(self.experiment, self.moves[:count], self.trajectory[:states])

    def extended(self, moves: tuple[Move, ...], pieces: Iterable[Trajectory]) -> "Walk":
        """This walk and further moves, whose states `walk` has given."""
        return Walk(self.experiment, self.moves + moves, Trajectory.join([self.trajectory, *pieces]))


def walk(begun: Walk, moves: tuple[Move, ...]) -> Iterator[Trajectory]:
    """Takes further moves.

    Yields:
        after each move, the states that it adds.
    Raises:
        ValueError, Diverged: as `take` does.
    """
    trajectory = begun.trajectory
    for move in moves:
        longer = take(trajectory, move, begun.experiment)
        yield longer[len(trajectory) :]
        trajectory = longer


@lru_cache(maxsize=8)
def true_evidence(seed: int) -> float:
    """The evidence of the test points under the model that they were drawn from: the height to reach."""
    return true_model().evidence(_data(seed)[1]).mean().item()


def generate(W: np.ndarray, sigma: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """x = W z + σ ε from given standard normal noise.

    Args:
        W: (D, L).
        sigma: (D,).
        noise: (count, L + D), z and ε side by side.
    Returns:
        (count, D).
    """
    latent_dim = W.shape[1]
    return noise[:, :latent_dim] @ W.T + sigma * noise[:, latent_dim:]


def generated(trajectory: Trajectory, index: int, count: int) -> np.ndarray:
    """Points (count, D) that the model at one state generates, with the same noise at every state."""
    W, sigma = trajectory.W[index], trajectory.sigma[index]
    return generate(W, sigma, np.random.default_rng(0).standard_normal((count, sum(W.shape))))


class _Recorder:
    """Keeps a model's parameters as it changes and measures them a chunk at a time."""

    def __init__(self, experiment: Experiment, model: FactorAnalysis):
        self.model = model
        self.test_x = experiment.data()[1].double().numpy()
        self.noise = np.random.default_rng(experiment.training.seed)
        self.states: list[tuple] = []

    @torch.no_grad()
    def note(self, position: float, phase: Phase | Literal[""]) -> None:
        p, q = self.model.p_x_given_z, self.model.q_z_given_x
        values = (p.W.clone(), p.sigma, q.V.clone(), q.scale_tril)
        self.states.append((position, phase, *(value.numpy() for value in values)))

    def take(self) -> Trajectory:
        """What was noted since the last call.

        Raises:
            Diverged: where a state is not finite.
        """
        position, phase, *parameters = (np.array(column) for column in zip(*self.states, strict=True))
        self.states = []
        W, sigma, V, scale_tril = (parameter.astype(np.float64) for parameter in parameters)
        if not all(np.isfinite(parameter).all() for parameter in (W, sigma, V, scale_tril)):
            raise Diverged("The parameters are not finite numbers any more: lower the learning rate.")
        V_exact, covariance_exact = exact_posterior(W, sigma)
        estimate, elbo, evidence = measure(W, sigma, V, scale_tril, self.test_x, self.noise)
        return Trajectory(
            position=position.astype(np.float64),
            phase=phase,
            W=W.astype(np.float32),
            sigma=sigma.astype(np.float32),
            V=V.astype(np.float32),
            scale_tril=scale_tril.astype(np.float32),
            V_exact=V_exact.astype(np.float32),
            covariance_exact=covariance_exact.astype(np.float32),
            elbo_estimate=estimate,
            elbo=elbo,
            evidence=evidence,
        )


def exact_posterior(W: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`FactorAnalysis.exact_posterior` for N models at once: V (N, L, D) and covariance (N, L, L).

    Args:
        W: (N, D, L).
        sigma: (N, D).
    """
    scaled = W.swapaxes(1, 2) / sigma[:, None, :] ** 2  # Wᵀ Φ⁻¹
    covariance = np.linalg.inv(np.eye(W.shape[2]) + scaled @ W)
    return covariance @ scaled, covariance


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


__all__ = [
    "EXPERIMENT_1",
    "EXPERIMENT_2",
    "Experiment",
    "Move",
    "Simultaneous",
    "Trajectory",
    "Walk",
    "classic_em",
    "exact_posterior",
    "generate",
    "generated",
    "measure",
    "run",
    "start",
    "take",
    "true_evidence",
    "walk",
]

"""What a trained model is worth: the ELBO in terms, importance bounds, the use of each dimension."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from aevb.models.base import LatentVariableModel, check_sizes

SEED = 20_220_807  # not that of the dequantisation: the two must not share a stream
BATCH = 500
MAX_ROWS = 20_000  # of decoded data held at once: 20,000 images are 63 MB in float32


@dataclass(frozen=True)
class Evaluation:
    """Means over all examples, in nats: the ELBO, its named terms, importance bounds by K."""

    elbo: float
    terms: dict[str, float]
    bound: dict[int, float]
    examples: int


@torch.no_grad()
def evaluate(
    model: LatentVariableModel,
    *observed: Tensor,
    bounds: Sequence[int] = (),
    seed: int = SEED,
    over: Callable[[Sequence[tuple[Tensor, ...]]], Iterable[tuple[Tensor, ...]]] = iter,
) -> Evaluation:
    """The ELBO of N examples from one posterior sample each, and the importance bound for each K.

    The same figures every time: noise comes from `seed`. Dropout is off during the call.

    Args:
        observed: what `model.terms` takes: x, (N, D), and for a conditional model its labels, (N,).
        bounds: the numbers of samples K, if any.
        over: wraps the list of batches, for a progress bar.
    Raises:
        ValueError: for no examples, labels of another number, or a K below 1.
    """
    # Two streams, so that the ELBO's figure does not depend on which bounds are asked for.
    generator, bound_generator = (Generator().manual_seed(seed + i) for i in range(2))
    terms: dict[str, float] = {}
    bound = dict.fromkeys(sorted(bounds), 0.0)
    with evaluating(model):
        for batch in over(_batches(observed)):
            for name, term in model.terms(*batch, generator=generator).items():
                terms[name] = terms.get(name, 0.0) + term.double().sum().item()
            for k, values in importance_bounds(
                model, *batch, bounds=bounds, generator=bound_generator
            ).items():
                bound[k] += values.double().sum().item()
    count = len(observed[0])
    terms = {name: value / count for name, value in terms.items()}
    return Evaluation(sum(terms.values()), terms, {k: v / count for k, v in bound.items()}, count)


@torch.no_grad()
def importance_bounds(
    model: LatentVariableModel,
    *observed: Tensor,
    bounds: Sequence[int],
    generator: Generator | None = None,
) -> dict[int, Tensor]:
    """log (1/K) Σₖ p(x, zₖ) / q(zₖ | x) for each K in `bounds`, each (B,) for `observed` as in `evaluate`.

    A lower bound on the evidence that rises with K (Burda, Grosse and Salakhutdinov, 2016). The K
    samples of a smaller bound are the first of a larger one's, and memory does not grow with K.

    Raises:
        ValueError: for a K below 1.
    """
    for k in bounds:
        check_sizes(K=k)
    x = observed[0]
    chunk = max(1, MAX_ROWS // len(x))
    running = torch.tensor(-math.inf, device=x.device)
    result, drawn = {}, 0
    for k in sorted(bounds):
        while drawn < k:
            count = min(chunk, k - drawn)
            weights = model.log_weights(*observed, samples=count, generator=generator)
            running = torch.logaddexp(running, weights.logsumexp(0))
            drawn += count
        result[k] = running - math.log(k)
    return result


@torch.no_grad()
def posterior_means(model: LatentVariableModel, *observed: Tensor) -> Tensor:
    """`model.encode` of all N examples in bounded memory, (N, L)."""
    with evaluating(model):
        return torch.cat([model.encode(*batch) for batch in _batches(observed)])


@torch.no_grad()
def elbos(model: LatentVariableModel, *observed: Tensor, seed: int = SEED) -> Tensor:
    """The ELBO of each of N examples, (N,), whose mean is that of `evaluate` with the same seed."""
    generator = Generator().manual_seed(seed)
    with evaluating(model):
        return torch.cat([model.elbo(*batch, generator=generator) for batch in _batches(observed)])


@torch.no_grad()
def responsibilities(model: LatentVariableModel, x: Tensor) -> Tensor | None:
    """q(y | x) of all N examples in bounded memory, (N, C); None for a model without a latent choice."""
    with evaluating(model):
        shares = [model.responsibilities(batch) for (batch,) in _batches([x])]
    found = [share for share in shares if share is not None]
    return torch.cat(found) if found else None


@torch.no_grad()
def dimension_kl(model: LatentVariableModel, *observed: Tensor, seed: int = SEED) -> Tensor:
    """KL(q(z_l | x) ‖ p(z_l)) averaged over N examples, in nats: how much each dimension is used.

    As `encode`: (L,), and (T·L,) for a model of rows. They sum to the mean KL of the ELBO in z.
    """
    generator = Generator().manual_seed(seed)
    with evaluating(model):
        parts = [model.kl_by_dimension(*batch, generator=generator).sum(0) for batch in _batches(observed)]
    return torch.stack(parts).sum(0) / len(observed[0])


def _batches(observed: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    """The examples in order, `BATCH` at a time. One label for all of them would broadcast: it is refused."""
    counts = [len(part) for part in observed]
    if not any(counts):
        raise ValueError("There are no examples.")
    if len(set(counts)) > 1:
        raise ValueError(f"There are {counts[0]} examples but {counts[1]} labels.")
    return list(zip(*(part.split(BATCH) for part in observed), strict=True))


@contextmanager
def evaluating(model: LatentVariableModel) -> Iterator[None]:
    """Dropout off inside the block, as it was after it."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)

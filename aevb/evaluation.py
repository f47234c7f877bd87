"""What a trained model is worth: the ELBO in terms, importance bounds, the use of each dimension.

Every function here takes the examples as `model.observed` does, and so as `aevb.train`: `Examples`, or x and,
for a conditional model, its labels y, be they tensors, arrays or a torch `Dataset`. They are read and checked
once a call; what the model does not take raises ValueError in a sentence. All is computed where the model is.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from aevb.counted import counted
from aevb.models.base import (
    LatentVariableModel,
    check_sizes,
    evaluating,
    means_of,
    ratios_of,
    require_model,
    terms_of,
    total,
)

SEED = 20_220_807  # not that of the dequantisation: the two must not share a stream
BATCH = 500


@dataclass(frozen=True)
class Evaluation:
    """Means over all examples, in nats: the ELBO, its named terms, importance bounds by K.

    Attributes:
        standard_error: of the ELBO, as a mean over examples drawn at random; NaN of one example.
        bound_errors: the same of each bound, by K.
    """

    elbo: float
    terms: dict[str, float]
    bound: dict[int, float]
    examples: int
    standard_error: float = math.nan
    bound_errors: dict[int, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """In two decimals, as the command `evaluate` tells them."""
        error = "" if math.isnan(self.standard_error) else f" ± {self.standard_error:.2f}"
        terms = ", ".join(f"{name} {value:.2f}" for name, value in self.terms.items())
        bounds = "".join(f"; bound of K = {k} {value:.2f}" for k, value in self.bound.items())
        return f"ELBO {self.elbo:.2f}{error} nats of {counted(self.examples, 'examples')} ({terms}){bounds}"


@torch.no_grad()
def evaluate(
    model: LatentVariableModel,
    *observed: Any,
    bounds: int | Sequence[int] = (),
    seed: int = SEED,
    over: Callable[[Sequence[tuple[Tensor, ...]]], Iterable[tuple[Tensor, ...]]] = iter,
) -> Evaluation:
    """The ELBO of N examples from one posterior sample each, and the importance bound for each K.

    The same figures every time: noise comes from `seed`. Dropout is off during the call.

    Args:
        observed: x, or x and y, or `Examples`, under their fixed noise.
        bounds: the number or numbers of samples K, if any.
        over: wraps the list of batches, for a progress bar.
    Raises:
        ValueError: for examples that the model does not take, or a K below 1.
    """
    batches = _batches(model, observed)
    numbers = _numbers(bounds)
    # Two streams, so that the ELBO's figure does not depend on which bounds are asked for.
    generator, bound_generator = (Generator(model.device).manual_seed(seed + i) for i in range(2))
    terms: dict[str, float] = {}
    elbos, bounded = list[Tensor](), {k: list[Tensor]() for k in numbers}
    with evaluating(model):
        for batch in over(batches):
            found = terms_of(model, batch, generator)
            for name, term in found.items():
                terms[name] = terms.get(name, 0.0) + _sum(term)
            elbos.append(total(found))
            for k, values in _bounds(model, batch, numbers, bound_generator).items():
                bounded[k].append(values)
    count = sum(len(batch[0]) for batch in batches)
    terms = {name: value / count for name, value in terms.items()}
    bound = {k: _mean_and_error(values) for k, values in bounded.items()}
    return Evaluation(
        elbo=sum(terms.values()),
        terms=terms,
        bound={k: mean for k, (mean, _) in bound.items()},
        examples=count,
        standard_error=_mean_and_error(elbos)[1],
        bound_errors={k: error for k, (_, error) in bound.items()},
    )


def _mean_and_error(parts: list[Tensor]) -> tuple[float, float]:
    """The mean over all examples, and its standard error."""
    values = torch.cat(parts).cpu().double()  # on the CPU: not every device has float64
    return values.mean().item(), (values.std() / math.sqrt(len(values))).item() if len(
        values
    ) > 1 else math.nan


@torch.no_grad()
def importance_bounds(
    model: LatentVariableModel,
    *observed: Any,
    bounds: int | Sequence[int],
    generator: Generator | None = None,
) -> dict[int, Tensor]:
    """log (1/K) Σₖ p(x, zₖ) / q(zₖ | x) for each K in `bounds`, each (N,) for N examples.

    A lower bound on the evidence that rises with K (Burda, Grosse and Salakhutdinov, 2016). The K samples of
    a smaller bound are the first of a larger one's. Memory does not grow with K.

    Raises:
        ValueError: for examples that the model does not take, or a K below 1.
    """
    numbers = _numbers(bounds)
    with evaluating(model):
        parts = [_bounds(model, batch, numbers, generator) for batch in _batches(model, observed)]
    return {k: torch.cat([part[k] for part in parts]) for k in numbers}


def _bounds(
    model: LatentVariableModel, batch: tuple[Tensor, ...], numbers: list[int], generator: Generator | None
) -> dict[int, Tensor]:
    x = batch[0]
    chunk = max(1, model.at_once // len(x))
    running = torch.tensor(-math.inf, device=x.device)
    result, drawn = {}, 0
    for k in numbers:
        while drawn < k:
            count = min(chunk, k - drawn)
            ratios = ratios_of(model, batch, count, generator)
            running = torch.logaddexp(running, ratios.logsumexp(0))
            drawn += count
        result[k] = running - math.log(k)
    return result


@torch.no_grad()
def posterior_means(model: LatentVariableModel, *observed: Any) -> Tensor:
    """`model.encode` of all N examples in bounded memory, (N, L)."""
    with evaluating(model):
        return torch.cat([means_of(model, batch) for batch in _batches(model, observed)])


@torch.no_grad()
def elbos(model: LatentVariableModel, *observed: Any, seed: int = SEED) -> Tensor:
    """The ELBO of each of N examples, (N,), whose mean is that of `evaluate` with the same seed."""
    generator = Generator(model.device).manual_seed(seed)
    with evaluating(model):
        parts = [total(terms_of(model, batch, generator)) for batch in _batches(model, observed)]
    return torch.cat(parts)


@torch.no_grad()
def responsibilities(model: LatentVariableModel, x: Any) -> Tensor | None:
    """q(y | x) of all N examples in bounded memory, (N, C); None for a model without a latent choice."""
    if model.conditional:
        return None  # its y is observed
    with evaluating(model):
        shares = [model.responsibilities(batch) for (batch,) in _batches(model, (x,))]
    found = [share for share in shares if share is not None]
    return torch.cat(found) if found else None


@torch.no_grad()
def dimension_kl(model: LatentVariableModel, *observed: Any, seed: int = SEED) -> Tensor:
    """KL(q(z_l | x) ‖ p(z_l)) averaged over N examples, in nats: how much each dimension is used.

    As `encode`: (L,), and (T·L,) for a model of rows. They sum to the mean KL of the ELBO in z.
    """
    generator, batches = Generator(model.device).manual_seed(seed), _batches(model, observed)
    with evaluating(model):
        parts = [model.kl_by_dimension(*batch, generator=generator).sum(0) for batch in batches]
    return torch.stack(parts).sum(0) / sum(len(batch[0]) for batch in batches)


def _batches(model: LatentVariableModel, observed: tuple[Any, ...]) -> list[tuple[Tensor, ...]]:
    """The examples in order as the model takes them, `BATCH` at a time, or as few as fit into memory."""
    require_model(model)
    each = 1 if model.conditional else max(1, model.choices)  # a latent choice is summed over
    size = max(1, min(BATCH, model.at_once // each))
    parts = (part.split(size) for part in model.observed(*observed))
    return list(zip(*parts, strict=True))


def _numbers(bounds: int | Sequence[int]) -> list[int]:
    """The numbers of samples, each once, from the smallest."""
    several: Any = [bounds] if np.ndim(bounds) == 0 else bounds
    return sorted({k for bound in several for k in check_sizes(K=bound)})


def _sum(values: Tensor) -> float:
    return values.cpu().double().sum().item()  # on the CPU: not every device has float64

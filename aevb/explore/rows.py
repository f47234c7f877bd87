"""A trained VRNN, row by row: what the app shows of an image's way through it, and a notebook can.

Pure functions of a model and of tensors (tutorial section 5.6). Randomness comes from a passed
generator, so that the same seed shows the same picture.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Distribution, Independent

from aevb.explore.noise import Noise
from aevb.models import VRNN
from aevb.models.vrnn import Path, at_temperature, tempered

SEED = 4
"""Of the samples that the app shows first, as in aevb/web/kit/rows.js: those of the shipped checkpoint begin
with a digit that anybody can read."""


@dataclass(frozen=True)
class Rows:
    """What B images went through, row by row: T rows of D pixels, L latent numbers for each row.

    Attributes:
        x: the pixels, (T, B, D), in {0, 1} where the likelihood is Bernoulli.
        z: one z_t for each row, (T, B, L).
        prior: p(z_t | h_t) of all rows, batch shape (T, B), event shape (L,).
        probs: p_θ(h_t, z_t), each pixel's probability of being 1, or its mean, (T, B, D).
    """

    x: Tensor
    z: Tensor
    prior: Independent
    probs: Tensor


@dataclass(frozen=True)
class ObservedRows(Rows):
    """Rows that the inference net has seen.

    Attributes:
        posterior: q(z_t | x_t, h_t), as `prior`; z is drawn from it.
        terms: the one-sample ELBO's, row by row in nats, (T, B) each, named as in `VRNN.terms`.
    """

    posterior: Independent
    terms: dict[str, Tensor]


@torch.no_grad()
def observe(model: VRNN, x: Any, *, generator: Generator) -> ObservedRows:
    """Images x: (B, T, D), or as `model.observed` takes them, read row by row, with z drawn from q (sections
    5.6.2 and 5.6.3).
    """
    return _observed(model, *model.infer(*model.observed(x), generator=generator))


@torch.no_grad()
def read(model: VRNN, x: Any, epsilon: Tensor) -> ObservedRows:
    """`observe` with noise that is known: ε of each z, (T, B, L).

    Raises:
        ValueError: as `observe`, and for noise of another shape.
    """
    (x,) = model.observed(x)
    x = x.view(len(x), model.length, model.data_dim)  # of one row too
    _check("epsilon", epsilon, (model.length, len(x), model.latent_dim))

    def choose(t: int, h: Tensor) -> tuple[Tensor, Tensor]:
        q_z = model.q_z_given_hx(torch.cat([h, x[:, t]], -1)).base_dist
        return q_z.loc + q_z.scale * epsilon[t].to(h), x[:, t]

    path = model.unroll(len(x), x.shape[1], choose)
    return _observed(model, path, model.q_z_given_hx(torch.cat([path.h, path.x], -1)))


def _observed(model: VRNN, path: Path, q_z: Independent) -> ObservedRows:
    terms = model.terms_along(path, q_z)
    probs = tempered(model.row_likelihood(path), 1.0)
    return ObservedRows(path.x, path.z, model.row_prior(path.h), probs, q_z, terms)


@torch.no_grad()
def grow(model: VRNN, given: Any, *, generator: Generator, temperature: float = 1.0) -> Rows:
    """Images whose first k rows are `given`: (B, k, D) and whose other rows are sampled (section 5.6.1).

    They are given as `VRNN.first_rows` takes them. With k = 0 they are samples of the model. `prior` and
    `probs` are those that the rows were drawn from, temperature and all; those of a given row stand at the
    same temperature.

    Raises:
        ValueError: as `VRNN.first_rows`, and for a temperature that is not above 0.
    """
    path = model.complete(given, generator=generator, temperature=temperature)
    probs = tempered(model.row_likelihood(path), temperature)
    return Rows(path.x, path.z, model.row_prior(path.h, temperature), probs)


@torch.no_grad()
def samples(model: VRNN, seed: int, count: int, *, temperature: float = 1.0) -> Rows:
    """The first images that the app shows of a seed: `grow` with nothing given, and with the app's own noise
    in the place of a generator's.
    """
    return drawn(model, *noise(model, seed, count), temperature=temperature)


@torch.no_grad()
def drawn(
    model: VRNN,
    epsilon: Tensor,
    uniforms: Tensor,
    given: Any = None,
    *,
    temperature: float = 1.0,
) -> Rows:
    """`grow` with noise that is known: ε of each z, (T, B, L), and a uniform number a pixel, (T, B, D).

    Where the ε of one row is changed, the rows above it stay.

    Raises:
        ValueError: as `grow`, and for noise of another shape.
    """
    count = epsilon.shape[1] if given is None and epsilon.ndim > 1 else 1
    given = model.first_rows(nothing(model, count) if given is None else given)
    _check("epsilon", epsilon, (model.length, len(given), model.latent_dim))
    _check("uniforms", uniforms, (model.length, len(given), model.data_dim))

    def choose(t: int, h: Tensor) -> tuple[Tensor, Tensor]:
        if t < given.shape[1]:
            x = given[:, t]
            posterior = model.q_z_given_hx(torch.cat([h, x], -1)).base_dist
            return posterior.loc + posterior.scale * epsilon[t].to(h), x
        prior = model.row_prior(h, temperature).base_dist
        z = prior.loc + prior.scale * epsilon[t].to(h)
        p_x = at_temperature(model.p_x_given_hz(torch.cat([h, z], -1)), temperature)
        return z, _at(p_x.base_dist, uniforms[t]).to(h)

    path = model.unroll(epsilon.shape[1], model.length, choose)
    probs = tempered(model.row_likelihood(path), temperature)
    return Rows(path.x, path.z, model.row_prior(path.h, temperature), probs)


def _check(name: str, noise: Tensor, shape: tuple[int, ...]) -> None:
    if noise.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, and has {tuple(noise.shape)}.")


def _at(p_x: Distribution, uniforms: Tensor) -> Tensor:
    """The pixels that uniform numbers draw: the values below which p_x has that share."""
    if isinstance(p_x, Bernoulli):
        return uniforms < p_x.probs.cpu()
    return p_x.icdf(uniforms.to(p_x.mean))


def noise(model: VRNN, seed: int, count: int) -> tuple[Tensor, Tensor]:
    """What the app draws images with, as `sampleNoise` of aevb/web/kit/rows.js: ε of each z, (T, B, L), and a
    uniform number for each pixel, (T, B, D), in float64.
    """
    source = Noise(seed)
    epsilon = torch.empty(model.length, count, model.latent_dim)
    uniforms = torch.empty(model.length, count, model.data_dim, dtype=torch.float64)
    for image in range(count):
        for t in range(model.length):
            epsilon[t, image] = source.normal(model.latent_dim)
            uniforms[t, image] = source.uniform(model.data_dim)
    return epsilon, uniforms


@torch.no_grad()
def mean_paths(model: VRNN, x: Any) -> Tensor:
    """The paths of q's means (B, T, L) along images x: (B, T, D), each mean following those before it."""
    return model.encode(x).unflatten(1, (model.length, model.latent_dim))


def nothing(model: VRNN, count: int) -> Tensor:
    """`count` images of which no row is given, (count, 0, D)."""
    return torch.zeros(count, 0, model.data_dim)

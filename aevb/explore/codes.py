"""The codes z of a trained model, looked at from all sides: what the app shows, and a notebook can.

Pure functions of a model and of tensors; an x: (…, D) may be whatever `aevb.train` takes, too, and is then
(N, D). They ask any model of images for its densities, never which model it is: a y is the label or cluster
that z is of, as in `LatentVariableModel`, and None for a model without. Randomness comes from a passed
generator, so that the same seed shows the same picture.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.distributions import Independent, kl_divergence

from aevb.data import Examples
from aevb.data.border import Labelled, as_tensor
from aevb.distributions import rsample, sample
from aevb.evaluation import importance_bounds, posterior_means, responsibilities
from aevb.models import LatentVariableModel
from aevb.models.base import check_choices, one_hot, parameter

# Encoding and decoding


def seen(model: LatentVariableModel, images: Any) -> Tensor:
    """Grey levels (N, H, W) in 0…255 as the app shows them to a model: (N, D), or rows (N, T, D).

    As `model.observation` says, but without the noise of dequantisation: (pixel + ½) / 256, its mean. What is
    presented already stays as it is.

    Raises:
        ValueError: for what the model does not take.
    """
    examples = Examples.of(images, model, dark=True, labelled=False).fitted(model)
    if examples.grey and model.observation == "continuous":
        return (examples.values.flatten(1) + 0.5) / 256
    return examples.fixed()[0]


def _shown(model: LatentVariableModel, x: Any) -> Tensor:
    """x as the densities take it: (…, D) as it is but for the model's device and type, else as `observed`."""
    if isinstance(x, Examples | Labelled):
        x = Examples.of(x, model, labelled=False).fitted(model)
        return x.to(model.device, model.dtype).fixed()[0]
    x = as_tensor(x)
    batch = x.shape[:-1] if model.length == 1 and x.shape[-1:] == (model.data_dim,) else x.shape[:1]
    flat = x.reshape(-1, x.shape[-1]) if len(batch) == x.ndim - 1 else x
    examples = Examples.of(flat, model, labelled=False).fitted(model)
    shown = examples.to(model.device, model.dtype).fixed()[0]
    return shown.view(*batch, *shown.shape[1:])


@torch.no_grad()
def prior(model: LatentVariableModel, y: Any = None) -> Independent:
    """p(z) or p(z | y), with its `mean` and `stddev` (…, L)."""
    return model.prior(model.given(y))


@torch.no_grad()
def posterior(model: LatentVariableModel, x: Any, y: Any = None) -> Independent:
    """q(z | x) or q(z | x, y), with its `mean` and `stddev` (…, L), for x: (…, D) (section 5.3.2)."""
    return model.posterior(_shown(model, x), model.given(y))


@torch.no_grad()
def likelihood(model: LatentVariableModel, z: Tensor, y: Any = None) -> Independent:
    """p(x | z) or p(x | z, y), event shape (D,), for z: (…, L)."""
    return model.likelihood(z, model.given(y))


def decode(model: LatentVariableModel, z: Tensor, y: Any = None) -> Tensor:
    """The parameters of p(x | z) or p(x | z, y), (…, D), for z: (…, L), as `model.decode` gives them."""
    return model.decode(z, y)


@torch.no_grad()
def components(model: LatentVariableModel, x: Any, y: Any = None) -> tuple[Tensor, Independent]:
    """The posterior of one x: (D,) as a mixture of C' normals: their weights (C',), and they, (C', L).

    A latent choice brings a normal for each of its C clusters, weighed by q(y | x); else there is one, given
    the label where there is one.
    """
    x = _shown(model, x)
    weights = model.responsibilities(x.unsqueeze(0))
    if weights is None:
        return x.new_ones(1), model.posterior(x.unsqueeze(0), model.given(y))
    return weights[0], model.posterior(x, torch.arange(model.choices, device=x.device))


@torch.no_grad()
def generate(model: LatentVariableModel, count: int, *, generator: Generator) -> tuple[Tensor, Tensor]:
    """`count` draws z ~ p(z) decoded (λ_θ(z) of a VAE), and one sample of each product, both (count, D).

    Of a model without choices. Figures 6 and 7. The samples are those of `model.sample` with the same
    generator.
    """
    p_x = model.likelihood(rsample(prior(model), (count,), generator))
    return parameter(p_x), sample(p_x, generator=generator)


# What they are worth, in nats


@torch.no_grad()
def terms(model: LatentVariableModel, *observed: Any, generator: Generator) -> dict[str, Tensor]:
    """`model.terms`, (B,) each, without the gradients that training needs."""
    return dict(model.terms(*observed, generator=generator))


@torch.no_grad()
def elbo_terms(model: LatentVariableModel, x: Any, z: Tensor, y: Any = None) -> dict[str, Tensor]:
    """The estimator's terms at a given z ~ q(z | x), (…,) each, for x: (…, D), z: (…, L).

    Named as in `VAE.terms`: log p(x | z), and -KL(q(z | x) ‖ p(z)) in closed form; all given a y, if any.
    """
    x = _shown(model, x)
    return {
        "reconstruction": likelihood(model, z, y).log_prob(x),
        "minus_kl_z": -kl_divergence(model.posterior(x, model.given(y)), prior(model, y)),
    }


@torch.no_grad()
def joint_terms(model: LatentVariableModel, x: Any, z: Tensor, y: Any = None) -> dict[str, Tensor]:
    """log p(x | z) and log p(z), (…,) each, for any z: (…, L); both given a y, if any.

    Their sum is the unnormalised log posterior: it says how well a z explains x, whoever found it.
    """
    x = _shown(model, x)
    return {"likelihood": likelihood(model, z, y).log_prob(x), "prior": prior(model, y).log_prob(z)}


@torch.no_grad()
def label_bounds(model: LatentVariableModel, x: Any, *, samples: int, seed: int) -> Tensor:
    """The importance bound on log p(x | y) for each of the C labels of a conditional model, (…, C), for x:
    (…, D).

    Under p(y) = 1/C Bayes' rule makes them a classifier, p(y | x) ∝ p(x | y): the softmax of the bounds,
    as far as they are tight. Every label is tried with the same noise, that of `seed`.
    """
    x = _shown(model, x)
    several = x.reshape(-1, x.shape[-1])
    bounds = [
        importance_bounds(
            model,
            several,
            label.expand(len(several)),
            bounds=[samples],
            generator=Generator(x.device).manual_seed(seed),
        )[samples]
        for label in torch.arange(model.choices, device=x.device)
    ]
    return torch.stack(bounds, -1).view(*x.shape[:-1], -1)


# Styles: where z lies in the prior of its label or cluster


@torch.no_grad()
def style(model: LatentVariableModel, z: Tensor, y: Any = None) -> Tensor:
    """Where z: (…, L) lies in the prior of its y: ε = (z - μ_θ(y)) / σ_θ(y), (…, L).

    Under every y ε ~ N(0, I) a priori: what remains of a digit when its label is taken away, and a place that
    has its counterpart in each cluster. Under a prior N(0, I) ε is z.
    """
    p_z = prior(model, y)
    return (z - p_z.mean) / p_z.stddev


@torch.no_grad()
def latent(model: LatentVariableModel, epsilon: Tensor, y: Any = None) -> Tensor:
    """The z of a style ε: (…, L) under a y, z = μ_θ(y) + σ_θ(y) ε, (…, L); undoes `style`."""
    p_z = prior(model, y)
    return p_z.mean + p_z.stddev * epsilon


@torch.no_grad()
def write(model: LatentVariableModel, epsilon: Tensor, y: Any = None) -> Tensor:
    """A style ε: (…, L) under a y, decoded, (…, D) in [0, 1]."""
    return decode(model, latent(model, epsilon, y), y)


@torch.no_grad()
def styles(model: LatentVariableModel, *observed: Any) -> Tensor:
    """The styles ε (N, L) of the posterior means of N examples: in the priors of their labels or clusters.

    The cluster is the most probable one. `observed` is as in `evaluation.posterior_means`, which gives the
    means themselves.
    """
    observed = model.observed(*observed)
    x, *y = observed
    shares = responsibilities(model, x)
    return style(model, posterior_means(model, *observed), *(y if shares is None else [shares.argmax(1)]))


# Ways through them


def squares(x: Tensor) -> np.ndarray:
    """Images as rows of pixels, (…, S²), as they are drawn, (…, S, S)."""
    side = math.isqrt(x.shape[-1])
    return x.unflatten(-1, (side, side)).cpu().numpy()


def walk(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """The way from one z to another, (steps, L), both ends included, along an arc.

    Spherical, not straight: under N(0, I) in L = 20 dimensions nearly all z lie near a sphere of radius
    √20, and the middle of a straight line falls inside it, where the decoder has hardly been trained. On
    this VAE the images half-way along straight lines are markedly less certain than along arcs. The
    length changes evenly from end to end. Where the arc is not defined (an end at 0, or exact opposites)
    the way is straight.

    Raises:
        ValueError: for fewer than two steps.
    """
    if steps < 2:
        raise ValueError(f"A walk has at least its two ends, not {steps} steps.")
    t = torch.linspace(0, 1, steps, dtype=start.dtype, device=start.device).unsqueeze(-1)
    start_length, end_length = start.norm(), end.norm()
    cosine = (start @ end / (start_length * end_length)).clamp(-1, 1)  # NaN where an end is 0
    if not (-0.9999 < cosine < 0.9999):
        return torch.lerp(start, end, t)
    angle = torch.acos(cosine)
    direction = torch.sin((1 - t) * angle) * start / start_length + torch.sin(t * angle) * end / end_length
    return direction / torch.sin(angle) * torch.lerp(start_length, end_length, t)


def ring(z: Tensor, labels: Tensor, steps: int) -> Tensor:
    """A closed way through latent space, by `walk` from class to class and back to the first, (C * steps, L).

    A class is passed at the code nearest to the mean of its codes: a mean itself is like none of them.

    Args:
        z: (N, L) codes, at least one of each class.
        labels: (N,) of C classes, numbered from 0.
        steps: from each class to the next.
    """
    passed = []
    for label in range(int(labels.max()) + 1):
        own = z[labels == label]
        passed.append(own[(own - own.mean(0)).norm(dim=1).argmin()])
    ways = zip(passed, [*passed[1:], passed[0]], strict=True)
    return torch.cat([walk(start, end, steps + 1)[:-1] for start, end in ways])


def along(z: Tensor, dimension: int, values: Tensor) -> Tensor:
    """Copies of z: (L,) with one dimension (from 0) set to each of `values`: (S,), as (S, L)."""
    copies = z.repeat(len(values), 1)
    copies[:, dimension] = values
    return copies


def axis(measures: Mapping[str, Any], name: str) -> tuple[Tensor, Tensor]:
    """A direction of latent space, a unit vector (L,), and the place (L,) from which it is measured.

    Args:
        measures: of a model, with their `centre` and `directions` (`measures.measured`).
        name: "pca1" is the first principal direction, about the centre; "3" the third dimension, about 0.
    """
    centre = torch.tensor(measures["centre"])
    if name.startswith("pca"):
        return torch.tensor(measures["directions"][int(name[3:]) - 1]), centre
    return torch.eye(len(centre))[int(name) - 1], torch.zeros_like(centre)


def plane(z: Tensor, u: Tensor, v: Tensor, across: Tensor, up: Tensor) -> Tensor:
    """Places (B, A, L) of the plane through z: (L,) along the unit vectors u and v: (L,), slanted or not.

    Seen from z each is `across`: (A,) further along u and `up`: (B,) along v.
    """
    across, up, slant = across.view(1, -1, 1), up.view(-1, 1, 1), u @ v
    return z + ((across - slant * up) * u + (up - slant * across) * v) / (1 - slant**2)


def between_labels(start: int, end: int, steps: int, classes: int) -> Tensor:
    """Weights of the labels on the straight way from one to another, (steps, C), both ends included.

    Each row lies on the simplex. Only its corners are labels that a model has seen.

    Raises:
        ValueError: for fewer than two steps or a label outside 0…C-1.
    """
    if steps < 2:
        raise ValueError(f"A walk has at least its two ends, not {steps} steps.")
    labels = torch.tensor([start, end])
    check_choices(labels, classes)
    ends = one_hot(labels, classes)
    return torch.lerp(ends[0], ends[1], torch.linspace(0, 1, steps).unsqueeze(-1))

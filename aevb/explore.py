"""A trained model, looked at from all sides: what the app shows, and a notebook can.

Pure functions of a VAE or, in the second half, of a CVAE, and of tensors. Randomness comes from a passed
generator, so that the same seed shows the same picture.
"""

import math

import numpy as np
import torch
from torch import Generator, Tensor
from torch.distributions import Independent, kl_divergence

from aevb.distributions import rsample
from aevb.evaluation import importance_bounds
from aevb.models import CVAE, VAE
from aevb.models.cvae import one_hot


@torch.no_grad()
def posterior(model: VAE, x: Tensor) -> Independent:
    """q(z | x), with its `mean` and `stddev` (…, L), for x: (…, D) (tutorial section 5.3.2)."""
    return model.q_z_given_x(x)


@torch.no_grad()
def decode(model: VAE, z: Tensor) -> Tensor:
    """λ_θ(z), the parameters of the product of continuous Bernoullis, (…, D) in [0, 1], for z: (…, L)."""
    return model.p_x_given_z(z).base_dist.probs


@torch.no_grad()
def draw_posterior(model: VAE, x: Tensor, *, generator: Generator) -> Tensor:
    """One z = μ_φ(x) + σ_φ(x) ε, (…, L), for x: (…, D) (section 5.2.3)."""
    return rsample(model.q_z_given_x(x), generator=generator)


@torch.no_grad()
def draw_prior(model: VAE, count: int, *, generator: Generator) -> Tensor:
    """`count` draws of z ~ p(z), (count, L)."""
    return rsample(model.p_z, (count,), generator)


@torch.no_grad()
def elbo_terms(model: VAE, x: Tensor, z: Tensor) -> dict[str, Tensor]:
    """The estimator's terms at a given z ~ q(z | x), in nats, (…,) each, for x: (…, D), z: (…, L).

    Named as in `VAE.terms`: log p(x | z), and -KL(q(z | x) ‖ p(z)) in closed form.
    """
    return {
        "reconstruction": model.p_x_given_z(z).log_prob(x),
        "minus_kl_z": -kl_divergence(model.q_z_given_x(x), model.p_z),
    }


@torch.no_grad()
def joint_terms(model: VAE, x: Tensor, z: Tensor) -> dict[str, Tensor]:
    """log p(x | z) and log p(z) in nats, (…,) each, for any z: (…, L).

    Their sum is the unnormalised log posterior: it says how well a z explains x, whoever found it.
    """
    return {"likelihood": model.p_x_given_z(z).log_prob(x), "prior": model.p_z.log_prob(z)}


@torch.no_grad()
def generate(model: VAE, count: int, *, generator: Generator) -> tuple[Tensor, Tensor]:
    """λ_θ(z) of `count` draws z ~ p(z), and one sample of each product, both (count, D).

    Figures 6 and 7. The samples are those of `model.sample` with the same generator.
    """
    p_x = model.p_x_given_z(draw_prior(model, count, generator=generator))
    return p_x.base_dist.probs, rsample(p_x, generator=generator)


def squares(x: Tensor) -> np.ndarray:
    """Images as rows of pixels, (…, S²), as they are drawn, (…, S, S)."""
    side = math.isqrt(x.shape[-1])
    return x.unflatten(-1, (side, side)).numpy()


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
    t = torch.linspace(0, 1, steps, dtype=start.dtype).unsqueeze(-1)
    start_length, end_length = start.norm(), end.norm()
    cosine = (start @ end / (start_length * end_length)).clamp(-1, 1)  # NaN where an end is 0
    if not (-0.9999 < cosine < 0.9999):
        return torch.lerp(start, end, t)
    angle = torch.acos(cosine)
    direction = torch.sin((1 - t) * angle) * start / start_length + torch.sin(t * angle) * end / end_length
    return direction / torch.sin(angle) * torch.lerp(start_length, end_length, t)


def along(z: Tensor, dimension: int, values: Tensor) -> Tensor:
    """Copies of z: (L,) with one dimension (from 0) set to each of `values`: (S,), as (S, L)."""
    copies = z.repeat(len(values), 1)
    copies[:, dimension] = values
    return copies


# Labels and styles of a CVAE


@torch.no_grad()
def label_posterior(model: CVAE, x: Tensor, y: Tensor) -> Independent:
    """q(z | x, y), with its `mean` and `stddev` (…, L), for x: (…, D), y: (…,) (section 5.4.2)."""
    return model.q_z(x, y)


@torch.no_grad()
def label_prior(model: CVAE, y: Tensor) -> Independent:
    """p(z | y), with its `mean` and `stddev` (…, L), for y: (…,)."""
    return model.p_z(y)


@torch.no_grad()
def label_terms(model: CVAE, x: Tensor, y: Tensor, *, generator: Generator) -> dict[str, Tensor]:
    """`CVAE.terms`, (B,) each in nats, without the gradients that training needs."""
    return model.terms(x, y, generator=generator)


@torch.no_grad()
def style(model: CVAE, z: Tensor, y: Tensor) -> Tensor:
    """Where z: (…, L) lies in the prior of its label y: ε = (z - μ_θ(y)) / σ_θ(y), (…, L).

    Under every label ε ~ N(0, I) a priori: what remains of a digit when its label is taken away. Labels
    may be weights, as everywhere in `CVAE`. Where y conditions x alone, ε is z.
    """
    p_z = model.p_z(y)
    return (z - p_z.mean) / p_z.stddev


@torch.no_grad()
def latent(model: CVAE, epsilon: Tensor, y: Tensor) -> Tensor:
    """The z of a style ε: (…, L) under a label y, z = μ_θ(y) + σ_θ(y) ε, (…, L); undoes `style`."""
    p_z = model.p_z(y)
    return p_z.mean + p_z.stddev * epsilon


@torch.no_grad()
def write(model: CVAE, epsilon: Tensor, y: Tensor) -> Tensor:
    """λ_θ(z, y) of a style ε: (…, L) under a label y, (…, D) in [0, 1]."""
    return model.p_x(latent(model, epsilon, y), y).base_dist.probs


@torch.no_grad()
def decode_as(model: CVAE, z: Tensor, y: Tensor) -> Tensor:
    """λ_θ(z, y), (…, D) in [0, 1], for z: (…, L) as it is, whatever label it comes from."""
    return model.p_x(z, y).base_dist.probs


@torch.no_grad()
def label_bounds(model: CVAE, x: Tensor, *, samples: int, seed: int) -> Tensor:
    """The importance bound on log p(x | y) in nats for each of the C labels, (C,), for one x: (D,).

    Under p(y) = 1/C Bayes' rule makes them a classifier, p(y | x) ∝ p(x | y): the softmax of the bounds,
    as far as they are tight. Every label is tried with the same noise, that of `seed`.
    """
    bounds = [
        importance_bounds(
            model, x.unsqueeze(0), label.view(1), bounds=[samples], generator=Generator().manual_seed(seed)
        )[samples]
        for label in torch.arange(model.classes)
    ]
    return torch.cat(bounds)


def between_labels(start: int, end: int, steps: int, classes: int) -> Tensor:
    """Weights of the labels on the straight way from one to another, (steps, C), both ends included.

    Each row lies on the simplex. Only its corners are labels that a model has seen.

    Raises:
        ValueError: for fewer than two steps or a label outside 0…C-1.
    """
    if steps < 2:
        raise ValueError(f"A walk has at least its two ends, not {steps} steps.")
    ends = one_hot(torch.tensor([start, end]), classes)
    return torch.lerp(ends[0], ends[1], torch.linspace(0, 1, steps).unsqueeze(-1))

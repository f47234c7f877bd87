"""A trained model, looked at from all sides: what the app shows, and a notebook can.

Pure functions of a model with a `q_z_given_x`, a `p_x_given_z` and a `p_z`, and of tensors. Randomness
comes from a passed generator, so that the same seed shows the same picture.
"""

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, kl_divergence

from aevb.distributions import rsample
from aevb.models import VAE


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

"""Each model's training step as a textbook writes it: the same nets, and nothing done to be fast.

torch.distributions as they come, float32, Adam with its defaults, and one thing at a time: every cluster of
the GMVAE and every row of the VRNN by itself. `benchmarks.training_step` measures ours against it, and it is
the oracle of what makes ours faster: `tests/test_shortcuts.py` holds that terms and gradients are the same.

Noise comes from torch's global stream, in the order in which our models draw theirs from a generator.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Independent,
    Normal,
    kl_divergence,
)
from torch.nn import functional as F

from aevb.distributions import cap
from aevb.models import CVAE, GMVAE, VAE, VRNN, LatentVariableModel
from aevb.models.nets import (
    MIN_SCALE,
    BernoulliNet,
    ContinuousBernoulliNet,
    DiagonalNormalNet,
    LinearDiagonalNormal,
)


def normal(loc: Tensor, pre_scale: Tensor) -> Independent:
    return Independent(Normal(loc, F.softplus(pre_scale) + MIN_SCALE), 1)


def diagonal_normal(net: DiagonalNormalNet | LinearDiagonalNormal, inputs: Tensor) -> Independent:
    h = net.hidden(inputs) if isinstance(net, DiagonalNormalNet) else inputs
    return normal(net.loc(h), net.pre_scale(h))


def likelihood(net: ContinuousBernoulliNet | BernoulliNet, inputs: Tensor) -> Independent:
    logits, base = net.logits(net.hidden(inputs)), Bernoulli
    if isinstance(net, ContinuousBernoulliNet):
        logits, base = cap(logits), ContinuousBernoulli
    return Independent(base(logits=logits), 1)


def vae(model: VAE, x: Tensor) -> dict[str, Tensor]:
    q_z = diagonal_normal(model.q_z_given_x, x)
    prior = Independent(Normal(torch.zeros_like(q_z.mean), torch.ones_like(q_z.mean)), 1)
    reconstruction = likelihood(model.p_x_given_z, q_z.rsample()).log_prob(x)
    return {"reconstruction": reconstruction, "minus_kl_z": -kl_divergence(q_z, prior)}


def cvae(model: CVAE, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
    y = F.one_hot(labels, model.choices).to(x)
    q_z, p_z = (
        diagonal_normal(model.q_z_given_xy, torch.cat([x, y], -1)),
        diagonal_normal(model.p_z_given_y, y),
    )
    p_x = likelihood(model.p_x_given_zy, torch.cat([q_z.rsample(), y], -1))
    return {"reconstruction": p_x.log_prob(x), "minus_kl_z": -kl_divergence(q_z, p_z)}


def gmvae(model: GMVAE, x: Tensor) -> dict[str, Tensor]:
    classifier, encoder = model.q_y_given_x, model.q_z_given_xy
    q_y = Categorical(logits=classifier.logits(classifier.hidden(x)))
    reconstruction, minus_kl_z = x.new_zeros(len(x)), x.new_zeros(len(x))
    for cluster in range(model.choices):
        y = F.one_hot(torch.full((len(x),), cluster), model.choices).to(x)
        q_z = diagonal_normal(encoder.rest, (encoder.from_x(x) + encoder.from_y(y)).relu())
        p_x = likelihood(model.p_x_given_z, q_z.rsample())
        weight = q_y.probs[:, cluster]
        reconstruction = reconstruction + weight * p_x.log_prob(x)
        minus_kl_z = minus_kl_z - weight * kl_divergence(q_z, diagonal_normal(model.p_z_given_y, y))
    uniform = Categorical(logits=torch.zeros_like(q_y.logits))
    return {
        "reconstruction": reconstruction,
        "minus_kl_z": minus_kl_z,
        "minus_kl_y": -kl_divergence(q_y, uniform),
    }


def vrnn(model: VRNN, x: Tensor) -> dict[str, Tensor]:
    state, h = None, x.new_zeros(len(x), model.memory_dim)
    reconstruction, minus_kl_z = x.new_zeros(len(x)), x.new_zeros(len(x))
    for row in x.unbind(1):
        q_z = diagonal_normal(model.q_z_given_hx, torch.cat([h, row], -1))
        p_z = diagonal_normal(model.p_z_given_h, h)
        z = q_z.rsample()
        reconstruction = reconstruction + likelihood(model.p_x_given_hz, torch.cat([h, z], -1)).log_prob(row)
        minus_kl_z = minus_kl_z - kl_divergence(q_z, p_z)
        output, state = model.p_h(torch.cat([row, z], -1).unsqueeze(0), state)
        h = output.squeeze(0)
    return {"reconstruction": reconstruction, "minus_kl_z": minus_kl_z}


TERMS: Mapping[str, Callable[..., dict[str, Tensor]]] = {
    "vae": vae,
    "cvae": cvae,
    "gmvae": gmvae,
    "vrnn": vrnn,
}
"""By a model's name, the terms of its ELBO, each (B,), as its `forward` gives them."""


def steps(model: LatentVariableModel, batches: Callable[[], tuple[Tensor, ...]]) -> Callable[[], float]:
    """A function that takes one step of Adam on the next batch and returns its ELBO."""
    optimizer = torch.optim.Adam(model.parameters())

    def step() -> float:
        elbo = sum(TERMS[model.name](model, *batches()).values()).mean()
        optimizer.zero_grad()
        (-elbo).backward()
        optimizer.step()
        return elbo.item()

    return step

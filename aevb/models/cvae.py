"""The conditional VAE (tutorial section 5.4; Sohn, Lee and Yan, 2015).

z ~ N(μ_θ(y), diag σ_θ(y)²)                          the prior, given the label
x ~ ProductOfContinuousBernoullis(λ_θ(z, y))         the generative net, or Bernoullis, or N(μ_θ(z, y), σ² I)
q_φ(z | x, y) = N(μ_φ(x, y), diag σ_φ(x, y)²)        the inference net

Section 5.4.1 also names two simpler models, in which the label conditions z alone or x alone.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, kl_divergence

from aevb.distributions import rsample, sample
from aevb.models.base import LatentVariableModel, check_sizes, one_hot, sized
from aevb.models.nets import (
    DiagonalNormalNet,
    Likelihood,
    LinearDiagonalNormal,
    check_widths,
    kind,
    standard_normal,
)

Conditioned = Literal["x and z", "x", "z"]


class CVAE(LatentVariableModel):
    """A VAE of x given one of C labels, in [0, 1]^D, {0, 1}^D or R^D, as its likelihood is.

    Weights (…, C) in the place of labels y stand between them.

    Args:
        data_dim: D.
        classes: C.
        latent_dim: L.
        hidden_dims: widths of the inference net's hidden layers; the generative net mirrors them.
        dropout: probability of dropping a hidden unit while training.
        conditioned: which densities of the generative model see the label. "x and z" is the full
            decomposition p(x | z, y) p(z | y).
        likelihood: what p(x | z, y) is a product of. The Gaussian's σ is learned, one for all of x.
    Raises:
        ValueError: for a size below 1, sizes beyond all that can be meant, a dropout outside [0, 1), another
            `conditioned` or another likelihood.
    """

    name = "cvae"
    conditional = True

    @sized
    def __init__(
        self,
        data_dim: int = 784,
        classes: int = 10,
        latent_dim: int = 20,
        hidden_dims: Sequence[int] = (500, 500),
        dropout: float = 0.0,
        conditioned: Conditioned = "x and z",
        likelihood: Likelihood = "continuous bernoulli",
    ):
        super().__init__()
        data_dim, classes, latent_dim = check_sizes(data_dim=data_dim, classes=classes, latent_dim=latent_dim)
        self.data_dim, self.choices, self.latent_dim = data_dim, classes, latent_dim
        hidden_dims = check_widths(hidden_dims)
        net, self.support, self.observation = kind(likelihood)
        if conditioned not in ("x and z", "x", "z"):
            raise ValueError(f'conditioned must be "x and z", "x" or "z", not {conditioned!r}.')
        self.conditioned = conditioned
        decoded = latent_dim + (classes if "x" in conditioned else 0)
        self.q_z_given_xy = DiagonalNormalNet(data_dim + classes, hidden_dims, latent_dim, dropout)
        self.p_x_given_zy = net(decoded, hidden_dims[::-1], data_dim, dropout)
        self.p_z_given_y = LinearDiagonalNormal(classes, latent_dim) if "z" in conditioned else None

    def inputs_of(self, net: str) -> str:
        """As every model's, but p(x | z, y) is given z alone where y conditions that alone."""
        letters = super().inputs_of(net)
        return letters if "x" in self.conditioned or net != "p_x_given_zy" else "z"

    def prior(self, y: Tensor | None = None) -> Independent:
        """p(z | y), event shape (L,): linear in y, or the standard normal where y conditions x alone."""
        weights = self._weights(y)
        if self.p_z_given_y is None:
            return standard_normal(weights.new_zeros((*weights.shape[:-1], self.latent_dim)))
        return self.p_z_given_y(weights)

    def posterior(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z | x, y) for x: (…, D), event shape (L,)."""
        return self.q_z_given_xy(_beside(x, self._weights(y)))

    def likelihood(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x | z, y) for z: (…, L), event shape (D,); the y is passed over where it conditions z alone."""
        return self.p_x_given_zy(_beside(z, self._weights(y)) if "x" in self.conditioned else z)

    def forward(  # type: ignore[override]  # a conditional model observes y as well
        self, x: Tensor, y: Tensor, *, generator: Generator | None = None
    ) -> dict[str, Tensor]:
        """log p(x | z, y) at one reparametrised z, and -KL(q(z | x, y) ‖ p(z | y)) (section 5.4.3)."""
        q_z = self.posterior(x, y)
        z = rsample(q_z, generator=generator)
        return {
            "reconstruction": self.likelihood(z, y).log_prob(x),
            "minus_kl_z": -kl_divergence(q_z, self.prior(y)),
        }

    def log_ratios(  # type: ignore[override]
        self, x: Tensor, y: Tensor, *, samples: int, generator: Generator | None = None
    ) -> Tensor:
        """log p(x | z, y) + log p(z | y) - log q(z | x, y) as (S, B)."""
        q_z = self.posterior(x, y)
        z = rsample(q_z, (samples,), generator)
        return self.likelihood(z, y).log_prob(x) + self.prior(y).log_prob(z) - q_z.log_prob(z)

    def posterior_mean(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        """μ(x, y), (B, L)."""
        return self.posterior(x, y).mean

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """z ~ p(z | y), then x ~ p(x | z, y) for labels y: (count,), (count, D) (Figure 9)."""
        return sample(self.likelihood(rsample(self.prior(y), generator=generator), y), generator=generator)

    def _weights(self, y: Tensor | None) -> Tensor:
        return one_hot(y, self.choices).to(self.dtype)


def _beside(inputs: Tensor, weights: Tensor) -> Tensor:
    """[inputs, weights], (…, I + C), each broadcast against the other's batch."""
    batch = torch.broadcast_shapes(inputs.shape[:-1], weights.shape[:-1])
    return torch.cat([part.expand(*batch, -1) for part in (inputs, weights)], -1)

"""The variational auto-encoder (tutorial section 5.3; Kingma and Welling, 2014).

z ~ N(0, I)                                   the prior
x ~ ProductOfContinuousBernoullis(λ_θ(z))     the generative net, or Bernoullis, or N(μ_θ(z), σ² I)
q_φ(z | x) = N(μ_φ(x), diag σ_φ(x)²)          the inference net
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, kl_divergence

from aevb.distributions import rsample, sample
from aevb.models.base import LatentVariableModel, check_sizes, sized
from aevb.models.nets import DiagonalNormalNet, Likelihood, check_widths, kind, standard_normal


class VAE(LatentVariableModel):
    """A VAE for data in [0, 1]^D, {0, 1}^D or R^D, as its likelihood is.

    Args:
        data_dim: D, 784 for MNIST.
        latent_dim: L.
        hidden_dims: widths of the inference net's hidden layers; the generative net mirrors them.
        dropout: probability of dropping a hidden unit while training (the tutorial's is 0.1).
        likelihood: what p(x | z) is a product of. The Gaussian's σ is learned, one for all of x.
    Raises:
        ValueError: for a size below 1, sizes beyond all that can be meant, a dropout outside [0, 1) or
            another likelihood.
    """

    name = "vae"

    @sized
    def __init__(
        self,
        data_dim: int = 784,
        latent_dim: int = 20,
        hidden_dims: Sequence[int] = (500, 500),
        dropout: float = 0.0,
        likelihood: Likelihood = "continuous bernoulli",
    ):
        super().__init__()
        data_dim, latent_dim = check_sizes(data_dim=data_dim, latent_dim=latent_dim)
        self.data_dim, self.latent_dim = data_dim, latent_dim
        hidden_dims = check_widths(hidden_dims)
        net, self.support, self.observation = kind(likelihood)
        self.q_z_given_x = DiagonalNormalNet(data_dim, hidden_dims, latent_dim, dropout)
        self.p_x_given_z = net(latent_dim, hidden_dims[::-1], data_dim, dropout)
        self.register_buffer("_zeros", torch.zeros(latent_dim), persistent=False)

    def prior(self, y: Tensor | None = None) -> Independent:
        """N(0, I), event shape (L,)."""
        return standard_normal(self._zeros)  # type: ignore[arg-type]

    def posterior(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z | x) for x: (…, D), event shape (L,)."""
        return self.q_z_given_x(x)

    def likelihood(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x | z) for z: (…, L), event shape (D,)."""
        return self.p_x_given_z(z)

    def forward(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """log p(x | z) at one reparametrised z, and -KL(q(z | x) ‖ p(z)) in closed form; x: (B, D)."""
        q_z = self.q_z_given_x(x)
        z = rsample(q_z, generator=generator)
        return {
            "reconstruction": self.p_x_given_z(z).log_prob(x),
            "minus_kl_z": -kl_divergence(q_z, self.prior()),
        }

    def log_ratios(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        """log p(x | z) + log p(z) - log q(z | x) as (S, B) for x: (B, D)."""
        q_z = self.q_z_given_x(x)
        z = rsample(q_z, (samples,), generator)
        return self.p_x_given_z(z).log_prob(x) + self.prior().log_prob(z) - q_z.log_prob(z)

    def posterior_mean(self, x: Tensor) -> Tensor:
        """μ(x), (B, L)."""
        return self.q_z_given_x(x).mean

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """z ~ p(z), then x ~ p(x | z), (count, D) (Figure 7)."""
        return sample(self.p_x_given_z(rsample(self.prior(), (count,), generator)), generator=generator)

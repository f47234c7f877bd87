"""Factor analysis (tutorial section 5.2): the one model here whose every quantity is exact.

    z ~ N(0, I)                        the prior, L dimensions
    x ~ N(W z, Φ), Φ = diag σ²         the generative model, D dimensions, x of zero mean
    q_φ(z | x) = N(V x, Σ)             contains the exact posterior, so the ELBO can become tight

Data are taken to have zero mean, as in the tutorial: subtract the mean first.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Independent, LowRankMultivariateNormal, MultivariateNormal, Normal
from torch.nn import functional as F

from aevb.distributions import rsample
from aevb.models.base import LatentVariableModel, check_sizes
from aevb.models.nets import standard_normal

LOG_2PI = math.log(2 * math.pi)
MIN_VARIANCE = 1e-12  # of EM's σ²: a constant column has none, and its density would be infinite


class LinearNormal(nn.Module):
    """p_θ(x | z) = N(W z, diag σ²), with W: (D, L) and σ = softplus(pre_sigma): (D,)."""

    def __init__(self, data_dim: int, latent_dim: int):
        super().__init__()
        self.W = nn.Parameter(torch.randn(data_dim, latent_dim))
        self.pre_sigma = nn.Parameter(torch.randn(data_dim))

    @property
    def sigma(self) -> Tensor:
        return F.softplus(self.pre_sigma)

    def forward(self, z: Tensor) -> Independent:
        loc = F.linear(z, self.W)
        return Independent(Normal(loc, self.sigma, validate_args=False), 1, validate_args=False)


class LinearFullNormal(nn.Module):
    """q_φ(z | x) = N(V x, C Cᵀ), with V: (L, D) and C lower triangular with a positive diagonal, (L, L).

    Learning the Cholesky factor leaves its entries unconstrained; softplus keeps the diagonal positive.
    C is the identity at first.
    """

    def __init__(self, data_dim: int, latent_dim: int):
        super().__init__()
        self.V = nn.Parameter(torch.randn(latent_dim, data_dim))
        self.cholesky = nn.Parameter(torch.eye(latent_dim) * math.log(math.e - 1))

    @property
    def scale_tril(self) -> Tensor:
        return self.cholesky.tril(-1) + F.softplus(self.cholesky.diagonal()).diag()

    def forward(self, x: Tensor) -> MultivariateNormal:
        return MultivariateNormal(F.linear(x, self.V), scale_tril=self.scale_tril, validate_args=False)


class Posterior(NamedTuple):
    """N(V x, Σ): a linear Gaussian posterior, V: (L, D), covariance Σ: (L, L)."""

    V: Tensor
    covariance: Tensor


class FactorAnalysis(LatentVariableModel):
    """Factor analysis for any D and L.

    Args:
        data_dim: D.
        latent_dim: L.
    Raises:
        ValueError: for a size below 1.
    """

    observation = "vector"

    def __init__(self, data_dim: int = 3, latent_dim: int = 2):
        super().__init__()
        check_sizes(data_dim=data_dim, latent_dim=latent_dim)
        self.data_dim, self.latent_dim = data_dim, latent_dim
        self.p_x_given_z = LinearNormal(data_dim, latent_dim)
        self.q_z_given_x = LinearFullNormal(data_dim, latent_dim)

    def prior(self, y: Tensor | None = None) -> Independent:
        """N(0, I), event shape (L,)."""
        return standard_normal(self.p_x_given_z.W.new_zeros(self.latent_dim))

    def posterior(self, x: Tensor, y: Tensor | None = None) -> MultivariateNormal:  # type: ignore[override]
        """q(z | x) for x: (…, D), event shape (L,): its covariance is full, not diagonal."""
        return self.q_z_given_x(x)

    def likelihood(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x | z) for z: (…, L), event shape (D,)."""
        return self.p_x_given_z(z)

    def kl_by_dimension(self, *observed: Tensor, generator: Generator | None = None) -> Tensor:
        raise NotImplementedError("Under factor analysis's q the z are correlated: its KL has no parts.")

    # The estimator (section 5.2.3)

    def terms(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """log p(x | z) at one reparametrised z, and -KL(q(z | x) ‖ p(z)) in closed form; x: (B, D)."""
        q_z = self.q_z_given_x(x)
        z = rsample(q_z, generator=generator)
        return {
            "reconstruction": self.p_x_given_z(z).log_prob(x),
            "minus_kl_z": -self._kl_to_prior(q_z.loc),
        }

    def log_weights(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        """log p(x | z) + log p(z) - log q(z | x) as (S, B) for x: (B, D)."""
        q_z = self.q_z_given_x(x)
        z = rsample(q_z, (samples,), generator)
        log_prior = -0.5 * (z.square() + LOG_2PI).sum(-1)
        return self.p_x_given_z(z).log_prob(x) + log_prior - q_z.log_prob(z)

    def encode(self, x: Tensor) -> Tensor:
        """V x, (B, L)."""
        return F.linear(x, self.q_z_given_x.V)

    def sample(self, count: int, *, generator: Generator | None = None) -> Tensor:
        """(count, D)."""
        W = self.p_x_given_z.W
        z = torch.randn(count, self.latent_dim, generator=generator, dtype=W.dtype, device=W.device)
        return rsample(self.p_x_given_z(z), generator=generator)

    # What is exact here and intractable elsewhere (section 5.2.4)

    def evidence(self, x: Tensor) -> Tensor:
        """log p(x) = log N(x; 0, W Wᵀ + Φ), (B,)."""
        p = self.p_x_given_z
        marginal = LowRankMultivariateNormal(
            x.new_zeros(self.data_dim), p.W, p.sigma.square(), validate_args=False
        )
        return marginal.log_prob(x)

    def exact_elbo(self, x: Tensor) -> Tensor:
        """The ELBO with its expectation over q in closed form, (B,): what `elbo` estimates.

        E_q[log p(x | z)] is log p(x | z = V x) less half the variance that q's spread adds,
        tr(Wᵀ Φ⁻¹ W Σ).
        """
        p, q = self.p_x_given_z, self.q_z_given_x
        loc = F.linear(x, q.V)
        spread = ((p.W @ q.scale_tril) / p.sigma.unsqueeze(-1)).square().sum()
        return p(loc).log_prob(x) - 0.5 * spread - self._kl_to_prior(loc)

    def exact_posterior(self) -> Posterior:
        """p_θ(z | x) = N(V x, Σ), Σ = (I + Wᵀ Φ⁻¹ W)⁻¹, V = Σ Wᵀ Φ⁻¹ (Murphy 2012, 12.1.2)."""
        p = self.p_x_given_z
        return _posterior(p.W, p.sigma.square())

    def gap(self, x: Tensor) -> Tensor:
        """KL(q(z | x) ‖ p(z | x)), (B,): by equation 2 exactly `evidence` - `exact_elbo`."""
        q, exact = self.q_z_given_x, self.exact_posterior()
        precision = torch.linalg.inv(exact.covariance)
        shift = F.linear(x, q.V - exact.V)
        trace = (precision @ q.scale_tril @ q.scale_tril.T).trace()
        logdet = torch.logdet(exact.covariance) - 2 * q.scale_tril.diagonal().log().sum()
        return 0.5 * (trace - self.latent_dim + logdet + (shift @ precision * shift).sum(-1))

    # Classic EM (section 2), in closed form

    @torch.no_grad()
    def e_step(self) -> None:
        """Sets q to the exact posterior, which makes the ELBO tight."""
        q, exact = self.q_z_given_x, self.exact_posterior()
        factor = torch.linalg.cholesky(exact.covariance)
        q.V.copy_(exact.V)
        q.cholesky.copy_(factor.tril(-1) + inverse_softplus(factor.diagonal()).diag())

    @torch.no_grad()
    def m_step(self, x: Tensor) -> None:
        """Sets W and Φ to the maximiser of the exact ELBO on x: (N, D) for the q at hand."""
        p, q = self.p_x_given_z, self.q_z_given_x
        W, variance = _maximise(_second_moment(x), Posterior(q.V, q.scale_tril @ q.scale_tril.T))
        p.W.copy_(W)
        p.pre_sigma.copy_(inverse_softplus(variance.sqrt()))

    def em(self, x: Tensor) -> Iterator["FactorAnalysis"]:
        """Classic EM on x: (N, D), one iteration (E-step, M-step, E-step's q kept) for each `next`.

        Yields the model itself after each iteration, without end; stop when you have seen enough. The
        evidence of x never falls from one to the next.
        """
        self.e_step()
        while True:
            self.m_step(x)
            self.e_step()
            yield self

    def _kl_to_prior(self, loc: Tensor) -> Tensor:
        """KL(N(loc, C Cᵀ) ‖ N(0, I)), (B,)."""
        tril = self.q_z_given_x.scale_tril
        constant = tril.square().sum() - 2 * tril.diagonal().log().sum() - self.latent_dim
        return 0.5 * (loc.square().sum(-1) + constant)


def inverse_softplus(y: Tensor) -> Tensor:
    """The x with log(1 + eˣ) = y > 0, without overflow for large or cancellation for small y."""
    return y + torch.log(-torch.expm1(-y))


def _second_moment(x: Tensor) -> Tensor:
    return x.T @ x / len(x)


def _posterior(W: Tensor, variance: Tensor) -> Posterior:
    scaled = W / variance.unsqueeze(-1)  # Φ⁻¹ W
    identity = torch.eye(W.shape[1], dtype=W.dtype, device=W.device)
    covariance = torch.linalg.inv(identity + W.T @ scaled)
    return Posterior(covariance @ scaled.T, covariance)


def _maximise(moment: Tensor, q: Posterior) -> tuple[Tensor, Tensor]:
    """The W: (D, L) and diag Φ: (D,) that maximise E_q[log p(x, z)] given x's second moment, (D, D)."""
    xz = moment @ q.V.T
    zz = q.covariance + q.V @ xz
    W = torch.linalg.solve(zz, xz.T).T
    variance = moment.diagonal() - (W * xz).sum(-1)  # whatever q is, since W zz = xz
    return W, variance.clamp(min=MIN_VARIANCE)


def true_model() -> FactorAnalysis:
    """The tutorial's ground truth: W = [[-0.5, -1], [-1, -1], [2, 0.5]], σ = (0.4, 0.2, 0.3).

    Its q is the exact posterior.
    """
    model = FactorAnalysis(3, 2)
    with torch.no_grad():
        model.p_x_given_z.W.copy_(torch.tensor([[-0.5, -1.0], [-1.0, -1.0], [2.0, 0.5]]))
        model.p_x_given_z.pre_sigma.copy_(inverse_softplus(torch.tensor([0.4, 0.2, 0.3])))
    model.e_step()
    return model.requires_grad_(False)


def synthetic(seed: int, examples: int = 1000) -> tuple[Tensor, Tensor]:
    """The tutorial's synthetic data: `examples` training and test points of `true_model`, each (N, 3)."""
    model, generator = true_model(), torch.Generator().manual_seed(seed)
    train, test = (model.sample(examples, generator=generator) for _ in range(2))
    return train, test

"""Factor analysis (tutorial section 5.2): the one model here whose every quantity is exact.

    z ~ N(0, I)                        the prior, L dimensions
    x ~ N(W z + μ, Φ), Φ = diag σ²     the generative model, D dimensions
    q_φ(z | x) = N(V (x - μ), Σ)       contains the exact posterior, so the ELBO can become tight

In the tutorial μ is 0. So it is here unless a mean is asked for: data of another mean need one.

What is exact is computed in float64 whatever the model's type, and from square roots: Σ⁻¹ = I + Wᵀ Φ⁻¹ W
and the data's second moment are never formed, only factors of them. So it stays exact where σ is a thousandth
of W, as it is for duplicate columns.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Independent, MultivariateNormal, Normal
from torch.nn import functional as F

from aevb import devices, distributions
from aevb.distributions import rsample
from aevb.models import shortcuts
from aevb.models.base import LatentVariableModel, check_sizes, sized
from aevb.models.nets import standard_normal, wide

LOG_2PI = math.log(2 * math.pi)
MIN_SIGMA = 1e-18  # softplus of a very negative number is 0, and a variance must not be, in float32 either
MIN_SHARE = 1e-6
"""Of a column's variance, which EM leaves to its σ² at least.

A column that others determine has none of its own, and the likelihood rises without end as σ falls to 0. With
a σ of a thousandth of the column's spread float32 still has digits enough.
"""
MIN_VARIANCE = 1e-12
"""Of a constant column, which has no variance to take a share of; as in scikit-learn."""


Covariance = Literal["full", "diagonal", "fixed"]
"""What q's may be: any, any diagonal one, or σ² I of a σ that no step moves (section 5.2.4)."""


class LinearNormal(nn.Module):
    """p_θ(x | z) = N(W z + μ, diag σ²), with W: (D, L), σ = softplus(pre_sigma): (D,), μ: (D,) or none."""

    mu: nn.Parameter | None

    def __init__(self, data_dim: int, latent_dim: int, mean: bool = False):
        super().__init__()
        self.W = nn.Parameter(torch.randn(data_dim, latent_dim))
        self.pre_sigma = nn.Parameter(torch.randn(data_dim))
        self.register_parameter("mu", nn.Parameter(torch.zeros(data_dim)) if mean else None)

    @property
    def sigma(self) -> Tensor:
        """σ, (D,)."""
        return softplus(wide(self.pre_sigma))

    def forward(self, z: Tensor) -> Independent:
        """p(x | z) for z: (…, L), event shape (D,)."""
        loc = _linear(z, self.W, self.mu)
        return Independent(Normal(loc, self.sigma, validate_args=False), 1, validate_args=False)


class LinearFullNormal(nn.Module):
    """q_φ(z | x) = N(V x, C Cᵀ), with V: (L, D) and C lower triangular with a positive diagonal, (L, L).

    Where x has a mean, it is given x less that mean.
    Learning the Cholesky factor leaves its entries unconstrained; softplus keeps the diagonal positive.
    C is the identity at first, or σ I where it is fixed.
    """

    def __init__(self, data_dim: int, latent_dim: int, covariance: Covariance = "full", scale: float = 1.0):
        super().__init__()
        self.covariance = covariance
        self.V = nn.Parameter(torch.randn(latent_dim, data_dim))
        pre_scale = scale + math.log(-math.expm1(-scale))
        self.cholesky = nn.Parameter(torch.eye(latent_dim) * pre_scale, requires_grad=covariance != "fixed")

    @property
    def scale_tril(self) -> Tensor:
        """C, (L, L)."""
        return self.tril(wide(self.cholesky))

    def tril(self, cholesky: Tensor) -> Tensor:
        """C, (L, L), of the parameter `cholesky`."""
        return _tril(cholesky) if self.covariance == "full" else F.softplus(cholesky.diagonal()).diag()

    def nearest(self, C: Tensor) -> Tensor:
        """Of what C may be here, that of least KL(q ‖ N(V x, C Cᵀ)), (L, L): diagonal, of its precisions."""
        if self.covariance == "full":
            return C
        if self.covariance == "fixed":
            return self.tril(self.cholesky.to(C))
        identity = torch.eye(len(C), dtype=C.dtype, device=C.device)
        return torch.linalg.solve_triangular(C, identity, upper=False).square().sum(0).rsqrt().diag()

    def forward(self, x: Tensor) -> MultivariateNormal:
        """q(z | x) for x less its mean, (…, D), event shape (L,)."""
        return MultivariateNormal(_linear(x, self.V), scale_tril=self.scale_tril, validate_args=False)


class Posterior(NamedTuple):
    """N(V (x - μ), C Cᵀ): a linear Gaussian posterior, V: (L, D), C: (L, L) lower triangular."""

    V: Tensor
    scale_tril: Tensor

    @property
    def covariance(self) -> Tensor:
        """Σ = C Cᵀ, (L, L)."""
        return self.scale_tril @ self.scale_tril.T


class Data(NamedTuple):
    """All that EM needs of N examples.

    Attributes:
        mean: μ, (D,).
        rows: (K, D), K = min(N, D), with rowsᵀ rows = E[(x - μ) (x - μ)ᵀ].
        floor: (D,), the least σ².
    """

    mean: Tensor
    rows: Tensor
    floor: Tensor


class FactorAnalysis(LatentVariableModel):
    """Factor analysis for any D and L.

    Data may be on any scale: `start` puts the parameters on it, for `em` and for gradient steps alike. The
    command `aevb train fa` calls it; `aevb.train` and `em` go on from where the model is. But
    they are rounded to the model's type: a column that varies by less than a millionth of its size needs
    `model.double()`.

    Args:
        data_dim: D.
        latent_dim: L.
        mean: whether x has a mean μ of its own, which EM sets and gradients move, with θ. It moves q as well.
        covariance: what q's may be. Only a full one contains the exact posterior; of the others an E-step
            takes the nearest, and a gap remains.
        scale: σ of z in a fixed one.
    Raises:
        ValueError: for a size below 1, more parameters than can be meant, another covariance, or a scale
            that is not above 0.
    """

    name = "fa"
    observation = "vector"
    support = "real"

    @sized
    def __init__(
        self,
        data_dim: int = 3,
        latent_dim: int = 2,
        mean: bool = False,
        covariance: Covariance = "full",
        scale: float = 0.1,
    ):
        super().__init__()
        if covariance not in Covariance.__args__:  # type: ignore[attr-defined]
            raise ValueError(f"covariance must be full, diagonal or fixed, not {covariance!r}.")
        if not 0 < scale < math.inf:
            raise ValueError(f"scale must be above 0, not {scale!r}.")
        self.data_dim, self.latent_dim = check_sizes(data_dim=data_dim, latent_dim=latent_dim)
        self.p_x_given_z = LinearNormal(self.data_dim, self.latent_dim, mean)
        fixed = scale if covariance == "fixed" else 1.0
        self.q_z_given_x = LinearFullNormal(self.data_dim, self.latent_dim, covariance, fixed)

    def prior(self, y: Tensor | None = None) -> Independent:
        """N(0, I), event shape (L,)."""
        return standard_normal(wide(self.p_x_given_z.W).new_zeros(self.latent_dim))

    def posterior(self, x: Tensor, y: Tensor | None = None) -> MultivariateNormal:  # type: ignore[override]
        """q(z | x) for x: (…, D), event shape (L,): its covariance is full, not diagonal."""
        return self.q_z_given_x(self._centred(x))

    def likelihood(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x | z) for z: (…, L), event shape (D,)."""
        return self.p_x_given_z(z)

    def kl_by_dimension(self, *observed: Tensor, generator: Generator | None = None) -> Tensor:
        """Raises NotImplementedError: q's z are correlated, so that their KL has no parts."""
        raise NotImplementedError("Under factor analysis's q the z are correlated: its KL has no parts.")

    # The estimator (section 5.2.3)

    def forward(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """log p(x | z) at one reparametrised z, and -KL(q(z | x) ‖ p(z)) in closed form; x: (B, D)."""
        # Under autocast too in the parameters' own precision: bfloat16's steps may be wider than σ.
        with devices.autocast(x.device, enabled=False):
            if shortcuts.open_to(x) and self._usual:
                return self._at_once(x, generator)
            q_z = self.posterior(x)
            z = rsample(q_z, generator=generator)
            return {
                "reconstruction": self.p_x_given_z(z).log_prob(x),
                "minus_kl_z": -_kl_to_prior(q_z.loc, q_z.scale_tril),
            }

    @property
    def _usual(self) -> bool:
        """Whether `shortcuts.linear_gaussian` is what the nets compute: a subclass may have its own."""
        p, q, own = self.p_x_given_z, self.q_z_given_x, FactorAnalysis
        usual = (
            type(p) is LinearNormal and type(q) is LinearFullNormal and type(self).posterior is own.posterior
        )
        return usual and q.covariance == "full" and wide(p.W) is p.W

    def _at_once(self, x: Tensor, generator: Generator | None) -> dict[str, Tensor]:
        p, q, centred = self.p_x_given_z, self.q_z_given_x, self._centred(x)
        like = p.W.new_empty(len(x), self.latent_dim)
        noise = distributions.draw(torch.randn, like, (), generator)
        terms = shortcuts.linear_gaussian(centred, noise, p.W, p.pre_sigma, q.V, q.cholesky, MIN_SIGMA)
        return dict(zip(("reconstruction", "minus_kl_z"), terms, strict=True))

    def log_ratios(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        """log p(x | z) + log p(z) - log q(z | x) as (S, B) for x: (B, D)."""
        q_z = self.posterior(x)
        z = rsample(q_z, (samples,), generator)
        return self.p_x_given_z(z).log_prob(x) + self.prior().log_prob(z) - q_z.log_prob(z)

    def posterior_mean(self, x: Tensor) -> Tensor:
        """V (x - μ), (B, L)."""
        return self.posterior(x).mean

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """(count, D)."""
        z = rsample(self.prior(), (count,), generator)
        return rsample(self.p_x_given_z(z), generator=generator)

    # What is exact here and intractable elsewhere (section 5.2.4). x is taken as `observed` takes it.

    def evidence(self, x: Any) -> Tensor:
        """log p(x) = log N(x; μ, W Wᵀ + Φ), (B,).

        It is log p(x | z) + log p(z) - log p(z | x) at every z (Bayes' rule), and computed at the posterior's
        mean: there it is a sum of squares, and rounding z costs least.

        Raises:
            ValueError: as `observed` does.
        """
        x, (W, sigma) = self._exactly(x), self._theta()
        V, C = _posterior(W, sigma)
        z = F.linear(x, V)
        log_joint = _log_normal(x, F.linear(z, W), sigma) - 0.5 * z.square().sum(-1)
        return self._rounded(log_joint + C.diagonal().log().sum())  # the two log 2π of z cancel

    def exact_elbo(self, x: Any) -> Tensor:
        """The ELBO with its expectation over q in closed form, (B,): what `elbo` estimates.

        E_q[log p(x | z)] is log p(x | z = V (x - μ)) less half the variance that q's spread adds,
        tr(Wᵀ Φ⁻¹ W Σ).

        Raises:
            ValueError: as `observed` does.
        """
        x, (W, sigma), (V, C) = self._exactly(x), self._theta(), self._phi()
        z = F.linear(x, V)
        spread = ((W @ C) / sigma.unsqueeze(-1)).square().sum()
        log_likelihood = _log_normal(x, F.linear(z, W), sigma) - 0.5 * spread
        return self._rounded(log_likelihood - _kl_to_prior(z, C))

    def exact_posterior(self) -> Posterior:
        """p_θ(z | x) = N(V (x - μ), Σ), Σ = (I + Wᵀ Φ⁻¹ W)⁻¹, V = Σ Wᵀ Φ⁻¹ (Murphy 2012, 12.1.2)."""
        return Posterior(*map(self._rounded, _posterior(*self._theta())))

    def gap(self, x: Any) -> Tensor:
        """KL(q(z | x) ‖ p(z | x)), (B,): by equation 2 exactly `evidence` - `exact_elbo`.

        Raises:
            ValueError: as `observed` does.
        """
        x, q, exact = self._exactly(x), self._phi(), _posterior(*self._theta())
        ratio = torch.linalg.solve_triangular(exact.scale_tril, q.scale_tril, upper=False)
        shift = torch.linalg.solve_triangular(exact.scale_tril, q.V - exact.V, upper=False)
        kl_at_one_mean = ratio.square().sum() - self.latent_dim - 2 * ratio.diagonal().log().sum()
        return self._rounded(0.5 * (F.linear(x, shift).square().sum(-1) + kl_at_one_mean))

    # Classic EM (section 2), in closed form

    @torch.no_grad()
    def start(self, x: Any) -> None:
        """Sets the parameters to a start on the scale of x: (N, D), from which EM and gradients go on.

        Half of each column's variance is noise, W is the maximiser of the evidence for that Φ (Tipping and
        Bishop, 1999, for x / σ), and q is exact. There is no randomness in it.

        Raises:
            ValueError: as `observed` does.
        """
        data = self._seen(x)
        sigma = (0.5 * data.rows.square().sum(0)).clamp(min=data.floor).sqrt()
        _, values, directions = torch.linalg.svd(data.rows / sigma, full_matrices=False)
        count = min(self.latent_dim, len(values))
        W = sigma.new_zeros(self.data_dim, self.latent_dim)
        # A column of W that is 0 would stay 0, also when a smaller Φ makes room for it.
        lengths = (values[:count].square() - 1).clamp(min=0.01).sqrt()
        W[:, :count] = sigma.unsqueeze(-1) * directions[:count].T * lengths
        self._set(data.mean, W, sigma, _posterior(W, sigma))

    @torch.no_grad()
    def e_step(self) -> None:
        """Sets q to the exact posterior, which makes the ELBO tight; in a smaller family, to the nearest."""
        self._set_phi(_posterior(*self._theta()))

    @torch.no_grad()
    def m_step(self, x: Any) -> None:
        """Sets θ to the maximiser of the exact ELBO on x: (N, D) for the V and Σ at hand.

        σ² is at least `MIN_SHARE` of the column's variance. μ, where there is one, becomes the mean of x.

        Raises:
            ValueError: as `observed` does.
        """
        data = self._seen(x)
        self._set_theta(data.mean, *_maximise(data, self._phi()))

    @torch.no_grad()
    def em(self, x: Any) -> Iterator["FactorAnalysis"]:
        """Classic EM on x: (N, D), one iteration (M-step, then the E-step for its θ) for each `next`.

        Yields the model itself after each iteration, without end (`itertools.islice(model.em(x), 50)` are
        fifty of them, `list(model.em(x))` never comes back); stop when you have seen enough. The
        evidence of x never falls from one to the next, except by what rounding the parameters to the model's
        type costs: each iteration goes on from the one before in float64, not from what the model then holds.

        σ² is at least `MIN_SHARE` of the column's variance, and raised to that first where it is less.

        Raises:
            ValueError: as `observed` does.
        """
        data, (W, sigma) = self._seen(x), self._theta()
        q = _posterior(W, sigma.maximum(data.floor.sqrt()))  # E-step
        while True:
            W, sigma = _maximise(data, q)  # M-step
            q = _posterior(W, sigma)  # E-step
            self._set(data.mean, W, sigma, q)
            yield self

    def at_floor(self, x: Any) -> list[int]:
        """The columns of x: (N, D) whose σ² EM has brought down to its floor, from 0.

        They are constant, duplicates or otherwise determined by the factors. The evidence has no maximum in
        their σ, so that its value says how low the floor is: leave such columns out to compare evidences.

        Raises:
            ValueError: as `observed` does.
        """
        floor, (_, sigma) = self._seen(x).floor, self._theta()
        return (sigma.square() < 1.01 * floor).nonzero().flatten().tolist()

    # In float64, and back

    def _exactly(self, x: Any) -> Tensor:
        """x less μ, (B, D)."""
        (x,) = self.observed(x)
        x, mu = _double(x), self.p_x_given_z.mu
        return x if mu is None else x - _double(mu)

    def _theta(self) -> tuple[Tensor, Tensor]:
        """W and σ."""
        p = self.p_x_given_z
        return _double(p.W), softplus(_double(p.pre_sigma))

    def _phi(self) -> Posterior:
        q = self.q_z_given_x
        return Posterior(_double(q.V), q.tril(_double(q.cholesky)))

    def _seen(self, x: Any) -> Data:
        (x,) = self.observed(x)
        return _summarise(_double(x), self.p_x_given_z.mu is not None)

    def _rounded(self, value: Tensor) -> Tensor:
        return value.to(self.device, torch.promote_types(self.dtype, torch.float32))

    def _set(self, mean: Tensor, W: Tensor, sigma: Tensor, q: Posterior) -> None:
        self._set_theta(mean, W, sigma)
        self._set_phi(q)

    def _set_theta(self, mean: Tensor, W: Tensor, sigma: Tensor) -> None:
        p = self.p_x_given_z
        p.W.copy_(W)
        p.pre_sigma.copy_(inverse_softplus(sigma))
        if p.mu is not None:
            p.mu.copy_(mean)

    def _set_phi(self, q: Posterior) -> None:
        V, C = q.V, self.q_z_given_x.nearest(q.scale_tril)
        self.q_z_given_x.V.copy_(V)
        self.q_z_given_x.cholesky.copy_(C.tril(-1) + inverse_softplus(C.diagonal()).diag())

    def _centred(self, x: Tensor) -> Tensor:
        mu = self.p_x_given_z.mu
        return x if mu is None else x - mu


def inverse_softplus(y: Tensor) -> Tensor:
    """The x with log(1 + eˣ) = y > 0, without overflow for large or cancellation for small y."""
    return y + torch.log(-torch.expm1(-y))


def softplus(pre_sigma: Tensor) -> Tensor:
    """σ, same shape: log(1 + e^pre_sigma), and at least `MIN_SIGMA`."""
    return F.softplus(pre_sigma).clamp(min=MIN_SIGMA)


def _tril(cholesky: Tensor) -> Tensor:
    return cholesky.tril(-1) + F.softplus(cholesky.diagonal()).diag()


def _linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """inputs weightᵀ + bias, in float32 or wider."""
    return F.linear(wide(inputs), wide(weight), bias if bias is None else wide(bias))


def _double(value: Tensor) -> Tensor:
    """In float64; on the CPU where the device may have none, as mps has."""
    return value.to(value.device if value.device.type == "cuda" else "cpu", torch.float64)


def _log_normal(x: Tensor, loc: Tensor, sigma: Tensor) -> Tensor:
    """log N(x; loc, diag σ²), (B,)."""
    return -0.5 * (((x - loc) / sigma).square() + 2 * sigma.log() + LOG_2PI).sum(-1)


def _kl_to_prior(loc: Tensor, scale_tril: Tensor) -> Tensor:
    """KL(N(loc, C Cᵀ) ‖ N(0, I)), (B,) for loc: (B, L) and one C or B of them: (…, L, L)."""
    log_det = 2 * scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return 0.5 * (loc.square().sum(-1) + scale_tril.square().sum((-2, -1)) - log_det - loc.shape[-1])


def _summarise(x: Tensor, centred: bool) -> Data:
    """x: (N, D) as EM sees it, about its mean or about 0."""
    mean = x.mean(0) if centred else torch.zeros_like(x[0])
    rows = torch.linalg.qr((x - mean) / math.sqrt(len(x)), mode="r").R
    variance = rows.square().sum(0)
    constant = variance.sqrt() <= 1e-8 * x.abs().amax(0)  # all that is left are the mean's rounding errors
    floor = torch.where(constant, MIN_VARIANCE, MIN_SHARE * variance)
    return Data(mean, rows, floor.clamp(min=MIN_SIGMA**2))


def _posterior(W: Tensor, sigma: Tensor) -> Posterior:
    """p_θ(z | x) for W: (D, L), σ: (D,): Σ = (I + Wᵀ Φ⁻¹ W)⁻¹ = C Cᵀ, V = Σ Wᵀ Φ⁻¹."""
    scaled, identity = W / sigma.unsqueeze(-1), torch.eye(W.shape[1], dtype=W.dtype, device=W.device)
    root = _root(torch.cat([identity, scaled]))  # rootᵀ root = I + Wᵀ Φ⁻¹ W
    C = torch.linalg.solve_triangular(root, identity, upper=False)
    return Posterior(C @ (scaled @ C).T / sigma, C)


def _root(rows: Tensor) -> Tensor:
    """The lower triangular R of positive diagonal with Rᵀ R = rowsᵀ rows, (L, L), for rows: (K, L), K ≥ L."""
    _, upper = torch.linalg.qr(rows.flip(1))
    upper = upper * upper.diagonal().sign().unsqueeze(-1)
    return upper.flip(0, 1)


def _maximise(data: Data, q: Posterior) -> tuple[Tensor, Tensor]:
    """The W: (D, L) and σ: (D,) that maximise E_q[log p(x, z)]: x regressed on z = V x + C ε, what is left.

    E[z zᵀ] is zᵀ z, and E[x zᵀ] is xᵀ z, of the rows that stand for the data and, below them, for ε.
    """
    z = torch.cat([data.rows @ q.V.T, q.scale_tril.T])
    x = F.pad(data.rows, (0, 0, 0, len(q.V)))
    Q, R = torch.linalg.qr(z)
    W = torch.linalg.solve_triangular(R, Q.T @ x, upper=True).T
    variance = (x - z @ W.T).square().sum(0)
    return W, variance.maximum(data.floor).sqrt()


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

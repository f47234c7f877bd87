"""The Gaussian mixture VAE (tutorial section 5.5; Shu, 2016).

y ~ OneHotCategorical(1/C, …, 1/C)                   which cluster
z ~ N(μ_θ(y), diag σ_θ(y)²)                          μ and σ linear in y: a row of a matrix each
x ~ ProductOfBernoullis(p_θ(z))                      the generative net, or N(μ_θ(z), σ² I)
q_φ(y | x) = OneHotCategorical(π_φ(x))               the unsupervised classifier
q_φ(z | x, y) = N(μ_φ(x, y), diag σ_φ(x, y)²)        the inference net

Two estimators of the ELBO (section 5.5.3): y marginalised, which is the default and the figure that is
reported; or y sampled by the Gumbel-Softmax trick, which costs one decoding rather than C.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Independent, kl_divergence
from torch.nn import functional as F

from aevb.distributions import rsample, sample
from aevb.models import shortcuts
from aevb.models.base import LatentVariableModel, check_sizes, one_hot, sized
from aevb.models.nets import (
    LIKELIHOODS,
    CategoricalNet,
    DiagonalNormalNet,
    LinearDiagonalNormal,
    as_weights,
    check_widths,
    kind,
)

Estimator = Literal["marginal", "gumbel relaxed", "gumbel analytic"]


class ClusterNormalNet(nn.Module):
    """(x, y) ↦ N(loc, diag scale²), whose first layer is a sum of x's share and y's.

    With y of shape (C, 1, C) the shares broadcast to (C, B, H), so that the image's share, by far the
    larger product, is computed once for all C clusters.
    """

    def __init__(self, data_dim: int, clusters: int, hidden_dims: Sequence[int], latent_dim: int):
        super().__init__()
        self.from_x = nn.Linear(data_dim, hidden_dims[0])
        self.from_y = nn.Linear(clusters, hidden_dims[0], bias=False)
        self.rest = DiagonalNormalNet(hidden_dims[0], hidden_dims[1:], latent_dim)

    def forward(self, x: Tensor, y: Tensor, image: Tensor | None = None) -> Independent:
        """q(z | x, y) for x: (…, D) and y: (…, C), event shape (L,).

        Args:
            image: (P,), to which of x: (B, D) each y: (P, C) belongs, where an image has several.
        """
        from_x = self.from_x(x)
        if image is not None:
            from_x = from_x.index_select(0, image)
        return self.rest((from_x + self.from_y(as_weights(self.from_y, y))).relu())


PICKING = (ClusterNormalNet, LinearDiagonalNormal, *(each.net for each in LIKELIHOODS.values()))


class GMVAE(LatentVariableModel):
    """A Gaussian mixture VAE for data in {0, 1}^D or R^D, as its likelihood is.

    Args:
        data_dim: D.
        clusters: C.
        latent_dim: L.
        hidden_dims: widths of the hidden layers of q(y | x) and q(z | x, y), two at least; the
            generative net mirrors them.
        estimator: what `forward` returns while training. "marginal": equation 5. "gumbel relaxed": every
            density at a relaxed y, the first context of section 5.5.3. "gumbel analytic": the KL of y
            in closed form, the second. In evaluation mode it is "marginal" always: what is wanted in
            the end is a discrete y. See `gumbel_terms` for how far the two are from it.
        temperature: τ of the Gumbel-Softmax distribution.
        straight_through: whether the sampled y is one-hot in the forward pass and relaxed in the
            backward pass (Jang, Gu and Poole, 2017); only with "gumbel analytic", since the relaxed
            density of a one-hot y is infinite.
        likelihood: what p(x | z) is a product of. The Gaussian's σ is learned, one for all of x.
    Raises:
        ValueError: for a size below 1, sizes beyond all that can be meant, a temperature not above 0, an
            impossible estimator or another likelihood.
    """

    name = "gmvae"

    @sized
    def __init__(
        self,
        data_dim: int = 784,
        clusters: int = 10,
        latent_dim: int = 64,
        hidden_dims: Sequence[int] = (512, 512),
        estimator: Estimator = "marginal",
        temperature: float = 0.5,
        straight_through: bool = False,
        likelihood: Literal["bernoulli", "gaussian"] = "bernoulli",
    ):
        super().__init__()
        data_dim, clusters, latent_dim = check_sizes(
            data_dim=data_dim, clusters=clusters, latent_dim=latent_dim
        )
        self.data_dim, self.choices, self.latent_dim = data_dim, clusters, latent_dim
        hidden_dims = check_widths(hidden_dims)
        net, self.support, self.observation = kind(likelihood, "bernoulli", "gaussian")
        if len(hidden_dims) < 2:
            raise ValueError("hidden_dims must name at least two layers' widths.")
        if estimator not in ("marginal", "gumbel relaxed", "gumbel analytic"):
            raise ValueError(f"estimator must be one of {Estimator.__args__}, not {estimator!r}.")  # type: ignore[attr-defined]
        if straight_through and estimator != "gumbel analytic":
            raise ValueError('straight_through needs the estimator "gumbel analytic".')
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, not {temperature!r}.")
        self.estimator, self.temperature, self.straight_through = estimator, temperature, straight_through
        self.q_y_given_x = CategoricalNet(data_dim, hidden_dims, clusters)
        self.q_z_given_xy = ClusterNormalNet(data_dim, clusters, hidden_dims, latent_dim)
        self.p_z_given_y = LinearDiagonalNormal(clusters, latent_dim)
        self.p_x_given_z = net(latent_dim, hidden_dims[::-1], data_dim)
        # For torch.eye, as for normal numbers below, a skeleton would import torch's compiler: two seconds.
        eye = torch.zeros(clusters, clusters).fill_diagonal_(1)
        self.register_buffer("_eye", eye.unsqueeze(1), persistent=False)
        self.apply(_glorot)

    @property
    def one_hots(self) -> Tensor:
        """Every cluster's one-hot y, (C, 1, C), ready to broadcast against a batch."""
        return self._eye  # type: ignore[return-value]

    def prior(self, y: Tensor | None = None) -> Independent:
        """p(z | y), event shape (L,)."""
        return self.p_z_given_y(self._weights(y))

    def posterior(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z | x, y) for x: (…, D), event shape (L,)."""
        return self.q_z_given_xy(x, self._weights(y))

    def likelihood(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x | z) for z: (…, L), event shape (D,): given z, x does not depend on y."""
        return self.p_x_given_z(z)

    def responsibilities(self, x: Tensor) -> Tensor:
        """q(y | x), (B, C)."""
        return self.q_y_given_x(x).probs

    def kl_by_dimension(self, *observed: Tensor, generator: Generator | None = None) -> Tensor:
        """KL(q(z_l | x, y) ‖ p(z_l | y)), each y by its q(y | x), (B, L): together the ELBO's KL(z)."""
        (x,) = observed
        q_z, p_z = self.q_z_given_xy(x, self.one_hots), self.p_z_given_y(self.one_hots)
        kl = kl_divergence(q_z.base_dist, p_z.base_dist)  # (C, B, L)
        return (self.responsibilities(x).T.unsqueeze(-1) * kl).sum(0)

    def forward(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """log p(x | z), -KL(z) and -KL(y) by the model's estimator; x: (B, D), each (B,)."""
        if self.training and self.estimator != "marginal":
            return self.gumbel_terms(x, generator=generator)
        return self.marginal_terms(x, generator=generator)

    def marginal_terms(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """Equation 5: y summed over, one reparametrised z for each y.

        -KL(q(y | x) ‖ p(y)) is the conditional entropy H(q(y | x)) less the constant log C, which is
        part of the bound.
        """
        q_y = self.q_y_given_x(x)
        weights = shortcuts.without_vanishing(q_y.probs.T.contiguous())  # (C, B)
        if self._picks and (worthwhile := shortcuts.worthwhile(weights)):
            return self._terms_of(worthwhile, weights, x, generator) | {
                "minus_kl_y": q_y.entropy() - math.log(self.choices)
            }
        q_z = self.q_z_given_xy(x, self.one_hots)  # batch shape (C, B)
        z = rsample(q_z, generator=generator)
        return {
            "reconstruction": (weights * self.p_x_given_z(z).log_prob(x)).sum(0),
            "minus_kl_z": -(weights * kl_divergence(q_z, self.p_z_given_y(self.one_hots))).sum(0),
            "minus_kl_y": q_y.entropy() - math.log(self.choices),
        }

    @property
    def _picks(self) -> bool:
        """Whether its nets are this library's, which may be given some clusters of some images alone."""
        nets = (self.q_z_given_xy, self.p_z_given_y, self.p_x_given_z)
        return all(type(net) in PICKING for net in nets)

    def _terms_of(
        self, which: tuple[Tensor, Tensor], weights: Tensor, x: Tensor, generator: Generator | None
    ) -> dict[str, Tensor]:
        """The first two of `marginal_terms` from those clusters and images alone, under the same noise."""
        cluster, image = which
        noise = torch.randn((*weights.shape, self.latent_dim), generator=generator, dtype=weights.dtype)
        seen, y = x.index_select(0, image), self.one_hots[cluster, 0]
        q_z = self.q_z_given_xy(x, y, image)
        z = q_z.mean + q_z.stddev * noise[which]
        terms = {
            "reconstruction": self.p_x_given_z(z).log_prob(seen),
            "minus_kl_z": -kl_divergence(q_z, self.p_z_given_y(y)),
        }
        nothing = weights.new_zeros(len(x))
        return {name: nothing.index_add(0, image, weights[which] * term) for name, term in terms.items()}

    def gumbel_terms(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """One relaxed ỹ by the Gumbel-Softmax trick, one reparametrised z given it.

        With "gumbel analytic" it is biased as an estimator of the ELBO, because ỹ is not one-hot, and
        approaches `marginal_terms` in expectation as the temperature falls.

        With "gumbel relaxed" it does not: it is unbiased for the ELBO of another model, whose y is relaxed
        too. Its KL(y) is that between two Gumbel-Softmax distributions. They are images of logits and Gumbel
        noise under one invertible map, into which alone the temperature enters, so that this KL is the same
        at every temperature; and since the argmax of ỹ is a draw of q(y | x), it is at least the categorical
        one's. For q(y | x) = (0.9, 0.05, 0.05) it is 1.537 nats to the categorical's 0.704.
        """
        logits = self.q_y_given_x(x).logits
        log_y = gumbel_softmax(logits, self.temperature, generator)
        y = log_y.exp()
        if self.straight_through:
            y = one_hot(y.argmax(-1), self.choices) + y - y.detach()
        q_z, p_z = self.q_z_given_xy(x, y), self.p_z_given_y(y)
        z = rsample(q_z, generator=generator)
        if self.estimator == "gumbel relaxed":
            prior_logits = torch.full_like(logits, -math.log(self.choices))
            minus_kl_z = p_z.log_prob(z) - q_z.log_prob(z)
            minus_kl_y = self._relaxed_log_prob(log_y, prior_logits) - self._relaxed_log_prob(log_y, logits)
        else:
            minus_kl_z = -kl_divergence(q_z, p_z)
            minus_kl_y = self.q_y_given_x.distribution(logits).entropy() - math.log(self.choices)
        return {
            "reconstruction": self.p_x_given_z(z).log_prob(x),
            "minus_kl_z": minus_kl_z,
            "minus_kl_y": minus_kl_y,
        }

    def log_ratios(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        """log p(x | z) p(z | y) p(y) - log q(y | x) q(z | x, y) as (S, B), y and z both sampled."""
        q_y = self.q_y_given_x(x)
        gumbels = gumbel_softmax(q_y.logits.expand(samples, *q_y.logits.shape), 1.0, generator)
        y = self.one_hots[gumbels.argmax(-1), 0]
        q_z = self.q_z_given_xy(x, y)
        z = rsample(q_z, generator=generator)
        return (
            self.p_x_given_z(z).log_prob(x)
            + self.p_z_given_y(y).log_prob(z)
            - q_z.log_prob(z)
            - math.log(self.choices)
            - q_y.log_prob(y)
        )

    def posterior_mean(self, x: Tensor) -> Tensor:
        """The mean of q(z | x, y) under the most probable y, (B, L)."""
        y = self.one_hots[self.q_y_given_x(x).logits.argmax(-1), 0]
        return self.q_z_given_xy(x, y).mean

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """z ~ p(z | y), then x ~ p(x | z) for clusters y: (count,), (count, D)."""
        z = rsample(self.prior(y), generator=generator)
        return sample(self.p_x_given_z(z), generator=generator)

    def _weights(self, y: Tensor | None) -> Tensor:
        return one_hot(y, self.choices).to(self.one_hots.dtype)

    def _relaxed_log_prob(self, log_y: Tensor, logits: Tensor) -> Tensor:
        """The Gumbel-Softmax density at exp(log_y), (B,) (Maddison, Mnih and Teh, 2017, equation 10).

        From log_y rather than y, which underflows in the corners of the simplex.
        """
        scaled = logits - self.temperature * log_y
        return (
            math.lgamma(self.choices)
            + (self.choices - 1) * math.log(self.temperature)
            + (scaled - log_y).sum(-1)
            - self.choices * scaled.logsumexp(-1)
        )


def gumbel_softmax(logits: Tensor, temperature: float, generator: Generator | None = None) -> Tensor:
    """log softmax((logits + g) / τ), g ~ Gumbel(0, 1): the logarithm of a relaxed one-hot sample.

    Its argmax is an exact sample of the categorical distribution at any τ. Same shape as `logits`.
    """
    # -log E of an exponential E is Gumbel(0, 1).
    exponentials = torch.empty_like(logits).exponential_(generator=generator)
    gumbels = -exponentials.clamp(min=torch.finfo(logits.dtype).tiny).log()
    return F.log_softmax((logits + gumbels) / temperature, -1)


def _glorot(module: nn.Module) -> None:
    """Glorot-normal weights and zero biases (section 5.5.4); none for a skeleton, which has no numbers."""
    if isinstance(module, nn.Linear) and not module.weight.is_meta:
        nn.init.xavier_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)

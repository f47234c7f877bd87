"""What torch.distributions lacks or does too slowly, and nothing more.

* `ContinuousBernoulli` works in logits, stays finite and differentiable at logit 0, and costs a
  fraction of torch's own (see benchmarks/continuous_bernoulli.py).
* `rsample` draws reparametrised samples with a generator of the caller's, which
  torch.distributions cannot: the app's sessions share one process and must not share one stream.
  `sample` does so without gradients, of Bernoullis too.
* `Bernoulli` adds up densities as precisely as its logits are, whatever type the data have.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, distributions
from torch.distributions import (
    Distribution,
    Independent,
    MultivariateNormal,
    Normal,
    constraints,
    register_kl,
)

MAX_LOGIT = math.log((1 - torch.finfo(torch.float32).eps) / torch.finfo(torch.float32).eps)
"""15.94, the largest |logit| of a float32 probability that torch.distributions accepts.

The tutorial's code passes probabilities, which torch clamps at float32's epsilon, so its logits never
exceed this. Without the cap the same model scores about +3,100 nats instead of +1,800: a black pixel,
dequantised to u/256, is best explained by a logit near -512, and the likelihood then measures the
quantisation bin of the background rather than the digit. Keep the cap wherever figures are compared.
"""


def cap(logits: Tensor) -> Tensor:
    """Logits bent smoothly into ±`MAX_LOGIT`, same shape.

    By a tanh rather than a clamp, whose gradient is 0 outside: on the VAE the tanh gained 2.3 nats.
    """
    return MAX_LOGIT * torch.tanh(logits / MAX_LOGIT)


class _LogPartition(torch.autograd.Function):
    """log ∫₀¹ exp(l x) dx = log((eˡ - 1) / l) with its derivative, the mean, in one backward product.

    Written around |l| so that nothing overflows. It and the mean are computed in place, in as few passes over
    the pixels as they can: they are a tenth of a VAE's step.
    """

    generate_vmap_rule = True  # so that torch.func can take it example by example

    @staticmethod
    def forward(logits: Tensor) -> Tensor:
        # At 0 the quotient is 0 / 0; what is nearest to 0 has its limit, 1.
        below = logits.abs().neg_().clamp_(max=-torch.finfo(logits.dtype).tiny)
        return torch.expm1(below).div_(below).log_().add_(logits.relu())

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (logits,) = ctx.saved_tensors
        return gradient * _Mean.apply(logits)


class _Mean(torch.autograd.Function):
    """1/(1 - e⁻ˡ) - 1/l, with its derivative, the variance: to a rounding of 1/2, as a gradient needs it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits: Tensor) -> Tensor:
        # The two terms cancel near 0: there it is the series 1/2 + l/12 - l³/720, hung on its value at 0.1,
        # good to 1e-9. No torch.where: it takes as long as forty products where its choice is random.
        size = logits.abs()
        held, small = size.clamp(min=0.1), size.clamp_(max=0.1)
        inverse = held.reciprocal()
        above = torch.expm1(-held).reciprocal_().add_(inverse).add_(0.5).neg_()  # of 1/2, at ±held
        share = small.square_().neg_().add_(0.01).div_(60).add_(1).mul_(logits).mul_(inverse)
        return above.mul_(share).add_(0.5)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (logits,) = ctx.saved_tensors
        return gradient * _variance(logits)


def _mean(logits: Tensor) -> Tensor:
    """The same to a rounding of itself, however near to 0 it is, for what multiplies it with large logits."""
    # Its two terms cancel near 0; the series is good to 1e-9 where it is used. What is not selected must stay
    # finite as well: a gradient is multiplied with it.
    near_zero = logits.abs() < 0.1
    safe = torch.where(near_zero, torch.ones_like(logits), logits)
    exact = (-1 / torch.expm1(-safe.clamp(-80, 80)) - 1 / safe).clamp(0, 1)  # rounding leaves it
    series = 0.5 + logits / 12 - logits**3 / 720
    return torch.where(near_zero, series, exact)


def _variance(logits: Tensor) -> Tensor:
    # 1/l² - 1/(4 sinh²(l/2)), the mean's derivative: the two cancel near 0.
    near_zero = logits.abs() < 0.5
    safe = torch.where(near_zero, torch.ones_like(logits), logits)
    exact = safe.square().reciprocal() - 0.25 / torch.sinh(safe.clamp(-80, 80) / 2).square()
    square = torch.where(near_zero, logits, torch.zeros_like(logits)).square()
    series = 1 / 12 - square * (1 / 240 - square * (1 / 6048 - square / 172_800))
    return torch.where(near_zero, series, exact.clamp(min=0))  # which rounding takes below it from 1e17 on


class ContinuousBernoulli(Distribution):
    """The continuous Bernoulli on [0, 1] by its logits: p(x) ∝ exp(x · logit).

    Loaiza-Ganem and Cunningham, "The continuous Bernoulli" (2019); the tutorial's section 5.3.1.

    Args:
        logits: any shape, log(λ / (1 - λ)). Float32 or wider.
    """

    arg_constraints = {"logits": constraints.real}  # noqa: RUF012  (torch's own convention)
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, logits: Tensor, validate_args: bool | None = None):
        self.logits = logits
        super().__init__(logits.shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        """The same distribution with a larger batch shape."""
        return ContinuousBernoulli(self.logits.expand(batch_shape), validate_args=False)

    @property
    def probs(self) -> Tensor:
        """λ, the parameter that the tutorial plots in Figure 6; not the mean."""
        return self.logits.sigmoid()

    @property
    def mean(self) -> Tensor:
        """E[x] = 1 / (1 - exp(-logit)) - 1 / logit."""
        return _mean(self.logits)

    @property
    def variance(self) -> Tensor:
        """Var[x] = 1 / logit² - 1 / (4 sinh²(logit / 2))."""
        return _variance(self.logits)

    def entropy(self) -> Tensor:
        """-E[log p(x)] in nats, at most 0, the uniform's."""
        return _LogPartition.apply(self.logits) - self.logits * self.mean

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(value) in nats, with its normaliser. Shapes broadcast with `logits`."""
        if self._validate_args:
            self._validate_sample(value)
        return value * self.logits - _LogPartition.apply(self.logits)

    def cdf(self, value: Tensor) -> Tensor:
        """The distribution function at `value`, by broadcasting; 0 below 0 and 1 above 1."""
        logits, x = torch.broadcast_tensors(self.logits, value)
        x = x.clamp(0, 1)
        near_zero = logits.abs() < 1e-3
        size = torch.where(near_zero, torch.ones_like(logits), logits).abs()
        falling = torch.expm1(-size * x) / torch.expm1(-size)  # for logits below 0
        rising = falling * torch.exp(-size * (1 - x))
        series = x - logits * x * (1 - x) / 2
        return torch.where(near_zero, series, torch.where(logits < 0, falling, rising))

    def icdf(self, value: Tensor) -> Tensor:
        """The x at which the distribution function reaches `value`, by broadcasting."""
        logits, u = torch.broadcast_tensors(self.logits, value)
        near_zero = logits.abs() < 1e-3
        safe = torch.where(near_zero, torch.ones_like(logits), logits)
        falling = torch.log1p(u * torch.expm1(-safe.abs())) / -safe.abs()  # for logits below 0
        rising = 1 - torch.log1p((1 - u) * torch.expm1(-safe.abs())) / -safe.abs()
        series = u + logits * u * (1 - u) / 2
        return torch.where(near_zero, series, torch.where(safe < 0, falling, rising)).clamp(0, 1)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Reparametrised samples, sample_shape + batch_shape, by the module's `rsample`."""
        return rsample(self, sample_shape)


class Bernoulli(distributions.Bernoulli):
    """torch's, whose density would else be computed in the type of the value, which may be half precision."""

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(value) in nats, in the logits' type."""
        return super().log_prob(value.to(self.logits.dtype))


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    """KL(p ‖ q) in nats: an exponential family's, from its mean and log partition."""
    log_partition = _LogPartition.apply
    return (p.logits - q.logits) * p.mean + log_partition(q.logits) - log_partition(p.logits)


def rsample(
    distribution: Distribution, sample_shape: Sequence[int] = (), generator: torch.Generator | None = None
) -> Tensor:
    """A reparametrised sample, z = f(ε), ε drawn from `generator` (tutorial section 5.2.3).

    Args:
        distribution: Normal, MultivariateNormal, ContinuousBernoulli, or an Independent of those.
        sample_shape: extra leading dimensions, S.
    Returns:
        `sample_shape` + batch shape + event shape; gradients flow to the distribution's parameters.
    Raises:
        NotImplementedError: for any other distribution.
    """
    match distribution:
        case Independent():
            return rsample(distribution.base_dist, sample_shape, generator)
        case Normal():
            noise = draw(torch.randn, distribution.loc, sample_shape, generator)
            return distribution.loc + distribution.scale * noise
        case MultivariateNormal():
            noise = draw(torch.randn, distribution.loc, sample_shape, generator)
            return distribution.loc + (distribution.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)
        case ContinuousBernoulli():
            return distribution.icdf(draw(torch.rand, distribution.logits, sample_shape, generator))
    raise NotImplementedError(
        f"rsample does not know {type(distribution).__name__}: a net gives a Normal, MultivariateNormal or "
        "ContinuousBernoulli, or an Independent of one."
    )


@torch.no_grad()
def sample(
    distribution: Distribution, sample_shape: Sequence[int] = (), generator: torch.Generator | None = None
) -> Tensor:
    """A sample without gradients, of a Bernoulli too; shapes and errors as in `rsample`."""
    match distribution:
        case Independent():
            return sample(distribution.base_dist, sample_shape, generator)
        case distributions.Bernoulli():
            probs = distribution.probs
            return torch.bernoulli(probs.expand(*sample_shape, *probs.shape), generator=generator)
    return rsample(distribution, sample_shape, generator)


def draw(
    source: Callable[..., Tensor],
    like: Tensor,
    sample_shape: Sequence[int],
    generator: torch.Generator | None,
) -> Tensor:
    """The noise of every sample: in the type and on the device of `like`, `sample_shape` + its shape."""
    shape = (*sample_shape, *like.shape)
    return source(shape, generator=generator, dtype=like.dtype, device=like.device)

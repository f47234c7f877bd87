"""The continuous Bernoulli against torch's own, against quadrature and against finite differences."""

import numpy as np
import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, Poisson, kl_divergence
from torch.distributions.utils import clamp_probs, probs_to_logits

from aevb.distributions import MAX_LOGIT, Bernoulli, ContinuousBernoulli, cap, rsample, sample

LOGITS = [0.0, 1e-6, 1e-3, 9.9e-3, 1.01e-2, 0.0999, 0.1001, 0.5, 3.0, 15.9, 50.0]
LOGITS = sorted({sign * logit for logit in LOGITS for sign in (-1, 1)})
CLEAR_OF_HALF = torch.tensor([-12.0, -5.0, -1.0, -0.1, 0.1, 0.3, 2.0, 7.0, 12.0], dtype=torch.float64)

# Gauss-Legendre nodes and weights on [0, 1]
NODES, WEIGHTS = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(200))
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2


def double(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def reference(logits: torch.Tensor) -> torch.distributions.ContinuousBernoulli:
    return torch.distributions.ContinuousBernoulli(logits=logits)


def test_log_prob_is_that_of_torch():
    x = torch.linspace(0, 1, 11, dtype=torch.float64).unsqueeze(-1)
    ours = ContinuousBernoulli(CLEAR_OF_HALF).log_prob(x)
    torch.testing.assert_close(ours, reference(CLEAR_OF_HALF).log_prob(x), rtol=1e-9, atol=1e-9)


def test_mean_and_probs_are_those_of_torch():
    ours, theirs = ContinuousBernoulli(CLEAR_OF_HALF), reference(CLEAR_OF_HALF)
    torch.testing.assert_close(ours.mean, theirs.mean, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ours.probs, theirs.probs)


def test_icdf_is_that_of_torch():
    u = torch.linspace(0, 0.999, 12, dtype=torch.float64).unsqueeze(-1)
    ours = ContinuousBernoulli(CLEAR_OF_HALF).icdf(u)
    torch.testing.assert_close(ours, reference(CLEAR_OF_HALF).icdf(u), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("logit", LOGITS)
def test_density_integrates_to_one_with_the_stated_mean(logit):
    distribution = ContinuousBernoulli(double(logit))
    density = distribution.log_prob(NODES).exp()
    assert (density * WEIGHTS).sum().item() == pytest.approx(1, abs=1e-10)
    assert (density * NODES * WEIGHTS).sum().item() == pytest.approx(distribution.mean.item(), abs=2e-9)


@pytest.mark.parametrize("logit", LOGITS)
def test_icdf_inverts_the_distribution_function(logit):
    distribution = ContinuousBernoulli(double(logit))
    for u in (0.0, 0.01, 0.3, 0.5, 0.9, 0.999):
        x = distribution.icdf(double(u))
        below = (distribution.log_prob(x * NODES).exp() * WEIGHTS).sum() * x
        assert below.item() == pytest.approx(u, abs=1e-7)


def test_gradient_equals_finite_differences():
    logits = double(*LOGITS).requires_grad_()
    x = torch.linspace(0.05, 0.95, len(LOGITS), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda value: ContinuousBernoulli(value).log_prob(x), logits)


def test_gradient_of_samples_equals_finite_differences():
    # Not at ±1e-3 itself, where a series takes over and the two sides differ by some 1e-8.
    logits = double(*(logit for logit in LOGITS if abs(logit) != 1e-3)).requires_grad_()
    u = torch.linspace(0.05, 0.95, len(logits), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda value: ContinuousBernoulli(value).icdf(u), logits, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [0.0, -0.0, 1e-30, -1e-30, 1e-8, 1e-6, 15.94, -15.94, 500.0, -500.0])
def test_value_and_gradient_are_finite(logit, dtype):
    logits = torch.full((3,), logit, dtype=dtype, requires_grad=True)
    x = torch.tensor([0.0, 0.5, 1.0], dtype=dtype)
    value = ContinuousBernoulli(logits).log_prob(x)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    assert value.isfinite().all() and gradient.isfinite().all()


@pytest.mark.parametrize("logit", [0.0, 1e-30, 1e-6, MAX_LOGIT, -MAX_LOGIT])
def test_samples_and_their_gradient_are_finite(logit):
    logits = torch.full((3,), logit, requires_grad=True)
    x = ContinuousBernoulli(logits).icdf(torch.tensor([0.0, 0.5, 1 - 2**-24]))
    (gradient,) = torch.autograd.grad(x.sum(), logits)
    assert x.isfinite().all() and gradient.isfinite().all()


def test_gradient_at_zero_is_x_less_one_half():
    logits = torch.zeros(3, requires_grad=True)
    x = torch.tensor([0.0, 0.25, 1.0])
    ContinuousBernoulli(logits).log_prob(x).sum().backward()
    torch.testing.assert_close(logits.grad, x - 0.5)


@pytest.mark.parametrize("threshold", [1e-3, 1e-2, 0.1])
@pytest.mark.parametrize("sign", [-1, 1])
def test_nothing_jumps_where_a_series_takes_over(threshold, sign):
    """In float32 both sides of each threshold agree with float64 to a few units in the last place."""
    edge = torch.tensor(sign * threshold)
    logits = torch.stack([edge.nextafter(torch.tensor(0.0)), edge, edge.nextafter(torch.tensor(sign * 9.0))])
    exact = ContinuousBernoulli(double(sign * threshold))
    x = torch.tensor(0.7)
    ours = ContinuousBernoulli(logits)
    torch.testing.assert_close(
        ours.log_prob(x).double(), exact.log_prob(x.double()).expand(3), rtol=0, atol=2e-7
    )
    torch.testing.assert_close(ours.mean.double(), exact.mean.expand(3), rtol=0, atol=2e-6)
    torch.testing.assert_close(ours.icdf(x).double(), exact.icdf(x.double()).expand(3), rtol=0, atol=5e-5)


@pytest.mark.parametrize("logit", LOGITS)
def test_moments_and_entropy_are_the_integrals(logit):
    distribution = ContinuousBernoulli(double(logit))
    log_density = distribution.log_prob(NODES)
    density = log_density.exp() * WEIGHTS
    mean = (density * NODES).sum()
    torch.testing.assert_close(distribution.mean[0], mean, rtol=1e-6, atol=1e-9)
    variance = (density * (NODES - mean) ** 2).sum()
    torch.testing.assert_close(distribution.variance[0], variance, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(distribution.stddev, distribution.variance.sqrt())
    entropy = -(density * log_density).sum()
    torch.testing.assert_close(distribution.entropy()[0], entropy, rtol=1e-6, atol=1e-8)
    assert distribution.entropy()[0] <= 1e-12  # the uniform's is the largest


@pytest.mark.parametrize("logit", LOGITS)
def test_the_distribution_function_is_the_integral_and_undoes_the_quantile(logit):
    distribution = ContinuousBernoulli(double(logit))
    for x in (0.0, 0.01, 0.3, 0.5, 0.99, 1.0):
        integral = (distribution.log_prob(x * NODES).exp() * WEIGHTS).sum() * x
        torch.testing.assert_close(distribution.cdf(double(x))[0], integral, rtol=1e-6, atol=1e-7)
    u = torch.linspace(0.01, 0.99, 21, dtype=torch.float64)
    torch.testing.assert_close(distribution.cdf(distribution.icdf(u)), u, rtol=0, atol=1e-6)
    assert distribution.cdf(double(-0.5, 1.5)).tolist() == [0, 1]


@pytest.mark.parametrize("logit", [-500.0, -15.94, 0.0, 15.94, 500.0])
def test_what_is_known_of_it_is_finite_in_float32_with_its_gradient(logit):
    logits = torch.full((3,), logit, requires_grad=True)
    distribution = ContinuousBernoulli(logits)
    for value in (
        distribution.cdf(torch.tensor([0.0, 0.5, 1.0])),
        distribution.variance,
        distribution.entropy(),
        kl_divergence(distribution, ContinuousBernoulli(torch.zeros(3))),
    ):
        (gradient,) = torch.autograd.grad(value.sum(), logits)
        assert value.isfinite().all() and gradient.isfinite().all()


def test_the_kl_is_the_expected_log_ratio_and_torchs():
    p, q = double(-3, 0, 1e-4, 2, 15.9), double(1, -2, 0, 2, -15.9)
    ours = kl_divergence(ContinuousBernoulli(p), ContinuousBernoulli(q))
    log_p, log_q = (ContinuousBernoulli(logits.unsqueeze(-1)).log_prob(NODES) for logits in (p, q))
    torch.testing.assert_close(ours, (log_p.exp() * (log_p - log_q) * WEIGHTS).sum(-1), rtol=1e-6, atol=1e-9)
    far = [0, 3, 4]  # from 0, where torch's own loses its digits
    theirs = kl_divergence(
        torch.distributions.ContinuousBernoulli(logits=p[far]),
        torch.distributions.ContinuousBernoulli(logits=q[far]),
    )
    torch.testing.assert_close(ours[far], theirs, rtol=1e-5, atol=1e-7)
    together = kl_divergence(Independent(ContinuousBernoulli(p), 1), Independent(ContinuousBernoulli(q), 1))
    torch.testing.assert_close(together, ours.sum())


def test_torchs_own_agrees_away_from_logit_0():
    logits = double(-15, -3, 2, 9)
    theirs, ours = torch.distributions.ContinuousBernoulli(logits=logits), ContinuousBernoulli(logits)
    x = double(0.1, 0.4, 0.6, 0.97)
    torch.testing.assert_close(ours.cdf(x), theirs.cdf(x), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(ours.entropy(), theirs.entropy(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ours.variance, theirs.variance, rtol=1e-5, atol=1e-9)


def test_a_sample_has_no_gradient_and_may_be_of_bernoullis():
    logits = torch.tensor([-1.0, 2.0], requires_grad=True)
    drawn = sample(Independent(Bernoulli(logits=logits), 1), (40_000,), torch.Generator().manual_seed(2))
    assert drawn.shape == (40_000, 2) and not drawn.requires_grad
    torch.testing.assert_close(drawn.mean(0), logits.detach().sigmoid(), rtol=0, atol=0.01)
    assert not sample(Normal(logits, 1.0)).requires_grad


def test_a_bernoullis_density_is_as_wide_as_its_logits():
    logits = torch.linspace(-9, 9, 784)
    x = torch.ones(784)
    wide, half = (Bernoulli(logits=logits).log_prob(value).sum() for value in (x, x.half()))
    assert half.dtype == torch.float32 and half == wide


def test_samples_repeat_under_a_generator_and_leave_the_global_one_alone():
    distribution = Independent(ContinuousBernoulli(torch.linspace(-5, 5, 7).expand(4, 7)), 1)
    before = torch.get_rng_state()
    first, second = (rsample(distribution, (3,), torch.Generator().manual_seed(5)) for _ in range(2))
    assert first.shape == (3, 4, 7)
    assert torch.equal(first, second)
    assert not torch.equal(first, rsample(distribution, (3,), torch.Generator().manual_seed(6)))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("logit", [-15.9, -2.0, 0.0, 1e-4, 0.5, 15.9])
def test_samples_have_the_right_moments(logit):
    distribution = ContinuousBernoulli(double(logit))
    x = rsample(distribution, (200_000,), torch.Generator().manual_seed(0))
    density = distribution.log_prob(NODES).exp() * WEIGHTS
    mean = (density * NODES).sum()
    variance = (density * (NODES - mean) ** 2).sum()
    assert ((x >= 0) & (x <= 1)).all()
    assert x.mean().item() == pytest.approx(mean.item(), abs=5 * (variance / len(x)).sqrt().item())
    assert x.var().item() == pytest.approx(variance.item(), rel=0.02)


def test_normal_samples_have_the_right_moments():
    loc, tril = double(1, -2), torch.tensor([[0.5, 0.0], [-0.3, 2.0]], dtype=torch.float64)
    normal = Independent(Normal(loc, tril.diagonal()), 1)
    full = MultivariateNormal(loc, scale_tril=tril)
    for distribution, covariance in ((normal, tril.diagonal().square().diag()), (full, tril @ tril.T)):
        z = rsample(distribution, (200_000,), torch.Generator().manual_seed(1))
        torch.testing.assert_close(z.mean(0), loc, rtol=0, atol=0.03)
        torch.testing.assert_close(z.T.cov(), covariance, rtol=0.02, atol=0.01)


def test_samples_are_reparametrised():
    """z = f(ε): the gradient passes to the distribution's parameters."""
    loc, scale = torch.zeros(2, requires_grad=True), torch.ones(2, requires_grad=True)
    logits = torch.zeros(2, requires_grad=True)
    rsample(Normal(loc, scale)).sum().backward()
    rsample(ContinuousBernoulli(logits)).sum().backward()
    torch.testing.assert_close(loc.grad, torch.ones(2))
    assert (scale.grad != 0).all() and (logits.grad > 0).all()


def test_an_unknown_distribution_is_refused():
    with pytest.raises(NotImplementedError, match="Poisson"):
        rsample(Poisson(torch.ones(2)))


def test_values_outside_the_support_are_refused_where_validation_is_on():
    with pytest.raises(ValueError, match="support"):
        ContinuousBernoulli(torch.zeros(1), validate_args=True).log_prob(torch.tensor([1.5]))


def test_max_logit_is_where_torch_clamps():
    clamped = probs_to_logits(clamp_probs(torch.tensor([0.0, 1.0], dtype=torch.float32)), is_binary=True)
    torch.testing.assert_close(clamped, torch.tensor([-MAX_LOGIT, MAX_LOGIT]))


def test_cap_bends_but_never_exceeds():
    logits = torch.linspace(-2000, 2000, 4001)
    capped = cap(logits)
    assert capped.abs().max() <= MAX_LOGIT
    assert (capped.diff() >= 0).all()
    small = torch.linspace(-0.5, 0.5, 11)
    torch.testing.assert_close(cap(small), small, rtol=1e-3, atol=0)


def test_the_means_gradient_is_the_variance_and_finite_everywhere():
    logits = torch.tensor([0.0, 1e-3, -0.5, 15.9, -100.0, 300.0], dtype=torch.float64, requires_grad=True)
    ContinuousBernoulli(logits=logits).mean.sum().backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[:2].tolist() == pytest.approx([1 / 12, 1 / 12], abs=1e-6)
    theirs = torch.distributions.ContinuousBernoulli(logits=torch.tensor([-0.5, 15.9], dtype=torch.float64))
    torch.testing.assert_close(logits.grad[2:4], theirs.variance, rtol=1e-6, atol=1e-9)

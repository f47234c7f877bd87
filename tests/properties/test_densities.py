"""The continuous Bernoulli against numerical integration."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import kl_divergence

from aevb.distributions import ContinuousBernoulli

LOGITS = st.floats(-1e4, 1e4) | st.floats(-1e-1, 1e-1) | st.sampled_from([-1e-3, 1e-2, 0.5, -80.0])
SHARES = st.floats(0, 1)
NODES, WEIGHTS = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(20))


def one(logit: float) -> ContinuousBernoulli:
    return ContinuousBernoulli(torch.tensor(logit, dtype=torch.float64))


def rule(logit: float, upper: float = 1.0) -> tuple[Tensor, Tensor]:
    """Points and weights of an integral over [0, upper], dense where the density falls fast."""
    steps = 2.0 ** np.arange(-3, 14) / max(abs(logit), 1)
    edges = np.unique(np.clip(np.concatenate([[0], steps, 1 - steps, [upper]]), 0, upper))
    low, width = torch.from_numpy(edges[:-1]), torch.from_numpy(np.diff(edges))
    points = low.unsqueeze(-1) + width.unsqueeze(-1) * (NODES + 1) / 2
    return points.flatten(), (width.unsqueeze(-1) / 2 * WEIGHTS).flatten()


def integral(of: Tensor, weights: Tensor) -> float:
    return (of * weights).sum().item()


@given(LOGITS)
def test_the_density_integrates_to_1_and_its_moments_are_the_integrals(logit: float) -> None:
    p, (x, weights) = one(logit), rule(logit)
    density = p.log_prob(x).exp()
    mean = integral(density * x, weights)
    assert math.isclose(integral(density, weights), 1, rel_tol=1e-9)
    assert math.isclose(p.mean.item(), mean, rel_tol=1e-8)
    variance = integral(density * (x - mean).square(), weights)
    assert math.isclose(p.variance.item(), variance, rel_tol=1e-6)
    assert math.isclose(p.entropy().item(), -integral(density * p.log_prob(x), weights), abs_tol=1e-8)


@given(LOGITS, SHARES)
def test_the_distribution_function_is_the_densitys_integral(logit: float, upper: float) -> None:
    x, weights = rule(logit, upper)
    expected = integral(one(logit).log_prob(x).exp(), weights)
    assert math.isclose(
        one(logit).cdf(torch.tensor(upper, dtype=torch.float64)).item(), expected, abs_tol=1e-6
    )


@given(LOGITS, SHARES, SHARES)
def test_the_distribution_function_and_its_inverse_are_monotone_and_inverse(
    logit: float, one_share: float, other_share: float
) -> None:
    p, ends = one(logit), torch.tensor(sorted([one_share, other_share]), dtype=torch.float64)
    for function in (p.cdf, p.icdf):
        low, high = function(ends).tolist()
        assert 0 <= low <= high <= 1
    torch.testing.assert_close(p.cdf(p.icdf(ends)), ends, rtol=0, atol=1e-6)
    # The other way round only as far as there is any probability between.
    slope = p.log_prob(ends).exp()
    found, spread = p.icdf(p.cdf(ends)), torch.maximum(1e-6 * torch.ones(2), 1e-9 / slope)
    assert ((found - ends).abs() <= spread).all()


@given(LOGITS, SHARES)
def test_turned_round_it_is_that_of_the_opposite_logit(logit: float, x: float) -> None:
    value = torch.tensor(x, dtype=torch.float64)
    torch.testing.assert_close(one(logit).log_prob(value), one(-logit).log_prob(1 - value))


@given(LOGITS, LOGITS)
def test_the_divergence_is_the_integral_of_the_log_ratio(logit: float, other: float) -> None:
    p, q, (x, weights) = one(logit), one(other), rule(logit)
    expected = integral(p.log_prob(x).exp() * (p.log_prob(x) - q.log_prob(x)), weights)
    found = kl_divergence(p, q).item()
    assert found >= -1e-9 and math.isclose(found, expected, rel_tol=1e-7, abs_tol=1e-7)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(0, 1, width=32))
def test_nothing_overflows_in_float32(logit: float, x: float) -> None:
    logits = torch.tensor(logit, dtype=torch.float32, requires_grad=True)
    p, value = ContinuousBernoulli(logits), torch.tensor(x, dtype=torch.float32)
    p.log_prob(value).backward()
    assert logits.grad is not None and abs(logits.grad.item()) <= 1
    assert 0 <= p.mean.item() <= 1 and 0 <= p.variance.item() <= 1 / 12 + 1e-6
    assert 0 <= p.cdf(value).item() <= 1 and 0 <= p.icdf(value).item() <= 1
    assert p.log_prob(value).isfinite() and p.entropy().item() <= 1e-6


@given(LOGITS, SHARES)
def test_the_score_is_the_distance_from_the_mean(logit: float, x: float) -> None:
    """Of an exponential family: d log p(x) / d logit = x - E[x]."""
    logits = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
    ContinuousBernoulli(logits).log_prob(torch.tensor(x, dtype=torch.float64)).backward()
    assert logits.grad is not None
    assert math.isclose(logits.grad.item(), x - one(logit).mean.item(), abs_tol=1e-9)

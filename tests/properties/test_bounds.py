"""Divergences computed in another way, and bounds against the exact evidence of factor analysis."""

import math

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from aevb.evaluation import importance_bounds
from aevb.models import GMVAE, FactorAnalysis, LatentVariableModel
from aevb.models.factor_analysis import inverse_softplus
from tests.properties.strategies import SEEDS, factor_analyses, models, observations
from tests.small_models import seeded

NODES, WEIGHTS = (torch.from_numpy(part) for part in np.polynomial.hermite_e.hermegauss(40))


def expectation(of: Normal, log_ratio: Tensor) -> Tensor:
    """The mean of a function of z ~ `of` that is given at loc + scale · NODES, by Gauss and Hermite."""
    return (log_ratio * WEIGHTS).sum(-1) / math.sqrt(2 * math.pi)


def divergences(q: Normal, p: Normal) -> Tensor:
    """KL(q ‖ p) of each number, by numerical integration."""
    z = q.loc.unsqueeze(-1) + q.scale.unsqueeze(-1) * NODES
    log_q, log_p = (Normal(d.loc.unsqueeze(-1), d.scale.unsqueeze(-1)).log_prob(z) for d in (q, p))
    return expectation(q, log_q - log_p)


def means_error(values: Tensor) -> tuple[float, float]:
    """The mean of independent values, and its standard error."""
    return values.mean().item(), values.std().item() / math.sqrt(len(values)) + 1e-9


# Divergences


@given(st.data(), models("vae", "cvae"))
def test_the_divergence_of_z_is_that_by_numerical_integration(
    data: st.DataObject, model: LatentVariableModel
) -> None:
    x, *y = data.draw(observations(model, 3))
    with torch.no_grad():
        each = model.kl_by_dimension(x, *y)
        expected = divergences(model.posterior(x, *y).base_dist, model.prior(*y).base_dist)
        torch.testing.assert_close(each, expected, rtol=1e-8, atol=1e-8)
        torch.testing.assert_close(-each.sum(-1), model(x, *y)["minus_kl_z"], rtol=1e-8, atol=1e-8)


@given(st.data(), models("gmvae"))
def test_the_divergences_of_clusters_are_sums_over_them(data: st.DataObject, model: GMVAE) -> None:
    (x,) = data.draw(observations(model, 3))
    with torch.no_grad():
        terms, share = model(x), model.responsibilities(x)
        kl_y = (share * (share.log() + math.log(model.choices))).sum(-1)
        torch.testing.assert_close(terms["minus_kl_y"], -kl_y, rtol=1e-8, atol=1e-8)
        kl_z = torch.zeros(3).double()
        for cluster in range(model.choices):
            y = torch.full((3,), cluster)
            of_z = divergences(model.posterior(x, y).base_dist, model.prior(y).base_dist)
            kl_z += share[:, cluster] * of_z.sum(-1)
        torch.testing.assert_close(terms["minus_kl_z"], -kl_z, rtol=1e-8, atol=1e-8)
        torch.testing.assert_close(model.kl_by_dimension(x).sum(-1), kl_z, rtol=1e-8, atol=1e-8)


@given(st.data(), models("vrnn"))
def test_the_divergences_of_rows_are_those_along_the_path(
    data: st.DataObject, model: LatentVariableModel
) -> None:
    (x,) = data.draw(observations(model, 3))
    with torch.no_grad():
        each = model.kl_by_dimension(x, generator=seeded())
        terms = model(x, generator=seeded())
    assert each.shape == (3, model.length * model.latent_dim) and (each > -1e-9).all()
    torch.testing.assert_close(-each.sum(-1), terms["minus_kl_z"], rtol=1e-8, atol=1e-8)


@given(st.data(), factor_analyses())
def test_factor_analysiss_divergences_are_those_of_full_normals(
    data: st.DataObject, model: FactorAnalysis
) -> None:
    (x,) = data.draw(observations(model, 3))
    with torch.no_grad():
        q, exact = model.posterior(x), model.exact_posterior()
        prior = MultivariateNormal(torch.zeros_like(q.loc), torch.eye(model.latent_dim).double())
        torch.testing.assert_close(model(x)["minus_kl_z"], -kl_divergence(q, prior), rtol=1e-8, atol=1e-8)
        mean = 0 if model.p_x_given_z.mu is None else model.p_x_given_z.mu
        posterior = MultivariateNormal((x - mean) @ exact.V.T, scale_tril=exact.scale_tril)
        torch.testing.assert_close(model.gap(x), kl_divergence(q, posterior), rtol=1e-6, atol=1e-6)


# ELBO, bounds, evidence


@given(st.data(), factor_analyses())
def test_the_elbo_misses_the_evidence_by_the_gap(data: st.DataObject, model: FactorAnalysis) -> None:
    (x,) = data.draw(observations(model, 4))
    with torch.no_grad():
        p, W = model.p_x_given_z, model.p_x_given_z.W
        evidence, elbo, gap = model.evidence(x), model.exact_elbo(x), model.gap(x)
        assert (gap >= 0).all()
        # They may be 1e10 nats apart, of which rounding leaves a 1e-6.
        assert ((elbo + gap - evidence).abs() <= 1e-8 + 1e-13 * gap).all()
        mean = torch.zeros(model.data_dim).double() if p.mu is None else p.mu
        marginal = MultivariateNormal(mean, W @ W.T + p.sigma.square().diag())
        torch.testing.assert_close(evidence, marginal.log_prob(x), rtol=1e-6, atol=1e-6)


@given(st.data(), factor_analyses())
@settings(max_examples=15)
def test_importance_bounds_rise_from_the_elbo_and_stay_below_the_evidence(
    data: st.DataObject, model: FactorAnalysis
) -> None:
    copies = 2000
    (x,) = data.draw(observations(model, 1))
    with torch.no_grad():
        bound = importance_bounds(model, x.expand(copies, -1), bounds=[1, 2, 8], generator=seeded(1))
        evidence, elbo = model.evidence(x).item(), model.exact_elbo(x).item()
    mean, error = means_error(bound[1])
    assert abs(mean - elbo) <= 6 * error + 1e-6 * abs(elbo)
    for fewer, more in ((1, 2), (2, 8)):
        rise, error = means_error(bound[more] - bound[fewer])
        assert rise >= -6 * error
        mean, error = means_error(bound[more])
        assert mean <= evidence + 6 * error + 1e-6 * abs(evidence)


@given(st.data(), factor_analyses(), st.floats(1.0, 1.5))
@settings(max_examples=15)
def test_the_estimate_of_the_evidence_is_as_near_as_it_says(
    data: st.DataObject, model: FactorAnalysis, wider: float
) -> None:
    """Where q is wider than the posterior the weights are bounded, and the standard error is reliable."""
    (x,) = data.draw(observations(model, 3))
    with torch.no_grad():
        model.e_step()
        tril = wider * model.q_z_given_x.scale_tril
        model.q_z_given_x.cholesky.copy_(tril.tril(-1) + inverse_softplus(tril.diagonal()).diag())
        found, error = model.log_prob(x, samples=2000, generator=seeded())
        evidence = model.evidence(x)
    assert ((found - evidence).abs() <= 6 * error + 1e-7 * evidence.abs() + 1e-7).all()
    assert (error < 0.2).all()


# Fitting factor analysis to whatever there is


NUMBERS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, 1.0, 1e-6])


@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    st.integers(1, 6),
    st.booleans(),
    st.sampled_from([None, *range(3)]),
)
@example([[1.0, 1e-38]], 1, False, None)  # below the least σ that float32 holds a variance of
def test_em_never_lowers_the_evidence_whatever_the_data(
    rows: list[list[float]], latent_dim: int, mean: bool, seed: int | None
) -> None:
    x = torch.tensor(rows, dtype=torch.float64)
    torch.manual_seed(seed or 0)
    model = FactorAnalysis(x.shape[1], latent_dim, mean=mean).double()
    if seed is None:
        model.start(x)
    before = -math.inf
    with torch.no_grad():
        for _, _ in zip(range(20), model.em(x), strict=False):
            after = model.evidence(x).mean().item()
            assert after >= before - 1e-7 * max(1, abs(before))
            before = after
        assert model.gap(x).max() < 1e-6
        assert model.exact_elbo(x).isfinite().all()


@given(st.data(), factor_analyses(), SEEDS)
@settings(max_examples=20)
def test_the_m_step_raises_the_elbo_for_any_posterior(
    data: st.DataObject, model: FactorAnalysis, seed: int
) -> None:
    (x,) = data.draw(observations(model, 12))
    with torch.no_grad():
        before = model.exact_elbo(x).mean().item()
        model.m_step(x)
        assert model.exact_elbo(x).mean().item() >= before - 1e-7 * max(1, abs(before))
        best = model.exact_elbo(x).mean()
        for parameter in model.generative_parameters():
            kept, moved = parameter.clone(), 1e-2 * torch.randn(parameter.shape, generator=seeded(seed))
            parameter.add_(moved * kept.abs().clamp(min=1e-2))
            assert model.exact_elbo(x).mean() <= best + 1e-9 * best.abs()
            parameter.copy_(kept)

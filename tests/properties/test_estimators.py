"""The GMVAE's estimators against sums over all clusters, and what Gumbel-Softmax samples are said to be."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import kl_divergence

from aevb.models import GMVAE
from aevb.models.gmvae import gumbel_softmax
from tests.properties.strategies import SEEDS, models, observations
from tests.small_models import seeded

LOGITS = st.lists(st.floats(-5, 5), min_size=2, max_size=5).map(lambda logits: torch.tensor(logits).double())
TEMPERATURES = st.floats(0.05, 10)


@given(st.data(), models("gmvae"), SEEDS)
def test_the_marginal_estimator_is_the_sum_over_clusters(
    data: st.DataObject, model: GMVAE, seed: int
) -> None:
    """Equation 5 with its loop written out, under the same noise."""
    (x,) = data.draw(observations(model, 4))
    with torch.no_grad():
        terms = model.marginal_terms(x, generator=seeded(seed))
        shape = (model.choices, 4, model.latent_dim)
        noise = torch.randn(shape, generator=seeded(seed), dtype=torch.float64)
        elbo = torch.zeros(4).double()
        for cluster in range(model.choices):
            y = torch.full((4,), cluster)
            q_z, share = model.posterior(x, y), model.responsibilities(x)[:, cluster]
            z = q_z.mean + q_z.stddev * noise[cluster]
            log_ratio = -math.log(model.choices) - share.log() - kl_divergence(q_z, model.prior(y))
            elbo += share * (model.likelihood(z, y).log_prob(x) + log_ratio)
        torch.testing.assert_close(sum(terms.values()), elbo, rtol=1e-8, atol=1e-8)


@given(LOGITS, TEMPERATURES)
@settings(max_examples=20)
def test_the_argmax_of_a_relaxed_sample_is_a_sample_at_any_temperature(
    logits: Tensor, temperature: float
) -> None:
    count = 20_000
    drawn = gumbel_softmax(logits.expand(count, -1), temperature, seeded()).argmax(-1)
    found = torch.bincount(drawn, minlength=len(logits)) / count
    probs = logits.softmax(-1)
    assert ((found - probs).abs() <= 6 * (probs * (1 - probs) / count).sqrt() + 1e-3).all()


@given(LOGITS, TEMPERATURES)
def test_relaxed_samples_are_on_the_simplex(logits: Tensor, temperature: float) -> None:
    log_y = gumbel_softmax(logits.expand(100, -1), temperature, seeded())
    assert (log_y <= 0).all() and log_y.isfinite().all()
    torch.testing.assert_close(log_y.exp().sum(-1), torch.ones(100).double())


@given(st.data(), models("gmvae", estimator="gumbel relaxed"), TEMPERATURES, TEMPERATURES)
def test_the_relaxed_divergence_of_y_is_the_same_at_every_temperature(
    data: st.DataObject, model: GMVAE, one: float, other: float
) -> None:
    """Sample by sample, and in the mean no less than the categorical one, which the argmax has."""
    (x,) = data.draw(observations(model, 1))
    found = []
    with torch.no_grad():
        for model.temperature in (one, other):
            terms = model.gumbel_terms(x.expand(2000, -1), generator=seeded())
            found.append(terms["minus_kl_y"])
        torch.testing.assert_close(found[0], found[1], rtol=1e-6, atol=1e-6)
        categorical = model.marginal_terms(x)["minus_kl_y"].item()
        error = found[0].std().item() / math.sqrt(2000)
        assert found[0].mean().item() <= categorical + 6 * error + 1e-9


@given(st.data(), models("gmvae", estimator="gumbel analytic"))
@settings(max_examples=15)
def test_the_analytic_estimator_approaches_the_marginal_one_as_the_temperature_falls(
    data: st.DataObject, model: GMVAE
) -> None:
    copies = 4000
    (x,) = data.draw(observations(model, 1))
    many = x.expand(copies, -1)
    with torch.no_grad():
        model.temperature = 1e-3
        relaxed = sum(model.gumbel_terms(many, generator=seeded()).values())
        marginal = sum(model.marginal_terms(many, generator=seeded(1)).values())
        assert isinstance(relaxed, Tensor) and isinstance(marginal, Tensor)
        error = math.sqrt((relaxed.var() + marginal.var()).item() / copies)
        assert abs((relaxed.mean() - marginal.mean()).item()) <= 6 * error + 0.02


@given(st.data(), models("gmvae"))
@settings(max_examples=15)
def test_the_importance_weights_mean_is_the_elbo(data: st.DataObject, model: GMVAE) -> None:
    """y and z both drawn: another estimator of the one bound."""
    copies = 4000
    (x,) = data.draw(observations(model, 1))
    with torch.no_grad():
        ratios = model.log_ratios(x, samples=copies, generator=seeded())[:, 0]
        marginal = sum(model.marginal_terms(x.expand(copies, -1), generator=seeded(1)).values())
        assert isinstance(marginal, Tensor)
        error = math.sqrt((ratios.var() + marginal.var()).item() / copies)
        assert abs((ratios.mean() - marginal.mean()).item()) <= 6 * error + 1e-9

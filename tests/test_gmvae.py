"""The Gaussian mixture VAE: both estimators of section 5.5.3."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import RelaxedOneHotCategorical, kl_divergence

from aevb.models.base import total
from aevb.models.gmvae import GMVAE, gumbel_softmax


def small(**options: object) -> GMVAE:
    torch.manual_seed(0)
    return GMVAE(data_dim=12, clusters=4, latent_dim=3, hidden_dims=(16, 8), **options)


@pytest.fixture
def x() -> Tensor:
    return torch.bernoulli(torch.full((6, 12), 0.4), generator=torch.Generator().manual_seed(1))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_marginal_terms_are_the_sum_over_clusters(x: Tensor) -> None:
    model = small()
    terms = model.marginal_terms(x, generator=seeded(2))
    noise = torch.randn((4, 6, 3), generator=seeded(2))
    q_y = model.q_y_given_x(x)
    elbo = torch.zeros(6)
    for cluster in range(4):
        y = torch.nn.functional.one_hot(torch.full((6,), cluster), 4).float()
        q_z = model.q_z_given_xy(x, y)
        z = q_z.mean + q_z.stddev * noise[cluster]
        inside = model.p_x_given_z(z).log_prob(x) - kl_divergence(q_z, model.p_z_given_y(y))
        elbo += q_y.probs[:, cluster] * (inside - math.log(4) - q_y.probs[:, cluster].log())
    torch.testing.assert_close(total(terms), elbo, atol=1e-5, rtol=1e-5)


def test_the_first_layer_shares_the_image_among_clusters(x: Tensor) -> None:
    """A sum of shares is a layer on the concatenation [x, y]."""
    net = small().q_z_given_xy
    y = torch.eye(4)[torch.arange(6) % 4]
    weight = torch.cat([net.from_x.weight, net.from_y.weight], 1)
    joined = torch.nn.functional.linear(torch.cat([x, y], 1), weight, net.from_x.bias).relu()
    torch.testing.assert_close(net(x, y).mean, net.rest(joined).mean)


def test_relaxed_density_is_the_gumbel_softmax_distribution() -> None:
    model = small(estimator="gumbel relaxed", temperature=0.7)
    logits = torch.randn(5, 4, generator=seeded(3))
    log_y = gumbel_softmax(logits, 0.7, seeded(4))
    expected = RelaxedOneHotCategorical(torch.tensor(0.7), logits=logits).log_prob(log_y.exp())
    torch.testing.assert_close(model._relaxed_log_prob(log_y, logits), expected, atol=1e-4, rtol=1e-4)


def test_gumbel_samples_have_the_categorical_frequencies() -> None:
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log()
    corners = gumbel_softmax(logits.expand(40_000, 4), 0.5, seeded(5)).argmax(-1)
    torch.testing.assert_close(corners.bincount() / 40_000, logits.exp(), atol=0.01, rtol=0)


def bias(x: Tensor, **options: object) -> float:
    """How far the Gumbel estimator's mean lies from the marginal estimator's, in nats."""
    model, repeated = small(estimator="gumbel analytic", **options), x.repeat(3000, 1)
    with torch.no_grad():
        model.p_z_given_y.loc.weight.mul_(4)  # clusters far apart, so that a y between them matters
        marginal = total(model.marginal_terms(repeated, generator=seeded(6))).mean()
        gumbel = total(model.gumbel_terms(repeated, generator=seeded(7))).mean()
    return abs(gumbel - marginal).item()


def test_gumbel_estimator_approaches_the_marginal_one_as_the_temperature_falls(x: Tensor) -> None:
    biases = [bias(x, temperature=temperature) for temperature in (5.0, 0.2, 0.01)]
    assert biases[0] > biases[1] > biases[2]
    assert biases[2] < 0.1 * biases[0]


def test_straight_through_is_one_hot_at_every_temperature(x: Tensor) -> None:
    assert bias(x, temperature=5.0, straight_through=True) < 0.1


def kl_of_relaxed(probabilities: list[float], temperature: float) -> tuple[float, float]:
    """KL(y) of "gumbel relaxed" for q(y | x) of these probabilities, and its standard error, in nats."""
    clusters = len(probabilities)
    model = GMVAE(12, clusters, 3, (16, 8), "gumbel relaxed", temperature).double()
    logits = torch.tensor(probabilities).double().log().expand(200_000, clusters)
    log_y = gumbel_softmax(logits, temperature, seeded(10))
    prior = torch.full_like(logits, -math.log(clusters))
    ratios = model._relaxed_log_prob(log_y, logits) - model._relaxed_log_prob(log_y, prior)
    return ratios.mean().item(), ratios.std().item() / math.sqrt(len(ratios))


@pytest.mark.parametrize("temperature", [0.05, 0.5, 5.0])
def test_the_relaxed_kl_is_the_same_at_every_temperature_and_above_the_categorical_one(
    temperature: float,
) -> None:
    q = torch.tensor([0.9, 0.05, 0.05]).double()
    categorical = (q * (3 * q).log()).sum().item()
    relaxed, error = kl_of_relaxed(q.tolist(), temperature)
    assert categorical == pytest.approx(0.704, abs=1e-3)
    assert relaxed == pytest.approx(1.537, abs=max(1e-3, 5 * error))


def test_the_relaxed_kl_is_that_of_gumbel_noise_with_two_categories() -> None:
    """Of two categories all that remains is a logistic variable, whose KL is an integral."""
    shift = math.log(0.8 / 0.2)
    u = torch.linspace(-60, 60, 200_001, dtype=torch.float64)

    def log_logistic(value: Tensor) -> Tensor:
        return -value - 2 * torch.nn.functional.softplus(-value)

    q = log_logistic(u - shift)
    exact = torch.trapezoid(q.exp() * (q - log_logistic(u)), u).item()
    relaxed, error = kl_of_relaxed([0.8, 0.2], 0.5)
    assert relaxed == pytest.approx(exact, abs=5 * error)


def test_gumbel_gradients_reach_the_classifier(x: Tensor) -> None:
    for options in (
        {"estimator": "gumbel relaxed"},
        {"estimator": "gumbel analytic", "straight_through": True},
    ):
        model = small(**options).train()
        total(model.terms(x, generator=seeded(8)))[0].backward()
        assert model.q_y_given_x.logits.weight.grad.abs().sum() > 0


def test_evaluation_uses_the_one_hot_head(x: Tensor) -> None:
    model = small(estimator="gumbel relaxed").eval()
    terms = model.terms(x, generator=seeded(9))
    assert all(
        torch.equal(terms[name], term) for name, term in model.marginal_terms(x, generator=seeded(9)).items()
    )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"estimator": "exact"}, "estimator"),
        ({"temperature": 0.0}, "temperature"),
        ({"straight_through": True}, "straight_through"),
        ({"estimator": "gumbel relaxed", "straight_through": True}, "straight_through"),
    ],
)
def test_impossible_options_are_refused(options: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        small(**options)

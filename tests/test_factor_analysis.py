"""Factor analysis on data as they come: on any scale, about any mean, degenerate, and its numbers exact."""

import math
import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.decomposition import FactorAnalysis as SklearnFactorAnalysis
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.distributions import MultivariateNormal

from aevb import Examples, FactorAnalysis, TrainingConfig, train
from aevb.models.factor_analysis import MIN_SHARE, inverse_softplus
from tests.small_models import seeded

NORMAL = torch.randn(60, 5, generator=seeded(), dtype=torch.float64)
FACTORS = torch.randn(60, 2, generator=seeded(1), dtype=torch.float64)
HARD = {
    "plain": NORMAL,
    "duplicate columns": NORMAL[:, [0, 1, 2, 0, 0]],
    "a constant column": torch.cat([NORMAL[:, :4], torch.full((60, 1), 0.1)], 1),
    "constant columns only": torch.full((60, 5), 3.0),
    "collinear columns": torch.cat(
        [NORMAL[:, :3], NORMAL[:, :3].sum(1, keepdim=True), -2 * NORMAL[:, :1]], 1
    ),
    "two factors and no noise": FACTORS @ torch.randn(2, 5, generator=seeded(2), dtype=torch.float64),
    "fewer examples than columns": NORMAL[:4],
    "one example": NORMAL[:1],
    "unscaled": NORMAL * torch.tensor([1e-6, 1e-3, 1.0, 1e3, 1e6]),
    "tiny": 1e-13 * NORMAL,
    "far from 0": NORMAL + torch.tensor([0.0, 10.0, -100.0, 1000.0, 1e4]),
    "whole numbers": (10 * NORMAL).round(),
}

hard = pytest.mark.parametrize("name", HARD)
with_mean = pytest.mark.parametrize("mean", [False, True], ids=["about 0", "about a mean"])


def fitted(x: Tensor, latent_dim: int, iterations: int = 400, **arguments: bool) -> FactorAnalysis:
    model = FactorAnalysis(x.shape[1], latent_dim, **arguments).double()
    model.start(x)
    after_em(model, x, iterations)
    return model


@torch.no_grad()
def after_em(model: FactorAnalysis, x: Tensor, iterations: int) -> list[float]:
    """The evidence of x after each iteration of EM."""
    return [
        model.evidence(x).double().mean().item() for _, _ in zip(range(iterations), model.em(x), strict=False)
    ]


def marginal(model: FactorAnalysis) -> MultivariateNormal:
    """N(μ, W Wᵀ + Φ) in double precision."""
    p = model.p_x_given_z
    W, sigma = p.W.double(), torch.nn.functional.softplus(p.pre_sigma.double())
    loc = torch.zeros_like(sigma) if p.mu is None else p.mu.double()
    return MultivariateNormal(loc, W @ W.T + sigma.square().diag())


# Exact where float32 is not


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_evidence_is_exact_where_the_noise_is_a_five_thousandth_of_the_signal(dtype: torch.dtype) -> None:
    """float32's low-rank normal has an evidence of up to 1e5 nats here."""
    torch.manual_seed(0)
    model = FactorAnalysis(5, 3).to(dtype)
    with torch.no_grad():
        model.p_x_given_z.W.mul_(50)
        model.p_x_given_z.pre_sigma.fill_(inverse_softplus(torch.tensor(0.01)).item())
        model.e_step()
        x = model.sample(200, generator=seeded())
        torch.testing.assert_close(
            model.evidence(x).double(), marginal(model).log_prob(x.double()), rtol=1e-6, atol=1e-5
        )
        torch.testing.assert_close(model.exact_elbo(x), model.evidence(x), rtol=1e-6, atol=1e-5)
        assert model.gap(x).max() < 1e-5


@hard
@with_mean
@pytest.mark.parametrize("latent_dim", [1, 3, 7])
def test_on_hard_data_everything_stays_finite_and_the_gap_is_what_it_is(
    name: str, mean: bool, latent_dim: int
) -> None:
    x = HARD[name].double()
    model = fitted(x, latent_dim, 50, mean=mean)
    with torch.no_grad():
        evidence, elbo, gap = model.evidence(x), model.exact_elbo(x), model.gap(x)
        assert evidence.isfinite().all()
        torch.testing.assert_close(elbo, evidence, rtol=1e-9, atol=1e-7)
        assert gap.abs().max() < 1e-9
        model.q_z_given_x.V.mul_(0.9)
        model.q_z_given_x.cholesky.add_(0.1 * torch.eye(latent_dim))
        gap = model.gap(x)
        assert (gap > 0).all()
        torch.testing.assert_close(model.exact_elbo(x) + gap, evidence, rtol=1e-8, atol=1e-7)
        assert model.elbo(x, generator=seeded()).isfinite().all()


@hard
def test_the_evidence_of_hard_data_is_the_marginal_normals(name: str) -> None:
    x = HARD[name].double()
    model = fitted(x, 2, 20, mean=True)
    scale = x.std(0, correction=0).clamp(min=1e-6) if len(x) > 1 else torch.ones(5)
    normal = marginal(model)
    # Standardised, so that the reference's Cholesky factor is one of numbers of one size.
    standard = MultivariateNormal(torch.zeros(5).double(), normal.covariance_matrix / scale.outer(scale))
    expected = standard.log_prob((x - normal.loc) / scale) - scale.log().sum()
    torch.testing.assert_close(model.evidence(x), expected.detach(), rtol=1e-6, atol=1e-6)


def test_a_scale_that_underflows_leaves_a_density() -> None:
    model = FactorAnalysis(3, 2)
    with torch.no_grad():
        model.p_x_given_z.pre_sigma.fill_(-1000.0)
        model.q_z_given_x.V.zero_()
    x = torch.zeros(4, 3)
    for values in (model.evidence(x), model.exact_elbo(x), *model.terms(x, generator=seeded()).values()):
        assert values.isfinite().all()


def test_autocast_does_not_round_the_linear_maps() -> None:
    torch.manual_seed(0)
    model, x = FactorAnalysis(5, 3, mean=True), NORMAL.float()
    exact = model(x, generator=seeded())
    with torch.autocast("cpu", torch.bfloat16):
        terms = model(x, generator=seeded())
    assert all(torch.equal(terms[name], exact[name]) for name in exact)


def test_a_model_in_half_precision_is_measured_in_single() -> None:
    torch.manual_seed(0)
    model, x = FactorAnalysis(5, 3, mean=True).half(), NORMAL.half()
    single = FactorAnalysis(5, 3, mean=True)
    single.load_state_dict(model.state_dict())
    assert model.evidence(x).dtype == torch.float32
    torch.testing.assert_close(model.evidence(x), single.evidence(x))
    for _, _ in zip(range(3), model.em(x), strict=False):
        pass
    assert model.evidence(x).mean() > single.evidence(x).mean()


# EM


@hard
@with_mean
@pytest.mark.parametrize("begin", ["start", "at random"])
def test_em_never_lowers_the_evidence(name: str, mean: bool, begin: str) -> None:
    torch.manual_seed(0)
    x = HARD[name].double()
    model = FactorAnalysis(5, 2, mean=mean).double()
    if begin == "start":
        model.start(x)
    evidence = after_em(model, x, 100)
    assert all(after >= before - 1e-9 * max(1, abs(before)) for before, after in pairwise(evidence))


@hard
def test_em_of_a_model_in_float32_is_that_in_float64_rounded(name: str) -> None:
    x = HARD[name].float()
    single, double = FactorAnalysis(5, 2, mean=True), FactorAnalysis(5, 2, mean=True).double()
    for model in (single, double):
        model.start(x)
        after_em(model, x, 100)
    for found, expected in zip(single.parameters(), double.parameters(), strict=True):
        torch.testing.assert_close(found, expected.float(), rtol=1e-3, atol=1e-5)


def test_the_m_step_is_the_maximum_in_the_mean_too() -> None:
    torch.manual_seed(0)
    model, x = FactorAnalysis(5, 3, mean=True).double(), NORMAL + 10
    model.m_step(x)
    model.exact_elbo(x).mean().backward()
    assert {"mu"} < {name for name, _ in model.p_x_given_z.named_parameters()}
    for parameter in model.generative_parameters():
        torch.testing.assert_close(parameter.grad, torch.zeros_like(parameter), rtol=0, atol=1e-8)


def test_at_the_end_of_an_m_step_noise_moves_the_evidence_in_proportion_and_the_elbo_by_its_square() -> None:
    """So that, with q held, the one is jagged beside the other (as the page factor analysis explains)."""
    model = FactorAnalysis(5, 2).double()
    model.m_step(NORMAL)  # q stays as it was: not the posterior
    p, x = model.p_x_given_z, NORMAL
    start = [value.detach().clone() for value in (p.W, p.pre_sigma)]
    towards = [torch.randn(value.shape, generator=seeded(3)).double() for value in start]

    @torch.no_grad()
    def moved(by: float) -> tuple[float, float]:
        for value, from_, step in zip((p.W, p.pre_sigma), start, towards, strict=True):
            value.copy_(from_ + by * step)
        return model.exact_elbo(x).mean().item(), model.evidence(x).mean().item()

    (elbo, evidence), far, back, half = map(moved, (0, 1e-4, -1e-4, 5e-5))
    assert far[0] < elbo and back[0] < elbo
    assert (elbo - half[0]) / (elbo - far[0]) == pytest.approx(1 / 4, rel=1e-2)
    assert (evidence - half[1]) / (evidence - far[1]) == pytest.approx(1 / 2, rel=1e-2)
    assert (evidence - back[1]) / (evidence - far[1]) == pytest.approx(-1, rel=1e-2)


def test_a_column_that_others_determine_stops_at_the_floor_and_is_told() -> None:
    x = HARD["duplicate columns"]
    model = fitted(x, 2, mean=True)
    assert model.at_floor(x) == [0, 3, 4]
    sigma = model.p_x_given_z.sigma.detach()
    expected = MIN_SHARE * x.var(0, correction=0)[0]
    torch.testing.assert_close(sigma[[0, 3, 4]].square(), expected.expand(3), rtol=1e-6, atol=0)
    assert fitted(HARD["plain"], 2, mean=True).at_floor(HARD["plain"]) == []
    assert fitted(HARD["a constant column"], 2, mean=True).at_floor(HARD["a constant column"]) == [4]


def test_the_floor_is_relative_to_the_columns_variance() -> None:
    """The same data in other units have the same evidence, up to the units."""
    x = HARD["duplicate columns"]
    units = torch.tensor([1e-6, 1e-3, 1.0, 1e3, 1e6], dtype=torch.float64)
    plain, scaled = (fitted(data, 2, mean=True).evidence(data) for data in (x, x * units))
    torch.testing.assert_close(scaled + units.log().sum(), plain, rtol=0, atol=1e-5)


# A mean


def test_without_a_mean_the_model_is_the_tutorials() -> None:
    model = FactorAnalysis()
    assert set(model.state_dict()) == {
        "p_x_given_z.W",
        "p_x_given_z.pre_sigma",
        "q_z_given_x.V",
        "q_z_given_x.cholesky",
    }
    assert model.config == {"data_dim": 3, "latent_dim": 2, "mean": False, "covariance": "full", "scale": 0.1}
    assert "p_x_given_z.mu" in FactorAnalysis(mean=True).state_dict()


def test_a_mean_makes_the_place_of_the_data_immaterial() -> None:
    there = torch.tensor([0.0, 10.0, -100.0, 1000.0, 1e4], dtype=torch.float64)
    near, far = fitted(NORMAL, 2, mean=True), fitted(NORMAL + there, 2, mean=True)
    torch.testing.assert_close(far.p_x_given_z.mu, NORMAL.mean(0) + there, rtol=0, atol=1e-9)
    torch.testing.assert_close(far.evidence(NORMAL + there), near.evidence(NORMAL), rtol=0, atol=1e-6)
    torch.testing.assert_close(far.encode(NORMAL + there), near.encode(NORMAL), rtol=0, atol=1e-6)
    sample = far.sample(20_000, generator=seeded())
    assert ((sample.mean(0) - far.p_x_given_z.mu).abs() < 5 * sample.std(0) / math.sqrt(len(sample))).all()
    reconstructed = far.reconstruct(NORMAL + there)
    torch.testing.assert_close(reconstructed, near.reconstruct(NORMAL) + there, rtol=0, atol=1e-6)


def test_gradients_move_the_mean_to_that_of_the_data() -> None:
    x = (NORMAL + torch.arange(5)).float()
    model = FactorAnalysis(5, 2, mean=True)
    model.start(x)
    mu = model.p_x_given_z.mu
    with torch.no_grad():
        mu.add_(0.5)
    for _ in train(model, Examples(x), TrainingConfig(steps=500, learning_rate=2e-2, rate="cosine")):
        pass
    torch.testing.assert_close(mu, x.mean(0), rtol=0, atol=0.05)


def test_the_estimators_mean_is_the_exact_elbo_with_a_mean_too() -> None:
    torch.manual_seed(0)
    model, x = FactorAnalysis(5, 2, mean=True).double(), NORMAL[:3] + 5
    with torch.no_grad():
        model.p_x_given_z.mu.fill_(4.0)
        estimates = model.elbo(x.repeat(50_000, 1), generator=seeded()).view(-1, 3)
        error = estimates.std(0) / math.sqrt(len(estimates))
        assert ((estimates.mean(0) - model.exact_elbo(x)).abs() < 5 * error).all()
        weights = model.log_weights(x.repeat(20_000, 1), samples=1, generator=seeded()).view(-1, 3)
        assert ((weights.mean(0) - model.exact_elbo(x)).abs() < 5 * weights.std(0) / math.sqrt(20_000)).all()


# On real data


def sklearn_score(x: np.ndarray, latent_dim: int) -> float:
    """The mean evidence that scikit-learn's own defaults reach, in nats."""
    with threadpool_limits(1):
        return SklearnFactorAnalysis(latent_dim).fit(x).score(x)


@pytest.mark.parametrize(
    ("load", "latent_dim"),
    [
        (load_wine, 2),
        (load_wine, 8),
        (load_digits, 5),
        (load_breast_cancer, 5),
        (load_iris, 1),
        (load_diabetes, 4),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_from_its_start_em_reaches_scikit_learns_log_likelihood(
    load: Callable, latent_dim: int, dtype: torch.dtype
) -> None:
    """On the data as they are, neither scaled nor centred."""
    x = load().data
    model = FactorAnalysis(x.shape[1], latent_dim, mean=True).to(dtype)
    model.start(x)
    assert after_em(model, x, 400)[-1] > sklearn_score(x, latent_dim) - 0.01


def test_where_the_likelihood_has_one_maximum_it_is_scikit_learns() -> None:
    """Its floor on the variance of the three constant columns is the same as here."""
    x = load_digits().data
    model = FactorAnalysis(64, 5, mean=True).double()
    model.start(x)
    assert after_em(model, x, 100)[-1] == pytest.approx(sklearn_score(x, 5), abs=0.01)
    assert model.at_floor(x) == [0, 32, 39]


def test_gradient_steps_go_on_from_the_start() -> None:
    """Wine's columns spread from 0.1 to 315; from N(0, 1) no learning rate suits them all."""
    x = load_wine().data.astype(np.float32)
    model = FactorAnalysis(13, 8, mean=True)
    model.start(x)
    before = model.evidence(x).mean().item()
    config = TrainingConfig(steps=500, batch_size=178, learning_rate=1e-2, rate="cosine")
    for _ in train(model, Examples(x), config):
        pass
    assert before + 0.2 < model.evidence(x).mean().item() < -18.7


# What is refused


@pytest.mark.parametrize(
    "ask", ["evidence", "exact_elbo", "gap", "start", "m_step", "at_floor", "em", "terms"]
)
@pytest.mark.parametrize(
    ("x", "said"),
    [
        (
            np.array([[1.0, math.nan, 3.0]]),
            "1 of 3 values are not finite numbers in the column 1: fill them in, or leave",
        ),
        (
            np.array([[1.0, math.inf, 3.0]]),
            "1 of 3 values are not finite numbers in the column 1: fill them in, or leave",
        ),
        (np.ones((4, 5)), "The model takes examples of 3 numbers, but these have 5"),
        (np.ones(3), "Examples must be of shape (N, 3), not (3,): give a single one as x[None]."),
        (np.ones((0, 3)), "There are no examples."),
    ],
)
def test_impossible_data_are_refused_in_a_sentence(ask: str, x: np.ndarray, said: str) -> None:
    model = FactorAnalysis(3, 2)
    with pytest.raises(ValueError, match=re.escape(said)):
        next(model.em(x)) if ask == "em" else getattr(model, ask)(x)

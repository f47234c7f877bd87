"""What must hold for every model, by the registry; then what is special to each."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import FactorAnalysis as SklearnFactorAnalysis
from threadpoolctl import threadpool_limits
from torch.distributions import MultivariateNormal
from torch.utils.data import TensorDataset

from aevb import VAE, Examples, FactorAnalysis, TrainingConfig, distributions, train
from aevb.distributions import MAX_LOGIT
from aevb.evaluation import importance_bounds
from aevb.models import REGISTRY, gmvae, name_of
from aevb.models.base import total
from aevb.models.factor_analysis import inverse_softplus, synthetic, true_model
from tests.small_models import SMALL, make, observe, seeded

every_model = pytest.mark.parametrize("name", REGISTRY)


# Every model


def test_every_model_is_tested():
    assert SMALL.keys() == REGISTRY.keys()


@every_model
def test_a_batch_equals_its_examples_one_by_one_under_the_same_noise(name, monkeypatch):
    model, batch, samples = make(name), 6, 4  # sizes that no other dimension has
    observed = observe(model, batch)
    sources = [(distributions, "draw"), (gmvae, "gumbel_softmax")]
    drawn = []

    def recording(draw):
        def record(*arguments):
            drawn.append(draw(*arguments))
            return drawn[-1]

        return record

    def of_example(noise: torch.Tensor, i: int) -> torch.Tensor:
        if batch in noise.shape:
            return noise.narrow(noise.shape.index(batch), i, 1)
        dim = noise.shape.index(samples * batch)
        return noise.unflatten(dim, (samples, batch)).narrow(dim + 1, i, 1).flatten(dim, dim + 1)

    for module, source in sources:
        monkeypatch.setattr(module, source, recording(getattr(module, source)))
    terms = model.terms(*observed, generator=seeded())
    weights = model.log_weights(*observed, samples=samples, generator=seeded())
    assert drawn
    for i in range(batch):
        replay = iter([of_example(noise, i) for noise in drawn])
        for module, source in sources:
            monkeypatch.setattr(module, source, lambda *_, replay=replay: next(replay))
        one = [part[i : i + 1] for part in observed]
        alone = model.terms(*one)
        assert alone.keys() == terms.keys()
        for key in terms:
            assert terms[key].shape == (batch,)
            torch.testing.assert_close(alone[key], terms[key][i : i + 1], rtol=1e-5, atol=1e-5)
        alone = model.log_weights(*one, samples=samples)
        torch.testing.assert_close(alone, weights[:, i : i + 1], rtol=1e-5, atol=1e-5)


@every_model
def test_parameters_are_either_generative_or_inferential(name):
    model = make(name)
    generative = {id(parameter) for parameter in model.generative_parameters()}
    inferential = {id(parameter) for parameter in model.inference_parameters()}
    assert generative and inferential and not generative & inferential
    assert generative | inferential == {id(parameter) for parameter in model.parameters()}


@every_model
def test_the_elbo_is_the_sum_of_its_terms(name):
    model = make(name)
    observed = observe(model, 50)
    terms = model.terms(*observed, generator=seeded(3))
    elbo = model.elbo(*observed, generator=seeded(3))
    assert elbo.shape == (50,) and elbo.isfinite().all()
    torch.testing.assert_close(elbo, torch.stack(list(terms.values())).sum(0))
    torch.testing.assert_close(elbo, total(terms))
    for key in terms.keys() - {"reconstruction"}:
        assert key.startswith("minus_kl") and (terms[key] <= 1e-6).all()


@every_model
def test_the_gradient_reaches_every_parameter(name):
    model = make(name)
    model.elbo(*observe(model, 20), generator=seeded()).mean().backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), parameter_name
        assert parameter.grad.abs().max() > 0, parameter_name


@every_model
def test_randomness_comes_from_the_generator_alone(name):
    model = make(name)
    observed = observe(model, 5)
    before = torch.get_rng_state()
    for compute in (
        lambda seed: model.elbo(*observed, generator=seeded(seed)),
        lambda seed: model.log_weights(*observed, samples=3, generator=seeded(seed)),
        lambda seed: model.sample(4, generator=seeded(seed)),
    ):
        assert torch.equal(compute(1), compute(1))
        assert not torch.equal(compute(1), compute(2))
    assert torch.equal(before, torch.get_rng_state())


@every_model
def test_samples_look_like_data(name):
    model = make(name)
    (x, *_) = observe(model, 7)
    sample = model.sample(7, generator=seeded())
    assert sample.shape == x.flatten(1).shape and sample.dtype == x.dtype and sample.isfinite().all()
    if model.observation == "continuous":
        assert sample.min() >= 0 and sample.max() <= 1
    elif model.observation != "vector":
        assert ((sample == 0) | (sample == 1)).all()


@every_model
def test_means_have_the_latent_dimension(name):
    model = make(name)
    rows = model.length if model.observation == "rows" else 1
    assert model.encode(*observe(model, 7)).shape == (7, rows * model.latent_dim)


@every_model
def test_everything_is_computed_in_float64_where_the_model_is(name):
    single, model = make(name), make(name).double()
    observed = observe(model, 5)
    wide = [part.double() if part.is_floating_point() else part for part in observed]
    weights = model.log_weights(*wide, samples=2, generator=seeded())
    assert weights.dtype == torch.float64 and weights.shape == (2, 5)
    for term in model.terms(*wide, generator=seeded()).values():
        assert term.dtype == torch.float64
    assert model.sample(7, generator=seeded()).dtype == torch.float64
    torch.testing.assert_close(model.encode(*wide), single.encode(*observed).double(), rtol=1e-4, atol=1e-5)


@every_model
def test_the_importance_bound_rises_with_k_from_the_elbo(name):
    model = make(name)
    observed = [part.repeat_interleave(2000, 0) for part in observe(model, 3)]
    with torch.no_grad():
        elbo = model.elbo(*observed, generator=seeded(1))
        bound = importance_bounds(model, *observed, bounds=[1, 5, 50], generator=seeded(2))
    means = {k: values.mean().item() for k, values in bound.items()}
    assert means[1] < means[5] < means[50]
    # Two estimators of one thing: the KL in closed form, and by the same sample as the rest.
    error = (elbo.var() / len(elbo) + bound[1].var() / len(elbo)).sqrt().item()
    assert means[1] == pytest.approx(elbo.mean().item(), abs=5 * error)
    assert means[50] > elbo.mean().item()


@every_model
@pytest.mark.parametrize("size", [0, -3, 2.5, "3", True, None])
def test_impossible_sizes_are_refused_by_name(name, size):
    for argument in SMALL[name].keys() - {"hidden_dims"}:
        with pytest.raises(ValueError, match=f"{argument} must be a positive whole number"):
            REGISTRY[name](**SMALL[name] | {argument: size})


@every_model
def test_the_configuration_rebuilds_the_model(name):
    model = make(name)
    config = json.loads(json.dumps(model.config))
    again = REGISTRY[name](**config)
    assert config == json.loads(json.dumps(again.config))
    assert config.items() >= SMALL[name].items()
    again.load_state_dict(model.state_dict(), strict=True)
    observed = observe(model, 4)
    assert torch.equal(
        model.elbo(*observed, generator=seeded()), again.eval().elbo(*observed, generator=seeded())
    )


@every_model
def test_the_defaults_are_in_the_configuration_too(name):
    model = REGISTRY[name]()
    assert name_of(model) == name
    assert {"data_dim", "latent_dim"} <= model.config.keys()


@pytest.mark.parametrize("name", ["fa", "vae", "cvae"])
def test_the_densities_make_up_the_importance_weight(name):
    model = make(name)
    x, *y = observe(model, 20)
    with torch.no_grad():
        q_z = model.posterior(x, *y)
        z = distributions.rsample(q_z, (4,), seeded())
        weights = model.likelihood(z, *y).log_prob(x) + model.prior(*y).log_prob(z) - q_z.log_prob(z)
        torch.testing.assert_close(weights, model.log_weights(x, *y, samples=4, generator=seeded()))


def test_a_model_of_rows_gives_densities_row_by_row_alone():
    model = make("vrnn")
    with pytest.raises(NotImplementedError, match=r"VRNN gives no prior p\(z\)"):
        model.prior()
    with pytest.raises(NotImplementedError, match=r"VRNN gives no posterior q\(z \| x\)"):
        model.posterior(*observe(model, 1))


@every_model
def test_the_choices_are_those_of_the_configuration(name):
    model = make(name)
    assert model.choices == model.config.get("classes", model.config.get("clusters", 0))
    assert model.length == model.config.get("length", 1)


def test_a_gaussian_model_of_images_is_presented_grey_levels():
    """It would take 0…255 for what it was trained on, in [0, 1]."""
    model = VAE(**SMALL["vae"], likelihood="gaussian").eval()
    grey = torch.arange(60, dtype=torch.uint8).mul(4).view(5, 3, 4)
    x, *_ = Examples(grey, model.observation).require(model).fixed()
    assert torch.equal(model.encode(x), model.encode(x.numpy().tolist()))
    for ask in (model.encode, model.reconstruct):
        assert torch.equal(ask(grey), ask(x))
        with pytest.raises(ValueError, match=r"are grey levels to this model: .*aevb\.Examples\(images, "):
            ask(Examples(grey))  # as vectors, of numbers like others
    with pytest.raises(
        ValueError, match=r"run from 0 to 1 here, .* given as floats, .* aevb\.Examples\(…, dark=True\)\."
    ):
        model.encode((x > 0.5).long().view(5, 3, 4))


def test_a_table_of_integers_is_of_numbers_where_the_model_is():
    """As a table of floats, and as `data.read` takes it; they were scaled to [0, 1] and given noise."""
    model = VAE(**SMALL["vae"], likelihood="gaussian").eval()
    table = torch.arange(60).view(5, 12) - 7
    for given in (
        table,
        table.numpy().astype(np.int16),
        table.tolist(),
        Examples(table),
        TensorDataset(table),
    ):
        assert torch.equal(model.encode(given), model.encode(table.float()))
    with pytest.raises(ValueError, match=r"grey levels in 0…255|Grey levels must be"):
        model.encode(table.view(5, 3, 4))


# Factor analysis: everything is exact


@pytest.fixture
def fa() -> FactorAnalysis:
    torch.manual_seed(1)
    return FactorAnalysis(5, 3).double()


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(40, 5, generator=seeded(), dtype=torch.float64)


def test_the_evidence_is_that_of_the_marginal_normal(fa, x):
    W, sigma = fa.p_x_given_z.W, fa.p_x_given_z.sigma
    marginal = MultivariateNormal(torch.zeros(5).double(), W @ W.T + sigma.square().diag())
    torch.testing.assert_close(fa.evidence(x), marginal.log_prob(x))


def test_the_exact_posterior_is_the_joint_normals_conditional(fa):
    W, sigma = fa.p_x_given_z.W, fa.p_x_given_z.sigma
    gain = W.T @ torch.linalg.inv(W @ W.T + sigma.square().diag())
    exact = fa.exact_posterior()
    torch.testing.assert_close(exact.V, gain)
    torch.testing.assert_close(exact.covariance, torch.eye(3).double() - gain @ W)


@pytest.mark.parametrize("seed", range(20))
def test_the_elbo_never_exceeds_the_evidence_and_misses_it_by_the_gap(seed, x):
    torch.manual_seed(seed)
    model = FactorAnalysis(5, 1 + seed % 6).double()  # more factors than dimensions as well
    with torch.no_grad():
        evidence, elbo, gap = model.evidence(x), model.exact_elbo(x), model.gap(x)
    assert (gap > 0).all()
    torch.testing.assert_close(evidence - elbo, gap, rtol=1e-8, atol=1e-8)


def test_the_elbo_meets_the_evidence_at_the_exact_posterior(fa, x):
    fa.e_step()
    torch.testing.assert_close(fa.exact_elbo(x), fa.evidence(x), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(fa.gap(x), torch.zeros(40).double(), rtol=0, atol=1e-10)
    # Then every single importance weight is the evidence, whatever z is.
    weights = fa.log_weights(x, samples=3, generator=seeded())
    torch.testing.assert_close(weights, fa.evidence(x).expand(3, -1), rtol=1e-8, atol=1e-8)


def test_the_estimators_mean_is_the_exact_elbo(fa, x):
    with torch.no_grad():
        estimates = fa.elbo(x[:4].repeat(50_000, 1), generator=seeded()).view(-1, 4)
        exact = fa.exact_elbo(x[:4])
    error = estimates.std(0) / math.sqrt(len(estimates))
    assert ((estimates.mean(0) - exact).abs() < 5 * error).all()


def test_the_m_step_is_the_maximum_whatever_q_is(fa, x):
    fa.m_step(x)
    fa.exact_elbo(x).mean().backward()
    for parameter in fa.generative_parameters():
        torch.testing.assert_close(parameter.grad, torch.zeros_like(parameter), rtol=0, atol=1e-8)


def test_em_never_lowers_the_evidence(fa, x):
    with torch.no_grad():
        evidence = [fa.evidence(x).mean().item()]
        for _, model in zip(range(100), fa.em(x), strict=False):
            evidence.append(model.evidence(x).mean().item())
            assert model.exact_elbo(x).mean().item() == pytest.approx(evidence[-1], abs=1e-9)
    assert all(after >= before - 1e-10 for before, after in pairwise(evidence))
    assert evidence[-1] > evidence[0] + 0.1


DATA_SETS = {"wine": (load_wine, 3, 5000), "digits": (load_digits, 5, 400)}


def centred(load) -> torch.Tensor:
    data = torch.from_numpy(load().data)
    return data - data.mean(0)


def sklearn_score(data: torch.Tensor, latent_dim: int) -> float:
    """Nats per example; with the exact decomposition, until nothing changes any more."""
    with threadpool_limits(1):
        fitted = SklearnFactorAnalysis(latent_dim, tol=1e-8, max_iter=20_000, svd_method="lapack").fit(data)
        return fitted.score(data)


def after_em(model: FactorAnalysis, data: torch.Tensor, iterations: int) -> float:
    for _ in zip(range(iterations), model.em(data), strict=False):
        pass
    with torch.no_grad():
        return model.evidence(data).mean().item()


@pytest.mark.parametrize("name", DATA_SETS)
def test_em_from_scikit_learns_start_reaches_its_log_likelihood(name):
    """The likelihood has several maxima, so both climb from one start: σ = 1 and the best W for it."""
    load, latent_dim, iterations = DATA_SETS[name]
    data = centred(load)
    model = FactorAnalysis(data.shape[1], latent_dim).double()
    values, vectors = torch.linalg.eigh(data.T @ data / len(data))
    with torch.no_grad():
        model.p_x_given_z.W.copy_(vectors[:, -latent_dim:] * (values[-latent_dim:] - 1).clamp(min=0).sqrt())
        model.p_x_given_z.pre_sigma.fill_(inverse_softplus(torch.tensor(1.0)).item())
    assert after_em(model, data, iterations) == pytest.approx(sklearn_score(data, latent_dim), abs=1e-3)


@pytest.mark.parametrize("name", DATA_SETS)
def test_em_from_random_starts_reaches_scikit_learns_log_likelihood(name):
    """The best of a few: some starts end at lower maxima, some at a higher one than scikit-learn's."""
    load, latent_dim, iterations = DATA_SETS[name]
    data = centred(load)
    reached = []
    for seed in range(3):
        torch.manual_seed(seed)
        model = FactorAnalysis(data.shape[1], latent_dim).double()
        reached.append(after_em(model, data, iterations))
    assert max(reached) > sklearn_score(data, latent_dim) - 1e-3


@pytest.mark.parametrize("seed", [0, 1])
def test_aevb_learns_the_tutorials_synthetic_data(seed):
    train_x, test_x = synthetic(seed)
    torch.manual_seed(seed)
    model = FactorAnalysis(3, 2)
    config = TrainingConfig(steps=2000, batch_size=100, learning_rate=5e-2, rate="cosine", seed=seed)
    for _ in train(model, Examples(train_x), config):
        pass
    with torch.no_grad():
        evidence = model.evidence(test_x).mean().item()
        assert evidence == pytest.approx(true_model().evidence(test_x).mean().item(), abs=0.02)
        assert 0 <= model.gap(test_x).mean().item() <= 0.02


def test_the_true_model_is_the_tutorials():
    model, (train_x, test_x) = true_model(), synthetic(0)
    torch.testing.assert_close(model.p_x_given_z.sigma, torch.tensor([0.4, 0.2, 0.3]))
    assert model.p_x_given_z.W.tolist() == [[-0.5, -1.0], [-1.0, -1.0], [2.0, 0.5]]
    assert train_x.shape == test_x.shape == (1000, 3) and not torch.equal(train_x, test_x)
    assert torch.equal(train_x, synthetic(0)[0])
    assert model.gap(test_x).abs().max() < 1e-4
    assert model.evidence(test_x).mean().item() == pytest.approx(-3.95, abs=0.1)


def test_w_is_identified_only_up_to_rotation(fa, x):
    rotation, _ = torch.linalg.qr(torch.randn(3, 3, generator=seeded(), dtype=torch.float64))
    evidence, elbo = fa.evidence(x), fa.exact_elbo(x)
    q = fa.q_z_given_x
    tril = torch.linalg.cholesky(rotation.T @ q.scale_tril @ q.scale_tril.T @ rotation)
    with torch.no_grad():
        fa.p_x_given_z.W.copy_(fa.p_x_given_z.W @ rotation)
        q.V.copy_(rotation.T @ q.V)
        q.cholesky.copy_(tril.tril(-1) + inverse_softplus(tril.diagonal()).diag())
    torch.testing.assert_close(fa.evidence(x), evidence)
    torch.testing.assert_close(fa.exact_elbo(x), elbo)


def test_inverse_softplus_inverts_over_all_magnitudes():
    y = torch.tensor([1e-6, 1e-3, 1.0, 30.0, 1e4], dtype=torch.float64)
    torch.testing.assert_close(torch.nn.functional.softplus(inverse_softplus(y)), y, rtol=1e-9, atol=0)


# The VAE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_dims": []}, "hidden_dims must name at least one layer"),
        ({"hidden_dims": [16, 0]}, r"hidden_dims\[1\] must be a positive whole number"),
        ({"dropout": 1.0}, "dropout must be in"),
        ({"dropout": -0.1}, "dropout must be in"),
    ],
)
def test_impossible_layers_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        VAE(**arguments)


def test_logits_stay_within_the_cap():
    model = make("vae")
    with torch.no_grad():
        for parameter in model.generative_parameters():
            parameter.mul_(1000)
        logits = model.p_x_given_z(torch.randn(50, 3, generator=seeded())).base_dist.logits
    assert logits.abs().max() <= MAX_LOGIT
    assert logits.abs().max() > MAX_LOGIT - 0.1


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    model = VAE(**SMALL["vae"], dropout=0.5)
    (x,) = observe(model, 30)
    assert not torch.equal(model.train().posterior_mean(x), model.posterior_mean(x))
    assert torch.equal(model.eval().posterior_mean(x), model.posterior_mean(x))


def test_what_is_asked_of_a_model_in_training_has_no_dropout():
    torch.manual_seed(0)
    model = VAE(**SMALL["vae"], dropout=0.5)
    model.p_x_given_z.eval()  # which somebody may have done
    (x,) = observe(model, 30)
    z = torch.zeros(2, 3)
    asked = [
        lambda: model.encode(x),
        lambda: model.reconstruct(x),
        lambda: model.decode(z),
        lambda: model.sample(3, generator=seeded()),
        lambda: model.log_prob(x, samples=2, generator=seeded()).value,
    ]
    found = [ask() for ask in asked]
    assert model.training and model.q_z_given_x.training and not model.p_x_given_z.training
    model.eval()
    for ask, answer in zip(asked, found, strict=True):
        assert torch.equal(ask(), answer)


def test_likelihoods_are_float32_under_bfloat16():
    model = make("vae")
    observed = observe(model, 10)
    exact = model.terms(*observed, generator=seeded())
    with torch.autocast("cpu", torch.bfloat16):
        terms = model.terms(*observed, generator=seeded())
    for key, term in terms.items():
        assert term.dtype == torch.float32
        torch.testing.assert_close(term, exact[key], rtol=0.05, atol=0.1)


def test_the_hidden_layers_are_the_tutorials():
    shapes = {name: tuple(parameter.shape) for name, parameter in VAE().named_parameters()}
    assert [shape for name, shape in shapes.items() if name.startswith("q_") and len(shape) == 2] == [
        (500, 784),
        (500, 500),
        (20, 500),
        (20, 500),
    ]
    assert [shape for name, shape in shapes.items() if name.startswith("p_") and len(shape) == 2] == [
        (500, 20),
        (500, 500),
        (784, 500),
    ]

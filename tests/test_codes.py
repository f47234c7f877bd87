"""Looking at a model: every figure that is shown agrees with what the model itself computes."""

import math

import pytest
import torch
from torch import Generator, Tensor
from torch.distributions import kl_divergence

from aevb import VAE, LatentVariableModel
from aevb.distributions import rsample
from aevb.evaluation import dimension_kl, posterior_means
from aevb.explore import codes
from tests.small_models import make, observe


def generator(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def model() -> VAE:
    torch.manual_seed(0)
    return VAE(data_dim=16, latent_dim=5, hidden_dims=(12,)).eval()


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.rand(7, 16, generator=generator(1))


def test_the_posterior_is_the_models_own(model: VAE, x: Tensor) -> None:
    q_z = codes.posterior(model, x[0])
    assert q_z.mean.shape == q_z.stddev.shape == (5,)
    torch.testing.assert_close(q_z.mean, model.encode(x)[0])
    assert not q_z.mean.requires_grad


def test_decoded_parameters_are_the_nets(model: VAE) -> None:
    z = torch.randn(3, 5, generator=generator())
    output = codes.decode(model, z)
    torch.testing.assert_close(output, model.p_x_given_z(z).base_dist.logits.sigmoid())
    assert output.shape == (3, 16)
    assert ((output >= 0) & (output <= 1)).all()


def test_the_terms_at_a_draw_are_the_terms_of_training(model: VAE, x: Tensor) -> None:
    z = rsample(codes.posterior(model, x), generator=generator(3))
    ours, theirs = codes.elbo_terms(model, x, z), model.terms(x, generator=generator(3))
    assert list(ours) == list(theirs)
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name])


def test_joint_less_posterior_is_the_importance_weight(model: VAE, x: Tensor) -> None:
    z = rsample(codes.posterior(model, x), generator=generator(3))
    joint = sum(codes.joint_terms(model, x, z).values())
    weights = model.log_weights(x, samples=1, generator=generator(3))[0]
    torch.testing.assert_close(joint - codes.posterior(model, x).log_prob(z), weights)


def test_the_kl_term_is_the_sum_over_dimensions(model: VAE, x: Tensor) -> None:
    terms = codes.elbo_terms(model, x, codes.posterior(model, x).mean)
    torch.testing.assert_close(-terms["minus_kl_z"].mean(), dimension_kl(model, x).sum())


def test_generated_samples_are_the_models_own(model: VAE) -> None:
    lambdas, samples = codes.generate(model, 6, generator=generator(4))
    torch.testing.assert_close(samples, model.sample(6, generator=generator(4)))
    z = rsample(codes.prior(model), (6,), generator(4))
    torch.testing.assert_close(lambdas, codes.decode(model, z))


def test_the_global_generator_is_left_alone(model: VAE, x: Tensor) -> None:
    before = torch.get_rng_state()
    codes.generate(model, 3, generator=generator())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_walk_keeps_to_the_sphere_between_its_ends() -> None:
    start, end = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 4.0])
    way = codes.walk(start, end, 9)
    torch.testing.assert_close(way[0], start)
    torch.testing.assert_close(way[-1], end)
    torch.testing.assert_close(way.norm(dim=-1), torch.linspace(2, 4, 9))
    angles = torch.atan2(way[:, 2], way[:, 0])
    torch.testing.assert_close(angles, torch.linspace(0, math.pi / 2, 9))


@pytest.mark.parametrize(
    ("start", "end"),
    [([0.0, 0.0], [1.0, 2.0]), ([1.0, 1.0], [1.0, 1.0]), ([1.0, 0.0], [-2.0, 0.0])],
    ids=["from the origin", "nowhere", "to the opposite"],
)
def test_a_walk_without_an_arc_is_straight(start: list[float], end: list[float]) -> None:
    way = codes.walk(torch.tensor(start), torch.tensor(end), 5)
    torch.testing.assert_close(way[2], (torch.tensor(start) + torch.tensor(end)) / 2)
    assert way.isfinite().all()


def test_a_walk_has_two_ends() -> None:
    with pytest.raises(ValueError, match="two ends"):
        codes.walk(torch.zeros(2), torch.ones(2), 1)


def test_a_ring_passes_each_class_at_the_code_nearest_to_its_mean_and_closes() -> None:
    z = torch.tensor([[1.0, 0.0], [1.2, 0.1], [0.6, -0.3], [0.0, 2.0], [0.0, 4.0], [0.1, 3.0], [-1.0, -1.0]])
    way = codes.ring(z, torch.tensor([0, 0, 0, 1, 1, 1, 2]), 4)
    assert way.shape == (12, 2)
    torch.testing.assert_close(way[::4], z[[0, 5, 6]])
    torch.testing.assert_close(way[8:], codes.walk(z[6], z[0], 5)[:-1])  # and the next is the first


def test_along_one_dimension_the_others_stand_still() -> None:
    z = torch.arange(4.0)
    copies = codes.along(z, 2, torch.tensor([-3.0, 0.0, 3.0]))
    assert copies[:, 2].tolist() == [-3, 0, 3]
    assert copies[:, [0, 1, 3]].tolist() == [[0, 1, 3]] * 3
    assert z.tolist() == [0, 1, 2, 3]


# Any model of images: a VAE, a CVAE given labels, a GMVAE given clusters


@pytest.fixture(params=["vae", "cvae", "gmvae"])
def any_model(request: pytest.FixtureRequest) -> LatentVariableModel:
    return make(request.param)


def given(model: LatentVariableModel, count: int) -> Tensor | None:
    """A choice for each of `count` examples, where the model has any."""
    return torch.arange(count) % model.choices if model.choices else None


def test_terms_and_weights_are_of_the_same_densities(any_model: LatentVariableModel) -> None:
    x, y = observe(any_model, 6)[0], given(any_model, 6)
    z = rsample(codes.posterior(any_model, x, y), generator=generator())
    terms, joint = codes.elbo_terms(any_model, x, z, y), codes.joint_terms(any_model, x, z, y)
    assert torch.equal(terms["reconstruction"], joint["likelihood"])
    q_z, p_z = codes.posterior(any_model, x, y), codes.prior(any_model, y)
    torch.testing.assert_close(terms["minus_kl_z"], -kl_divergence(q_z, p_z))
    torch.testing.assert_close(joint["prior"], p_z.log_prob(z))
    assert all(term.shape == (6,) and not term.requires_grad for term in (terms | joint).values())


def test_terms_are_the_models_own_without_gradients(any_model: LatentVariableModel) -> None:
    observed = observe(any_model, 6)
    found = codes.terms(any_model, *observed, generator=generator(2))
    for name, term in any_model.terms(*observed, generator=generator(2)).items():
        assert torch.equal(found[name], term) and not found[name].requires_grad


def test_a_style_and_its_latent_undo_each_other(any_model: LatentVariableModel) -> None:
    z, y = torch.randn(5, 3, generator=generator()), given(any_model, 5)
    torch.testing.assert_close(codes.latent(any_model, codes.style(any_model, z, y), y), z)


def test_writing_decodes_the_styles_latent(any_model: LatentVariableModel) -> None:
    epsilon = torch.randn(4, 3, generator=generator())
    if not any_model.choices:
        assert torch.equal(codes.write(any_model, epsilon), codes.decode(any_model, epsilon))
        return
    every = torch.arange(any_model.choices)
    written = codes.write(any_model, epsilon, every.unsqueeze(-1))
    assert written.shape == (any_model.choices, 4, 12) and not written.requires_grad
    z = codes.latent(any_model, epsilon[1], every[2])
    torch.testing.assert_close(written[2, 1], codes.decode(any_model, z, every[2]))


@pytest.mark.parametrize("name", ["cvae", "gmvae"])
def test_weights_of_one_choice_are_that_choice(name: str) -> None:
    model = make(name)
    x, y, weights = observe(model, 5)[0], torch.arange(5), torch.eye(5)
    torch.testing.assert_close(codes.posterior(model, x, y).mean, codes.posterior(model, x, weights).mean)
    torch.testing.assert_close(codes.prior(model, y).mean, codes.prior(model, weights).mean)


@pytest.mark.parametrize("name", ["cvae", "gmvae"])
def test_a_missing_or_impossible_choice_is_named(name: str) -> None:
    model = make(name)
    with pytest.raises(ValueError, match="given one of 5 choices y"):
        codes.prior(model)
    with pytest.raises(ValueError, match="must be in 0…4, not 5…5"):
        codes.prior(model, torch.tensor(5))


def test_the_components_of_a_posterior_are_a_mixture(any_model: LatentVariableModel) -> None:
    x, *y = (part[3] for part in observe(any_model, 4))
    weights, q_z = codes.components(any_model, x, *y)
    torch.testing.assert_close(weights.sum(), torch.tensor(1.0))
    assert q_z.mean.shape == (len(weights), 3)
    best = q_z.mean[weights.argmax()]
    torch.testing.assert_close(best, any_model.encode(x.unsqueeze(0), *(part.view(1) for part in y))[0])


def test_styles_are_the_means_in_their_priors(any_model: LatentVariableModel) -> None:
    observed = observe(any_model, 620)
    found, means = codes.styles(any_model, *observed), posterior_means(any_model, *observed)
    shares = any_model.responsibilities(observed[0])
    y = shares.argmax(1) if shares is not None else observed[1] if any_model.conditional else None
    torch.testing.assert_close(found, codes.style(any_model, means, y))
    assert found.shape == (620, 3) and not found.requires_grad

"""Looking at a model: every figure the page shows agrees with what the model itself computes."""

import math

import pytest
import torch
from torch import Generator, Tensor

from aevb import VAE, explore
from aevb.evaluation import dimension_kl


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
    q_z = explore.posterior(model, x[0])
    assert q_z.mean.shape == q_z.stddev.shape == (5,)
    torch.testing.assert_close(q_z.mean, model.encode(x)[0])
    assert not q_z.mean.requires_grad


def test_decoded_parameters_are_the_nets(model: VAE) -> None:
    z = torch.randn(3, 5, generator=generator())
    output = explore.decode(model, z)
    torch.testing.assert_close(output, model.p_x_given_z(z).base_dist.logits.sigmoid())
    assert output.shape == (3, 16)
    assert ((output >= 0) & (output <= 1)).all()


def test_posterior_draws_follow_the_posterior(model: VAE, x: Tensor) -> None:
    q_z = explore.posterior(model, x[0])
    many = explore.draw_posterior(model, x[0].expand(20_000, -1), generator=generator())
    torch.testing.assert_close(many.mean(0), q_z.mean, atol=0.03, rtol=0)
    torch.testing.assert_close(many.std(0), q_z.stddev, atol=0.03, rtol=0)


def test_the_terms_at_a_draw_are_the_terms_of_training(model: VAE, x: Tensor) -> None:
    z = explore.draw_posterior(model, x, generator=generator(3))
    ours, theirs = explore.elbo_terms(model, x, z), model.terms(x, generator=generator(3))
    assert list(ours) == list(theirs)
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name])


def test_joint_less_posterior_is_the_importance_weight(model: VAE, x: Tensor) -> None:
    z = explore.draw_posterior(model, x, generator=generator(3))
    joint = sum(explore.joint_terms(model, x, z).values())
    weights = model.log_weights(x, samples=1, generator=generator(3))[0]
    torch.testing.assert_close(joint - explore.posterior(model, x).log_prob(z), weights)


def test_the_kl_term_is_the_sum_over_dimensions(model: VAE, x: Tensor) -> None:
    terms = explore.elbo_terms(model, x, explore.posterior(model, x).mean)
    torch.testing.assert_close(-terms["minus_kl_z"].mean(), dimension_kl(model, x).sum())


def test_generated_samples_are_the_models_own(model: VAE) -> None:
    lambdas, samples = explore.generate(model, 6, generator=generator(4))
    torch.testing.assert_close(samples, model.sample(6, generator=generator(4)))
    z = explore.draw_prior(model, 6, generator=generator(4))
    torch.testing.assert_close(lambdas, explore.decode(model, z))


def test_the_global_generator_is_left_alone(model: VAE, x: Tensor) -> None:
    before = torch.get_rng_state()
    explore.generate(model, 3, generator=generator())
    explore.draw_posterior(model, x, generator=generator())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_walk_keeps_to_the_sphere_between_its_ends() -> None:
    start, end = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 4.0])
    way = explore.walk(start, end, 9)
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
    way = explore.walk(torch.tensor(start), torch.tensor(end), 5)
    torch.testing.assert_close(way[2], (torch.tensor(start) + torch.tensor(end)) / 2)
    assert way.isfinite().all()


def test_a_walk_has_two_ends() -> None:
    with pytest.raises(ValueError, match="two ends"):
        explore.walk(torch.zeros(2), torch.ones(2), 1)


def test_along_one_dimension_the_others_stand_still() -> None:
    z = torch.arange(4.0)
    copies = explore.along(z, 2, torch.tensor([-3.0, 0.0, 3.0]))
    assert copies[:, 2].tolist() == [-3, 0, 3]
    assert copies[:, [0, 1, 3]].tolist() == [[0, 1, 3]] * 3
    assert z.tolist() == [0, 1, 2, 3]

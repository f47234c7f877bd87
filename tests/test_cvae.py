"""The CVAE: its labels and their weights, the three ways to condition, and styles."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent

from aevb.distributions import rsample
from aevb.evaluation import dimension_kl, importance_bounds
from aevb.explore import codes
from aevb.explore.labels import guesses
from aevb.models import CVAE
from tests.small_models import SMALL, observe, seeded

CLASSES = SMALL["cvae"]["classes"]


def make(conditioned: str = "x and z") -> CVAE:
    torch.manual_seed(0)
    return CVAE(**SMALL["cvae"], conditioned=conditioned).eval()


@pytest.fixture(params=["x and z", "x", "z"])
def model(request: pytest.FixtureRequest) -> CVAE:
    return make(request.param)


def depends_on_y(density: Independent) -> bool:
    """Whether rows of a batch, one for each label, differ."""
    return not torch.equal(density.mean, density.mean[:1].expand_as(density.mean))


# Labels


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_labels_outside_are_refused(model: CVAE, label: int) -> None:
    x, y = observe(model, 3)
    y[1] = label
    for method in (model.terms, model.encode):
        with pytest.raises(ValueError, match="Labels must be in 0…4"):
            method(x, y)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.bool])
def test_labels_may_be_whole_numbers_of_any_type(model: CVAE, dtype: torch.dtype) -> None:
    x, y = observe(model, 6)
    y = y % 2
    assert torch.equal(model.encode(x, y.to(dtype)), model.encode(x, y))


@pytest.mark.parametrize("labels", [[0.0, 1.0, 2.0, 3.0, 4.0], [1.5, -0.5, 0.0, 0.0, 0.0]])
def test_labels_as_fractions_are_no_weights(model: CVAE, labels: list[float]) -> None:
    """As many labels as there are classes have the shape of one's weights."""
    with pytest.raises(ValueError, match="Weights of labels must be at least 0 and sum to 1"):
        codes.prior(model, labels)


def test_weights_of_another_width_are_refused(model: CVAE) -> None:
    with pytest.raises(ValueError, match="Weights of 5 labels must end in 5"):
        model.prior(torch.ones(2, 4))


def test_weights_of_one_label_are_that_label(model: CVAE) -> None:
    x, y = observe(model, 6)
    weights = torch.nn.functional.one_hot(y, CLASSES).float()
    for name, term in model.terms(x, y, generator=seeded()).items():
        torch.testing.assert_close(term, model.terms(x, weights, generator=seeded())[name])


def test_between_two_labels_the_prior_lies_between_theirs() -> None:
    model = make()
    ends, half = model.prior(torch.tensor([1, 3])), torch.tensor([[0, 0.5, 0, 0.5, 0]])
    torch.testing.assert_close(model.prior(half).mean[0], ends.mean.mean(0))
    scale = model.prior(half).stddev[0]
    assert (scale <= ends.stddev.amax(0)).all() and (scale >= ends.stddev.amin(0)).all()


# The three models of section 5.4.1


@pytest.mark.parametrize(
    ("conditioned", "prior", "likelihood"),
    [("x and z", True, True), ("x", False, True), ("z", True, False)],
)
def test_which_densities_depend_on_the_label(conditioned: str, prior: bool, likelihood: bool) -> None:
    model, labels = make(conditioned), torch.arange(CLASSES)
    z, x = torch.ones(CLASSES, model.latent_dim), torch.full((CLASSES, model.data_dim), 0.3)
    assert depends_on_y(model.prior(labels)) == prior
    assert depends_on_y(model.likelihood(z, labels)) == likelihood
    assert depends_on_y(model.posterior(x, labels)), "the encoder sees the label in every variant"


def test_every_parameter_learns(model: CVAE) -> None:
    model.elbo(*observe(model, 10), generator=seeded()).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_another_way_to_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="conditioned must be"):
        make("y")


def test_samples_are_of_the_labels_that_are_given() -> None:
    model, y, generator = make(), torch.tensor([0, 1, 2, 3, 4, 0, 1]), seeded()
    with torch.no_grad():
        z = rsample(model.prior(y), generator=generator)
        x = rsample(model.likelihood(z, y), generator=generator)
    assert torch.equal(model.sample(7, y, generator=seeded()), x)
    assert torch.equal(model.sample(7, y.tolist(), generator=seeded()), x)
    between = torch.full((7, CLASSES), 1 / CLASSES)
    assert not torch.equal(model.sample(7, between, generator=seeded()), x)


def test_the_kl_term_is_the_sum_over_dimensions(model: CVAE) -> None:
    observed = observe(model, 20)
    minus_kl = model.terms(*observed, generator=seeded())["minus_kl_z"]
    torch.testing.assert_close(dimension_kl(model, *observed).sum(), -minus_kl.mean())


# Styles


def test_a_style_and_its_latent_undo_each_other(model: CVAE) -> None:
    y = torch.arange(CLASSES)
    z = torch.randn(CLASSES, model.latent_dim, generator=seeded())
    torch.testing.assert_close(codes.latent(model, codes.style(model, z, y), y), z)


def test_where_y_conditions_x_alone_a_style_is_z() -> None:
    model, z = make("x"), torch.randn(CLASSES, 3, generator=seeded())
    torch.testing.assert_close(codes.style(model, z, torch.arange(CLASSES)), z)


def test_styles_of_the_prior_are_standard_normal() -> None:
    model, y = make(), torch.tensor(2)
    z = model.prior(y).sample((20_000,))
    epsilon = codes.style(model, z, y)
    torch.testing.assert_close(epsilon.mean(0), torch.zeros(3), atol=0.05, rtol=0)
    torch.testing.assert_close(epsilon.std(0), torch.ones(3), atol=0.05, rtol=0)


def test_writing_decodes_the_styles_latent_under_the_label(model: CVAE) -> None:
    labels, epsilon = torch.arange(CLASSES), torch.randn(4, 3, generator=seeded())
    written = codes.write(model, epsilon, labels.unsqueeze(-1))
    assert written.shape == (CLASSES, 4, 12) and not written.requires_grad
    one: Tensor = codes.decode(model, codes.latent(model, epsilon[1], labels[2]), labels[2])
    torch.testing.assert_close(written[2, 1], one)


def test_label_bounds_are_the_importance_bounds_of_each_label(model: CVAE) -> None:
    x, _ = observe(model, 1)
    bounds = codes.label_bounds(model, x[0], samples=5, seed=1)
    assert bounds.shape == (CLASSES,)
    expected = importance_bounds(model, x, torch.tensor([3]), bounds=[5], generator=seeded(1))[5]
    torch.testing.assert_close(bounds[3], expected[0])


def test_labels_are_guessed_by_bayes_rule_and_mistakes_are_told() -> None:
    """Where x does not depend on z and q is the prior, every bound is log p(x | y) itself."""
    told = CVAE(data_dim=3, classes=3, latent_dim=1, hidden_dims=[3], likelihood="bernoulli")
    with torch.no_grad():
        for parameter in told.parameters():
            parameter.zero_()
        told.p_x_given_zy.hidden[0].weight[:, 1:] = torch.eye(3)
        told.p_x_given_zy.logits.weight.copy_(2 * torch.eye(3))
    found = guesses(told, torch.eye(3), torch.tensor([0, 2, 2]), samples=3)
    assert found.confusion.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert found.accuracy == pytest.approx(2 / 3)
    # Of the three pixels one is as the label has it, by the logit 2: odds of e² to 1 against each other.
    assert found.mistakes == [(1, 1, pytest.approx(1 / (1 + 2 * math.exp(-2))))]


def test_the_way_between_labels_lies_on_the_simplex() -> None:
    weights = codes.between_labels(1, 4, 5, CLASSES)
    assert weights[0].tolist() == [0, 1, 0, 0, 0] and weights[-1].tolist() == [0, 0, 0, 0, 1]
    torch.testing.assert_close(weights.sum(-1), torch.ones(5))
    assert (weights >= 0).all()
    torch.testing.assert_close(weights[2], torch.tensor([0, 0.5, 0, 0, 0.5]))


@pytest.mark.parametrize(("end", "steps"), [(CLASSES, 5), (2, 1)])
def test_a_way_to_no_label_or_without_ends_is_refused(end: int, steps: int) -> None:
    with pytest.raises(ValueError, match=r"Labels|two ends"):
        codes.between_labels(0, end, steps, CLASSES)

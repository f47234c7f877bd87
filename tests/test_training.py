"""The optimiser loop: schedules, repeatability, stopping, divergence, and that it raises the ELBO."""

from itertools import islice

import pytest
import torch

from aevb import (
    VAE,
    Alternating,
    Examples,
    FactorAnalysis,
    Simultaneous,
    TrainingConfig,
    data,
    evaluate,
    train,
)
from aevb.models import REGISTRY
from aevb.models.factor_analysis import synthetic
from aevb.training import Diverged
from tests.small_models import make, observe

every_model = pytest.mark.parametrize("name", REGISTRY)


def parameters(model, part: str) -> list[torch.Tensor]:
    moving = model.inference_parameters() if part == "E" else model.generative_parameters()
    return [parameter.detach().clone() for parameter in moving]


def equal(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


class Observed(Examples):
    """Examples of what any model observes, already presented."""

    def __init__(self, model, count: int):
        x, *y = observe(model, count)
        super().__init__(x, labels=y[0] if y else None)


@every_model
def test_each_phase_moves_its_own_parameters_alone(name):
    model = make(name)
    config = TrainingConfig(steps=10, batch_size=16, learning_rate=1e-2, schedule=Alternating(2, 3))
    before, phases = {part: parameters(model, part) for part in "EM"}, ""
    for progress in train(model, Observed(model, 64), config):
        phases += progress.phase
        after = {part: parameters(model, part) for part in "EM"}
        still = "M" if progress.phase == "E" else "E"
        assert not equal(before[progress.phase], after[progress.phase])
        assert equal(before[still], after[still])
        before = after
    assert phases == "EEMMMEEMMM"


@every_model
def test_every_schedule_raises_the_elbo_of_every_model(name):
    for schedule in (Simultaneous(), Alternating(10, 10)):
        model = make(name)
        examples = Observed(model, 200)
        start = evaluate(model, *examples.fixed()).elbo
        config = TrainingConfig(steps=100, batch_size=50, learning_rate=1e-2, schedule=schedule)
        records = list(train(model, examples, config))
        assert [record.step for record in records] == list(range(1, 101))
        for record in records:
            assert record.elbo == pytest.approx(sum(record.terms.values()), rel=1e-4)
        assert evaluate(model, *examples.fixed()).elbo > start + 0.1


@every_model
def test_a_run_repeats_for_its_seed(name):
    def trained(seed: int, global_seed: int):
        model = make(name)
        torch.manual_seed(global_seed)
        config = TrainingConfig(steps=5, batch_size=16, seed=seed)
        elbos = [progress.elbo for progress in train(model, Observed(model, 64), config)]
        return elbos, parameters(model, "E") + parameters(model, "M")

    elbos, weights = trained(3, global_seed=0)
    elbos_again, weights_again = trained(3, global_seed=1)
    assert elbos == elbos_again and equal(weights, weights_again)
    others, other_weights = trained(4, global_seed=0)
    assert elbos != others and not equal(weights, other_weights)


def test_training_stops_with_its_consumer():
    """Three steps taken are three steps of change, whatever number was planned."""
    stopped, planned = make("vae"), make("vae")
    for _ in islice(train(stopped, Observed(stopped, 64), TrainingConfig(steps=100, batch_size=16)), 3):
        pass
    for _ in train(planned, Observed(planned, 64), TrainingConfig(steps=3, batch_size=16)):
        pass
    assert equal(parameters(stopped, "E"), parameters(planned, "E"))
    assert equal(parameters(stopped, "M"), parameters(planned, "M"))


def test_nothing_happens_before_the_first_step_is_asked_for():
    model = make("fa")
    before = parameters(model, "E")
    train(model, Observed(model, 64), TrainingConfig(steps=3))
    assert equal(before, parameters(model, "E"))


def test_the_rate_falls_to_zero_where_it_is_to_decay():
    def sizes(decay: bool) -> list[float]:
        model, steps = make("fa"), []
        config = TrainingConfig(steps=50, batch_size=16, learning_rate=1e-2, decay=decay)
        before = parameters(model, "M")
        for _ in train(model, Observed(model, 64), config):
            after = parameters(model, "M")
            moved = zip(before, after, strict=True)
            steps.append(max((a - b).abs().max().item() for b, a in moved))
            before = after
        return steps

    falling, steady = sizes(decay=True), sizes(decay=False)
    assert falling[0] == steady[0] == pytest.approx(1e-2, rel=1e-3)
    assert falling[-1] < 1e-4 < steady[-1]


def test_a_diverged_run_says_so():
    examples = Examples(torch.full((20, 5), 1e30))
    model = make("fa")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(Diverged, match="step 1: lower the learning rate"):
        list(train(model, examples, TrainingConfig(steps=3)))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_step_with_nothing_to_move_is_refused():
    model = make("fa")
    model.p_x_given_z.requires_grad_(False)
    config = TrainingConfig(steps=4, schedule=Alternating(1, 1))
    with pytest.raises(ValueError, match=r"Step 2 \(M\) has nothing to move"):
        list(train(model, Examples(*observe(model, 20)), config))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps must be a positive whole number"),
        ({"steps": 2.5}, "steps must be a positive whole number, not 2.5"),
        ({"steps": 5, "batch_size": 0}, "batch_size must be a positive whole number"),
        ({"steps": 5, "batch_size": "32"}, "batch_size must be a positive whole number, not '32'"),
        ({"steps": 5, "learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"steps": 5, "learning_rate": float("nan")}, "learning_rate must be above 0"),
    ],
)
def test_impossible_configurations_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**arguments)


@pytest.mark.parametrize("steps", [(0, 0), (-1, 5), (5, -1)])
def test_impossible_schedules_are_refused(steps):
    with pytest.raises(ValueError, match="alternating schedule"):
        Alternating(*steps)


def test_a_schedule_of_one_phase_holds_the_other_for_good():
    model = make("vae")
    before = parameters(model, "M")
    config = TrainingConfig(steps=5, batch_size=16, schedule=Alternating(1, 0))
    assert {progress.phase for progress in train(model, Observed(model, 64), config)} == {"E"}
    assert equal(before, parameters(model, "M"))


def test_the_e_step_closes_the_gap_and_the_m_step_cannot():
    """On factor analysis both can be seen: φ alone leaves the evidence and lowers the gap."""
    (train_x, _), model = synthetic(0), FactorAnalysis(3, 2)
    with torch.no_grad():
        evidence, gap = model.evidence(train_x).mean(), model.gap(train_x).mean()
        config = TrainingConfig(steps=600, learning_rate=3e-2, decay=True, schedule=Alternating(1, 0))
    for _ in train(model, Examples(train_x), config):
        pass
    with torch.no_grad():
        assert torch.equal(model.evidence(train_x).mean(), evidence)
        assert model.gap(train_x).mean() < 0.1 * gap


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_vae_learns_digits(bfloat16):
    digits = data.load_sample()
    images = digits.train.images[:400]
    torch.manual_seed(0)
    model = VAE(hidden_dims=[64], latent_dim=5, dropout=0.1)
    (x,) = Examples(digits.test.images[:300], model.observation).fixed()
    start = evaluate(model, x).elbo
    config = TrainingConfig(steps=60, batch_size=50, learning_rate=3e-3, bfloat16=bfloat16)
    for _ in train(model, Examples(images, model.observation), config):
        pass
    assert evaluate(model, x).elbo > start + 400


def test_noise_of_posterior_samples_differs_from_step_to_step():
    model = make("fa")
    examples = Examples(torch.zeros(4, 5))
    config = TrainingConfig(steps=3, batch_size=4, learning_rate=1e-12)
    assert len({progress.terms["reconstruction"] for progress in train(model, examples, config)}) == 3


def test_what_is_held_moves_once_it_is_released():
    model = make("gmvae")
    model.q_y_given_x.requires_grad_(False)
    held = [parameter.detach().clone() for parameter in model.q_y_given_x.parameters()]
    for progress in train(model, Observed(model, 64), TrainingConfig(steps=6, batch_size=16)):
        still = equal(held, list(model.q_y_given_x.parameters()))
        assert still == (progress.step <= 3)
        if progress.step == 3:
            model.requires_grad_(True)

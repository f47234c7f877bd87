"""The optimiser loop: schedules, repeatability, stopping, divergence, and that it raises the ELBO."""

import dataclasses
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aevb import (
    CVAE,
    GMVAE,
    VAE,
    VRNN,
    Alternating,
    Examples,
    FactorAnalysis,
    LatentVariableModel,
    Simultaneous,
    TrainingConfig,
    data,
    devices,
    evaluate,
    train,
    training,
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


def test_an_overflow_at_the_first_step_names_the_scale_of_the_data():
    examples = Examples(torch.linspace(-1, 1, 20)[:, None].expand(-1, 5) * 1e30)
    model = make("fa")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    problem = r"The ELBO is (-inf|nan) at step 1, on values from -1e\+30 to 1e\+30: bring the data"
    with pytest.raises(Diverged, match=problem):
        list(train(model, examples, TrainingConfig(steps=3)))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not model.training


class Scripted(LatentVariableModel):
    """A model whose ELBO at each step is given: what is said of it can be seen without its falling."""

    observation = "vector"
    data_dim, latent_dim = 2, 1

    def __init__(self, elbos: Iterator[float]):
        super().__init__()
        self.p_nothing = nn.Parameter(torch.zeros(()))
        self.elbos = elbos

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        return {"reconstruction": next(self.elbos) + 0 * self.p_nothing.expand(len(x))}

    log_ratios = posterior_mean = ancestral_sample = None  # type: ignore[assignment]


def scripted(elbos: list[float]) -> int:
    """How many steps of a run with these ELBOs are taken."""
    taken = 0
    for _ in train(Scripted(iter(elbos)), Examples(torch.zeros(4, 2)), TrainingConfig(len(elbos))):
        taken += 1
    return taken


def test_a_run_diverges_once_it_stays_out_of_all_proportion():
    """A first ELBO of -3 on 2 numbers allows for a fall to -3 - 100 (3 + 2) = -503."""
    with pytest.raises(
        Diverged, match=r"The ELBO is -504 at step 12: lower the learning rate, which is 0\.001"
    ):
        scripted([-3.0, -2.0, *[-504.0] * 10, -3.0])
    assert scripted([-3.0, -2.0, *[-502.0] * 30]) == 32
    assert scripted([-3.0, *([*[-1e9] * 9, -3.0] * 3)]) == 31  # Adam has recovered each time


def test_a_run_may_begin_far_below_where_it_ends():
    assert scripted([-1e8, *[3.0] * 20, *[-1e9] * 20]) == 41  # no worse than a step or two of bad luck


@pytest.mark.parametrize("elbo", [float("nan"), float("-inf"), float("inf")])
def test_an_elbo_that_is_no_number_ends_the_run_at_once(elbo):
    with pytest.raises(Diverged, match=r"at step 3: lower the learning rate"):
        scripted([-3.0, -2.0, elbo, -3.0])


LIKELIHOODS = [
    (FactorAnalysis, {}),
    *(
        (kind, {"likelihood": name})
        for kind in (VAE, CVAE)
        for name in ("continuous bernoulli", "bernoulli", "gaussian")
    ),
    *((kind, {"likelihood": name}) for kind in (GMVAE, VRNN) for name in ("bernoulli", "gaussian")),
    *((GMVAE, {"estimator": name}) for name in ("gumbel relaxed", "gumbel analytic")),
]


def small(kind: type[LatentVariableModel], options: dict[str, str]) -> tuple[LatentVariableModel, Examples]:
    """An untrained model of digits, or of wines in all their scales, and examples."""
    torch.manual_seed(0)
    if kind is FactorAnalysis:
        from sklearn.datasets import load_wine

        return FactorAnalysis(13, 2), Examples(torch.from_numpy(load_wine().data).float())
    sizes = {"memory_dim": 16} if kind is VRNN else {}
    model = kind(hidden_dims=[32, 32], latent_dim=3, **sizes, **options)
    test = data.load_sample().test
    return model, Examples(test.images[:100], model.observation, test.labels[:100])


@pytest.mark.parametrize(("kind", "options"), LIKELIHOODS)
@pytest.mark.parametrize("schedule", [Simultaneous(), Alternating(5, 5)], ids=["together", "in turn"])
def test_sound_runs_never_come_near_it(kind, options, schedule, monkeypatch):
    """A tenth of the margin would do, and no patience: at a rate above any that one would train with."""
    monkeypatch.setattr(training, "OUT_OF_PROPORTION", 10)
    monkeypatch.setattr(training, "PATIENCE", 1)
    model, examples = small(kind, options)
    config = TrainingConfig(20, batch_size=50, learning_rate=1e-2, schedule=schedule, precision="float32")
    assert len(list(train(model, examples, config))) == 20


@pytest.mark.parametrize(("kind", "options"), LIKELIHOODS)
def test_a_learning_rate_of_1000_is_told(kind, options):
    model, examples = small(kind, options)
    config = TrainingConfig(100, batch_size=50, learning_rate=1000.0, precision="float32")
    with pytest.raises(Diverged, match=r"at step \d+: lower the learning rate, which is 1000"):
        list(train(model, examples, config))
    assert not model.training


def test_examples_are_checked_before_the_first_step():
    """Once, by `Examples.require`: the sentences are tested with it."""
    model = VAE(12, 3, [8])
    for examples, problem in (
        (Examples(torch.rand(20, 11)), "takes examples of 12 numbers, but these have 11"),
        (Examples(4 * torch.rand(20, 12)), r"Values must be in \[0, 1\]"),
    ):
        with pytest.raises(ValueError, match=problem):
            next(train(model, examples, TrainingConfig(3)))
    with pytest.raises(ValueError, match="conditional"):
        next(train(make("cvae"), Examples(torch.rand(20, 12)), TrainingConfig(3)))


def test_examples_take_the_models_number_type():
    model = VAE(12, 3, [8]).double()
    numbers = np.random.default_rng(0).random((20, 12)).astype(np.float16)
    (progress,) = train(model, Examples(numbers), TrainingConfig(1, batch_size=10))
    assert progress.precision == "float64"


class Dropping(nn.Module):
    """Somebody's own net, with dropout of its own."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.dropout, self.net = nn.Dropout(0.5), net

    def forward(self, x: Tensor) -> object:
        return self.net(self.dropout(x))


def dropping() -> LatentVariableModel:
    torch.manual_seed(0)
    model = VAE(12, 3, [16], dropout=0.5)
    return model.with_nets(q_z_given_x=Dropping(model.q_z_given_x))


def test_dropout_draws_from_the_run_and_leaves_the_global_stream():
    examples = Examples(torch.rand(64, 12))

    def elbos(seed: int, global_seed: int) -> list[float]:
        model, found = dropping(), []
        torch.manual_seed(global_seed)
        for progress in train(model, examples, TrainingConfig(5, batch_size=16, seed=seed)):
            found.append(progress.elbo)
            torch.rand(3)  # what others draw between the steps makes no difference
        after = torch.rand(3)
        torch.manual_seed(global_seed)
        assert torch.equal(after, [torch.rand(3) for _ in range(6)][-1])  # nor has training made any
        return found

    assert elbos(3, global_seed=0) == elbos(3, global_seed=1)
    assert elbos(3, global_seed=0) != elbos(4, global_seed=0)


def test_masks_differ_from_step_to_step():
    model = dropping()
    examples = Examples(torch.full((16, 12), 0.5))
    seen = []
    model.q_z_given_x.dropout.register_forward_hook(lambda module, inputs, output: seen.append(output))
    for _ in train(model, examples, TrainingConfig(3, batch_size=16)):
        pass
    assert not torch.equal(seen[0], seen[1]) and not torch.equal(seen[1], seen[2])
    assert all((mask == 0).any() for mask in seen)


def test_a_model_is_in_evaluation_mode_whenever_it_can_be_looked_at():
    """So `encode` and `sample` are no more random than they should be."""
    model = dropping().train()
    examples = Examples(torch.rand(64, 12))
    trained = []
    model.q_z_given_x.dropout.register_forward_hook(lambda module, *_: trained.append(module.training))
    for _ in train(model, examples, TrainingConfig(3, batch_size=16)):
        assert not any(module.training for module in model.modules())
        assert torch.equal(model.encode(examples.values), model.encode(examples.values))
    assert not any(module.training for module in model.modules())
    assert trained.count(True) == 3


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
        ({"steps": 5, "learning_rate": float("inf")}, "learning_rate must be above 0 and finite, not inf"),
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


def test_numpys_sizes_are_sizes():
    config = TrainingConfig(np.int64(5), batch_size=np.int32(2))
    assert dataclasses.asdict(config)["steps"] == 5
    assert type(config.steps) is int and type(config.batch_size) is int


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_vae_learns_digits(precision, monkeypatch):
    monkeypatch.setattr(devices, "precision", lambda *asked: precision)  # however slow it is here
    digits = data.load_sample()
    images = digits.train.images[:400]
    torch.manual_seed(0)
    model = VAE(hidden_dims=[64], latent_dim=5, dropout=0.1)
    (x,) = Examples(digits.test.images[:300], model.observation).fixed()
    start = evaluate(model, x).elbo
    config = TrainingConfig(steps=60, batch_size=50, learning_rate=3e-3)
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

"""The optimiser loop: schedules, repeatability, stopping, divergence, and that it raises the ELBO."""

import copy
import dataclasses
import json
import math
import warnings
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from aevb import (
    CVAE,
    GMVAE,
    VAE,
    VRNN,
    Alternating,
    Examples,
    FactorAnalysis,
    LatentVariableModel,
    Run,
    Simultaneous,
    TrainingConfig,
    data,
    devices,
    evaluate,
    train,
    training,
)
from aevb.captured import Replayed, settings
from aevb.data import Split
from aevb.models import REGISTRY
from aevb.models.factor_analysis import synthetic
from aevb.training import Diverged, read_schedule
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
    def sizes(rate: str) -> list[float]:
        model, steps = make("fa"), []
        config = TrainingConfig(steps=50, batch_size=16, learning_rate=1e-2, rate=rate)
        before = parameters(model, "M")
        for _ in train(model, Observed(model, 64), config):
            after = parameters(model, "M")
            moved = zip(before, after, strict=True)
            steps.append(max((a - b).abs().max().item() for b, a in moved))
            before = after
        return steps

    falling, steady = sizes("cosine"), sizes("constant")
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


def test_a_float16_model_that_diverges_is_told_of_its_type():
    """Squares of its gradients are 0 in float16, and so is Adam's epsilon: no learning rate would help."""
    model = make("gmvae").half()
    with pytest.raises(Diverged, match=r"at step \d+: lower .* or convert the model by model\.float\(\)"):
        list(train(model, Observed(model, 60), TrainingConfig(100, batch_size=20)))


def test_weights_that_the_last_step_left_no_numbers_are_told_of():
    """No step comes after it that would measure them: NaN passed for a trained model."""
    model = VAE(4, 2, [3], likelihood="bernoulli").half()
    config = TrainingConfig(1, batch_size=20, optimiser="rmsprop")
    with pytest.raises(Diverged, match=r"not finite after step 1, the last: lower .* by model\.float\(\)"):
        list(train(model, Examples(torch.zeros(20, 4)), config))  # a gradient of 0, over its root of 0


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
    test = digits()
    return model, Examples(test.images[:100], model.observation, test.labels[:100])


@cache
def digits() -> Split:
    return data.load_sample().test


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


@every_model
def test_what_can_be_read_is_trained_on_alike(name):
    """A torch Dataset, with labels where the model wants some, and an array, as Examples of them."""
    start = make(name)
    x, *y = observe(start, 40)
    config = TrainingConfig(2, batch_size=10, precision="float32")
    given = [Examples(x, labels=y[0] if y else None), TensorDataset(x, *y), *([] if y else [x, x.numpy()])]
    found = [[step.elbo for step in train(copy.deepcopy(start), data, config)] for data in given]
    assert all(elbos == found[0] for elbos in found)


def test_grey_levels_are_seen_as_the_model_looks_at_them():
    images = torch.randint(256, (40, 3, 4), dtype=torch.uint8)
    start, config = make("gmvae"), TrainingConfig(2, batch_size=10, precision="float32")
    found = [
        [step.elbo for step in train(copy.deepcopy(start), data, config)]
        for data in (images, Examples(images, start.observation))
    ]
    assert found[0] == found[1]


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
        ({"steps": 5, "optimiser": "lion"}, "optimiser must be one of adam, rmsprop, sgd, not 'lion'"),
        ({"steps": 5, "rate": "linear"}, "rate must be one of constant, cosine, not 'linear'"),
        ({"steps": 5, "rate_warmup": -1}, "rate_warmup must be a positive whole number, not -1"),
        ({"steps": 5, "kl_warmup": 2.5}, "kl_warmup must be a positive whole number, not 2.5"),
        ({"steps": 5, "beta": -1.0}, "beta must be at least 0 and finite, not -1.0"),
        ({"steps": 5, "free_bits": float("nan")}, "free_bits must be at least 0 and finite, not nan"),
        ({"steps": 5, "weight_decay": float("inf")}, "weight_decay must be at least 0 and finite, not inf"),
        ({"steps": 5, "clip": 0.0}, "clip must be above 0 and finite, not 0.0"),
        ({"steps": 5, "averaging": 1.0}, "averaging must be between 0 and 1, or None, not 1.0"),
        ({"steps": 5, "patience": 0}, "patience must be a positive whole number, not 0"),
        ({"steps": 5, "seed": 1.5}, "seed must be a whole number from 0 to below 2\\*\\*63, not 1.5"),
        ({"steps": 5, "seed": None}, "seed must be a whole number"),
        (
            {"steps": 5, "schedule": "AEVB"},
            r"schedule must be Simultaneous\(\) or Alternating\(…\), not 'AEVB'",
        ),
    ],
)
def test_impossible_configurations_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**arguments)


@pytest.mark.parametrize("steps", [(0, 0), (-1, 5), (5, -1), (1.5, 2), (True, 2)])
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
        config = TrainingConfig(steps=600, learning_rate=3e-2, rate="cosine", schedule=Alternating(1, 0))
    for _ in train(model, Examples(train_x), config):
        pass
    with torch.no_grad():
        assert torch.equal(model.evidence(train_x).mean(), evidence)
        assert model.gap(train_x).mean() < 0.1 * gap


def test_numpys_sizes_are_sizes():
    config = TrainingConfig(np.int64(5), batch_size=np.int32(2))
    assert dataclasses.asdict(config)["steps"] == 5
    assert type(config.steps) is int and type(config.batch_size) is int


def test_numpys_numbers_are_numbers():
    """Of all settings, also those that are changed in mid-run: a run's state is JSON."""
    config = TrainingConfig(
        np.int64(5),
        batch_size=np.int32(16),
        learning_rate=np.float32(1e-3),
        rate_warmup=np.int64(0),
        schedule=Alternating(np.int64(2), np.int32(3)),
        seed=np.int64(1),
        beta=np.float32(2.0),
        clip=np.float32(50.0),
        averaging=np.float32(0.5),
    )
    assert TrainingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    model = make("vae")
    run = Run(model, Observed(model, 64), config)
    run.handle.learning_rate, run.handle.beta = np.float32(1e-4), np.float16(1.0)
    run.handle.schedule = Alternating(np.int64(1), np.int64(1))
    run.advance()
    tensors, facts = run.state()
    Run(make("vae"), Observed(model, 64), config).restore(tensors, json.loads(json.dumps(facts)))


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


# What is ascended, and how


@every_model
def test_the_elbo_that_is_told_is_the_elbo_whatever_is_ascended(name):
    """At the first step, before anything has moved, it does not depend on it."""
    told = []
    for options in ({}, {"beta": 0.0}, {"beta": 4.0, "kl_warmup": 10}, {"free_bits": 0.5}):
        model = make(name)
        run = Run(model, Observed(model, 64), TrainingConfig(5, batch_size=16, **options))
        progress = run.advance()
        assert progress.elbo == pytest.approx(sum(progress.terms.values()), rel=1e-5)
        told.append((progress.elbo, progress.terms))
    assert all(one == told[0] for one in told)


def gradients(model: LatentVariableModel) -> dict[str, Tensor]:
    found = {name: p.grad for name, p in model.named_parameters()}
    return {name: torch.zeros(()) if gradient is None else gradient for name, gradient in found.items()}


@every_model
def test_without_weight_on_the_kl_the_reconstruction_alone_is_ascended(name):
    model, other = make(name), make(name)
    examples = Observed(model, 16)
    Run(model, examples, TrainingConfig(5, batch_size=16, beta=0.0)).advance()
    seen = torch.Generator().manual_seed(0)
    (batch,) = examples.require(other).epoch(16, seen)
    (-other.train()(*batch, generator=seen)["reconstruction"].mean()).backward()
    for parameter, expected in gradients(other).items():
        torch.testing.assert_close(
            gradients(model)[parameter], expected.expand_as(gradients(model)[parameter])
        )


class Known(LatentVariableModel):
    """Its KLs are three numbers, its reconstruction a fourth, and it moves them."""

    observation = "vector"
    data_dim, latent_dim = 2, 2

    def __init__(self, kl: list[float], by_dimension: bool = True):
        super().__init__()
        self.p_reconstruction = nn.Parameter(torch.tensor(-3.0))
        self.q_kl = nn.Parameter(torch.tensor(kl))
        self.by_dimension = by_dimension

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        *kl_z, kl_y = self.q_kl
        return {
            "reconstruction": self.p_reconstruction.expand(len(x)),
            "minus_kl_z": -sum(kl_z).expand(len(x)),
            "minus_kl_y": -kl_y.expand(len(x)),
        }

    def kl_by_dimension(self, *observed: Tensor, generator: torch.Generator | None = None) -> Tensor:
        if not self.by_dimension:
            raise NotImplementedError
        return self.q_kl[:-1].expand(len(observed[0]), -1)

    log_ratios = posterior_mean = ancestral_sample = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("options", "by_dimension", "expected"),
    [
        ({}, True, [1, 1, 1]),
        ({"beta": 4.0}, True, [4, 4, 4]),
        ({"free_bits": 0.5}, True, [0, 1, 0]),  # each latent number, and y, by itself
        ({"free_bits": 0.5, "beta": 3.0}, True, [0, 3, 0]),
        ({"free_bits": 0.5}, False, [1, 1, 0]),  # z as a whole
        ({"free_bits": 1.5}, False, [0, 0, 0]),
        ({"kl_warmup": 10}, True, [0.1, 0.1, 0.1]),
    ],
)
def test_a_kl_weighs_beta_and_nothing_where_it_is_free(options, by_dimension, expected):
    model = Known([0.2, 0.9, 0.4], by_dimension)
    progress = Run(model, Examples(torch.zeros(4, 2)), TrainingConfig(5, **options)).advance()
    torch.testing.assert_close(model.q_kl.grad, torch.tensor(expected, dtype=torch.float32))
    assert progress.elbo == pytest.approx(-3 - 1.5) and model.p_reconstruction.grad == -1
    assert progress.gradient == {"p": 1.0, "q": pytest.approx(math.hypot(*expected))}


def test_free_bits_keep_a_latent_that_would_collapse():
    """On noise there is nothing to tell: without them the KL vanishes, with them it stays where it may."""
    noise = torch.rand(200, 12, generator=torch.Generator().manual_seed(1))

    def kl(free_bits: float) -> float:
        model = make("vae")
        config = TrainingConfig(400, batch_size=50, learning_rate=1e-2, free_bits=free_bits)
        *_, last = train(model, Examples(noise, "continuous"), config)
        return -last.terms["minus_kl_z"]

    assert kl(0.0) < 0.1 and kl(0.3) == pytest.approx(3 * 0.3, abs=0.3)


def test_a_model_without_kl_terms_has_nothing_to_weigh():
    for options in ({"beta": 2.0}, {"free_bits": 0.1}, {"kl_warmup": 5}):
        run = Run(Scripted(iter([-3.0])), Examples(torch.zeros(4, 2)), TrainingConfig(5, **options))
        with pytest.raises(ValueError, match="Scripted has no KL term to weigh or to free: none of reconstr"):
            run.advance()


def test_a_kl_that_weighs_nothing_may_grow():
    """The ELBO falls to -100,003, far below what is in proportion to -4.5, but its reconstruction stands."""
    model = Known([0.2, 0.9, 0.4])
    run = Run(model, Examples(torch.zeros(4, 2)), TrainingConfig(30, beta=0.0))
    run.advance()
    with torch.no_grad():
        model.q_kl += 1e5
    assert min(run.advance().elbo for _ in range(20)) < -1e5
    run.handle.beta = 1.0
    with pytest.raises(Diverged, match="lower the learning rate"):
        list(islice(iter(run.advance, None), 10))


@pytest.mark.parametrize("clip", [0.01, 1e6])
def test_a_gradient_is_shortened_to_the_norm_that_is_set(clip):
    model, free = make("vae"), make("vae")
    config = TrainingConfig(5, batch_size=16)
    told = Run(model, Observed(model, 64), dataclasses.replace(config, clip=clip)).advance()
    long = Run(free, Observed(free, 64), config).advance()
    assert told.gradient == long.gradient  # as they were before
    norm = math.hypot(*told.gradient.values())
    assert norm == pytest.approx(math.hypot(*(g.norm().item() for g in gradients(free).values())), rel=1e-4)
    found = math.hypot(*(g.norm().item() for g in gradients(model).values()))
    assert found == pytest.approx(min(norm, clip), rel=1e-3)


def test_the_gradients_of_what_stands_still_are_not_told():
    model = make("fa")
    config = TrainingConfig(steps=2, batch_size=16, schedule=Alternating(1, 1))
    e_step, m_step = train(model, Observed(model, 64), config)
    assert e_step.gradient.keys() == {"q"} and m_step.gradient.keys() == {"p"}


def test_weights_are_averaged_as_by_hand():
    model = make("vae")
    run = Run(model, Observed(model, 64), TrainingConfig(8, batch_size=16, averaging=0.4))
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(1, 9):
        run.advance()
        decay = min(0.4, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * value
    own = {name: value.clone() for name, value in model.state_dict().items()}
    with run.averaged() as averaged:
        for name, value in averaged.state_dict().items():
            torch.testing.assert_close(value, expected[name])
            assert not torch.equal(value, own[name])
    assert all(torch.equal(own[name], value) for name, value in model.state_dict().items())


def test_after_the_last_step_a_model_has_its_averaged_weights():
    model, plain = make("vae"), make("vae")
    config = TrainingConfig(6, batch_size=16)
    averaged = train(model, Observed(model, 64), dataclasses.replace(config, averaging=0.5))
    alike = []
    for _ in train(plain, Observed(plain, 64), config):
        next(averaged)  # and no further record is asked for
        alike.append(equal(parameters(model, "M"), parameters(plain, "M")))
    assert alike == [*[True] * 5, False]


@pytest.mark.parametrize(
    ("optimiser", "steps"),
    [
        ("adam", [1, 1, 1]),
        ("rmsprop", [(1 - 0.99**n) ** -0.5 for n in (1, 2, 3)]),
        ("sgd", [1, 1 + 0.9, 1 + 0.9 + 0.81]),
    ],
)
def test_a_step_is_what_its_optimiser_makes_of_the_gradient(optimiser, steps):
    """Of a gradient that is 1 throughout, in closed form."""
    model = Known([1.0] * 3)
    config = TrainingConfig(3, optimiser=optimiser, learning_rate=0.1)
    found = [-3.0]
    for _ in train(model, Examples(torch.zeros(4, 2)), config):
        found.append(model.p_reconstruction.item())
    assert np.diff(found) == pytest.approx([0.1 * step for step in steps], rel=1e-5)


@pytest.mark.parametrize("optimiser", training.OPTIMISERS)
def test_weights_decay_by_their_share_of_the_rate(optimiser):
    model = Scripted(iter([-3.0] * 4))  # whose gradient is 0
    with torch.no_grad():
        model.p_nothing += 2
    config = TrainingConfig(4, optimiser=optimiser, learning_rate=0.1, weight_decay=0.5)
    for progress in train(model, Examples(torch.zeros(4, 2)), config):
        assert model.p_nothing.item() == pytest.approx(2 * (1 - 0.1 * 0.5) ** progress.step)


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        ({}, [1, 1, 1, 1, 1, 1]),
        ({"rate_warmup": 4}, [0.25, 0.5, 0.75, 1, 1, 1]),
        ({"rate": "cosine"}, [(1 + math.cos(math.pi * gone / 6)) / 2 for gone in range(6)]),
        ({"rate": "cosine", "rate_warmup": 2}, [0.5, 1, 1, *[(1 + 2**-0.5) / 2, 0.5, (1 - 2**-0.5) / 2]]),
        ({"rate": "cosine", "rate_warmup": 9}, [step / 9 for step in range(1, 7)]),
    ],
)
def test_the_rate_warms_up_and_falls(options, rates):
    config = TrainingConfig(6, learning_rate=0.5, **options)
    told = [p.rate for p in train(Scripted(iter([-3.0] * 6)), Examples(torch.zeros(4, 2)), config)]
    assert told == pytest.approx([0.5 * rate for rate in rates])


def test_the_weight_of_the_kl_warms_up():
    config = TrainingConfig(5, beta=2.0, kl_warmup=4)
    told = [progress.beta for progress in train(Known([1.0] * 3), Examples(torch.zeros(4, 2)), config)]
    assert told == [0.5, 1.0, 1.5, 2.0, 2.0]


# What is changed in mid-run


def test_what_is_changed_holds_from_the_next_step_and_is_noted():
    model = make("vae")
    run = Run(model, Observed(model, 64), TrainingConfig(9, batch_size=16))
    run.advance()
    run.handle.learning_rate, run.handle.schedule = 1e-4, Alternating(1, 1)
    second = run.advance()
    run.handle.beta = 3.0
    third = run.advance()
    run.handle.learning_rate = 1e-4  # as it is
    run.advance()
    assert (second.rate, second.phase, second.beta) == (1e-4, "M", 1.0)
    assert (third.rate, third.phase, third.beta) == (1e-4, "E", 3.0)
    assert run.changes == [
        {"step": 2, "learning_rate": 1e-4, "schedule": [1, 1]},
        {"step": 3, "beta": 3.0},
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("learning_rate", 0.0), ("beta", -1.0), ("beta", math.nan), ("schedule", (2, 2)), ("schedule", "AEVB")],
)
def test_nothing_impossible_is_set(name, value):
    model = make("vae")
    run = Run(model, Observed(model, 64), TrainingConfig(9))
    before = run.handle.to_json()
    with pytest.raises(ValueError, match=f"{name} must be"):
        setattr(run.handle, name, value)
    with pytest.raises(AttributeError, match="lr"):
        run.handle.lr = 1e-4
    with pytest.raises(ValueError, match="phase must be one of E, M, EM, not 'e'"):
        run.advance("e")
    assert run.handle.to_json() == before and run.step == 0


def test_what_is_recorded_is_recorded_anew_where_a_constant_changed(monkeypatch):
    """A graph needs a GPU (`tests/second_device.py`); what is held against it, and when, does not."""
    model, recorded = make("gmvae"), []

    def record(self: Replayed, inputs: Sequence[Tensor]) -> None:
        recorded.append(model.temperature)
        self._inputs, self._outputs = list(inputs), [torch.tensor(model.temperature)]
        self._graph = SimpleNamespace(replay=lambda: None)

    monkeypatch.setattr(Replayed, "_record", record)
    of_a_gpu = SimpleNamespace(device=torch.device("cuda"))
    replayed = Replayed(lambda: [torch.tensor(model.temperature)], of_a_gpu, partial(settings, model))
    for temperature in (0.5, 0.25):
        model.temperature = temperature
        assert [replayed()[0].item() for _ in range(6)] == [temperature] * 6
    assert recorded == [0.5, 0.25]
    for step in range(6):  # annealed at each step
        model.temperature = 1 / (step + 1)
        assert replayed()[0].item() == pytest.approx(model.temperature)
    assert recorded == [0.5, 0.25]


def test_a_step_by_hand_moves_what_it_is_told_to():
    model = make("vae")
    run = Run(model, Observed(model, 64), TrainingConfig(9, batch_size=16))
    before = parameters(model, "M")
    assert [run.advance(phase).phase for phase in ("E", "E", None)] == ["E", "E", "EM"]
    run = Run(model, Observed(model, 64), TrainingConfig(9, batch_size=16))
    moved = parameters(model, "M")
    run.advance("E")
    assert equal(moved, parameters(model, "M")) and not equal(before, moved)


# What is kept of a run


WAYS = {
    "plain": {},
    "averaged": {
        "averaging": 0.9,
        "optimiser": "sgd",
        "learning_rate": 1e-5,
        "rate": "cosine",
        "rate_warmup": 3,
    },
    "in turn": {
        "schedule": Alternating(2, 3),
        "optimiser": "rmsprop",
        "beta": 2.0,
        "kl_warmup": 6,
        "free_bits": 0.1,
        "clip": 1.0,
    },
}


def same_run(run: Run, other: Run) -> bool:
    """Whether all that is to come of them is the same."""
    (tensors, facts), (others, other_facts) = run.state(), other.state()
    del facts["seconds"], other_facts["seconds"]
    assert tensors.keys() == others.keys() and facts == other_facts
    return all(torch.equal(tensors[name], others[name]) for name in tensors)


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_a_run_goes_on_as_if_it_had_never_stopped(name, way):
    """Within an epoch and at its end, from plain JSON, on a model with other weights; nothing is shared."""
    config = TrainingConfig(11, batch_size=16, weight_decay=0.01, **WAYS[way])

    def begin(seed: int = 0) -> Run:
        model = make(name, seed)
        return Run(model, Observed(model, 60), config)

    whole = begin()
    elbos = [whole.advance().elbo for _ in range(11)]
    assert whole.finished
    for stop in (0, 3, 5):  # an epoch has three steps
        first = begin()
        found = [first.advance().elbo for _ in range(stop)]
        tensors, facts = first.state()
        assert all(tensor.device.type == "cpu" for tensor in tensors.values())
        first.advance()  # which the state takes no notice of
        torch.rand(3)
        second = begin(seed=7)
        second.restore(tensors, json.loads(json.dumps(facts)))
        assert second.step == stop and second.seconds == facts["seconds"]
        found += [second.advance().elbo for _ in range(11 - stop)]
        assert found == elbos and same_run(whole, second)


def test_dropout_changes_and_what_is_held_go_on_too():
    examples = Examples(torch.rand(64, 12))

    def begin() -> Run:
        return Run(dropping(), examples, TrainingConfig(9, batch_size=16))

    def change(run: Run) -> None:
        run.handle.learning_rate, run.handle.schedule, run.handle.beta = 1e-2, Alternating(1, 1), 0.5
        run.model.p_x_given_z.logits.requires_grad_(False)

    whole = begin()
    for step in range(9):
        if step == 3:
            change(whole)
        whole.advance()
    first, second = begin(), begin()
    for _ in range(3):
        first.advance()
    change(first)  # what has not yet held for a step is kept too
    second.restore(*first.state())
    while not second.finished:
        second.advance()
    assert same_run(whole, second) and second.changes[0]["step"] == 4


def test_the_state_of_another_run_is_refused():
    model = make("vae")
    config = TrainingConfig(9, batch_size=16)
    run = Run(model, Observed(model, 64), config)
    tensors, facts = run.state()
    changed = Observed(model, 64)
    changed.values[63, 0] = 1 - changed.values[63, 0]
    others = [
        (Run(model, changed, config), "its data has checksum"),
        (
            Run(model, Observed(model, 64), dataclasses.replace(config, seed=1)),
            "training has seed 0, and this",
        ),
        (Run(model, Observed(model, 65), config), "data has examples 64, and this one's 65"),
        (Run(make("gmvae"), Observed(make("gmvae"), 64), config), "its model has"),
    ]
    for other, problem in others:
        with pytest.raises(ValueError, match=problem):
            other.restore(tensors, facts)
    for lacking in ("generator", "model.q_z_given_x.loc.weight"):
        with pytest.raises(ValueError, match="The state is not one of this run"):
            run.restore({name: value for name, value in tensors.items() if name != lacking}, facts)


def test_a_configuration_is_plain_json_and_back():
    for config in (
        TrainingConfig(5),
        TrainingConfig(5, schedule=Alternating(2, 3), averaging=0.9, patience=3, rate="cosine"),
    ):
        assert TrainingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert TrainingConfig.from_json({"steps": 5}) == TrainingConfig(5)
    with pytest.raises(ValueError, match=r"The settings of a training are not as they should be: .* 'str'"):
        TrainingConfig.from_json({"steps": 5, "learning_rate": "fast"})
    with pytest.raises(ValueError, match="A training has no setting momentum"):
        TrainingConfig.from_json({"steps": 5, "momentum": 0.9})
    with pytest.raises(ValueError, match=r'A schedule is "AEVB" or two whole numbers \[E, M\], not \[1\]'):
        read_schedule([1])


# Data on another scale than the model starts at

COLUMNS = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 30, 900]) + 500


def gaussian(**settings) -> VAE:
    return VAE(data_dim=3, latent_dim=2, hidden_dims=[8], likelihood="gaussian", **settings)


@pytest.mark.parametrize("x", [COLUMNS, COLUMNS * 1e-6 - 500e-6], ids=["large", "small"])
def test_columns_far_from_the_scale_that_a_model_starts_at_are_told_of(x: Tensor) -> None:
    with pytest.warns(training.ScaleWarning, match=r"sizes from .* a VAE starts at a scale near 1: standard"):
        next(train(gaussian(), x, TrainingConfig(steps=1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        next(train(gaussian(), (x - x.mean(0)) / x.std(0), TrainingConfig(steps=1)))


def test_a_model_that_can_start_on_any_scale_is_told_to() -> None:
    torch.manual_seed(0)
    model = FactorAnalysis(3, 2, mean=True)
    with pytest.warns(training.ScaleWarning, match=r"this FactorAnalysis .* call model\.start\(x\) before"):
        next(train(model, COLUMNS, TrainingConfig(steps=1)))
    model.start(COLUMNS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(train(model, COLUMNS, TrainingConfig(steps=2)))
        list(train(FactorAnalysis(3, 2), synthetic(seed=0)[0], TrainingConfig(steps=2)))
        list(train(gaussian(), torch.zeros(50, 3), TrainingConfig(steps=2)))  # constant: of no scale

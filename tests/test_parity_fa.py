"""Factor analysis in the browser's engine, run by deno, against the one in torch: same data, same noise."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from aevb import Examples, FactorAnalysis, TrainingConfig, distributions, train
from aevb.models.factor_analysis import Posterior, synthetic
from aevb.training import Alternating, Simultaneous

SCRIPT = Path(__file__).parent / "web" / "parity_fa.js"
DENO = Path(sys.executable).with_name("deno")
SIZES = [(3, 1), (3, 2), (3, 3), (8, 3)]
FAMILIES = {"full": "full", "diagonal": "diagonal", "fixed": 0.3}
EXACT = 1e-8
"""The largest difference, relative where a number is above 1, of what both compute in double precision."""

every_size = pytest.mark.parametrize(("data_dim", "latent_dim"), SIZES)


def answers(question: str, model: FactorAnalysis, x: Tensor, **asked: Any) -> dict[str, np.ndarray]:
    """What the engine answers about a model with these parameters, {name: flat numbers}."""
    p, q = model.p_x_given_z, model.q_z_given_x
    parameters = {"W": p.W, "pre_sigma": p.pre_sigma, "V": q.V, "cholesky": q.cholesky}
    given = {
        "question": question,
        "data_dim": model.data_dim,
        "latent_dim": model.latent_dim,
        "family": FAMILIES[model.q_z_given_x.covariance],
        "parameters": {name: flat(parameter) for name, parameter in parameters.items()},
        "x": flat(x),
        **asked,
    }
    command = [DENO, "run", "--quiet", "--no-check", "--no-remote", SCRIPT]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: np.array(values) for name, values in json.loads(done.stdout).items()}


def flat(tensor: Tensor) -> list[float]:
    return tensor.detach().double().flatten().tolist()


def compare(found: np.ndarray, expected: Tensor, most: float = EXACT) -> None:
    values = expected.detach().double().numpy().ravel()
    assert found.shape == values.shape
    assert (np.abs(found - values) / np.maximum(1, np.abs(values))).max() <= most


def state(model: FactorAnalysis) -> Tensor:
    p, q = model.p_x_given_z, model.q_z_given_x
    return torch.cat([value.detach().flatten() for value in (p.W, p.sigma, q.V, q.scale_tril)])


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def example(data_dim: int, latent_dim: int, covariance: Any = "full") -> tuple[FactorAnalysis, Tensor]:
    """A model in double precision, with a full C unless told otherwise, and 40 points."""
    model = FactorAnalysis(data_dim, latent_dim, covariance=covariance, scale=0.3).double()
    generator, cholesky = seeded(), model.q_z_given_x.cholesky
    with torch.no_grad():
        if covariance == "fixed":  # in double precision too
            cholesky.fill_diagonal_(0.3 + math.log(-math.expm1(-0.3)))
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator).double())
        cholesky.copy_(cholesky.tril() if covariance == "full" else cholesky.diagonal().diag())
    return model, torch.randn(40, data_dim, generator=generator).double()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """All noise that the library draws from now on."""
    noise: list[Tensor] = []
    draw = distributions.draw

    def recording(*arguments: Any) -> Tensor:
        noise.append(draw(*arguments))
        return noise[-1]

    monkeypatch.setattr(distributions, "draw", recording)
    return noise


@every_size
def test_densities_and_gradients_are_torchs(data_dim: int, latent_dim: int, drawn: list[Tensor]) -> None:
    model, x = example(data_dim, latent_dim)
    elbo, exact = model.elbo(x, generator=seeded()), model.exact_posterior()
    elbo.mean().backward()
    found = answers("measure", model, x, noise=flat(drawn[0]))
    expected = {
        "evidence": model.evidence(x),
        "gap": model.gap(x),
        "exact_elbo": model.exact_elbo(x),
        "elbo": elbo,
        "V_exact": exact.V,
        "covariance_exact": exact.covariance,
        **{name: parameter.grad for name, parameter in model.named_parameters()},
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert values is not None
        compare(found[name], values)


@every_size
def test_exact_steps_are_torchs(data_dim: int, latent_dim: int) -> None:
    model, x = example(data_dim, latent_dim)
    found = answers("steps", model, x)
    model.m_step(x)
    compare(found["m_step"], state(model))
    model, x = example(data_dim, latent_dim)
    model.e_step()
    compare(found["e_step"], state(model))


@pytest.mark.parametrize("covariance", ["diagonal", "fixed"])
def test_smaller_families_of_q_are_torchs_and_an_e_step_takes_their_nearest(
    covariance: str, drawn: list[Tensor]
) -> None:
    model, x = example(8, 3, covariance)
    model.elbo(x, generator=seeded()).mean().backward()
    found = answers("measure", model, x, noise=flat(drawn[0]))
    for name in ("evidence", "gap", "exact_elbo"):
        compare(found[name], getattr(model, name)(x))
    for name, parameter in model.named_parameters():
        compare(found[name], torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
    found, before = answers("steps", model, x), model.evidence(x)
    model.e_step()
    compare(found["e_step"], state(model))
    assert torch.equal(model.evidence(x), before)
    nearest, free = model.gap(x).mean(), FactorAnalysis(8, 3).double()
    assert nearest > 1e-3
    free.load_state_dict(model.state_dict())
    for factor in (0.98, 1.02):  # none beside it is nearer: of the diagonals, or of the means of a fixed one
        C, V = model.q_z_given_x.scale_tril.detach(), model.q_z_given_x.V.detach()
        with torch.no_grad():
            free._set_phi(Posterior(V, factor * C) if covariance == "diagonal" else Posterior(factor * V, C))
        assert free.gap(x).mean() > nearest


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_classic_em_is_torchs_for_40_iterations(latent_dim: int) -> None:
    model, _ = example(3, latent_dim)
    x = synthetic(0)[0].double()
    found = answers("em", model, x, iterations=40)
    states, evidence = [], []
    for _, fitted in zip(range(40), _iterations(model, x), strict=False):
        states.append(state(fitted))
        evidence.append(fitted.evidence(x).mean())
    compare(found["states"], torch.cat(states))
    compare(found["evidence"], torch.stack(evidence))


def _iterations(model: FactorAnalysis, x: Tensor) -> Iterator[FactorAnalysis]:
    while True:
        model.e_step()
        model.m_step(x)
        yield model


class Recorded(Examples):
    """Examples that keep the batches that were taken of them."""

    def __init__(self, values: Tensor):
        super().__init__(values)
        self.batches: list[Tensor] = []

    def batch(self, index: Tensor, generator: Generator) -> tuple[Tensor, ...]:
        (x,) = super().batch(index, generator)
        self.batches.append(x)
        return (x,)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, EXACT), (torch.float32, 1e-4)])
@pytest.mark.parametrize("schedule", [Simultaneous(), Alternating(60, 40)])
@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_300_steps_of_adam_are_torchs(
    latent_dim: int,
    schedule: Simultaneous | Alternating,
    dtype: torch.dtype,
    most: float,
    drawn: list[Tensor],
) -> None:
    """Along the batches and the noise that the library's own trainer draws."""
    model, examples = FactorAnalysis(3, latent_dim).to(dtype), Recorded(synthetic(1)[0].to(dtype))
    with torch.no_grad():
        for parameter in model.generative_parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=seeded(latent_dim)))
        model.q_z_given_x.V.copy_(torch.randn(latent_dim, 3, generator=seeded(9)))
    start = FactorAnalysis(3, latent_dim).to(dtype)
    start.load_state_dict(model.state_dict())
    config = TrainingConfig(steps=300, batch_size=32, learning_rate=1e-2, schedule=schedule)
    drawn.clear()  # the data's
    states = [state(model) for _ in train(model, examples, config)]
    in_turn = isinstance(schedule, Alternating)
    asked = {
        "learningRate": config.learning_rate,
        "schedule": {"eSteps": schedule.e_steps, "mSteps": schedule.m_steps} if in_turn else None,
        "batches": [
            {"x": flat(x), "noise": flat(noise)} for x, noise in zip(examples.batches, drawn, strict=True)
        ],
    }
    compare(answers("train", start, examples.values, **asked)["states"], torch.cat(states), most)

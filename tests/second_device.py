"""What is checked on a second device: this machine's own, if it has one, and always a stand-in for one.

tests/test_devices.py runs this file in a process of its own.
"""

import dataclasses
import json
import math
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from aevb import (
    CVAE,
    GMVAE,
    VAE,
    VRNN,
    Examples,
    TrainingConfig,
    captured,
    cluster_start,
    data,
    devices,
    evaluate,
    runs,
    stored,
    widgets,
)
from aevb.__main__ import main
from aevb.commands import options
from aevb.data import Images, Split
from aevb.evaluation import dimension_kl, elbos, importance_bounds, posterior_means, responsibilities
from aevb.explore import codes, maps, measures
from aevb.models import REGISTRY
from aevb.training import Alternating, Run, train
from tests.far_device import far_device
from tests.small_models import make, observe

every_model = pytest.mark.parametrize("name", REGISTRY)
CPU = torch.device("cpu")
ACCELERATOR = torch.accelerator.current_accelerator(check_available=True)


def test_the_stand_in_refuses_what_a_device_refuses(monkeypatch):
    with far_device(monkeypatch) as far:
        there = torch.ones(3, device=far)
        assert devices.device().type == far.type and there.device == far
        for mixed in (
            lambda: there + torch.ones(3),
            lambda: there.numpy(),
            lambda: torch.rand(3, device=far, generator=torch.Generator()),
            lambda: torch.rand(3, generator=torch.Generator(far)),
            lambda: torch.randn_like(there, generator=torch.Generator()),
        ):
            with pytest.raises(RuntimeError):
                mixed()
        with pytest.raises(TypeError, match="no float64"):
            there.double()


@pytest.fixture(params=["stand-in", *([ACCELERATOR] if ACCELERATOR else [])], ids=str)
def second(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    if request.param == "stand-in":
        with far_device(monkeypatch) as far:
            yield far
    else:
        yield request.param


def agree(found: Any, expected: Any, device: torch.device) -> bool:
    """Equal to a rounding; only the stand-in draws the CPU's own noise."""
    if device.type != "far":
        return True
    return found == pytest.approx(expected, rel=1e-4)


@every_model
def test_a_model_that_was_moved_is_trained(name, second):
    """Examples, labels, generators and buffers follow it, and every step is the CPU's."""
    runs_of = {}
    for device in (CPU, second):
        model = make(name).to(device)
        x, *y = observe(model, 60)
        config = TrainingConfig(steps=4, batch_size=20, learning_rate=1e-2, precision="float32")
        runs_of[device] = list(train(model, Examples(x, labels=y[0] if y else None), config))
        assert all(parameter.device.type == device.type for parameter in model.parameters())
    assert all(math.isfinite(progress.elbo) for progress in runs_of[second])
    assert {torch.device(progress.device).type for progress in runs_of[second]} == {second.type}
    assert agree(*([progress.elbo for progress in runs_of[device]] for device in (second, CPU)), second)


@pytest.mark.parametrize("kind", [VAE, GMVAE])
@pytest.mark.parametrize(
    "told", [{}, {"schedule": Alternating(4, 4), "beta": 2.0, "kl_warmup": 10, "clip": 50.0}]
)
def test_a_replayed_step_is_the_plain_one(kind, told, few, second, monkeypatch):
    """On a GPU, bit for bit (`aevb.captured`); elsewhere nothing is recorded."""
    figures, recorded = [], []
    for warm in (captured.WARM, 1000):
        monkeypatch.setattr(captured, "WARM", warm)
        torch.manual_seed(0)
        model = small(kind).to(second)
        run = Run(model, few.seen_by(model), TrainingConfig(12, batch_size=20, precision="float32", **told))
        steps = [run.advance() for _ in range(12)]
        figures.append([(step.elbo, step.terms, step.gradient) for step in steps])
        recorded.append(any(replayed._graph for replayed in run._replays.values()))
    assert figures[0] == figures[1]
    assert recorded == [second.type == "cuda", False]


def test_dropout_draws_from_the_run_on_a_device_too(second):
    elbos_of = []
    for _ in range(2):
        torch.manual_seed(0)
        model = VAE(12, 3, [16], dropout=0.5)
        examples = Examples(*observe(model, 40))
        model.to(second)
        torch.rand(len(elbos_of) + 1, device=second)  # the global stream is elsewhere each time
        elbos_of.append(
            [progress.elbo for progress in train(model, examples, TrainingConfig(3, batch_size=20))]
        )
    assert elbos_of[0] == elbos_of[1]


@every_model
def test_a_model_that_was_moved_is_measured(name, second):
    """Its examples may lie where they are, as tensors or arrays."""
    model = make(name)
    observed = observe(model, 60)
    expected = evaluate(model, *observed, bounds=[3])
    means = posterior_means(model, *observed)
    model.to(second)
    found = evaluate(model, *(part.numpy() for part in observed), bounds=[3])
    assert math.isfinite(found.elbo) and agree(found.elbo, expected.elbo, second)
    assert found.bound[3] >= found.elbo and agree(found.bound[3], expected.bound[3], second)
    torch.testing.assert_close(posterior_means(model, *observed).cpu(), means, rtol=1e-4, atol=1e-4)
    assert elbos(model, *observed).shape == (60,)
    assert importance_bounds(model, *observed, bounds=2)[2].device.type == second.type
    assert model.log_prob(*observed, samples=3).value.isfinite().all()
    if name != "fa":
        assert dimension_kl(model, *observed).isfinite().all()
    shares = responsibilities(model, observed[0])
    assert (shares is not None) == (name == "gmvae")


@every_model
def test_float64_is_taken_where_the_device_has_none(name, second):
    """As the numbers of numpy and pandas come."""
    model = make(name)
    x, *y = (part.double().numpy() for part in observe(model, 40))
    y = [np.full((40, model.choices), 1 / model.choices) for _ in y]  # weights, of float64 too
    expected = model.encode(x, *y)
    model.to(second)
    torch.testing.assert_close(model.encode(x, *y).cpu(), expected, rtol=1e-4, atol=1e-4)
    assert model.decode(expected.double().numpy(), *y).device.type == second.type
    assert math.isfinite(evaluate(model, x, *y, bounds=2).elbo)
    config = TrainingConfig(2, batch_size=20, precision="float32")
    steps = list(train(model, Examples(x, labels=y[0] if y else None), config))
    assert all(math.isfinite(step.elbo) for step in steps)
    if name == "fa":
        model.start(x)
        assert model.evidence(x).isfinite().all()
    if model.conditional:
        assert codes.posterior(model, x, *y).mean.isfinite().all()


def test_what_is_exact_of_factor_analysis_is_exact_there_too(second):
    """In float64, which not every device has."""
    model = make("fa")
    (x,) = observe(model, 60)
    expected = [model.evidence(x), model.exact_elbo(x), model.gap(x)]
    model.to(second)
    there = x.to(second)
    for measure, value in zip((model.evidence, model.exact_elbo, model.gap), expected, strict=True):
        found = measure(there)
        torch.testing.assert_close(found.cpu(), value, rtol=1e-5, atol=1e-5)
    model.e_step()
    assert model.gap(there).abs().max() < 1e-3
    assert all(parameter.device.type == second.type for parameter in model.parameters())


@every_model
def test_a_model_that_was_moved_generates(name, second):
    model = make(name).to(second)
    assert model.sample(3).device.type == second.type
    generator = torch.Generator(second).manual_seed(0)
    assert model.sample(3, generator=generator).isfinite().all()
    if model.choices:
        assert model.sample(2, [0, 1]).shape == (2, model.data_dim)
    assert model.reconstruct(*observe(model, 3)).device.type == second.type


@pytest.fixture(scope="module")
def sample() -> Images:
    return data.load_sample()


@pytest.fixture(scope="module")
def few(sample: Images) -> Split:
    whole = sample.test
    return Split(whole.images[:60], whole.labels[:60])


def small(kind: type) -> Any:
    torch.manual_seed(0)
    return kind(hidden_dims=[8, 8], latent_dim=2, **({"memory_dim": 6} if kind is VRNN else {}))


@pytest.mark.parametrize("kind", [VAE, CVAE, GMVAE, VRNN])
def test_what_is_explored_of_a_model_that_was_moved(kind, few, second):
    """Its maps' points, clusters, measures and styles."""
    model = small(kind)
    expected = measures.measure(model, few)
    model.to(second)
    found = measures.measure(model, few)
    assert found.keys() == expected.keys()
    assert np.isfinite(posterior_means(model, *few.seen_by(model).fixed()).cpu().numpy()).all()
    if model.length == 1:
        assert codes.styles(model, *few.seen_by(model).fixed()).isfinite().all()
    start, end = posterior_means(model, *few.seen_by(model).fixed())[:2]
    assert codes.walk(start, end, 5).device.type == second.type
    if model.conditional:
        image = few.seen_by(model).fixed()[0][0]
        assert codes.label_bounds(model, image, samples=3, seed=0).shape == (10,)


@pytest.mark.parametrize("kind", [VAE, CVAE, GMVAE, VRNN])
def test_a_notebook_is_sent_a_model_that_was_moved(kind, few, second):
    sent = widgets.show(small(kind).to(second), "training", images=few).checkpoint
    assert ("clusters" in sent) == (kind is GMVAE)
    assert len(sent["maps"]["pca"]) == 60 * 8


@pytest.mark.parametrize("kind", [VAE, GMVAE])
def test_a_run_goes_on_on_a_device(kind, few, second):
    """From a state that lies on the processor."""

    def begin() -> Run:
        model = small(kind).to(second)
        return Run(model, few.seen_by(model), TrainingConfig(7, batch_size=20, averaging=0.9))

    whole, first, part = begin(), begin(), begin()
    elbos = [whole.advance().elbo for _ in range(7)]
    found = [first.advance().elbo for _ in range(4)]
    tensors, facts = first.state()
    assert {tensor.device.type for tensor in tensors.values()} == {"cpu"}
    part.restore(tensors, facts)
    assert found + [part.advance().elbo for _ in range(3)] == pytest.approx(elbos, rel=1e-4)
    with part.averaged() as model:
        assert model.device.type == second.type


@pytest.mark.parametrize("kind", [VAE, GMVAE])
def test_a_run_is_recorded_on_a_device(kind, sample, few, second, tmp_path):
    images = dataclasses.replace(sample, train=few, test=few)
    model = small(kind).to(second)
    *_, epoch = runs.record(model, images, TrainingConfig(4, batch_size=27), tmp_path, {})
    training = json.loads((tmp_path / "training.json").read_text())
    assert epoch.epoch == 2 and len(training["curve"]) == 2
    assert torch.device(training["device"]).type == second.type


def test_the_gmvae_starts_from_clusters_on_a_device(few, second, monkeypatch):
    # UMAP and scikit-learn know no device.
    monkeypatch.setattr(cluster_start, "_embed", lambda means, seed: means)
    monkeypatch.setattr(
        cluster_start,
        "mixture",
        lambda points, clusters, seed: np.random.default_rng(seed).dirichlet(np.ones(clusters), len(points)),
    )
    model = small(GMVAE).to(second)
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    assert "cross-entropy" in list(cluster_start.prepare(model, few.images, vae_epochs=1))[-1]
    for name, parameter in model.named_parameters():
        assert name.endswith("bias") or not torch.equal(parameter, before[name]), name


def test_a_model_that_is_kept_in_float64_is_measured_there(second, tmp_path, monkeypatch):
    """Not every device has float64."""
    monkeypatch.setattr(stored.models, "precision", lambda model: torch.float64)
    model = make("fa").double()
    model.save_pretrained(tmp_path)
    found = options.load(Namespace(checkpoint=tmp_path, device="auto")).model
    assert found.device.type == second.type
    assert math.isfinite(evaluate(found, *observe(model, 60)).elbo)


@pytest.mark.parametrize("name", ["fa", "vae", "cvae", "gmvae", "vrnn"])
def test_the_commands_work_there(name, sample, few, second, tmp_path, monkeypatch, capsys):
    """Without being told: it is this machine's accelerator."""
    images = dataclasses.replace(sample, train=few, test=few)
    monkeypatch.setattr(data, "read", lambda *source, **options: images)
    monkeypatch.setattr(maps, "METHODS", {"pca": maps.pca})  # UMAP takes half a minute to import
    places = []
    monkeypatch.setattr(runs, "Run", lambda model, *rest: places.append(model.device) or Run(model, *rest))
    sizes = ["--latent-dim", "2", *([] if name == "fa" else ["--hidden-dims", "8", "8"])]
    sizes += ["--memory-dim", "6"] if name == "vrnn" else []
    folder, picture = str(tmp_path / "run"), "json" if name == "fa" else "png"
    for command in (
        ["train", name, "--epochs", "1", "--batch-size", "30", "--bounds", "2", "--output", folder, *sizes],
        ["evaluate", folder, "--bounds", "2"],
        ["sample", folder, "--count", "3", "--output", str(tmp_path / f"samples.{picture}")],
        ["map", folder],
    ):
        assert main(command) == 0, (command, capsys.readouterr().err)
    assert {place.type for place in places} == {second.type}

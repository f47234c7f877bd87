"""A recorded run: what its time counts, what it writes down, what it refuses; the GMVAE's start."""

import dataclasses
import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from aevb import CVAE, GMVAE, VAE, TrainingConfig, checkpoints, cluster_start, data, devices, runs
from aevb.data import Images, Split
from aevb.evaluation import Evaluation
from aevb.training import Diverged


@pytest.fixture
def images() -> Images:
    """100 digits, trained on and measured."""
    whole = data.load_sample()
    few = Split(whole.test.images[:100], whole.test.labels[:100])
    return dataclasses.replace(whole, train=few, test=few)


def small() -> VAE:
    torch.manual_seed(0)
    return VAE(latent_dim=2, hidden_dims=[4])


CONFIG = TrainingConfig(steps=4, batch_size=50)


def test_a_standstill_is_not_counted(images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour passes by the clock between any two looks at it, as if the process were stopped there."""
    monkeypatch.setattr(devices, "speed", lambda device, product: 1.0)
    clock = iter(range(0, 10**9, 3600))
    for name in ("perf_counter", "monotonic", "time"):
        monkeypatch.setattr(time, name, lambda: float(next(clock)))
    for _ in runs.record(small(), images, CONFIG, tmp_path, {}):
        pass
    training = checkpoints.load(tmp_path).training
    assert [epoch["epoch"] for epoch in training["curve"]] == [1, 2]
    assert 0 <= training["seconds"] < 600


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_was_used_is_written_down(
    images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    monkeypatch.setattr(devices, "precision", lambda *asked: precision)
    names = tuple(f"a {label}" for label in range(10))
    named = dataclasses.replace(images, classes=names, name="digits of mine", note="A hundred digits.")
    for _ in runs.record(small(), named, CONFIG, tmp_path, {"command": "by hand"}):
        pass
    training = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert training["command"] == "by hand"
    assert training["data"] == "A hundred digits." and training["source"] == "digits of mine"
    assert training["shape"] == [28, 28] and training["classes"] == list(names)
    assert training["precision"] == precision and training["device"] == "cpu"
    assert training["config"]["precision"] == "auto" and training["config"]["steps"] == 4


def test_images_of_any_size_and_without_labels(tmp_path: Path) -> None:
    colour = torch.randint(256, (40, 3, 5, 4), dtype=torch.uint8)
    split = Split(colour)
    found = Images(split, split, (), True, "Noise.", "noise")
    model = VAE(60, latent_dim=2, hidden_dims=[4])
    *_, epoch = runs.record(model, found, TrainingConfig(1, batch_size=40), tmp_path, {})
    training = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert training["shape"] == [3, 5, 4] and training["classes"] == []
    assert epoch.scores == {} and math.isfinite(epoch.test_elbo)


def test_clusters_without_classes_have_no_scores(tmp_path: Path, images: Images) -> None:
    unlabelled = Split(images.train.images)
    found = dataclasses.replace(images, train=unlabelled, test=unlabelled, classes=())
    model = GMVAE(latent_dim=2, hidden_dims=[4, 4])
    *_, epoch = runs.record(model, found, TrainingConfig(2, batch_size=50), tmp_path, {})
    assert epoch.scores == {}


def test_a_run_destroys_no_other_unasked(images: Images, tmp_path: Path) -> None:
    checkpoints.save(small(), tmp_path, {"command": "another run"})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(checkpoints.CheckpointError, match="holds a checkpoint already"):
        next(runs.record(small(), images, CONFIG, tmp_path, {}))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    for _ in runs.record(small(), images, CONFIG, tmp_path, {"command": "this one"}, overwrite=True):
        pass
    assert checkpoints.load(tmp_path).training["command"] == "this one"


def test_what_a_model_does_not_take_is_refused_before_anything_is_written(
    images: Images, tmp_path: Path
) -> None:
    unlabelled = Split(images.train.images)
    for model, found, problem in (
        (VAE(100, 2, [4]), images, "takes examples of 100 numbers, but these have 784"),
        (CVAE(784, 10, 2, [4]), dataclasses.replace(images, train=unlabelled), "conditional"),
        (CVAE(784, 3, 2, [4]), images, r"Labels must be in 0…2"),
    ):
        with pytest.raises(ValueError, match=problem):
            next(runs.record(model, found, CONFIG, tmp_path, {}))
    assert not list(tmp_path.iterdir())


def test_a_test_elbo_that_is_no_number_ends_the_run(
    images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every test image is like those that were trained on."""
    measured = iter([Evaluation(-3.0, {"reconstruction": -3.0}, {}, 100), Evaluation(math.nan, {}, {}, 100)])
    monkeypatch.setattr(runs, "evaluate", lambda *observed: next(measured))
    with pytest.raises(Diverged, match="The test ELBO is nan after step 4: lower the learning rate"):
        list(runs.record(small(), images, CONFIG, tmp_path, {}))
    assert checkpoints.load(tmp_path).training["epoch"] == 1


# The GMVAE's start


def start(model: GMVAE, count: int = 60, **options: object) -> list[str]:
    return list(cluster_start.prepare(model, data.load_sample().test.images[:count], vae_epochs=1, **options))


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latent means in the place of UMAP, and a quick mixture: each has its own test or library."""
    monkeypatch.setattr(cluster_start, "_embed", lambda means, seed: means)
    monkeypatch.setattr(cluster_start, "mixture", quick_mixture)


def quick_mixture(points: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(clusters), len(points))


@pytest.mark.parametrize("options", [{}, {"likelihood": "gaussian"}, {"estimator": "gumbel relaxed"}])
def test_a_start_sets_every_net(embedded: None, options: dict[str, str]) -> None:
    torch.manual_seed(0)
    model = GMVAE(latent_dim=2, hidden_dims=[8, 8], clusters=3, **options)
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    said = start(model)
    assert said[0] == "UMAP of 60 latent means" and "cross-entropy" in said[-1]
    for name, parameter in model.named_parameters():
        assert parameter.isfinite().all()
        assert name.endswith("bias") or not torch.equal(parameter, before[name]), name


@pytest.mark.parametrize("used", ["float32", "bfloat16"])
def test_a_start_computes_in_what_was_chosen(
    embedded: None, monkeypatch: pytest.MonkeyPatch, used: str
) -> None:
    asked, seen = [], set()

    def precision(name: str, *machine: object) -> str:
        asked.append(name)
        return used

    monkeypatch.setattr(devices, "precision", precision)
    model = GMVAE(latent_dim=2, hidden_dims=[8, 8])
    model.q_y_given_x.logits.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    start(model, precision="auto")
    assert asked == ["auto"] and seen == {getattr(torch, used)}


def test_a_start_leaves_as_many_threads_as_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()

    def numba(means: np.ndarray, seed: int) -> np.ndarray:
        torch.set_num_threads(before + 2)
        return means

    def scikit(points: np.ndarray, clusters: int, seed: int) -> np.ndarray:
        torch.set_num_threads(before + 1)
        return quick_mixture(points, clusters, seed)

    monkeypatch.setattr(cluster_start, "_embed", numba)
    monkeypatch.setattr(cluster_start, "mixture", scikit)
    for _ in cluster_start.prepare(
        GMVAE(latent_dim=2, hidden_dims=[8, 8]), data.load_sample().test.images[:60], vae_epochs=1
    ):
        assert torch.get_num_threads() == before


def test_a_start_needs_images_enough_and_its_own_nets(embedded: None) -> None:
    with pytest.raises(ValueError, match="A start from 10 clusters needs at least 20 images, not 19"):
        start(GMVAE(latent_dim=2, hidden_dims=[8, 8]), 19)
    with pytest.raises(ValueError, match="A start from 30 clusters needs at least 30 images, not 29"):
        start(GMVAE(latent_dim=2, hidden_dims=[8, 8], clusters=30), 29)
    model = GMVAE(latent_dim=2, hidden_dims=[8, 8])
    model.with_nets(p_x_given_z=model.p_x_given_z)
    with pytest.raises(ValueError, match="not others for p_x_given_z"):
        start(model)
    assert "cross-entropy" in start(GMVAE(latent_dim=2, hidden_dims=[8, 8]), 20)[-1]

"""A recorded run: what it measures, writes down and refuses, how it goes on; the GMVAE's start."""

import csv
import dataclasses
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from aevb import (
    CVAE,
    GMVAE,
    VAE,
    Alternating,
    CheckpointError,
    TrainingConfig,
    checkpoints,
    cluster_start,
    data,
    devices,
    evaluate,
    runs,
    train,
)
from aevb.data import Images, Split
from aevb.evaluation import Evaluation
from aevb.training import Diverged, Progress


class Unread:
    """A test split that nobody is to look at."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"The test images were read: {name}")

    def __len__(self) -> int:
        raise AssertionError("The test images were counted")


@pytest.fixture
def images() -> Images:
    """100 digits, of which 10 are kept for validation."""
    whole = data.load_sample()
    few = Split(whole.test.images[:100], whole.test.labels[:100])
    return dataclasses.replace(whole, train=few, test=Unread(), note="A hundred digits.")


def small() -> VAE:
    torch.manual_seed(0)
    return VAE(latent_dim=2, hidden_dims=[4])


CONFIG = TrainingConfig(steps=4, batch_size=45)  # two epochs


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
    named = dataclasses.replace(images, classes=names, name="digits of mine")
    for _ in runs.record(small(), named, CONFIG, tmp_path, {"command": "by hand"}):
        pass
    training = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert training["command"] == "by hand"
    assert training["data"] == "A hundred digits." and training["source"] == "digits of mine"
    assert training["shape"] == [28, 28] and training["classes"] == list(names)
    assert training["precision"] == precision and training["device"] == "cpu"
    assert training["trained_on"] == 90 and training["validated_on"] == 10
    assert TrainingConfig.from_json(training["config"]) == CONFIG
    assert training["chosen"] == "the epoch with the highest validation ELBO of 2"


def test_images_of_any_size_and_without_labels(tmp_path: Path) -> None:
    colour = torch.randint(256, (40, 3, 5, 4), dtype=torch.uint8)
    split = Split(colour)
    found = Images(split, split, (), True, "Noise.", "noise")
    model = VAE(60, latent_dim=2, hidden_dims=[4])
    *_, epoch = runs.record(model, found, TrainingConfig(1, batch_size=36), tmp_path, {})
    training = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert training["shape"] == [3, 5, 4] and training["classes"] == []
    assert epoch.scores == {} and math.isfinite(epoch.validation_elbo)


def test_clusters_without_classes_have_no_scores(tmp_path: Path, images: Images) -> None:
    unlabelled = Split(images.train.images)
    found = dataclasses.replace(images, train=unlabelled, classes=())
    model = GMVAE(latent_dim=2, hidden_dims=[4, 4])
    *_, epoch = runs.record(model, found, TrainingConfig(2, batch_size=45), tmp_path, {})
    assert epoch.scores == {}


def test_a_folder_may_be_named_by_a_string(images: Images, tmp_path: Path, monkeypatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for _ in runs.record(small(), images, CONFIG, "~/run", {}):
        pass
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "model.safetensors",
        "config.json",
        "training.json",
        "curve.csv",
    }


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


def test_a_validation_elbo_that_is_no_number_ends_the_run(
    images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every image is like those that were trained on."""
    measured = iter([Evaluation(-3.0, {"reconstruction": -3.0}, {}, 100), Evaluation(math.nan, {}, {}, 100)])
    monkeypatch.setattr(runs, "evaluate", lambda *observed: next(measured))
    with pytest.raises(Diverged, match="The validation ELBO is nan after step 4: lower the learning rate"):
        list(runs.record(small(), images, CONFIG, tmp_path, {}))
    assert checkpoints.load(tmp_path).training["epoch"] == 1


# What it is measured on


@pytest.mark.parametrize(("count", "kept"), [(2, 1), (19, 1), (1_000, 100), (49_999, 4_999), (50_000, 5_000)])
def test_some_training_images_are_kept_for_validation(count: int, kept: int) -> None:
    numbers = torch.arange(count)
    parts = runs.divided(Split(numbers[:, None]))
    parts = [Split(part.images, part.images[:, 0]) for part in parts]
    assert [len(part) for part in parts] == [count - kept, kept]
    assert torch.equal(torch.cat([part.labels for part in parts]).sort().values, numbers)  # none is in both
    again = runs.divided(Split(numbers[:, None]))
    assert [torch.equal(a.images, b.images) for a, b in zip(parts, again, strict=True)] == [True, True]
    if count >= 1_000:
        assert parts[1].labels.float().mean() < 0.7 * count  # they may come class by class, labels or not


def test_of_many_that_come_class_by_class_all_classes_are_trained_on_and_validated() -> None:
    numbers = torch.arange(60_000)
    by_class, mixed = (
        runs.divided(Split(numbers[:, None], labels)) for labels in (numbers // 6_000, numbers % 10)
    )
    for parts in (by_class, mixed):
        assert [len(part) for part in parts] == [55_000, 5_000]
        assert all(set(part.labels.tolist()) == set(range(10)) for part in parts)
    assert torch.equal(by_class[0].images[:, 0] // 6_000, by_class[0].labels)
    assert torch.equal(mixed[1].images[:, 0], numbers[-5_000:])


def test_of_one_image_none_can_be_kept() -> None:
    with pytest.raises(ValueError, match="at least two training examples"):
        runs.divided(Split(torch.zeros(1, 4, 4, dtype=torch.uint8)))


def test_the_best_state_by_validation_is_kept(images: Images, tmp_path: Path) -> None:
    """And what is measured and kept is the averages of the weights."""
    config = TrainingConfig(8, batch_size=45, learning_rate=1e-2, averaging=0.5)
    model, states = small(), {}
    _, validation = runs.divided(images.train)
    (observed,) = validation.seen_by(model).fixed()
    for event in runs.record(model, images, config, tmp_path, {}):
        if isinstance(event, runs.Epoch):
            raw = evaluate(model, observed).elbo
            states[event.epoch] = event
            assert event.validation_elbo != pytest.approx(raw, abs=1e-3)
            assert event.validation_elbo == pytest.approx(sum(event.validation_terms.values()), rel=1e-5)
    best = max(states.values(), key=lambda epoch: epoch.validation_elbo)
    checkpoint = checkpoints.load(tmp_path)
    assert checkpoint.training["epoch"] == best.epoch == 4
    assert evaluate(checkpoint.model, observed).elbo == pytest.approx(
        best.validation_elbo, abs=0.5
    )  # float16
    assert evaluate(model, observed).elbo == pytest.approx(
        best.validation_elbo, abs=1e-3
    )  # it has them in the end


def measures(monkeypatch: pytest.MonkeyPatch, *elbos: float) -> None:
    """Lets the validation ELBO of the epochs be these."""
    found = iter(elbos)
    monkeypatch.setattr(runs, "evaluate", lambda *_: Evaluation(elbo := next(found), {"all": elbo}, {}, 10))


def test_a_run_ends_when_its_patience_does(
    images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures(monkeypatch, -9.0, -5.0, -6.0, -5.0, -4.0, -7.0, -4.0, -4.0)
    config = TrainingConfig(100, batch_size=45, patience=3)
    events = list(runs.record(small(), images, config, tmp_path, {}))
    assert [event.epoch for event in events if isinstance(event, runs.Epoch)] == list(range(1, 9))
    training = checkpoints.load(tmp_path).training
    assert training["epoch"] == 5
    assert training["chosen"] == (
        "the epoch with the highest validation ELBO of 8, since the 3 after it were no better"
    )
    assert not (tmp_path / runs.STATE).exists()


def test_the_last_epoch_may_end_early(images: Images, tmp_path: Path) -> None:
    """A run shorter than an epoch is measured too."""
    events = list(runs.record(small(), images, TrainingConfig(3, batch_size=20), tmp_path / "short", {}))
    assert [type(event).__name__ for event in events] == ["Progress"] * 3 + ["Epoch"]
    config = TrainingConfig(5, batch_size=20)
    epochs = [e for e in runs.record(small(), images, config, tmp_path, {}) if isinstance(e, runs.Epoch)]
    assert [(epoch.epoch, epoch.step) for epoch in epochs] == [(1, 4), (2, 5)]


def test_the_curve_is_a_table_too(images: Images, tmp_path: Path) -> None:
    model = GMVAE(latent_dim=2, hidden_dims=[4, 4])
    epochs = [e for e in runs.record(model, images, CONFIG, tmp_path, {}) if isinstance(e, runs.Epoch)]
    with (tmp_path / "curve.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [2, 4]
    for row, epoch in zip(rows, epochs, strict=True):
        assert float(row["validation_elbo"]) == epoch.validation_elbo
        assert float(row["validation_minus_kl_y"]) == epoch.validation_terms["minus_kl_y"]
        assert float(row["accuracy"]) == epoch.scores["accuracy"]


def test_a_bar_passes_on_what_it_shows(images: Images, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model = small()
    examples = runs.divided(images.train)[0].seen_by(model)
    steps = list(runs.shown(train(model, examples, CONFIG), CONFIG.steps))
    assert [progress.step for progress in steps] == [1, 2, 3, 4]
    *_, last = runs.shown(runs.record(small(), images, CONFIG, tmp_path, {}), CONFIG.steps)
    said = capsys.readouterr().err
    assert "4/4" in said and f"epoch 2: train ELBO {last.train_elbo:.2f}, validation ELBO" in said


# How it goes on


LONG = TrainingConfig(
    12,
    batch_size=20,
    learning_rate=1e-2,
    rate="cosine",
    averaging=0.8,
    schedule=Alternating(3, 2),
    patience=4,
)


def figures(events: Iterator[Progress | runs.Epoch]) -> list[object]:
    """What was seen of a run, without its times."""
    return [
        event if isinstance(event, runs.Epoch) else (event.step, event.phase, event.elbo, event.rate)
        for event in events
    ]


@pytest.mark.parametrize("stop", [5, 8, 9, 10])
def test_a_resumed_run_is_the_run(images: Images, tmp_path: Path, stop: int) -> None:
    """Broken off within an epoch, of four steps, or upon its end, it goes on from the end of the last."""
    whole = figures(runs.record(small(), images, LONG, tmp_path / "whole", {"command": "all of it"}))
    part = tmp_path / "part"
    begun = runs.record(small(), images, LONG, part, {"command": "all of it"})
    seen = figures(itertools.islice(begun, stop + 1))
    begun.close()
    assert seen == whole[: stop + 1]
    assert checkpoints.load(part).training["curve"]  # what there is, is a checkpoint already
    torch.manual_seed(9)
    rest = figures(runs.record(small(), images, LONG, part, {"command": "another"}, resume=True))
    assert rest == whole[-len(rest) :] and len(rest) == (10 if stop < 9 else 5)
    trained, expected = (checkpoints.load(tmp_path / name) for name in ("part", "whole"))
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, expected.model.state_dict()[name])
    assert trained.training | {"seconds": 0} == expected.training | {"seconds": 0}
    files = sorted(path.name for path in part.iterdir())
    assert files == ["config.json", "curve.csv", "model.safetensors", "training.json"]


def test_what_is_released_upon_an_epoch_stays_so(images: Images, tmp_path: Path) -> None:
    def model() -> GMVAE:
        torch.manual_seed(0)
        made = GMVAE(latent_dim=2, hidden_dims=[4, 4])
        made.q_y_given_x.requires_grad_(False)
        return made

    config = TrainingConfig(6, batch_size=45)
    held = model()
    for event in runs.record(held, images, config, tmp_path, {}):
        if isinstance(event, runs.Epoch) and event.epoch == 1:
            held.requires_grad_(True)
        if isinstance(event, Progress) and event.step == 3:
            break
    resumed = model()
    for event in runs.record(resumed, images, config, tmp_path, {}, resume=True):
        assert event.step > 2 and all(p.requires_grad for p in resumed.parameters())


def test_what_cannot_go_on_says_so(images: Images, tmp_path: Path) -> None:
    def resume(found: Images = images, config: TrainingConfig = LONG) -> object:
        return next(runs.record(small(), found, config, tmp_path, {}, resume=True))

    with pytest.raises(CheckpointError, match="holds no run to go on with: it is over, or never began"):
        resume()
    for event in runs.record(small(), images, LONG, tmp_path, {}):
        if event.step == 5:
            break
    with pytest.raises(ValueError, match=r"is on other data: A hundred digits\."):
        resume(dataclasses.replace(images, note="Other digits."))
    with pytest.raises(ValueError, match="its training has seed 0, and this one's 1"):
        resume(config=dataclasses.replace(LONG, seed=1))
    whole = (tmp_path / runs.STATE).read_bytes()
    damages: list[Callable[[bytes], bytes]] = [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content.replace(b"facts", b"fects", 1),
    ]
    for damage in damages:
        (tmp_path / runs.STATE).write_bytes(damage(whole))
        with pytest.raises(CheckpointError, match=r"state\.safetensors is damaged"):
            resume()


def test_what_was_read_of_a_state_does_not_lie_in_its_file(tmp_path: Path) -> None:
    """Windows neither removes nor replaces a file that a tensor lies in."""
    path = tmp_path / runs.STATE
    runs.write_state(path, {"ones": torch.ones(5000)}, {})
    tensors, _ = runs.read_state(path)
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert tensors["ones"].sum() == 5000


def test_a_run_that_writes_over_another_leaves_nothing_of_it_to_go_on_with(
    images: Images, tmp_path: Path
) -> None:
    for event in runs.record(small(), images, LONG, tmp_path, {}):
        if event.step == 5:
            break
    next(runs.record(small(), images, LONG, tmp_path, {}, overwrite=True))
    assert not (tmp_path / runs.STATE).exists()


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


def test_a_start_looks_at_some_among_all_images(embedded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may come class by class: the first are then of one."""
    monkeypatch.setattr(cluster_start, "EMBEDDED", 50)
    looked_at, posterior_means = [], cluster_start.posterior_means
    monkeypatch.setattr(
        cluster_start, "posterior_means", lambda vae, x: (looked_at.append(x), posterior_means(vae, x))[1]
    )
    halves = torch.zeros(200, 28, 28, dtype=torch.uint8)
    halves[100:, :14], halves[:100, 14:] = 255, 255
    for options in ({}, {"embedded": slice(50)}):
        model = GMVAE(latent_dim=2, hidden_dims=[8, 8], clusters=2)
        list(cluster_start.prepare(model, halves, vae_epochs=1, **options))
    spread, first = (x[:, 0].tolist() for x in looked_at)
    assert spread == [0] * 25 + [1] * 25 and first == [0] * 50


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

"""python -m aevb: what it prints, what it leaves behind, and how it fails."""

import dataclasses
import inspect
import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import aevb
from aevb import (
    GMVAE,
    VAE,
    FactorAnalysis,
    Run,
    TrainingConfig,
    checkpoints,
    cluster_start,
    data,
    places,
    runs,
)
from aevb.__main__ import _parser, main
from aevb.commands import measuring, refitting, training
from aevb.explore import maps, measures
from aevb.explore.record import record
from aevb.models import REGISTRY
from aevb.models.factor_analysis import true_model
from aevb.stored import manifest
from tests import small_models

ROOT = Path(__file__).parent.parent


@pytest.fixture
def few_digits(monkeypatch) -> data.Images:
    """The commands find 200 training and 100 test images."""
    digits = data.load_sample()
    splits = {"train": digits.train, "test": digits.test}
    few = {
        name: data.Split(split.images[:count], split.labels[:count])
        for (name, split), count in zip(splits.items(), (200, 100), strict=True)
    }
    digits = dataclasses.replace(digits, **few, note="A few digits.")
    monkeypatch.setattr(data, "read", lambda *source, **options: digits)
    return digits


@pytest.fixture
def tiny(tmp_path) -> str:
    """An .npz of 60 images of 6 × 6 pixels, in three classes with names."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (60, 6, 6), dtype=np.uint8)
    np.savez(tmp_path / "tiny.npz", x=images, y=np.array(["ant", "bee", "cat"])[np.arange(60) % 3])
    return str(tmp_path / "tiny.npz")


SMALL = {
    "fa": [],
    "vae": ["--hidden-dims", "8"],
    "cvae": ["--hidden-dims", "8"],
    "gmvae": ["--hidden-dims", "8", "8", "--clusters", "3"],
    "vrnn": ["--hidden-dims", "8", "--memory-dim", "8"],
}
"""What makes each model small, beside a latent dimension of 2."""


@pytest.fixture
def vae(tmp_path) -> Path:
    torch.manual_seed(0)
    checkpoints.save(VAE(hidden_dims=[8], latent_dim=2), tmp_path / "vae")
    return tmp_path / "vae"


def sentence(text: str) -> str:
    """The last line of what was said, which must not be a traceback's."""
    assert "Traceback" not in text
    return text.strip().splitlines()[-1]


def test_a_table_on_another_scale_is_told_of_in_a_sentence(tmp_path, capsys):
    np.savez(tmp_path / "table.npz", x=np.random.default_rng(0).normal(500, 100, (60, 3)))
    asked = ["train", "vae", "--data", str(tmp_path / "table.npz"), "--likelihood", "gaussian", "--bounds"]
    assert main([*asked, "--epochs", "1", "--hidden-dims", "8", "--output", str(tmp_path / "run")]) == 0
    told = [line for line in re.split(r"[\r\n]", capsys.readouterr().err) if "standardise" in line]
    assert len(told) == 1 and told[0].startswith("aevb: The columns of x are of sizes from")


# evaluate


def test_evaluate_prints_one_json_object(vae, few_digits, capsys):
    assert main(["evaluate", str(vae), "--json"]) == 0
    said = capsys.readouterr()
    measured = json.loads(said.out)
    assert measured["checkpoint"] == str(vae) and measured["model"] == "vae"
    assert measured["data"] == "A few digits." and measured["images"] == 100
    assert measured["terms"].keys() == {"reconstruction", "minus_kl_z"}
    assert measured["elbo"] == pytest.approx(sum(measured["terms"].values()))
    assert measured["bound"].keys() == {"10", "100"}
    assert measured["elbo"] < measured["bound"]["10"] < measured["bound"]["100"]
    assert said.out.count("\n") == 1 and "image" in said.err  # the progress bar is not in the way


def test_of_one_test_image_no_error_is_told(tmp_path, capsys):
    points = np.random.default_rng(0).random((40, 5))
    np.savez(tmp_path / "points.npz", x_train=points, x_test=points[:1])
    folder, source = tmp_path / "vae", ["--data", str(tmp_path / "points.npz"), "--bounds", "2"]
    given = [*SMALL["vae"], "--latent-dim", "2", "--epochs", "1", "--output", str(folder)]
    assert main(["train", "vae", *given, *source]) == 0
    assert main(["evaluate", str(folder), *source, "--json"]) == 0
    for said in (*capsys.readouterr().out.split("}\n{"), (folder / "training.json").read_text()):
        assert "NaN" not in said and '"standard_error": null' in said and '"2": null' in said
    assert main(["evaluate", str(folder), *source]) == 0
    said = capsys.readouterr().out
    assert "ELBO" in said and "±" not in said and "nan" not in said


def test_evaluate_takes_the_bounds_that_are_asked_for(vae, few_digits, capsys):
    assert main(["evaluate", str(vae), "--json", "--bounds", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["bound"].keys() == {"3"}
    assert main(["evaluate", str(vae), "--json", "--bounds"]) == 0
    assert json.loads(capsys.readouterr().out)["bound"] == {}


def test_evaluate_prints_the_same_figures_for_people(vae, few_digits, capsys):
    main(["evaluate", str(vae), "--json"])
    measured = json.loads(capsys.readouterr().out)
    assert main(["evaluate", str(vae)]) == 0
    said = capsys.readouterr().out
    assert "A few digits." in said and "100 test examples" in said
    for figure in (measured["elbo"], *measured["terms"].values(), *measured["bound"].values()):
        assert f"{figure:,.2f}" in said


def test_a_gmvae_starts_from_clusters_and_then_moves_them(tmp_path, few_digits, monkeypatch, capsys):
    monkeypatch.setattr(cluster_start, "_embed", lambda means, seed: means)  # UMAP has its own test
    folder = tmp_path / "gmvae"
    arguments = ["train", "gmvae", "--latent-dim", "4", "--epochs", "2", "--bounds", "--output", str(folder)]
    assert main([*arguments, "--clusters-first", "1"]) == 0
    assert "Gaussian mixture of 10" in capsys.readouterr().err
    training = checkpoints.load(folder).training
    assert training["start"]["kind"] == "clusters" and training["start"]["held_epochs"] == 1
    for scores in (training["test"]["scores"], *(epoch["scores"] for epoch in training["curve"])):
        assert scores.keys() == {"accuracy", "conditional_entropy"}
        assert 0.1 < scores["accuracy"] <= 1 and 0 <= scores["conditional_entropy"] <= np.log(10)
    # 200 images are enough for clusters that are better than any that so few steps could find.
    assert training["curve"][0]["scores"]["accuracy"] > 0.25
    assert main(["evaluate", str(folder), "--bounds"]) == 0
    assert f"{training['test']['scores']['accuracy']:.4f}" in capsys.readouterr().out


def test_a_start_from_clusters_misses_umap_before_anything_takes_long(
    few_digits, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "umap", None)  # as if it were not installed
    monkeypatch.setattr(cluster_start, "train", None)
    with pytest.raises(ModuleNotFoundError, match="umap"):
        next(cluster_start.prepare(GMVAE(hidden_dims=[8, 8]), few_digits.train.images))
    monkeypatch.setattr(data, "read", None)
    given = ["--epochs", "2", "--clusters-first", "1", "--output", str(tmp_path / "run")]
    assert main(["train", "gmvae", *given]) == 1
    assert sentence(capsys.readouterr().err) == 'aevb: This needs umap: pip install "aevb[maps]".'
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--epochs", "2", "--clusters-first", "2"], "must leave epochs in which q(y | x) moves"),
        (["--hidden-dims", "8"], "at least two layers"),
    ],
)
def test_impossible_training_is_refused_before_there_is_a_folder(
    few_digits, tmp_path, capsys, arguments, problem
):
    assert main(["train", "gmvae", *arguments, "--output", str(tmp_path / "run")]) == 1
    assert problem in sentence(capsys.readouterr().err)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("rest", [[], ["--bounds", "5"]])
def test_evaluate_gives_the_exact_figures_of_factor_analysis(rest, tmp_path, capsys):
    checkpoints.save(true_model(), tmp_path / "fa")
    assert main(["evaluate", str(tmp_path / "fa"), "--json", *rest]) == 0
    measured = json.loads(capsys.readouterr().out)
    exact = measured["exact"]
    assert measured["images"] == 1000
    assert (
        exact["evidence"] == pytest.approx(exact["true_evidence"], abs=1e-4) == pytest.approx(-3.95, abs=0.1)
    )
    assert exact["gap"] == pytest.approx(0, abs=1e-5)
    assert exact["exact_elbo"] == pytest.approx(exact["evidence"], abs=1e-5)
    assert main(["evaluate", str(tmp_path / "fa"), "--bounds"]) == 0
    assert f"{exact['evidence']:.4f}" in capsys.readouterr().out


def test_evaluate_takes_vectors_of_ones_own(tmp_path, capsys):
    points = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    np.savez(tmp_path / "points.npz", x_train=points, x_test=points[:7])
    folder, source = tmp_path / "fa", tmp_path / "points.npz"
    checkpoints.save(true_model(), folder)
    model = checkpoints.load(folder).model
    assert main(["evaluate", str(folder), "--data", str(source), "--json", "--bounds"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["images"] == 7 and "true_evidence" not in measured["exact"]
    assert measured["exact"]["evidence"] == pytest.approx(model.evidence(points[:7]).mean().item())


# sample


def test_sample_writes_a_picture(vae, tmp_path, capsys):
    picture = tmp_path / "drawn.png"
    assert main(["sample", str(vae), "--count", "12", "--output", str(picture)]) == 0
    assert str(picture) in capsys.readouterr().out
    pixels = np.asarray(Image.open(picture))
    assert pixels.shape[:2] == (2 * 29 + 1, 10 * 29 + 1)  # 10 in a row, 1 pixel between
    assert pixels.std() > 10
    first = picture.read_bytes()
    main(["sample", str(vae), "--count", "12", "--output", str(picture)])
    assert picture.read_bytes() == first
    main(["sample", str(vae), "--count", "12", "--output", str(picture), "--seed", "1"])
    assert picture.read_bytes() != first


def test_sample_prints_points_of_factor_analysis(tmp_path, capsys):
    checkpoints.save(FactorAnalysis(3, 2), tmp_path)
    assert main(["sample", str(tmp_path), "--count", "4"]) == 0
    points = json.loads(capsys.readouterr().out)
    assert len(points) == 4 and all(len(point) == 3 for point in points)


def test_sample_writes_numbers_where_it_is_told_to(tmp_path, capsys):
    checkpoints.save(FactorAnalysis(3, 2), tmp_path / "fa")
    main(["sample", str(tmp_path / "fa"), "--count", "4"])
    points = np.array(json.loads(capsys.readouterr().out))
    for suffix, read in {
        ".json": lambda path: json.loads(path.read_text()),
        ".csv": lambda path: np.loadtxt(path, delimiter=","),
        ".npy": np.load,
    }.items():
        output = tmp_path / "new" / f"points{suffix}"
        assert main(["sample", str(tmp_path / "fa"), "--count", "4", "--output", str(output)]) == 0
        assert str(output) in capsys.readouterr().out
        np.testing.assert_allclose(read(output), points, rtol=1e-6)


@pytest.mark.parametrize(
    ("output", "said"),
    [("points.png", "fa draws vectors, which are no picture"), ("points.txt", "must end in .png or .json")],
)
def test_sample_says_what_it_cannot_write(output, said, tmp_path, capsys):
    checkpoints.save(FactorAnalysis(3, 2), tmp_path / "fa")
    assert main(["sample", str(tmp_path / "fa"), "--output", str(tmp_path / output)]) == 1
    assert said in sentence(capsys.readouterr().err)
    assert not (tmp_path / output).exists()


def drawn(folder: Path, *arguments: str) -> np.ndarray:
    """What `sample` draws from a checkpoint, (N, D)."""
    output = folder.parent / "drawn.npy"
    assert main(["sample", str(folder), "--output", str(output), *arguments]) == 0
    return np.load(output)


@pytest.mark.parametrize(("model", "option"), [("cvae", "--label"), ("gmvae", "--cluster")])
def test_sample_takes_labels_and_clusters(model, option, tmp_path):
    made = small_models.make(model)
    checkpoints.save(made, tmp_path / model)
    made = checkpoints.load(tmp_path / model).model
    x = drawn(tmp_path / model, option, "3", "1", "--count", "5", "--seed", "4")
    expected = made.sample(5, [3, 1, 3, 1, 3], generator=small_models.seeded(4))
    np.testing.assert_array_equal(x, expected)
    at_random = drawn(tmp_path / model, "--count", "5", "--seed", "4")
    np.testing.assert_array_equal(at_random, made.sample(5, generator=small_models.seeded(4)))


def test_sample_knows_classes_by_their_names(tmp_path, capsys):
    names = ["ant", "bee", "cat", "dog", "eel"]
    checkpoints.save(small_models.make("cvae"), tmp_path / "cvae", {"classes": names, "shape": [3, 4]})
    named = drawn(tmp_path / "cvae", "--label", "cat", "--count", "3")
    np.testing.assert_array_equal(named, drawn(tmp_path / "cvae", "--label", "2", "--count", "3"))
    capsys.readouterr()
    assert main(["sample", str(tmp_path / "cvae"), "--label", "emu"]) == 1
    assert "There is no label emu: there are ant, bee, cat, dog, eel." in sentence(capsys.readouterr().err)
    picture = tmp_path / "drawn.png"
    assert main(["sample", str(tmp_path / "cvae"), "--count", "2", "--output", str(picture)]) == 0
    assert np.asarray(Image.open(picture)).shape[:2] == (3 + 2, 2 * 5 + 1)


@pytest.mark.parametrize(
    ("model", "option", "said"),
    [
        ("vae", "--label", "--label is no option of vae."),
        ("gmvae", "--label", "--label is no option of gmvae: it has --cluster."),
        ("cvae", "--cluster", "--cluster is no option of cvae: it has --label."),
        ("gmvae", "--cluster", "There is no cluster 7: there are 0…4."),
    ],
)
def test_sample_refuses_choices_that_there_are_not(model, option, said, tmp_path, capsys):
    checkpoints.save(small_models.make(model), tmp_path / model)
    assert main(["sample", str(tmp_path / model), option, "7"]) == 1
    assert sentence(capsys.readouterr().err) == f"aevb: {said}"


# train


def test_train_leaves_a_checkpoint_with_its_history(few_digits, tmp_path, capsys):
    folder = tmp_path / "trained"
    arguments = ["train", "vae", "--epochs", "2", "--batch-size", "50", "--latent-dim", "3", "--seed", "7"]
    assert main([*arguments, "--output", str(folder)]) == 0
    said = capsys.readouterr()
    assert "A few digits." in said.err and "epoch 2" in said.err and str(folder) in said.err
    checkpoint = checkpoints.load(folder)
    assert checkpoint.model.latent_dim == 3
    training = checkpoint.training
    assert training["command"] == f"python -m aevb {' '.join(arguments)} --output {folder}"
    assert training["config"]["seed"] == 7 and training["config"]["steps"] == 6  # of 180 digits
    assert training["data"] == "A few digits." and training["versions"]["torch"] == torch.__version__
    assert [epoch["epoch"] for epoch in training["curve"]] == [1, 2]
    assert json.loads(said.out) == training["test"]
    best = max(epoch["validation_elbo"] for epoch in training["curve"])
    assert training["curve"][training["epoch"] - 1]["validation_elbo"] == best
    assert training["test"]["images"] == 100 and training["validated_on"] == 20
    assert len(checkpoint.measures["use"]) == 3


def test_what_is_said_of_the_training_is_done(few_digits, tmp_path):
    folder = tmp_path / "trained"
    said = ["--rate", "constant", "--rate-warmup", "2", "--beta", "0.5", "--kl-warmup", "3", "--clip", "10"]
    said += ["--free-bits", "0.1", "--averaging", "0.9", "--weight-decay", "0.01", "--patience", "7"]
    said += ["--optimiser", "sgd", "--learning-rate", "0.00001"]
    arguments = ["train", "vae", "--hidden-dims", "8", "--epochs", "1", "--bounds", "--output", str(folder)]
    assert main([*arguments, *said]) == 0
    config = checkpoints.load(folder).training["config"]
    assert TrainingConfig.from_json(config) == TrainingConfig(
        steps=1,
        optimiser="sgd",
        learning_rate=1e-5,
        rate="constant",
        rate_warmup=2,
        beta=0.5,
        kl_warmup=3,
        clip=10,
        free_bits=0.1,
        averaging=0.9,
        weight_decay=0.01,
        patience=7,
    )


def test_the_test_images_are_read_once_the_training_is_over(few_digits, tmp_path, monkeypatch):
    """By its last measurement, and by what is measured for the explorer; before, only whether they can be."""
    over, asked = [], []

    class Sealed(data.Split):
        def __getattribute__(self, name):
            assert over or asked or name.startswith("__"), f"The test images were read: {name}"
            return super().__getattribute__(name)

    def require(*given):
        asked.append(True)
        required(*given)
        asked.clear()

    def figures(*given):
        over.append(True)
        return measured(*given)

    sealed = Sealed(few_digits.test.images, few_digits.test.labels)
    measured, required = measuring.figures, training.require
    monkeypatch.setattr(measuring, "figures", figures)
    monkeypatch.setattr(training, "require", require)
    monkeypatch.setattr(data, "read", lambda *_, **__: dataclasses.replace(few_digits, test=sealed))
    arguments = ["train", "vae", "--hidden-dims", "8", "--epochs", "2", "--bounds"]
    assert main([*arguments, "--output", str(tmp_path / "vae")]) == 0
    assert over == [True] and checkpoints.load(tmp_path / "vae").training["test"]["images"] == 100


SMALL_GMVAE = ["train", "gmvae", *SMALL["gmvae"], "--latent-dim", "2", "--batch-size", "60", "--bounds"]
"""Of the few digits three steps make an epoch."""


def stopped(after: int):
    """`runs.shown`, stopped in the epoch after that one."""

    def shown(events, steps):
        for event in events:
            yield event
            if isinstance(event, runs.Progress) and event.step == 3 * after + 1:
                raise KeyboardInterrupt

    return shown


@pytest.mark.parametrize("stop", [1, 2])
def test_a_run_that_was_stopped_goes_on(stop, few_digits, tmp_path, monkeypatch, capsys):
    """From the epoch after which it was stopped: before or after q(y | x) was released."""
    arguments = [*SMALL_GMVAE, "--epochs", "3", "--clusters-first", "1"]
    monkeypatch.setattr(cluster_start, "prepare", lambda model, *images, **options: iter(["clusters"]))
    assert main([*arguments, "--output", str(tmp_path / "whole")]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(runs, "shown", stopped(stop))
        assert main([*arguments, "--output", str(tmp_path / "part")]) == 130
    assert "--resume." in capsys.readouterr().err
    assert main([*arguments, "--output", str(tmp_path / "part")]) == 1  # it destroys nothing unasked
    monkeypatch.setattr(cluster_start, "prepare", None)  # and finds no clusters again
    assert main([*arguments, "--output", str(tmp_path / "part"), "--resume"]) == 0
    whole, part = (checkpoints.load(tmp_path / name) for name in ("whole", "part"))
    assert part.training["curve"] == whole.training["curve"] and len(part.training["curve"]) == 3
    assert part.training["test"]["elbo"] == whole.training["test"]["elbo"]
    assert part.training["start"]["held_epochs"] == 1
    assert not (tmp_path / "part" / "state.safetensors").exists()


@pytest.mark.parametrize("broken", ["figures", "save_measures"])
def test_a_run_that_was_stopped_as_it_was_measured_is_measured(
    broken, few_digits, tmp_path, monkeypatch, capsys
):
    """At its end, where it has no more steps to take."""
    arguments = ["train", "vae", "--hidden-dims", "8", "--epochs", "2", "--bounds"]
    whole, part = (["--output", str(tmp_path / name)] for name in ("whole", "part"))
    assert main([*arguments, *whole]) == 0

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(measuring, broken, stop)
        assert main([*arguments, *part]) == 130
    assert "--resume." in capsys.readouterr().err
    assert main([*arguments, *part, "--resume"]) == 0
    found, expected = (checkpoints.load(tmp_path / name) for name in ("part", "whole"))
    assert found.training["test"]["elbo"] == expected.training["test"]["elbo"]
    assert found.training["curve"] == expected.training["curve"] and found.measures == expected.measures
    assert not (tmp_path / "part" / "state.safetensors").exists()
    assert main([*arguments, *part, "--resume"]) == 1  # it is over now


def test_a_run_that_goes_on_lets_go_of_its_clusters_when_it_was_to(few_digits, tmp_path, monkeypatch, capsys):
    arguments = [*SMALL_GMVAE, "--epochs", "4"]
    monkeypatch.setattr(cluster_start, "prepare", lambda model, *images, **options: iter(["clusters"]))
    whole, part, plain = (["--output", str(tmp_path / name)] for name in ("whole", "part", "plain"))
    assert main([*arguments, "--clusters-first", "2", *whole]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(runs, "shown", stopped(1))
        assert main([*arguments, "--clusters-first", "2", *part]) == 130
        assert main([*arguments, *plain]) == 130
    for folder, began in ((part, "with --clusters-first 2"), (plain, "without --clusters-first")):
        assert main([*arguments, "--clusters-first", "3", *folder, "--resume"]) == 1
        assert f"began {began}, which cannot be changed" in sentence(capsys.readouterr().err)
    assert main([*arguments, *part, "--resume"]) == 0
    curves = [checkpoints.load(tmp_path / name).training["curve"] for name in ("whole", "part")]
    assert curves[0] == curves[1] and len(curves[0]) == 4


def test_a_refit_is_the_same_training_on_all_images(few_digits, tmp_path, capsys):
    chosen, refit = tmp_path / "chosen", tmp_path / "refit"
    arguments = ["train", "vae", "--hidden-dims", "8", "--epochs", "3", "--batch-size", "50", "--seed", "7"]
    assert main([*arguments, "--averaging", "0.9", "--bounds", "--output", str(chosen)]) == 0
    record = checkpoints.load(chosen).training
    checkpoints.write_json(chosen / "training.json", record | {"epoch": 2})  # as if the third had been worse
    capsys.readouterr()
    assert main(["refit", str(chosen), "--bounds", "--output", str(refit)]) == 0
    found = checkpoints.load(refit)
    told = found.training
    assert told["test"] == json.loads(capsys.readouterr().out) and told["test"]["images"] == 100
    assert told["trained_on"] == 200 and told["validated_on"] == 20
    assert told["chosen"] == f"{record['chosen']}; then once more on all training images"
    assert told["precision"] in ("float32", "bfloat16")
    assert told["command"] == f"python -m aevb refit {chosen} --bounds --output {refit}"
    assert told["chosen_by"] == record["command"] and told["curve"] == record["curve"]
    assert found.measures["use"] and told["start"] == {"kind": "plain"}

    torch.manual_seed(7)
    model = VAE(hidden_dims=[8])
    config = TrainingConfig.from_json(record["config"])
    assert config.steps == 9 and told["config"]["steps"] == 12  # 180 and 200 images, 50 at once
    config = dataclasses.replace(config, steps=12)
    run = Run(model, few_digits.train.seen_by(model), config)
    for _ in range(8):
        run.advance()
    run.settle()
    for name, value in model.state_dict().items():
        kept = found.model.state_dict()[name]  # in float16
        torch.testing.assert_close(kept, value.half().float(), rtol=0, atol=0)
    assert main(["refit", str(chosen), "--output", str(refit)]) == 1
    assert "holds a checkpoint already" in sentence(capsys.readouterr().err)


def test_a_refit_that_is_ended_while_it_measures_goes_on_there(few_digits, tmp_path, monkeypatch, capsys):
    chosen, folder = tmp_path / "chosen", tmp_path / "runs" / "vae"
    monkeypatch.setattr(training, "RUNS", tmp_path / "runs")
    arguments = ["train", "vae", "--hidden-dims", "8", "--epochs", "2", "--batch-size", "50"]
    assert main([*arguments, "--bounds", "--output", str(chosen)]) == 0
    command, fits = ["refit", str(chosen), "--bounds"], []
    fit = refitting._fit
    monkeypatch.setattr(refitting, "_fit", lambda *given: fits.append(given) or fit(*given))
    with monkeypatch.context() as patch:
        patch.setattr(measuring, "evaluate", interrupted)
        assert main(command) == 130
    assert f"{folder}, not measured yet: the same command goes on there" in capsys.readouterr().err
    found = checkpoints.load(folder)
    assert "test" not in found.training and record(found)["facts"]["Test ELBO"] == "not measured"
    weights = (folder / "model.safetensors").read_bytes()
    with monkeypatch.context() as patch:  # and once more, a step further
        patch.setattr(measuring, "save_measures", interrupted)
        assert main(command) == 130
    assert main(command) == 0
    found = checkpoints.load(folder)
    assert found.training["test"]["images"] == 100 and found.measures["use"]
    assert len(fits) == 1 and (folder / "model.safetensors").read_bytes() == weights
    assert main(command) == 0 and len(fits) == 2  # all is done: this is another
    assert (tmp_path / "runs" / "vae-2" / "measures.json").exists()


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_a_refit_of_a_gmvae_finds_its_clusters_again(few_digits, tmp_path, monkeypatch):
    started, looked_at, held = [], [], []

    def prepare(model, images, **options):
        started.append((len(images), options["seed"]))
        looked_at.append(images.fixed()[0])
        return iter(["clusters"])

    def watched(events, steps):
        for event in events:
            yield event
            moving = model_of[0].q_y_given_x.logits.weight.requires_grad
            held.append((getattr(event, "step", None), moving))

    model_of = []
    monkeypatch.setattr(cluster_start, "prepare", prepare)
    arguments = ["train", "gmvae", "--hidden-dims", "8", "8", "--epochs", "3", "--clusters-first", "1"]
    chosen = str(tmp_path / "chosen")
    assert main([*arguments, "--batch-size", "60", "--seed", "5", "--bounds", "--output", chosen]) == 0
    monkeypatch.setattr(runs, "shown", watched)
    monkeypatch.setattr(refitting, "Run", lambda model, *given: model_of.append(model) or Run(model, *given))
    assert main(["refit", chosen, "--bounds", "--output", str(tmp_path / "refit")]) == 0
    assert started == [(180, 5), (200, 5)]
    assert torch.equal(looked_at[1][:180], looked_at[0])  # in one order, though they may come class by class
    epoch = checkpoints.load(chosen).training["epoch"]
    assert held == [(step, step >= 3) for step in range(1, 3 * epoch + 1)]  # 3 steps an epoch


@pytest.mark.parametrize(
    "training",
    [{}, {"epoch": 1, "config": {"steps": 3}, "trained_on": 200, "validated_on": 0}, {"config": "none"}],
)
def test_what_no_validation_has_chosen_is_not_refitted(training, few_digits, tmp_path, capsys):
    checkpoints.save(VAE(hidden_dims=[8]), tmp_path / "vae", training)
    assert main(["refit", str(tmp_path / "vae"), "--output", str(tmp_path / "refit")]) == 1
    assert "does not tell a run that was chosen by validation images" in sentence(capsys.readouterr().err)
    assert not (tmp_path / "refit").exists()


def test_what_cannot_go_on_is_told(few_digits, tmp_path, capsys):
    for given, said in (
        ([], "--resume needs the --output of the run that is to go on"),
        (["--output", str(tmp_path / "none")], "holds no run to go on with"),
    ):
        assert main(["train", "vae", "--epochs", "1", "--resume", *given]) == 1
        assert said in sentence(capsys.readouterr().err)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("schedule", [[], ["--alternate", "25", "25"]])
def test_train_factor_analysis_prints_its_exact_figures(schedule, tmp_path, capsys):
    arguments = ["train", "fa", "--epochs", "50", "--batch-size", "100", "--output", str(tmp_path / "fa")]
    assert main([*arguments, "--learning-rate", "0.05", *schedule]) == 0
    figures = json.loads(capsys.readouterr().out)
    exact = figures["exact"]
    assert exact["evidence"] - exact["exact_elbo"] == pytest.approx(exact["gap"], abs=1e-4)
    assert exact["gap"] >= 0 and -6 < exact["evidence"] <= exact["true_evidence"] + 0.05
    assert figures["elbo"] == pytest.approx(exact["exact_elbo"], abs=0.1)
    assert isinstance(checkpoints.load(tmp_path / "fa").model, FactorAnalysis)


def test_ctrl_c_keeps_the_best_checkpoint_so_far(tmp_path):
    """On the bundled sample, as a user without a download would."""
    folder = tmp_path / "run"
    arguments = ["train", "vae", "--epochs", "500", "--batch-size", "1000", "--output", str(folder)]
    environment = os.environ | {"AEVB_DATA": str(tmp_path / "empty"), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "aevb", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell has what it starts in the background pass over Ctrl-C; a child takes that over.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    said = ""
    while "epoch 2:" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)
    said += rest[1]
    assert process.returncode == 130
    assert "The bundled sample of MNIST" in said
    assert f"The best checkpoint so far is in {folder}. The same command goes on with" in said
    assert sentence(said) == "aevb: stopped."
    checkpoint = checkpoints.load(folder)
    assert len(checkpoint.training["curve"]) >= 2
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "curve.csv",
        "model.safetensors",
        "state.safetensors",
        "training.json",
    ]


# measure


def test_measure_leaves_what_never_changes_beside_the_weights(vae, few_digits, capsys):
    assert main(["measure", str(vae)]) == 0
    assert str(vae / "measures.json") in capsys.readouterr().out
    assert checkpoints.load(vae).measures == measures.measure(checkpoints.load(vae).model, few_digits.test)


def test_what_leaves_files_beside_the_weights_needs_a_folder(capsys):
    """They went into the Hub's cache."""
    for command in ("map", "measure"):
        assert main([command, "someone/small"]) == 1
        said = sentence(capsys.readouterr().err)
        assert said.startswith(
            f"aevb: `{command}` leaves files beside the weights, and someone/small is no folder"
        )


def test_an_installed_package_keeps_its_checksums(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(places, "INSTALLED", places.ROOT)
    monkeypatch.setattr(manifest, "write", lambda: tmp_path / "SHA256SUMS")
    assert main(["manifest"]) == 1
    assert "written in a checkout" in sentence(capsys.readouterr().err)
    monkeypatch.undo()
    monkeypatch.setattr(manifest, "write", lambda: tmp_path / "SHA256SUMS")
    assert main(["manifest"]) == 0


def test_a_checkpoint_without_a_record_is_no_run_and_its_data_are_a_guess(vae, few_digits, capsys):
    assert main(["refit", str(vae)]) == 1
    assert f"There is no training.json in {vae}: only a run of `aevb train`" in sentence(
        capsys.readouterr().err
    )
    assert main(["evaluate", str(vae), "--bounds"]) == 0
    assert "Nothing tells what vae was trained on: mnist is a guess, --data names" in capsys.readouterr().err
    assert main(["evaluate", str(vae), "--bounds", "--data", "mnist"]) == 0
    assert "guess" not in capsys.readouterr().err


def test_images_of_another_size_are_told_the_option(vae, capsys):
    assert main(["evaluate", str(vae), "--data", "digits", "--bounds"]) == 1
    assert "those of digits have 8 × 8: give --image-size 28." in sentence(capsys.readouterr().err)
    assert main(["evaluate", str(vae), "--data", "digits", "--bounds", "--image-size", "28"]) == 0


# Failures: an exit status and a sentence, never a traceback


def test_a_failing_command_ends_with_a_sentence():
    process = subprocess.run(
        [sys.executable, "-m", "aevb", "evaluate", "checkpoints/nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 1 and process.stdout == ""
    assert "There is no checkpoint folder checkpoints/nowhere." in sentence(process.stderr)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "vae", "--latent-dim", "0"], "--latent-dim: must be from 1 to 100000, not 0"),
        (
            ["train", "vae", "--latent-dim", "100000000000"],
            "--latent-dim: must be from 1 to 100000, not 1000",
        ),
        (["train", "vae", "--epochs", "-1"], "--epochs: must be from 1 to 100000, not -1"),
        (["train", "vae", "--batch-size", "0"], "--batch-size: must be from 1 to 100000, not 0"),
        (["train", "vae", "--seed", "99999999999999999999"], "--seed: must be from 0 to"),
        (["sample", "vae", "--count", "0"], "--count: must be from 1 to 10000, not 0"),
        (["train", "vae", "--latent-dim", "two"], "--latent-dim: invalid whole number value: 'two'"),
        (["train", "vae", "--epochs", "1.5"], "--epochs: invalid whole number value: '1.5'"),
        (["train", "vae", "--beta", "low"], "--beta: invalid number value: 'low'"),
        (["train", "vae", "--learning-rate", "nan"], "--learning-rate: must be from 1e-09 to 1000, not nan"),
        (["train", "fa", "--alternate", "0", "10"], "--alternate: must be from 1 to 100000, not 0"),
        (["train", "oracle"], "invalid choice: 'oracle'"),
        (["sing"], "invalid choice: 'sing'"),
        ([], "required: COMMAND"),
    ],
)
def test_impossible_arguments_are_named(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in sentence(capsys.readouterr().err)


@pytest.mark.parametrize("dropout", ["1", "-0.5"])
def test_an_impossible_dropout_is_named(dropout, few_digits, capsys):
    assert main(["train", "vae", "--dropout", dropout]) == 1
    assert "dropout must be in [0, 1)" in sentence(capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "fa", "--dropout", "0.1"],
        ["train", "gmvae", "--dropout", "0.1"],
        ["train", "vae", "--clusters-first", "3"],
        ["train", "vae", "--bfloat16"],
        ["evaluate", "vae", "--seed", "0"],
    ],
)
def test_an_option_of_another_model_or_command_is_refused(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    command = " ".join(arguments[: 2 if arguments[0] == "train" else 1])
    assert f"{arguments[2]} is not an option of {command}" in sentence(capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["evaluate", "sample", "map", "measure"])
def test_a_damaged_checkpoint_is_named(name, vae, few_digits, capsys):
    (vae / "model.safetensors").write_bytes(b"?")
    assert main([name, str(vae)]) == 1
    assert f"{vae / 'model.safetensors'} is damaged" in sentence(capsys.readouterr().err)


@pytest.mark.parametrize("name", ["evaluate", "map", "measure"])
def test_a_model_of_other_images_is_refused(name, few_digits, tmp_path, capsys):
    checkpoints.save(VAE(data_dim=9, hidden_dims=[8], latent_dim=2), tmp_path / "small")
    assert main([name, str(tmp_path / "small")]) == 1
    said = sentence(capsys.readouterr().err)
    assert "is of images of 3 × 3 pixels, and those of mnist have 28 × 28" in said


def test_a_run_that_diverges_leaves_no_empty_folder(few_digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for output in ([], ["--output", "mine"]):
        assert main(["train", "vae", "--learning-rate", "1000", "--batch-size", "5", *output]) == 1
        assert "lower the learning rate" in sentence(capsys.readouterr().err)
    assert not [path for path in tmp_path.rglob("*") if path.name in ("vae", "mine")]


# No run destroys another


def test_a_folder_that_holds_a_checkpoint_is_written_over_only_where_that_is_asked_for(
    vae, few_digits, tmp_path, capsys
):
    before = (vae / "model.safetensors").read_bytes()
    arguments = ["train", "fa", "--epochs", "1", "--output", str(vae)]
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert f"{vae} holds a checkpoint already: give another --output, or --overwrite." in sentence(said)
    assert "step" not in said and (vae / "model.safetensors").read_bytes() == before
    (vae / "maps.npz").write_bytes(b"of other weights")
    assert main([*arguments, "--overwrite"]) == 0
    assert isinstance(checkpoints.load(vae).model, FactorAnalysis)
    assert not (vae / "maps.npz").exists()


def test_each_run_has_a_folder_of_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for expected in ("fa", "fa-2", "fa-3"):
        assert main(["train", "fa", "--epochs", "1"]) == 0
        assert f"The checkpoint is in {Path('runs') / expected}." in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["fa", "fa-2", "fa-3"]


# What a model can be given, the command line can


@pytest.mark.parametrize("model", REGISTRY)
def test_every_argument_of_a_model_but_the_datas_is_an_option(model, capsys):
    with pytest.raises(SystemExit):
        main(["train", model, "--help"])
    said = capsys.readouterr().out
    for name in list(inspect.signature(REGISTRY[model].__init__).parameters)[1:]:
        given = f"--{name.replace('_', '-')}" in said
        assert given == (name not in ("data_dim", "length")), name


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["vae", "--likelihood", "gaussian", "--dropout", "0.2"], {"likelihood": "gaussian", "dropout": 0.2}),
        (
            ["cvae", "--conditioned", "x", "--likelihood", "continuous-bernoulli"],
            {"conditioned": "x", "classes": 3},
        ),
        (
            ["gmvae", "--clusters", "4", "--estimator", "gumbel-analytic", "--straight-through"],
            {"clusters": 4, "estimator": "gumbel analytic", "straight_through": True},
        ),
        (["gmvae", "--estimator", "gumbel relaxed", "--temperature", "0.8"], {"temperature": 0.8}),
        (
            ["vrnn", "--memory-dim", "5", "--memory-layers", "1"],
            {"memory_dim": 5, "length": 6, "data_dim": 6},
        ),
    ],
)
def test_what_a_model_is_given_is_what_is_trained_and_kept(arguments, expected, tiny, tmp_path, capsys):
    folder = tmp_path / "run"
    model = arguments[0]
    widths = ["--hidden-dims", "8", *(["8"] if model == "gmvae" else []), "--latent-dim", "2"]
    rest = ["--data", tiny, "--epochs", "1", "--bounds", "--output", str(folder)]
    assert main(["train", *arguments, *widths, *rest]) == 0
    config = checkpoints.load(folder).model.config
    assert config["latent_dim"] == 2 and list(config["hidden_dims"]) == [8] * (len(widths) - 3)
    assert {name: config[name] for name in expected} == expected


# Other data


@pytest.mark.parametrize("model", REGISTRY)
def test_each_model_trains_on_a_file_of_images_and_is_measured_on_it_again(model, tiny, tmp_path, capsys):
    folder = tmp_path / "run"
    arguments = [*SMALL[model], "--latent-dim", "2", "--data", tiny, "--epochs", "1", "--batch-size", "10"]
    assert main(["train", model, *arguments, "--bounds", "2", "--output", str(folder)]) == 0
    trained = json.loads(capsys.readouterr().out)
    checkpoint = checkpoints.load(folder)
    assert checkpoint.shape == (6, 6) and checkpoint.classes == ("ant", "bee", "cat")
    assert trained["images"] == 6 and np.isfinite(trained["elbo"])
    assert main(["evaluate", str(folder), "--json", "--bounds", "2"]) == 0  # on what it was trained on
    again = json.loads(capsys.readouterr().out)
    assert (again["elbo"], again["bound"]) == (trained["elbo"], trained["bound"])
    picture = tmp_path / "drawn.png"
    assert main(["sample", str(folder), "--count", "3", "--output", str(picture)]) == 0
    assert np.asarray(Image.open(picture)).shape[:2] == (8, 3 * 7 + 1)


@pytest.mark.parametrize("model", ["vae", "gmvae"])
def test_a_gaussian_likelihood_trains_on_vectors_of_any_scale(model, tmp_path, capsys):
    points = np.random.default_rng(0).normal(3.0, 2.0, (60, 5)).astype(np.float32)
    np.savez(tmp_path / "points.npz", x=points)
    folder, given = tmp_path / "run", [*SMALL[model], "--latent-dim", "2", "--epochs", "1", "--bounds"]
    given += ["--data", str(tmp_path / "points.npz"), "--output", str(folder)]
    assert main(["train", model, *given]) == 1
    assert "Values must be" in sentence(capsys.readouterr().err) and not folder.exists()
    assert main(["train", model, *given, "--likelihood", "gaussian"]) == 0
    assert np.isfinite(json.loads(capsys.readouterr().out)["elbo"])
    assert drawn(folder, "--count", "2").shape == (2, 5)


def test_a_model_of_rows_takes_no_vectors(tmp_path, capsys):
    np.savez(tmp_path / "points.npz", x=np.random.default_rng(0).normal(size=(60, 5)))
    given = ["--likelihood", "gaussian", "--epochs", "1", "--bounds", "--output", str(tmp_path / "run")]
    for source in ("moons", str(tmp_path / "points.npz")):
        assert main(["train", "vrnn", *SMALL["vrnn"], *given, "--data", source]) == 1
        assert f"and one of {source} is a single row of" in sentence(capsys.readouterr().err)
    assert not (tmp_path / "run").exists()


def test_what_a_run_could_not_be_measured_on_is_refused_before_it_begins(tmp_path, capsys):
    def points(name: str, highest: float) -> str:
        """Of which one to test with is the highest."""
        x = np.random.default_rng(0).random((60, 5))
        np.savez(tmp_path / name, x_train=x, x_test=np.vstack([x[:6], [[highest] * 5]]))
        return str(tmp_path / name)

    def output(name: str) -> list[str]:
        return ["--bounds", "--output", str(tmp_path / name)]

    train = ["train", "vae", *SMALL["vae"], "--latent-dim", "2", "--epochs", "1"]
    scaled, beyond = points("scaled.npz", 1.0), points("beyond.npz", 1.02)
    assert main([*train, "--data", scaled, *output("run")]) == 0
    capsys.readouterr()
    refit = ["refit", str(tmp_path / "run"), "--data", beyond, *output("refit")]
    for command in ([*train, "--data", beyond, *output("other")], refit):
        assert main(command) == 1
        assert "Values must be in [0, 1], not in [0" in sentence(capsys.readouterr().err)
    assert not (tmp_path / "other").exists() and not (tmp_path / "refit").exists()


@pytest.mark.parametrize(("train", "test"), [(40, 5), (14, 2)])
def test_a_run_is_measured_on_dark_images_too(train, test, tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (train, 6, 6), dtype=np.uint8)
    _, validated_on = runs.divided(data.Split(torch.arange(train)))
    images[validated_on.images.numpy()] //= 3
    np.savez(tmp_path / "my.npz", x_train=images, x_test=images[:test] // 3)
    given = ["--latent-dim", "2", "--epochs", "1", "--bounds", "--output", str(tmp_path / "run")]
    assert main(["train", "vae", *SMALL["vae"], *given, "--data", str(tmp_path / "my.npz")]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == test


def test_images_are_scaled_where_that_is_asked_for(tiny, tmp_path, capsys):
    folder = tmp_path / "run"
    arguments = ["--hidden-dims", "8", "--epochs", "1", "--bounds", "--output", str(folder)]
    assert main(["train", "vae", *arguments, "--data", tiny, "--image-size", "4"]) == 0
    assert checkpoints.load(folder).model.data_dim == 16
    assert main(["evaluate", str(folder), "--json", "--bounds"]) == 0  # of the size that it was trained on


@pytest.mark.parametrize("source", ["fashion", "kmnist"])
def test_a_set_that_is_not_here_is_named_with_what_brings_it(source, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AEVB_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["train", "vae", "--data", source]) == 1
    said = sentence(capsys.readouterr().err)
    assert f"aevb data {source} --download" in said
    assert not list(tmp_path.iterdir())


def test_maps_of_other_data_are_kept(tiny, tmp_path, monkeypatch, capsys):
    # UMAP is compiled anew in every process, and has its own test.
    monkeypatch.setattr(maps, "METHODS", {"tsne": maps.tsne, "pca": maps.pca})
    folder = tmp_path / "run"
    main(
        [
            "train",
            "vae",
            *SMALL["vae"],
            "--latent-dim",
            "3",
            "--data",
            tiny,
            "--epochs",
            "1",
            "--output",
            str(folder),
        ]
    )
    assert main(["map", str(folder)]) == 0
    assert str(folder / "maps.npz") in capsys.readouterr().out
    for name, points in checkpoints.load(folder).maps.items():
        assert points.shape == (6, 2) and np.isfinite(points).all(), name


def test_a_checkpoints_own_data_may_be_named_from_elsewhere_and_moved(tmp_path, monkeypatch, capsys):
    for part in "ab":
        (tmp_path / "here" / "photos" / part).mkdir(parents=True)
        for index in range(10):
            grey = np.random.default_rng(index).integers(0, 256, (6 + index, 7), dtype=np.uint8)
            Image.fromarray(grey).save(tmp_path / "here" / "photos" / part / f"{index}.png")
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    options = ["--hidden-dims", "8", "--epochs", "1", "--bounds", "1"]
    asked = ["train", "vae", "--data", "photos", "--image-size", "5", "--output", "run", *options]
    assert main(asked) == 0
    measures = (tmp_path / "here" / "run" / "measures.json").read_text()
    same = ["photos", "./photos/", str(tmp_path / "here" / "photos")]
    for name in same:  # in the size of the training, as without --data
        assert main(["evaluate", "run", "--data", name, "--bounds", "1"]) == 0
        assert main(["measure", "run", "--data", name]) == 0
    monkeypatch.chdir(tmp_path / "away")
    assert main(["measure", "../here/run", "--data", "../here/photos", "--image-size", "5"]) == 0
    assert (tmp_path / "here" / "run" / "measures.json").read_text() == measures
    (tmp_path / "here" / "photos" / "a" / "0.png").unlink()
    capsys.readouterr()
    assert main(["measure", "../here/run", "--data", "../here/photos", "--image-size", "5"]) == 1
    assert "is of photos, what it was trained on, not of ../here/photos." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["map", "measure"])
def test_what_is_left_beside_the_weights_is_of_what_they_were_trained_on(
    name, few_digits, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(maps, "METHODS", {"pca": maps.pca})
    checkpoints.save(VAE(hidden_dims=[8], latent_dim=2), tmp_path / "vae", {"source": "mnist"})
    before = sorted((tmp_path / "vae").iterdir())
    assert main([name, str(tmp_path / "vae"), "--data", "fashion"]) == 1
    said = "is of mnist, what it was trained on, not of fashion."
    assert said in sentence(capsys.readouterr().err)
    assert sorted((tmp_path / "vae").iterdir()) == before
    assert main([name, str(tmp_path / "vae"), "--data", "mnist"]) == 0


def test_without_umap_the_other_maps_are_made(vae, few_digits, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "umap", None)  # as if it were not installed
    assert main(["map", str(vae)]) == 1
    assert sentence(capsys.readouterr().err) == 'aevb: This needs umap: pip install "aevb[maps]".'
    assert checkpoints.load(vae).maps.keys() == {"tsne", "pca"}


def test_what_was_mapped_is_kept_if_the_next_map_fails(vae, few_digits, monkeypatch, capsys):
    def make(means):
        yield "pca", np.zeros((len(means), 2), np.float32)
        raise ValueError("No more.")

    monkeypatch.setattr(maps, "make", make)
    assert main(["map", str(vae)]) == 1
    assert sentence(capsys.readouterr().err) == "aevb: No more."
    assert checkpoints.load(vae).maps.keys() == {"pca"}


# Where and how exactly


def test_the_precision_and_the_device_in_use_are_recorded(tiny, tmp_path, capsys):
    folder = tmp_path / "run"
    arguments = ["--data", tiny, "--epochs", "1", "--bounds", "--output", str(folder)]
    assert main(["train", "vae", *arguments, "--precision", "float32", "--device", "cpu"]) == 0
    training = checkpoints.load(folder).training
    assert (training["precision"], training["device"]) == ("float32", "cpu")


@pytest.mark.parametrize("name", ["train", "evaluate", "sample", "map", "measure"])
def test_a_device_that_is_not_here_is_named(name, few_digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([name, "vae", "--device", "cuda:99"]) == 1
    assert "This machine has no device cuda:99" in sentence(capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


# app


def test_app_runs_the_app_that_comes_with_the_library(monkeypatch):
    called = []
    monkeypatch.setattr(sys, "argv", ["aevb", "app"])
    monkeypatch.setattr(runpy, "run_module", lambda module, run_name: called.append([module, *sys.argv[1:]]))
    assert main(["app", "--port", "8600"]) == 0
    ((module, command, script, port),) = called
    assert (module, command, port) == ("streamlit", "run", "--server.port=8600")
    assert Path(script).samefile(ROOT / "app.py")


# The commands that are written down


def written_commands() -> list[str]:
    """Of the documents, and of the training records that come with the library."""
    texts = [
        path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *(ROOT / "aevb").rglob("*.md"))
    ]
    found = [
        command for text in texts for command in re.findall(r"`(?:python -m )?aevb ([^`]+ [^`]+)`", text)
    ]
    for path in (ROOT / "checkpoints").glob("*/training.json"):
        found.append(json.loads(path.read_text(encoding="utf-8"))["command"].removeprefix("python -m aevb "))
    return sorted({*found})


@pytest.mark.parametrize("written", written_commands())
def test_a_command_that_is_written_down_is_one(written):
    words = shlex.split(written.replace("NAME", "vae").replace("CHECKPOINT", "vae"))
    _, others = _parser().parse_known_args(words)
    assert not others


@pytest.mark.parametrize("model", ["fa", "vae"])
def test_an_unwritable_folder_is_named_before_anything_is_trained(model, few_digits, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(["train", model, "--epochs", "1", "--output", str(tmp_path / "file" / "run")]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in sentence(said) and "step" not in said


def test_the_data_in_use_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AEVB_DATA", str(tmp_path))
    assert main(["data"]) == 0
    assert capsys.readouterr().out.startswith("The bundled sample of MNIST")


@pytest.mark.parametrize(
    "name",
    [
        "train",
        "evaluate",
        "sample",
        "map",
        "measure",
        "manifest",
        "figure",
        "export",
        "export-onnx",
        "data",
        "app",
    ],
)
def test_every_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "usage: python -m aevb" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == f"aevb {aevb.__version__}\n"

"""python -m aevb: what it prints, what it leaves behind, and how it fails."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aevb import VAE, FactorAnalysis, checkpoints, data
from aevb.__main__ import main
from aevb.explore import measures

ROOT = Path(__file__).parent.parent


@pytest.fixture
def few_digits(monkeypatch) -> data.Digits:
    """The commands find 200 training and 100 test images."""
    digits = data.load_sample()
    splits = {"train": digits.train, "test": digits.test}
    few = {
        name: data.Split(split.images[:count], split.labels[:count])
        for (name, split), count in zip(splits.items(), (200, 100), strict=True)
    }
    digits = dataclasses.replace(digits, **few, note="A few digits.")
    monkeypatch.setattr(data, "load", lambda: digits)
    return digits


@pytest.fixture
def vae(tmp_path) -> Path:
    torch.manual_seed(0)
    checkpoints.save(VAE(hidden_dims=[8], latent_dim=2), tmp_path / "vae")
    return tmp_path / "vae"


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "aevb", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def sentence(text: str) -> str:
    """The last line of what was said, which must not be a traceback's."""
    assert "Traceback" not in text
    return text.strip().splitlines()[-1]


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
    assert "A few digits." in said and "100 test images" in said
    for figure in (measured["elbo"], *measured["terms"].values(), *measured["bound"].values()):
        assert f"{figure:,.2f}" in said


def test_a_gmvae_starts_from_clusters_and_then_moves_them(tmp_path, few_digits, capsys):
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


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["vae", "--clusters-first", "1"], "--clusters-first is not an option of vae."),
        (["gmvae", "--epochs", "2", "--clusters-first", "2"], "must leave epochs in which q(y | x) moves"),
    ],
)
def test_clusters_first_is_refused_where_it_makes_no_sense(few_digits, capsys, arguments, problem):
    assert main(["train", *arguments]) == 1
    assert problem in sentence(capsys.readouterr().err)


@pytest.mark.parametrize("option", ["--bfloat16", "--clusters-first 3", "--bounds 10", "--bounds"])
def test_factor_analysis_refuses_what_it_would_pass_over(option, tmp_path, capsys):
    assert main(["train", "fa", "--epochs", "1", "--output", str(tmp_path / "fa"), *option.split()]) == 1
    name = option.split()[0]
    assert f"{name} is not an option of fa." in sentence(capsys.readouterr().err)
    assert not (tmp_path / "fa").exists()


def test_evaluate_refuses_factor_analysis(tmp_path, capsys):
    checkpoints.save(FactorAnalysis(), tmp_path)
    assert main(["evaluate", str(tmp_path)]) == 1
    assert "not a model of images" in sentence(capsys.readouterr().err)


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
    assert training["config"]["seed"] == 7 and training["config"]["steps"] == 8
    assert training["data"] == "A few digits." and training["versions"]["torch"] == torch.__version__
    assert [epoch["epoch"] for epoch in training["curve"]] == [1, 2]
    assert json.loads(said.out) == training["test"]
    best = max(epoch["test_elbo"] for epoch in training["curve"])
    assert training["test"]["elbo"] == pytest.approx(best, abs=0.1)  # its weights in float16
    assert len(checkpoint.measures["use"]) == 3


@pytest.mark.parametrize("schedule", [[], ["--alternate", "25", "25"]])
def test_train_factor_analysis_prints_its_exact_figures(schedule, tmp_path, capsys):
    arguments = ["train", "fa", "--epochs", "50", "--batch-size", "100", "--output", str(tmp_path / "fa")]
    assert main([*arguments, "--learning-rate", "0.05", *schedule]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["evidence"] - figures["elbo"] == pytest.approx(figures["gap"], abs=1e-4)
    assert figures["gap"] >= 0 and figures["evidence"] > -6
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
    assert f"The best checkpoint so far is in {folder}." in said
    assert sentence(said) == "aevb: stopped."
    checkpoint = checkpoints.load(folder)
    assert len(checkpoint.training["curve"]) >= 2
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "training.json",
    ]


# measure


def test_measure_leaves_what_never_changes_beside_the_weights(vae, few_digits, capsys):
    assert main(["measure", str(vae)]) == 0
    assert str(vae / "measures.json") in capsys.readouterr().out
    assert checkpoints.load(vae).measures == measures.measure(checkpoints.load(vae).model, few_digits.test)


# Failures: an exit status and a sentence, never a traceback


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["train", "oracle"], 2, "invalid choice: 'oracle'"),
        (["evaluate", "checkpoints/nowhere"], 1, "There is no checkpoint folder checkpoints/nowhere."),
    ],
)
def test_a_failing_command_ends_with_a_sentence(arguments, status, said):
    process = command(*arguments)
    assert process.returncode == status
    assert said in sentence(process.stderr)
    assert process.stdout == ""


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
        (["train", "vae", "--latent-dim", "two"], "--latent-dim: invalid number value: 'two'"),
        (["train", "vae", "--learning-rate", "nan"], "--learning-rate: must be from 1e-09 to 1000, not nan"),
        (["train", "fa", "--alternate", "0", "10"], "--alternate: must be from 1 to 100000, not 0"),
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


@pytest.mark.parametrize("model", ["fa", "gmvae"])
def test_an_option_of_another_model_is_refused(model, few_digits, capsys):
    assert main(["train", model, "--dropout", "0.1"]) == 1
    assert f"--dropout is not an option of {model}." in sentence(capsys.readouterr().err)


@pytest.mark.parametrize("name", ["evaluate", "sample", "map", "measure"])
def test_a_damaged_checkpoint_is_named(name, vae, few_digits, capsys):
    (vae / "model.safetensors").write_bytes(b"?")
    assert main([name, str(vae)]) == 1
    assert f"{vae / 'model.safetensors'} is damaged" in sentence(capsys.readouterr().err)


@pytest.mark.parametrize("name", ["evaluate", "map", "measure"])
def test_a_model_of_other_images_is_refused(name, few_digits, tmp_path, capsys):
    checkpoints.save(VAE(data_dim=9, hidden_dims=[8], latent_dim=2), tmp_path / "small")
    assert main([name, str(tmp_path / "small")]) == 1
    assert "is a model of 9 pixels; these images have 784." in sentence(capsys.readouterr().err)


def test_a_diverged_run_leaves_the_checkpoint_of_before(tmp_path, capsys):
    folder = tmp_path / "fa"
    assert main(["train", "fa", "--epochs", "1", "--output", str(folder)]) == 0
    before = (folder / "model.safetensors").read_bytes()
    rate = ["--learning-rate", "1000", "--epochs", "50"]
    assert main(["train", "fa", *rate, "--output", str(folder)]) == 1
    assert "lower the learning rate" in sentence(capsys.readouterr().err)
    assert (folder / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("model", ["fa", "vae"])
def test_an_unwritable_folder_is_named_before_anything_is_trained(model, few_digits, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(["train", model, "--epochs", "1", "--output", str(tmp_path / "file" / "run")]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in sentence(said) and "step" not in said


def test_the_data_in_use_are_named(tmp_path):
    process = command("data", AEVB_DATA=str(tmp_path))
    assert process.returncode == 0
    assert process.stdout.startswith("The bundled sample of MNIST")


@pytest.mark.parametrize("name", ["train", "evaluate", "sample", "map", "measure", "figure", "data"])
def test_every_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "usage: python -m aevb" in capsys.readouterr().out

"""How a checkpoint was trained, as plain JSON."""

import json
from pathlib import Path

import pytest

from aevb import GMVAE, VAE, Alternating, CheckpointError, TrainingConfig, checkpoints
from aevb.explore.record import record
from aevb.figures import record as figures

POINT = {
    "epoch": 1,
    "step": 20,
    "train_elbo": 10.0,
    "validation_elbo": 11.0,
    "validation_terms": {"reconstruction": 12.0, "minus_kl_z": -1.0},
    "scores": {},
}
TRAINING = {
    "command": "python -m aevb train vae",
    "data": "Some digits.",
    "config": TrainingConfig(40, 50, 3e-4, schedule=Alternating(10, 20), seed=7).to_json(),
    "seconds": 90.0,
    "chosen": "the best of 2",
    "epoch": 2,
    "curve": [POINT, POINT | {"epoch": 2, "validation_elbo": 11.5}],
}


def read(folder: Path, **changes: object) -> dict:
    checkpoints.save(VAE(784, 2, [4], dropout=0.1), folder / "vae", TRAINING | changes)
    return record(checkpoints.load(folder / "vae"))


def test_a_record_is_its_curve_and_its_facts(tmp_path) -> None:
    found = read(tmp_path)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["curve"] == [
        {"epoch": n, "train_elbo": 10.0, "elbo": elbo, "terms": POINT["validation_terms"], "scores": {}}
        for n, elbo in ((1, 11.0), (2, 11.5))
    ]
    assert found["chosen"] == 2 and found["released"] is None and found["reference"] == {"elbo": 1792.5}
    assert found["facts"] == {
        "Validation ELBO": "+11.5 nats",
        "Test ELBO": "not measured",
        "Epoch": "2: the best of 2",
        "Batch size": "50",
        "Learning rate": "0.0003",
        "Schedule": "10 E-steps and 20 M-steps in turn",
        "Dropout": "0.1",
        "Seed": "7",
        "Time": "2 minutes",
        "Data": "Some digits.",
        "Command": "python -m aevb train vae",
    }


@pytest.mark.parametrize(
    ("model", "changes", "reference"),
    [
        (VAE(hidden_dims=[4]), {"source": "mnist", "shape": [28, 28]}, {"elbo": 1792.5}),
        (VAE(hidden_dims=[4]), {"source": "fashion"}, {}),
        (VAE(196, hidden_dims=[4]), {"source": "mnist", "shape": [14, 14]}, {}),
        (VAE(hidden_dims=[4], likelihood="bernoulli"), {}, {}),
        (VAE(hidden_dims=[4], likelihood="gaussian"), {}, {}),
        (GMVAE(hidden_dims=[4, 4]), {}, {"elbo": -83.1, "accuracy": 0.834}),
        (GMVAE(hidden_dims=[4, 4], likelihood="gaussian"), {}, {}),
    ],
)
def test_the_tutorials_figures_stand_beside_those_of_the_same_density(
    tmp_path, model, changes, reference
) -> None:
    checkpoints.save(model, tmp_path / "model", TRAINING | changes)
    assert record(checkpoints.load(tmp_path / "model"))["reference"] == reference
    figures.record(checkpoints.load(tmp_path / "model"))


def test_the_run_from_the_plain_start_is_told_beside(tmp_path) -> None:
    plain = TRAINING | {"epoch": 1, "curve": [POINT], "seconds": 30.0}
    found = read(tmp_path, plain=plain)
    assert found["chosen"] == 2 and found["plain"]["chosen"] == 1
    assert len(found["plain"]["curve"]) == 1
    assert found["plain"]["facts"]["Time"] == "30 seconds"
    with pytest.raises(CheckpointError, match="damaged"):
        read(tmp_path / "other", plain={"curve": []})


def test_what_is_usual_is_said_shortly_and_a_note_stands_beside_the_time(tmp_path) -> None:
    usual = TrainingConfig(40, learning_rate=3e-4, rate="cosine")
    facts = read(tmp_path, config=usual.to_json(), note="half of it asleep")["facts"]
    assert "Precision" not in facts and "Device" not in facts
    assert "Schedule" not in facts
    assert facts["Learning rate"] == "0.0003, falling to 0 along a cosine"
    assert facts["Time"] == "2 minutes, half of it asleep"


def test_of_a_refit_it_is_said_whose_curve_is_shown(tmp_path) -> None:
    assert "Curve" not in read(tmp_path / "run")["facts"]
    refit = {"command": "python -m aevb refit runs/vae"}
    found = read(tmp_path / "refit", chosen_by="python -m aevb train vae", validated_on=5_000, **refit)
    assert found["facts"]["Curve"] == "of the run that kept 5,000 images for validation"
    assert found["facts"]["Command"] == "python -m aevb train vae; python -m aevb refit runs/vae"


def test_what_is_unusual_is_said_and_the_test_images_figures_take_the_place_of_validations(tmp_path) -> None:
    config = TrainingConfig(40, rate="cosine", rate_warmup=9, schedule=Alternating(3, 4), beta=4.0, clip=0.5)
    told = {"config": config.to_json(), "epoch": 1, "curve": [POINT]}
    found = read(tmp_path, **told)
    assert found["curve"][0]["elbo"] == 11.0 and found["curve"][0]["terms"]["minus_kl_z"] == -1.0
    facts = found["facts"]
    assert facts["Validation ELBO"] == "+11.0 nats" and facts["Test ELBO"] == "not measured"
    assert facts["Learning rate"] == "0.001 after 9 steps of warm-up, falling to 0 along a cosine"
    assert facts["Schedule"] == "3 E-steps and 4 M-steps in turn"
    assert facts["Weight of the KL"] == "4" and facts["Gradient norm up to"] == "0.5"
    assert not {"Free nats", "Averaged weights, decay", "Weight decay", "Steps of its warm-up"} & facts.keys()
    measured = read(tmp_path / "measured", **told, test={"elbo": 10.5, "bound": {"10": 10.8}})["facts"]
    assert measured["Test ELBO"] == "+10.5 nats" and "Validation ELBO" not in measured
    scores = {"accuracy": 0.9, "conditional_entropy": 0.1}
    clusters = {**told, "curve": [POINT | {"scores": scores}]}
    measured = read(tmp_path / "clusters", **clusters, test={"elbo": 10.5, "standard_error": 0.26})["facts"]
    assert (
        measured["Test ELBO"] == "+10.5 ± 0.3 nats" and measured["Clustering accuracy, validation"] == "0.900"
    )
    test = {"elbo": 10.5, "scores": {"accuracy": 0.8, "conditional_entropy": 0.2}}
    measured = read(tmp_path / "scored", **clusters, test=test)["facts"]
    assert measured["Clustering accuracy"] == "0.800" and measured["Conditional entropy"] == "0.200 nats"
    traces = figures.record(checkpoints.load(tmp_path / "vae")).elbo.data
    assert [trace.name for trace in traces] == ["training", "validation", "this checkpoint's epoch"]


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_of_one_test_image_no_error_is_told(tmp_path, unknown) -> None:
    errors = {"standard_error": unknown, "bound_errors": {"10": unknown}}
    found = read(tmp_path, test={"elbo": 10.5, "images": 1, "bound": {"10": 10.8}} | errors)
    assert found["test"] == {"elbo": 10.5, "bound": {"10": 10.8}, "bound_errors": {}}
    assert found["facts"]["Test ELBO"] == "+10.5 nats, of 1 image"
    json.dumps(found, allow_nan=False)


def test_in_what_precision_and_where_it_was_trained_is_said(tmp_path) -> None:
    facts = read(tmp_path, precision="bfloat16", device="cuda")["facts"]
    assert facts["Precision"] == "bfloat16" and facts["Device"] == "cuda"


@pytest.mark.parametrize(
    "changes",
    [
        {"curve": []},
        {"curve": [{"epoch": 1}]},
        {"curve": [POINT | {"validation_elbo": float("nan")}]},
        {"curve": [POINT | {"validation_terms": 3}]},
        {"curve": [{"epoch": 1, "train_elbo": 1.0, "test_elbo": 1.0, "test_terms": {}}]},  # of version 0.2
        {"curve": [POINT, POINT | {"scores": {"accuracy": 0.5}}]},
        {"config": {}},
        {"config": None},
        {"config": TRAINING["config"] | {"schedule": "Simultaneous()"}},
        {"seconds": "long"},
        {"seeds": {"plain": {"elbo": 3}}},
        {"test": {"elbo": "high"}},
    ],
)
def test_damage_is_named(tmp_path, changes: dict) -> None:
    with pytest.raises(CheckpointError, match=r"The training\.json of this checkpoint is damaged"):
        read(tmp_path, **changes)


def test_a_checkpoint_without_a_record_says_so(tmp_path) -> None:
    checkpoints.save(VAE(784, 2, [4]), tmp_path / "vae")
    with pytest.raises(CheckpointError, match=r"This checkpoint has no record of its training"):
        record(checkpoints.load(tmp_path / "vae"))
    checkpoints.save(VAE(784, 2, [4]), tmp_path / "vae", {"note": "mine"}, overwrite=True)
    with pytest.raises(CheckpointError, match=r"training\.json of this checkpoint tells no curve"):
        record(checkpoints.load(tmp_path / "vae"))


@pytest.mark.parametrize("name", checkpoints.shipped())
def test_the_shipped_records_tell_all_of_it(name: str) -> None:
    checkpoint = checkpoints.load(checkpoints.ROOT / name)
    found = record(checkpoint)
    assert found["facts"].keys() >= {"Batch size", "Learning rate", "Dropout", "Seed", "Time", "Command"}
    assert found["facts"]["Batch size"] == "100"
    assert ("plain" in found) == (name == "gmvae")
    assert found["chosen"] in [point["epoch"] for point in found["curve"]]
    assert "elbo" in found["reference"] and ("accuracy" in found["reference"]) == (name == "gmvae")
    assert (found["released"] == 27) == (name == "gmvae")
    assert figures.record(checkpoint).facts == found["facts"]

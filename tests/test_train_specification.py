"""A run that is asked for: what is filled in, and what is refused in which words before it starts."""

import json
from typing import Any

import pytest

from aevb import data
from aevb.models import REGISTRY
from aevb.ui.jobs import limits, sources, turns
from aevb.ui.train import specification
from aevb.ui.train.presets import PRESETS, TITLES


def test_what_was_not_said_is_filled_in():
    found = specification.read({"model": "vae"}).to_json()
    assert found["data"] == "digits" and found["arguments"] == {} and found["seed"] == 0
    assert found["training"]["steps"] == 10 * (1457 // 100) and found["training"]["batch_size"] == 100
    assert json.loads(json.dumps(found)) == found
    assert turns.configuration(found).steps == 140


def test_epochs_are_of_the_images_that_are_trained_on():
    found = specification.read({"model": "vae", "data": "sample", "training": {"epochs": 3}})
    assert found.training["steps"] == 3 * 90 and "epochs" not in found.training


def test_a_whole_number_may_be_written_as_browsers_write_it():
    found = specification.read({"model": "vae", "arguments": {"latent_dim": 2.0}, "training": {"beta": 2}})
    assert found.arguments["latent_dim"] == 2 and isinstance(found.arguments["latent_dim"], int)
    assert found.training["beta"] == 2.0


@pytest.mark.parametrize("model", REGISTRY)
def test_the_data_decide_the_sizes(model):
    found = specification.read({"model": model}).to_json()
    built = REGISTRY[model](**turns.model_arguments(found))
    assert built.data_dim * built.length == 64


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, "A run is asked for by an object"),
        ({"model": "gan"}, "The model must be one of fa, vae, cvae, gmvae, vrnn, not 'gan'."),
        ({"model": ["vae"]}, "The model must be one of"),
        ({"model": "vae", "data": {}}, "The data must be one of digits, sample"),
        ({"model": "vae", "data": "../x"}, "The data must be one of"),
        ({"model": "vae", "extra": 1}, "A run takes model, arguments, data, training, seed, and no 'extra'."),
        ({"model": "vae", "arguments": []}, r"arguments must be an object, not \[\]."),
        ({"model": "vae", "arguments": {"data_dim": 9}}, "The model vae takes .*, and no 'data_dim'."),
        (
            {"model": "vae", "arguments": {"latent_dim": 0}},
            "latent_dim must be a whole number from 1 to 256, not 0.",
        ),
        ({"model": "vae", "arguments": {"latent_dim": True}}, "latent_dim must be a whole number"),
        ({"model": "vae", "arguments": {"latent_dim": 1e999}}, "latent_dim must be a whole number"),
        ({"model": "vae", "arguments": {"hidden_dims": []}}, "hidden_dims must be 1 to 6 widths"),
        ({"model": "vae", "arguments": {"hidden_dims": [9] * 7}}, "hidden_dims must be 1 to 6 widths"),
        ({"model": "vae", "arguments": {"hidden_dims": [9999]}}, "a width of hidden_dims .* to 2,048"),
        ({"model": "vae", "arguments": {"hidden_dims": "9"}}, "hidden_dims must be"),
        ({"model": "vae", "arguments": {"dropout": 1.0}}, "dropout"),
        ({"model": "vae", "arguments": {"likelihood": "poisson"}}, "likelihood must be one of"),
        ({"model": "gmvae", "arguments": {"hidden_dims": [9]}}, "at least two layers"),
        ({"model": "gmvae", "arguments": {"straight_through": 1}}, "straight_through must be true or false"),
        ({"model": "gmvae", "arguments": {"straight_through": True}}, "needs the estimator"),
        ({"model": "vae", "training": {"steps": 10**9}}, "steps must be a whole number from 1 to 120,000"),
        ({"model": "vae", "training": {"epochs": 10**9}}, "epochs must be a whole number from 1 to 8,571"),
        ({"model": "vae", "training": {"steps": 1, "epochs": 1}}, "Give epochs or steps, not both."),
        ({"model": "vae", "training": {"learning_rate": 0}}, "learning_rate must be a number above 0"),
        ({"model": "vae", "training": {"learning_rate": float("nan")}}, "learning_rate must be a number"),
        ({"model": "vae", "training": {"learning_rate": "1"}}, "learning_rate must be a number"),
        ({"model": "vae", "training": {"beta": -1}}, "beta must be a number from 0 to 1000, not -1."),
        ({"model": "vae", "training": {"clip": 0}}, "clip must be a number above 0"),
        ({"model": "vae", "training": {"averaging": 1}}, "averaging must be a number above 0"),
        (
            {"model": "vae", "training": {"optimiser": "lion"}},
            "optimiser must be one of adam, rmsprop, sgd, not 'lion'.",
        ),
        ({"model": "vae", "training": {"rate": "linear"}}, "rate must be one of constant, cosine"),
        ({"model": "vae", "training": {"schedule": [0, 0]}}, "both of its numbers are 0"),
        ({"model": "vae", "training": {"schedule": [1]}}, "schedule must be AEVB, or two numbers"),
        ({"model": "vae", "training": {"schedule": [1, -1]}}, "a number of steps in turn must be"),
        ({"model": "vae", "training": {"batch_size": 1000, "precision": "x"}}, "A training takes"),
        ({"model": "vae", "seed": -1}, "seed must be a whole number"),
        (
            {"model": "vae", "arguments": {"hidden_dims": [2048] * 6}},
            "This model has .* parameters, and this server trains up to 8,000,000",
        ),
        (
            {"model": "vrnn", "data": "sample", "training": {"batch_size": 1000}},
            r"A step would take some 3.0 GiB of memory, and this server has 1 for it",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(asked, said):
    with pytest.raises(ValueError, match=said) as refused:
        specification.read(asked)
    assert str(refused.value).endswith(".") and len(str(refused.value)) < 300


def test_more_in_a_batch_than_there_are_images_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "MAX_BATCH", 10_000)
    with pytest.raises(ValueError, match=r"batch_size must be at most 1,457, the number of images"):
        specification.read({"model": "vae", "training": {"batch_size": 2000}})


def test_data_that_are_not_there_are_not_trained_on(monkeypatch, tmp_path):
    monkeypatch.setenv("AEVB_DATA", str(tmp_path))
    sources.present.cache_clear()
    assert sources.present() == sources.ALWAYS
    with pytest.raises(ValueError, match="MNIST, all of it is not on this server"):
        specification.read({"model": "vae", "data": "mnist"})
    sources.present.cache_clear()


@pytest.mark.parametrize("name", sources.ALWAYS)
def test_what_is_known_of_data_without_reading_them_holds(name):
    source = sources.SOURCES[name]
    images = source.read()
    assert len(images.train) == source.count and images.shape == source.shape
    assert len(images.classes) == source.classes
    assert source.trained_on + source.validation == source.count


def test_the_validation_images_are_the_last_5000_or_a_tenth():
    assert {name: source.validation for name, source in sources.SOURCES.items()} == {
        "digits": 161,
        "sample": 1000,
        "mnist": 5000,
        "fashion": 5000,
        "kmnist": 5000,
        "moons": 900,
        "rings": 900,
    }
    assert data.SOURCES  # the library's names, of which these are some


def test_a_model_that_does_not_take_vectors_is_refused_in_a_sentence():
    moons: dict[str, Any] = {"data": "moons", "training": {"steps": 9}}
    for model in ("fa", "vae", "cvae", "gmvae"):
        arguments = {} if model == "fa" else {"likelihood": "gaussian"}
        assert specification.read(moons | {"model": model, "arguments": arguments}).data == "moons"
    with pytest.raises(ValueError, match=r"^Two moons are no images: choose the Gaussian likelihood"):
        specification.read(moons | {"model": "vae"})
    with pytest.raises(ValueError, match=r"^Two rings have no rows for a VRNN to go through: choose images"):
        specification.read({"model": "vrnn", "data": "rings", "arguments": {"likelihood": "gaussian"}})


@pytest.mark.parametrize("model", PRESETS)
def test_every_preset_can_be_started(model):
    presets = PRESETS[model]
    assert [preset.id for preset in presets][:3] == ["quick", "tutorial", "break"]
    for preset in presets:
        assert preset.specification["model"] == model and preset.says.endswith(".")
        specification.read(preset.specification)


def test_every_model_has_presets_and_options():
    assert PRESETS.keys() == TITLES.keys() == REGISTRY.keys()
    told: dict[str, dict[str, Any]] = {option["name"]: option for option in specification.options("gmvae")}
    assert told["clusters"]["kind"] == "whole" and told["clusters"]["most"] == limits.MAX_CLUSTERS
    assert told["estimator"]["choices"] == ["marginal", "gumbel relaxed", "gumbel analytic"]
    assert told["hidden_dims"]["kind"] == "widths" and told["straight_through"]["kind"] == "flag"
    assert not told.keys() & {"data_dim", "length", "classes", "mean"}
    json.dumps(specification.options("vrnn"))


def test_runs_that_differ_in_what_takes_no_time_share_an_estimate():
    first = specification.read({"model": "vae", "seed": 3, "training": {"beta": 4, "epochs": 3}})
    second = specification.read({"model": "vae", "training": {"learning_rate": 0.1}})
    third = specification.read({"model": "vae", "training": {"batch_size": 50}})
    assert first.trial() == second.trial() != third.trial()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Nothing was given to be changed"),
        (None, "Nothing was given to be changed"),
        ({"seed": 1}, "A run under way takes learning_rate, beta, schedule, and no 'seed'."),
        ({"learning_rate": 2}, "learning_rate must be a number above 0 and at most 1, not 2."),
        ({"schedule": "M"}, "schedule must be AEVB"),
    ],
)
def test_what_cannot_be_changed_in_mid_run_is_said(values, said):
    with pytest.raises(ValueError, match=said):
        specification.changed(values)


def test_what_can_be_changed_in_mid_run():
    values = {"learning_rate": 1e-4, "beta": 0, "schedule": [5, 0]}
    assert specification.changed(values) == values
    assert specification.changed({"schedule": "AEVB"}) == {"schedule": "AEVB"}

"""A checkpoint's folder with anything in it: a CheckpointError in a sentence, or a sound model."""

import json
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aevb import checkpoints
from aevb.checkpoints import CheckpointError
from aevb.models import REGISTRY
from tests.small_models import SMALL, make, seeded

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, 2, -1, 3, 10**9, 2**63, 10**400])
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["fa", "vae", "gmvae", "bernoulli", "x", "marginal", "F16", "F32", "I64"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(list(SMALL))
MOST = settings.get_profile(settings.get_current_profile_name()).max_examples


@cache
def sound(name: str) -> tuple[bytes, bytes]:
    """config.json and the weights of a model of that name."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / name
        checkpoints.save(make(name), folder)
        return (folder / "config.json").read_bytes(), (folder / "model.safetensors").read_bytes()


def in_a_sentence(said: str) -> None:
    assert "\n" not in said and 10 < len(said) < 600 and said.endswith("."), said


def loaded(config: bytes, weights: bytes, **others: bytes) -> checkpoints.Checkpoint | None:
    """What these files hold; None where they are refused, which is in one sentence."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "config.json").write_bytes(config)
        (folder / "model.safetensors").write_bytes(weights)
        for name, content in others.items():
            (folder / f"{name}.json").write_bytes(content)
        try:
            checkpoint = checkpoints.load(folder)
        except CheckpointError as error:
            in_a_sentence(str(error).replace(made, ""))
            return None
        assert isinstance(checkpoint.shape, tuple) and isinstance(checkpoint.classes, tuple)
    model = checkpoint.model
    assert not model.training and all(p.isfinite().all() for p in model.parameters())
    assert model.sample(2, generator=seeded()).shape == (2, model.length * model.data_dim)
    assert json.loads(json.dumps(model.config)) == model.config
    return checkpoint


@given(JSON | st.dictionaries(st.text(max_size=8), JSON), NAMES)
def test_anything_as_config(config: Any, name: str) -> None:
    assert loaded(json.dumps(config).encode(), sound(name)[1]) is None


@given(st.binary(max_size=200), NAMES)
def test_any_bytes_as_config(config: bytes, name: str) -> None:
    assert loaded(config, sound(name)[1]) is None


@given(st.data(), NAMES)
@settings(max_examples=5 * MOST)
def test_a_config_with_one_thing_changed(data: st.DataObject, name: str) -> None:
    config = json.loads(sound(name)[0])
    key = data.draw(st.sampled_from([*config, "own_nets", "likelihood"]) | st.text(max_size=8))
    if data.draw(st.booleans()):
        config.pop(key, None)
    else:
        config[key] = data.draw(JSON)
    loaded(json.dumps(config).encode(), sound(name)[1])


@given(NAMES, NAMES)
def test_another_models_weights(name: str, other: str) -> None:
    assert (loaded(sound(name)[0], sound(other)[1]) is None) == (name != other)


@given(st.binary(max_size=300), NAMES)
def test_any_bytes_as_weights(weights: bytes, name: str) -> None:
    assert loaded(sound(name)[0], weights) is None


@given(st.data(), NAMES)
@settings(max_examples=3 * MOST)
def test_weights_with_some_bytes_changed(data: st.DataObject, name: str) -> None:
    config, weights = sound(name)
    start = data.draw(st.integers(0, 400) | st.integers(0, len(weights)))
    stop = data.draw(st.integers(start, start + 20) | st.just(len(weights)))
    loaded(config, weights[:start] + data.draw(st.binary(max_size=20)) + weights[stop:])


@given(st.data(), NAMES)
@settings(max_examples=3 * MOST)
def test_a_header_with_one_thing_changed(data: st.DataObject, name: str) -> None:
    config, weights = sound(name)
    (length,) = struct.unpack("<Q", weights[:8])
    header, arrays = json.loads(weights[8 : 8 + length]), weights[8 + length :]
    key = data.draw(st.sampled_from([*header, "module", "_orig_mod", "__metadata__", ""]))
    entry = header.get(key)
    what = data.draw(st.sampled_from(["entry", "field", "name"]))
    if what == "name" and entry is not None:
        header[data.draw(st.sampled_from(["module.", "_orig_mod.", "x."])) + key] = header.pop(key)
    elif what == "field" and isinstance(entry, dict):
        field = data.draw(st.sampled_from(["dtype", "shape", "data_offsets"]))
        entry[field] = data.draw(JSON | st.lists(st.integers(-2, 2**40), max_size=3))
    else:
        header[key] = data.draw(JSON | st.just({"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}))
    told = json.dumps(header).encode()
    loaded(config, struct.pack("<Q", len(told)) + told + arrays)


@given(JSON | st.dictionaries(st.sampled_from(["shape", "classes", "curve"]), JSON), NAMES)
def test_anything_as_the_record(training: Any, name: str) -> None:
    """It costs what it would tell, not the model."""
    config, weights = sound(name)
    checkpoint = loaded(config, weights, training=json.dumps(training).encode())
    assert checkpoint is not None
    assert len(checkpoint.shape) > 0 and all(side > 0 for side in checkpoint.shape)


@pytest.mark.parametrize("name", REGISTRY)
def test_what_is_saved_is_loaded(name: str) -> None:
    """So that what the others here refuse, they refuse for its fault."""
    checkpoint = loaded(*sound(name))
    assert checkpoint is not None and checkpoint.kind == name
    for found, expected in zip(checkpoint.model.parameters(), make(name).parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)

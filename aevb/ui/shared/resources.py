"""What the front end computes from, by name: digits, a checkpoint's weights, and what is recorded of it.

Each is fetched at a URL of its own when a scene first needs it (`served.Served`).
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from aevb import checkpoints
from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.explore.packing import Part, pack
from aevb.explore.record import record
from aevb.models import REGISTRY
from aevb.ui.frame import errors, modules
from aevb.ui.shared import loading
from aevb.ui.shared.served import Served, digest

CHUNK = 100
"""Test images that are fetched together: some 16 kB on the way."""

PARTS: tuple[Part, ...] = ("p", "q")
"""Weights of the generative nets, θ, and of the inference nets, φ: a scene of samples needs the first."""


# The test set


@st.cache_resource(show_spinner=False)
def _digits_version() -> str:
    test = loading.digits().test
    return digest(
        test.images.numpy().tobytes(), test.known_labels.numpy().tobytes(), modules.version().encode()
    )


def _digits(key: str) -> bytes:
    """ "labels", a byte each; or the number of a chunk of images, a byte for each pixel."""
    test = loading.digits().test
    if key == "labels":
        return test.known_labels.numpy().astype(np.uint8).tobytes()
    number = int(key) if key.isdecimal() and len(key) < 5 else -1
    if not 0 <= number * CHUNK < len(test.images):
        raise LookupError(key)
    return test.images[number * CHUNK : (number + 1) * CHUNK].numpy().tobytes()


DIGITS = Served("digits", _digits, lambda key: _digits_version())


def digits() -> dict[str, object]:
    """Where the test images and their labels are."""
    test = loading.digits().test
    return {
        "count": len(test),
        "side": test.images.shape[-1],
        "chunk": CHUNK,
        "labels": DIGITS.url("labels"),
        "images": f"{DIGITS.path}/{{chunk}}/{_digits_version()}",
    }


# Checkpoints


@st.cache_resource(show_spinner=False)
def _checkpoint_version(name: str) -> str:
    path = loading.checkpoint(name).path
    files = [(path / file).read_bytes() for file in checkpoints.FILES if (path / file).is_file()]
    return digest(*files, modules.version().encode(), _digits_version().encode())


def _version(key: str) -> str:
    name = key.partition("/")[0]
    if name not in checkpoints.shipped():
        raise LookupError(name)
    return _checkpoint_version(name)


def _weights(key: str) -> bytes:
    name, _, wanted = key.partition("/")
    for part in PARTS:
        if part == wanted:
            return pack(loading.checkpoint(name).model, part)
    raise LookupError(key)


def _about(key: str) -> bytes:
    """In JSON: what a model is, what was measured of it, and how it was trained."""
    checkpoint = loading.checkpoint(key)
    model = checkpoint.model
    return json.dumps(
        {
            "name": key,
            "kind": checkpoint.kind,
            "config": model.config,
            "latentDim": model.latent_dim,
            "labelled": model.conditional,
            "choices": model.choices,
            "measures": checkpoint.measures,
            "record": _record(checkpoint),
        }
    ).encode()


def _record(checkpoint: Checkpoint) -> dict[str, Any]:
    """As `record`; where it is missing or damaged, a sentence costs its own scene alone."""
    try:
        return record(checkpoint)
    except CheckpointError as error:
        return {"problem": errors.sentence(str(error))}


def _latents(key: str) -> bytes:
    """The latent "name/means" of the test images, or "name/styles", (10,000, L) in float16."""
    name, _, kind = key.partition("/")
    try:
        found = {"means": loading.test_means, "styles": loading.test_styles}[kind](name)
    except KeyError:
        raise LookupError(key) from None
    return found.astype("<f2").tobytes()


def _points(key: str) -> bytes:
    """The map of "name/method": two float32 for each test image."""
    name, _, method = key.partition("/")
    return loading.test_map(name, method).astype("<f4").tobytes()


def _clusters(name: str) -> bytes:
    """q(y | x) of each test image's most probable cluster, float32, and then those clusters, a byte each."""
    shares = loading.test_shares(name)
    if shares is None:
        raise LookupError(name)
    return shares.max(1).astype("<f4").tobytes() + shares.argmax(1).astype(np.uint8).tobytes()


WEIGHTS = Served("weights", _weights, _version)
ABOUT = Served("about", _about, _version, "application/json")
LATENTS = Served("latents", _latents, _version)
POINTS = Served("map", _points, _version)
CLUSTERS = Served("clusters", _clusters, _version)

SERVED = (DIGITS, WEIGHTS, ABOUT, LATENTS, POINTS, CLUSTERS)


def checkpoint(name: str) -> dict[str, object]:
    """Where a checkpoint's parts are; of a model that infers a choice, the test images' clusters too.

    Raises:
        CheckpointError: where it is missing or damaged.
    """
    model = loading.checkpoint(name).expect(REGISTRY[name])
    told: dict[str, object] = {
        "name": name,
        "about": ABOUT.url(name),
        "means": LATENTS.url(f"{name}/means"),
        "styles": LATENTS.url(f"{name}/styles"),
        "maps": {method: POINTS.url(f"{name}/{method}") for method in loading.methods(name)},
    }
    told |= {part: WEIGHTS.url(f"{name}/{part}") for part in PARTS}
    if model.choices and not model.conditional:
        told["clusters"] = CLUSTERS.url(name)
    return told


def prepare(name: str) -> None:
    """Makes what a checkpoint's first scenes fetch."""
    checkpoint(name)
    ABOUT.prepare(name)
    for part in PARTS:
        WEIGHTS.prepare(f"{name}/{part}")


def of(names: Sequence[str]) -> dict[str, object]:
    """What the instruments of a page are told: where the digits are, and the checkpoints it looks at.

    Of several checkpoints one that is missing costs its own part alone: a sentence stands in its place.

    Raises:
        CheckpointError: where a page's one checkpoint is missing or damaged.
        DataError: where the digits are.
    """
    if not names:
        return {}
    told: dict[str, object] = {"digits": digits()}
    if len(names) == 1:
        return told | {"checkpoint": checkpoint(names[0])}
    found: dict[str, object] = {}
    for name in names:
        try:
            found[name] = checkpoint(name)
        except CheckpointError as error:
            found[name] = {"name": name, "problem": errors.sentence(str(error))}
    return told | {"checkpoints": found}

"""What the front end computes from, by name: digits, a checkpoint's weights, and what is recorded of it.

Each is fetched when a scene first needs it, at the place that whoever shows the scenes gives it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Condition
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from cachetools import LRUCache, cached

from aevb import checkpoints
from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.explore import codes
from aevb.explore.packing import Part, about, clusters, pack
from aevb.explore.record import record
from aevb.models import REGISTRY
from aevb.ui.jobs import limits
from aevb.ui.shared import loading
from aevb.ui.shared.sentences import sentence

CHUNK = 100
"""Test images that are fetched together: some 16 kB on the way."""

RING_STEPS = 12
"""Images from one class to the next: neighbours are so alike that their blend stands for what is between."""

RINGED = "vae"
"""The checkpoint whose ring is shown: to decode another's can take a quarter of a minute."""

PARTS: tuple[Part, ...] = ("p", "q")
"""Weights of the generative nets, θ, and of the inference nets, φ: a scene of samples needs the first."""


@dataclass(frozen=True)
class Content:
    """One kind of content.

    Attributes:
        kind: its name.
        make: the content by its key, a name that may have slashes in it.
        version: a hash, by its key, of what the content follows from. It is cheap, so that a page can name a
            hundred contents. Both raise LookupError where there is nothing of that name.
        media_type: of the content.
    """

    kind: str
    make: Callable[[str], bytes]
    version: Callable[[str], str]
    media_type: str = "application/octet-stream"


Url = Callable[[Content, str], str]
"""Where a content is, by its key: relative to the page."""


def digest(*parts: bytes) -> str:
    """A hash of these, short enough for a URL."""
    found = hashlib.sha256()
    for part in parts:
        found.update(hashlib.sha256(part).digest())
    return found.hexdigest()[:16]


# Test images


@cached(LRUCache(limits.CHECKPOINTS), condition=Condition())
def _source_version(source: str) -> str:
    test = loading.test_images(source).split
    labels = b"" if test.labels is None else test.labels.numpy().tobytes()
    return digest(test.images.numpy().tobytes(), labels)


def _digits_version(key: str) -> str:
    return _source_version(key.partition("/")[0])


def _digits(key: str) -> bytes:
    """The labels of "source/labels", a byte each, 0 where there are none; or of "source/k" the k-th chunk of
    images, a byte for each pixel."""
    source, _, wanted = key.partition("/")
    test = loading.test_images(source).split
    if wanted == "labels":
        labels = np.zeros(len(test)) if test.labels is None else test.labels.numpy()
        return labels.astype(np.uint8).tobytes()
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 5 else -1
    if not 0 <= number * CHUNK < len(test.images):
        raise LookupError(key)
    return test.images[number * CHUNK : (number + 1) * CHUNK].numpy().tobytes()


DIGITS = Content("digits", _digits, _digits_version)


def digits(source: str, url: Url) -> dict[str, object]:
    """Where the test images of a source and their labels are.

    Raises:
        DataError: where they are missing or damaged.
    """
    found = loading.test_images(source)
    return {
        "count": len(found.split),
        "side": found.shape[-1],
        "chunk": CHUNK,
        "classes": list(found.classes),
        "labels": url(DIGITS, f"{source}/labels"),
        "images": url(DIGITS, f"{source}/{{chunk}}"),
    }


# Checkpoints


@loading.once
def _checkpoint_version(name: str) -> str:
    path = loading.checkpoint(name).path
    files = [(path / file).read_bytes() for file in checkpoints.FILES if (path / file).is_file()]
    return digest(*files, _source_version(loading.source(name)).encode())


def _version(key: str) -> str:
    return _checkpoint_version(key.rpartition("/")[0])


def _weights(key: str) -> bytes:
    name, _, wanted = key.rpartition("/")
    for part in PARTS:
        if part == wanted:
            return pack(loading.checkpoint(name).model, part)
    raise LookupError(key)


def _about(key: str) -> bytes:
    """In JSON: what a model is, what was measured of it, and how it was trained."""
    found = loading.checkpoint(key)
    return about(key, found.model, loading.measures(key), _record(found))


def _record(checkpoint: Checkpoint) -> dict[str, Any]:
    """As `record`; where it is missing or damaged, a sentence costs its own scene alone."""
    try:
        return record(checkpoint)
    except CheckpointError as error:
        return {"problem": sentence(str(error))}


def _latents(key: str) -> bytes:
    """The latent "name/means" of the test images, or "name/styles", (N, L) in float16."""
    name, _, kind = key.partition("/")
    if not loading.mapped(name):
        raise LookupError(key)
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
    """As `packing.clusters`, of the test images."""
    shares = loading.test_shares(name)
    if shares is None:
        raise LookupError(name)
    return clusters(shares)


def _ring(name: str) -> bytes:
    """Images along a closed way through latent space past all classes, (C * RING_STEPS, D) in bytes."""
    if name != RINGED:
        raise LookupError(name)
    labels = loading.test_images(loading.source(name)).split.known_labels
    means = torch.from_numpy(loading.test_means(name)).float()
    images = codes.decode(loading.checkpoint(name).model, codes.ring(means, labels, RING_STEPS))
    return (255 * images).round().byte().numpy().tobytes()


WEIGHTS = Content("weights", _weights, _version)
ABOUT = Content("about", _about, _checkpoint_version, "application/json")
LATENTS = Content("latents", _latents, _version)
POINTS = Content("map", _points, _version)
CLUSTERS = Content("clusters", _clusters, _checkpoint_version)
RING = Content("ring", _ring, _checkpoint_version)

CONTENTS = (DIGITS, WEIGHTS, ABOUT, LATENTS, POINTS, CLUSTERS, RING)


def checkpoint(name: str, url: Url) -> dict[str, object]:
    """Where a checkpoint's parts are; of a model that infers a choice, the test images' clusters too.

    Raises:
        LookupError: where there is none of that name.
        CheckpointError: where it is missing or damaged.
        DataError: where the images that it is looked at with are.
    """
    found = loading.checkpoint(name)
    model = found.expect(REGISTRY.get(name, type(found.model)))
    told: dict[str, object] = {
        "name": name,
        "about": url(ABOUT, name),
        "maps": {method: url(POINTS, f"{name}/{method}") for method in loading.methods(name)},
    }
    if loading.mapped(name):
        told |= {kind: url(LATENTS, f"{name}/{kind}") for kind in ("means", "styles")}
    told |= {part: url(WEIGHTS, f"{name}/{part}") for part in PARTS}
    if model.choices and not model.conditional:
        told["clusters"] = url(CLUSTERS, name)
    return told


def of(
    names: Sequence[str], url: Url, instead: Mapping[str, str] = MappingProxyType({})
) -> dict[str, object]:
    """What the instruments of a page are told: where the digits are, and the checkpoints it looks at.

    Of several checkpoints one that is missing costs its own part alone: a sentence stands in its place.

    Args:
        instead: the name of the checkpoint that is looked at in the place of a shipped one, by the latter's.
    Raises:
        LookupError: where there is no checkpoint of a page's one name.
        CheckpointError: where a page's one checkpoint is missing or damaged.
        DataError: where the digits are.
    """
    if not names:
        return {}
    if len(names) == 1:
        name = instead.get(names[0], names[0])
        found = checkpoint(name, url)
        return {"digits": digits(loading.source(name), url), "checkpoint": found}
    several: dict[str, dict[str, object]] = {}
    for name in names:
        try:
            several[name] = checkpoint(instead.get(name, name), url)
            if name in instead:
                several[name] |= {"digits": digits(loading.source(instead[name]), url)}
        except CheckpointError as error:
            several[name] = {"name": name, "problem": sentence(str(error))}
    return {"digits": digits(loading.DEFAULT, url), "checkpoints": several}

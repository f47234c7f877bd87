"""What all visitors share, loaded once, by plain names: test images, checkpoints and what follows from them.

A checkpoint's name is that of its model for a page's shipped one; `checkpoints.COMPARED` are shipped as well.
Others are found where the server says (`extend`).
"""

import math
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from threading import Condition
from typing import Any, TypeVar

import numpy as np
from cachetools import LRUCache, cached

from aevb import checkpoints, data
from aevb.checkpoints import CheckpointError
from aevb.data import DataError, Images, Split
from aevb.evaluation import posterior_means, responsibilities
from aevb.explore import codes, maps
from aevb.explore.measures import affordable, measure
from aevb.models import REGISTRY
from aevb.ui.jobs import limits

T = TypeVar("T")

DEFAULT = "mnist"
"""The source of images that the shipped checkpoints are looked at with."""


SHIPPED = frozenset({*REGISTRY, *checkpoints.COMPARED})

# Where other things are found


def _nowhere(name: str) -> Any:
    raise LookupError(name)


_folder: Callable[[str], Path] = _nowhere
_images: Callable[[str], Images] = _nowhere


def extend(folder: Callable[[str], Path] = _nowhere, images: Callable[[str], Images] = _nowhere) -> None:
    """Says where checkpoints are that are not shipped, by name, and images other than the library's own: by
    their source, or by the name of the checkpoint that was trained on them.

    Both raise LookupError where there is nothing of that name, or not any more. A folder's content never
    changes, and neither do images.
    """
    global _folder, _images
    _folder, _images = folder, images


def folder(name: str) -> Path:
    """A checkpoint's folder.

    Raises:
        LookupError: where there is none of that name.
    """
    return checkpoints.ROOT / name if name in SHIPPED else _folder(name)


def once(make: Callable[[str], T]) -> Callable[[str], T]:
    """A function of a checkpoint's name whose answer is made once, however many ask at the same time.

    It raises LookupError, too, once there is no such checkpoint any more.
    """

    def sharing(cache: MutableMapping[Any, T]) -> Callable[[str], T]:
        return cached(cache, key=folder, condition=Condition())(make)

    shipped, others = sharing({}), sharing(LRUCache(limits.CHECKPOINTS))

    @wraps(make)
    def answer(name: str) -> T:
        return (shipped if name in SHIPPED else others)(name)

    return answer


# Test images


@dataclass(frozen=True)
class TestImages:
    """What checkpoints are looked at with.

    Attributes:
        split: the images, grey, and their labels.
        classes: the names of the labels, none where there are none.
        title: what the data are called.
    """

    split: Split
    classes: tuple[str, ...]
    title: str

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W)."""
        return tuple(self.split.images.shape[1:])


@cached({}, condition=Condition())
def digits() -> Images:
    """MNIST, whole or the bundled sample, until `digits.cache_clear()`: a download may bring the whole."""
    return data.read()


@cached(LRUCache(limits.CHECKPOINTS), condition=Condition())
def test_images(source: str) -> TestImages:
    """Those of a source: one of the library's own by its name, or one that `extend` finds.

    Raises:
        LookupError, DataError: where it is not there.
    """
    if source == DEFAULT:
        found = digits()
    else:
        found = data.read(source) if source in data.SOURCES else _images(source)
    title = "MNIST" if source == DEFAULT else found.note.partition(":")[0].removeprefix("All of ")
    return TestImages(found.test, found.classes, title)


@once
def source(name: str) -> str:
    """Where the images come from that a checkpoint is looked at with: as those of its training, else as fits.

    Raises:
        LookupError: where there is no such checkpoint.
        CheckpointError: where it is missing or damaged.
        DataError: where there are no images that fit.
    """
    if name in SHIPPED:
        return DEFAULT
    found = checkpoint(name)
    try:
        recorded = [found.training.get("source"), name]
    except CheckpointError:  # which costs the record alone
        recorded = []
    for candidate in [*recorded, DEFAULT, "digits"]:
        if isinstance(candidate, str) and _fits(found, candidate):
            return candidate
    if len(found.shape) == 3:
        raise DataError("This checkpoint is of images in colour, and scenes show grey ones alone.")
    raise DataError(
        f"This checkpoint is of images of {_kind(found)}, and there are none here to look at it with."
    )


def _fits(checkpoint: checkpoints.Checkpoint, source: str) -> bool:
    try:
        found = test_images(source)
    except (DataError, LookupError):
        return False
    model = checkpoint.model
    labelled = not model.conditional or len(found.classes) == model.choices
    rows = found.shape if model.length > 1 else (1, math.prod(found.shape))
    return len(found.shape) == 2 and rows == (model.length, model.data_dim) and labelled


def _kind(checkpoint: checkpoints.Checkpoint) -> str:
    model = checkpoint.model
    size = " × ".join(map(str, checkpoint.shape)) + " pixels"
    return f"{size}, {model.choices} classes" if model.conditional else size


# Checkpoints


@once
def checkpoint(name: str) -> checkpoints.Checkpoint:
    """A checkpoint, its model in float32, as all that scenes give it is. Shared: not to be changed.

    Raises:
        LookupError: where there is none of that name.
        CheckpointError: where it is missing or damaged.
    """
    found = checkpoints.load(folder(name))
    found.model.float()
    return found


@once
def measures(name: str) -> dict[str, Any]:
    """What `aevb.explore.measures` finds, as recorded with the checkpoint; else of some test images.

    Raises:
        CheckpointError: where the record is damaged.
    """
    found = checkpoint(name)
    if found.measures:
        return found.measures
    seen, guessed = affordable(found.model)
    return measure(found.model, _tested(name), seen=seen, guessed=guessed)


def _tested(name: str) -> Split:
    return test_images(source(name)).split


def mapped(name: str) -> bool:
    """Whether scenes look at the codes of all test images. Those of a model of rows are paths: to infer
    10,000 of them takes half a minute, and no scene asks for it.
    """
    return checkpoint(name).model.length == 1


@once
def test_means(name: str) -> np.ndarray:
    """The posterior means (N, L) of the test images under a checkpoint's model. Shared."""
    model = checkpoint(name).model
    return posterior_means(model, *_tested(name).seen_by(model).fixed()).numpy()


@once
def test_styles(name: str) -> np.ndarray:
    """As `codes.styles`, of the test images, (N, L). Shared."""
    model = checkpoint(name).model
    return codes.styles(model, *_tested(name).seen_by(model).fixed()).numpy()


def test_shares(name: str) -> np.ndarray | None:
    """q(y | x) of the test images, (N, C); None under a model that infers no choice y."""
    model = checkpoint(name).model
    shares = responsibilities(model, _tested(name).seen_by(model).fixed()[0])
    return None if shares is None else shares.numpy()


def test_map(name: str, method: str) -> np.ndarray:
    """The map (N, 2) of the test images, one of `methods`.

    Raises:
        LookupError: where there is no such map.
    """
    if method not in methods(name):
        raise LookupError(method)
    recorded = _recorded(name)
    if method in recorded:
        return recorded[method]
    return maps.pca(test_styles(name) if method == "style" else test_means(name))


def methods(name: str) -> list[str]:
    """The maps that can be shown of a checkpoint: those recorded with it, and PCA, of its "style"s too."""
    if not mapped(name):
        return []
    recorded = [method for method in ("tsne", "umap") if method in _recorded(name)]
    return [*recorded, "pca", *(["style"] if checkpoint(name).model.conditional else [])]


def _recorded(name: str) -> dict[str, np.ndarray]:
    """The maps that were recorded and are sound: PCA stands in for the others."""
    try:
        found = checkpoint(name).maps
    except CheckpointError:
        return {}
    shape = (len(_tested(name)), 2)
    sound = {method: points.shape == shape and points.dtype.kind == "f" for method, points in found.items()}
    return {method: points for method, points in found.items() if sound[method] and np.isfinite(points).all()}

"""An .npz file of images or vectors and their labels."""

import lzma
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aevb.data import border
from aevb.data.images import DataError, Images, as_grey, divided

IMAGES = ("images", "image", "x", "data", "arr_0")
LABELS = ("labels", "label", "y", "targets", "target", "arr_1")
"""What arrays may be called, in any case: alone, or with train or test before or after it (x_train)."""

DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)


def read(path: Path, name: str, size: tuple[int, int] | None) -> Images:
    """The arrays of an .npz; those with other names are passed over, and the note says so.

    Raises:
        DataError: for a damaged or locked file, no array of a name that is known, arrays that would have to
            be unpickled, or of other shapes or ranges.
        ValueError: for more than memory holds.
    """
    try:
        sizes = _sizes(path)
        train, test = (_named(sizes, IMAGES, part) for part in ("train", "test"))
        if train and test:
            pairs = [(train, _named(sizes, LABELS, "train")), (test, _named(sizes, LABELS, "test"))]
        else:
            images = _named(sizes, IMAGES) or train
            if images is None:
                raise DataError(
                    f"{name} holds the arrays {', '.join(sizes) or 'none'}: call the images x_train and "
                    "x_test (or x), and their labels y_train and y_test (or y)."
                )
            pairs = [(images, _named(sizes, LABELS) or _named(sizes, LABELS, "train"))]
        taken = [key for pair in pairs for key in pair if key]
        border.check_memory(3 * sum(sizes[key] for key in taken))
        held = _held(path, name, taken)
    except DataError:
        raise
    except DAMAGES as error:
        raise DataError(f"{name} is damaged: {error}.") from error
    except RuntimeError as error:  # zipfile's, of what is locked or compressed in a way that it does not know
        raise DataError(f"{name} cannot be unpacked: {error}. Write it by numpy.savez.") from error
    values = _grey_or_vectors([border.as_tensor(held[key]) for key, _ in pairs], size)
    parts = [
        (part, None if label is None else held[label])
        for part, (_, label) in zip(values.split([len(held[key]) for key, _ in pairs]), pairs, strict=True)
    ]
    left = [key for key in sizes if key not in taken]
    were = "array {} was" if len(left) == 1 else "arrays {} were"
    notes = [f"its {were.format(', '.join(left))} passed over"] if left else []
    try:
        return divided(name, path.name, parts, *notes)
    except ValueError as error:  # of labels
        called = " or ".join(key for _, key in pairs if key)
        raise ValueError(
            f"{error} If {called} holds none, rename it in the file: it is then passed over."
        ) from error


def _sizes(path: Path) -> dict[str, int]:
    """The bytes that each array will take, from the headers alone."""
    sizes = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as file:
                    first = np.lib.format.read_magic(file) == (1, 0)
                    header = (
                        np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
                    )
                    shape, _, dtype = header(file)
                sizes[member.removesuffix(".npy")] = int(np.prod(shape, dtype=object)) * dtype.itemsize
    return sizes


def _held(path: Path, name: str, keys: Iterable[str]) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in keys}
    except ValueError as error:
        raise DataError(
            f"{name} is damaged, or holds objects, which are never unpickled: {error}."
        ) from error


def _named(sizes: Mapping[str, int], kinds: Iterable[str], part: str | None = None) -> str | None:
    by_lower = {key.lower(): key for key in sizes}
    for kind in kinds:
        for spelling in (kind,) if part is None else (f"{part}_{kind}", f"{kind}_{part}"):
            if spelling in by_lower:
                return by_lower[spelling]
    return None


def _grey_or_vectors(parts: list[Tensor], size: tuple[int, int] | None) -> Tensor:
    """All parts in one: uint8, (N, H, W) or (N, 3, H, W) in colour; or vectors (N, D), as floats."""
    if any(part.ndim < 2 or part.shape[1:] != parts[0].shape[1:] for part in parts):
        shapes = " and ".join(str(tuple(part.shape)) for part in parts)
        raise DataError(f"Images must be of shape (N, H, W), (N, H, W, 3) or (N, D), not {shapes}.")
    values = torch.cat(parts)
    if not values.numel():
        raise DataError(f"There are no numbers in an array of shape {tuple(values.shape)}: give some.")
    if values.ndim == 2:
        if size is None:
            exact = torch.float32 if values.element_size() < 4 else torch.float64  # for integers
            return values if values.is_floating_point() else values.to(exact)
        pixels = size[0] * size[1]
        if values.shape[1] not in (pixels, 3 * pixels):
            raise DataError(
                f"Rows of {values.shape[1]} numbers are no images of {size[0]} × {size[1]} pixels."
            )
        values = values.unflatten(1, size if values.shape[1] == pixels else (3, *size))
    values = border.channels_first(values)
    if values.ndim != 3 and not (values.ndim == 4 and values.shape[1] == 3):
        raise DataError(f"Images must be of shape (N, H, W) or (N, H, W, 3), not {tuple(values.shape)}.")
    try:
        return as_grey(values)
    except DataError as error:
        raise DataError(
            f"{error} Rows of other numbers, (N, T, D), are trained on from Python alone: aevb.train("
            'aevb.VRNN(D, T, …, likelihood="gaussian"), x, …).'
        ) from error

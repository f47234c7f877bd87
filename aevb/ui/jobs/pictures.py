"""Images out of a file that a visitor has brought: grey, square, and enough of them to train on."""

import math
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import torch
from PIL import Image

from aevb import data
from aevb.counted import passed_over
from aevb.data import DataError, Images, Split
from aevb.data.folders import FORMATS, SUFFIXES
from aevb.ui.jobs import limits
from aevb.ui.jobs.archives import extract, tidy

SHUFFLE_SEED = 20_220_808


def of_arrays(path: Path) -> Images:
    """The arrays of an .npz; rows of as many numbers as a square image has are images.

    Raises:
        DataError: where there are none.
    """
    found = data.read(path)
    if len(found.shape) == 1:
        side = math.isqrt(found.shape[0])
        if side * side != found.shape[0]:
            raise DataError(
                f"This file holds rows of {found.shape[0]} numbers, which are no square images: bring images "
                "of shape (N, H, W)."
            )
        found = data.read(path, size=side)
    height, width = found.shape[-2:]
    stays = height == width <= limits.MAX_SIDE
    return found if stays else data.read(path, size=limits.SIDE)


@dataclass(frozen=True)
class _Picture:
    """An image in a zip: its entry, whether it is of a part "train" or "test", and its class."""

    entry: zipfile.ZipInfo
    part: str
    kind: str


_Entry = tuple[zipfile.ZipInfo, tuple[str, ...]]
"""A file in a zip, and its path in parts."""


def of_zip(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], place: Path) -> Images:
    """The images of a zip, whose folders are their classes, as `aevb.data` reads a folder's.

    Args:
        place: a new folder, in which they are unpacked.
    Raises:
        DataError: where there are none, or more than may be decoded.
    """
    found, others = _images_in(entries)
    if not found:
        zips = any(entry.filename.lower().endswith((".zip", ".npz")) for entry in entries)
        raise DataError(
            "This zip holds other zips, and no images: unpack them first."
            if zips
            else f"This zip holds no image (of {', '.join(SUFFIXES)}), and no checkpoint."
        )
    if len({bool(picture.kind) for picture in found}) > 1:
        raise DataError("This zip holds images in folders, which are classes, and others beside them.")
    kinds = sorted({picture.kind for picture in found})
    folders = {kind: f"{number:06}" if kind else "" for number, kind in enumerate(kinds)}
    for number, picture in enumerate(found):
        folder = place / picture.part / folders[picture.kind]
        folder.mkdir(parents=True, exist_ok=True)
        suffix = PurePosixPath(picture.entry.filename).suffix.lower()
        extract(archive, picture.entry, folder / f"{number:06}{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        sizes = _sizes(path for path in place.rglob("*") if path.is_file())
    side, *more = sizes or {(limits.SIDE, limits.SIDE)}
    stays = not more and side[0] == side[1] <= limits.MAX_SIDE
    images = data.read(place, size=side if stays else limits.SIDE)
    # What are images by their names only was passed over, and maybe a whole class with it.
    classes = tuple(kinds[int(number)] for number in images.classes)
    notes = [images.note.rstrip(".")]
    if not stays:
        notes.append(f"cropped around their middle and scaled to {limits.SIDE} × {limits.SIDE}")
    if others:
        notes.append(passed_over(others, "other files"))
    return replace(images, classes=classes, note="; ".join(notes) + ".")


def _images_in(entries: Sequence[zipfile.ZipInfo]) -> tuple[list[_Picture], int]:
    """The images, and how many files are none."""
    seen = _without_hidden(entries)
    named = [(entry, parts) for entry, parts in seen if parts[-1].lower().endswith(SUFFIXES)]
    return _pictures(_without_common_folder(named)), len(seen) - len(named)


def _without_hidden(entries: Sequence[zipfile.ZipInfo]) -> list[_Entry]:
    split = [(entry, PurePosixPath(entry.filename).parts) for entry in entries]
    return [
        (entry, parts)
        for entry, parts in split
        if not any(part.startswith(".") or part == "__MACOSX" for part in parts)
    ]


def _without_common_folder(named: list[_Entry]) -> list[_Entry]:
    """As if there were no folder around all of them, nor one around that."""
    while named and all(len(parts) > 1 and parts[0] == named[0][1][0] for _, parts in named):
        named = [(entry, parts[1:]) for entry, parts in named]
    return named


def _pictures(named: list[_Entry]) -> list[_Picture]:
    """Each with its part, where all of them lie in two folders train and test, and its class."""
    split = {_folder(parts).lower() for _, parts in named} == {"train", "test"}
    found = []
    for entry, parts in named:
        part, parts = (parts[0].lower(), parts[1:]) if split else ("", parts)
        found.append(_Picture(entry, part, _folder(parts)))
    return found


def _folder(parts: tuple[str, ...]) -> str:
    """The outermost folder of a file, "" where it is in none."""
    return parts[0] if len(parts) > 1 else ""


def _sizes(files: Iterable[Path]) -> set[tuple[int, int]]:
    """The sizes that images have, from their headers; what is no image is passed over."""
    sizes, pixels = set(), 0
    for file in files:
        try:
            with Image.open(file, formats=FORMATS) as image:
                sizes.add(image.size)
                pixels += image.width * image.height
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise DataError(
                f"An image in this zip has more than {Image.MAX_IMAGE_PIXELS:,} pixels: make it smaller."
            ) from error
        except (OSError, SyntaxError, ValueError):  # PIL has no one error for what is no image
            continue
    if pixels > limits.MAX_DECODED:
        raise DataError(
            f"The images in this zip have {pixels / 1e6:,.0f} million pixels, and this server decodes up to "
            f"{limits.MAX_DECODED / 1e6:,.0f} million: make them smaller."
        )
    return sizes


def as_kept(images: Images, title: str) -> Images:
    """Grey, in another order, and with labels only where these tell something apart; their names are tidied.

    Raises:
        DataError: for images that are too few, too small or too many.
    """
    notes = [f"{title}: {images.note.partition(': ')[2].rstrip('.')}"]
    count, side = len(images.train) + len(images.test), images.shape[-1]
    if count < limits.MIN_IMAGES:
        raise DataError(
            f"There are {count:,} images in this file, and at least {limits.MIN_IMAGES} are needed: some are "
            "kept to validate and to test with."
        )
    if side < limits.MIN_SIDE:
        raise DataError(f"Images must be of {limits.MIN_SIDE} × {limits.MIN_SIDE} pixels at least.")
    if count * side * side > limits.MAX_GREY:
        raise DataError(
            f"These images have {count * side * side / 1e6:,.0f} million pixels, and this server keeps up to "
            f"{limits.MAX_GREY / 1e6:,.0f} million: bring fewer, or smaller ones."
        )
    if len(images.shape) == 3:
        notes.append("its colours became grey levels")
    classes = tuple(tidy(name) or "?" for name in images.classes)
    if classes and not 2 <= len(classes) <= limits.MAX_CLASSES:
        notes.append("its labels, which tell no classes apart, were left out")
        classes = ()
    generator = torch.Generator().manual_seed(SHUFFLE_SEED)
    train, test = (
        Split(_grey(split.images), split.labels if classes else None)[
            torch.randperm(len(split), generator=generator)
        ]
        for split in (images.train, images.test)
    )
    return replace(images, train=train, test=test, classes=classes, note="; ".join(notes) + ".")


def _grey(images: torch.Tensor) -> torch.Tensor:
    """Luminance (ITU-R 601, as PIL has it) of (N, 3, H, W), a thousand at a time; grey images as they are."""
    if images.ndim == 3:
        return images
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    parts = [(part.float() * weights).sum(1).round().byte() for part in images.split(1000)]
    return torch.cat(parts)

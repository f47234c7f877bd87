"""A folder of images, whose sub-folders are their classes."""

import contextlib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from aevb.counted import counted, passed_over
from aevb.data import border
from aevb.data.images import DataError, Images, as_grey, divided

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".pnm", ".pbm")
TESTS = ("test", "val", "valid", "validation")
"""What the folder beside train is called, in any case: the first of these is the test split."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")  # some of PIL's others start programs
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")

Header = tuple[tuple[int, int], str]
"""Height and width of an image, and PIL's mode."""


def read(root: Path, name: str, size: tuple[int, int] | None) -> Images:
    """The images below a folder, or below the two folders train and test in it, or train and val.

    Hidden files are passed over without a word; other files, and damaged images, with a count in the note,
    and what else lies beside train and test.
    Links are followed, unless they lead back to a folder that they lie in.

    Raises:
        DataError: where there are no images, images of several sizes and no `size`, an image of more pixels
            than PIL holds to be harmless, or images beside the folders of the classes.
        ValueError: for more than memory holds, and grey levels of another range than 0…255, for 16 bits
            0…65535, and for floats [0, 1].
        OSError: for what must not be read.
    """
    splits, notes = _splits(root)
    listings, others = [], 0
    for part in splits or [root]:
        listing, passed = _listing(part)
        listings.append(listing)
        others += passed
    files = [file for listing in listings for file, _ in listing]
    kinds = {kind is None for listing in listings for _, kind in listing}
    if not files:
        raise DataError(f"There is no image in {name} (of {', '.join(SUFFIXES)}).")
    if len(kinds) > 1:
        raise DataError(f"{name} holds images in sub-folders, which are classes, and others beside them.")
    decoded = _decoded(files, root, size)
    if not decoded:
        raise DataError(f"{name} holds {counted(len(files), 'images')}, of which none can be read.")
    parts = []
    images = _stacked(list(decoded.values()))
    for listing in listings:
        found = [kind for file, kind in listing if file in decoded]
        parts.append((images[: len(found)], None if None in found else found))
        images = images[len(found) :]
    if others:
        notes.append(passed_over(others, "other files"))
    if damaged := len(files) - len(decoded):
        notes.append(passed_over(damaged, "damaged images"))
    return divided(name, root.resolve().name, parts, *notes)


def fitted(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image (H, W) or (H, W, 3) cropped around its middle to the shape of `size`, and scaled to it."""
    return np.array(ImageOps.fit(Image.fromarray(pixels), size[::-1], Image.Resampling.BOX))


def _splits(root: Path) -> tuple[list[Path], list[str]]:
    """The folders of the two splits, if they are there, and what a reader should know of what is beside."""
    beside = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    named = {path.name.lower(): path for path in beside if path.is_dir()}
    tests = [named[name] for name in TESTS if name in named]
    if "train" not in named or not tests:
        return [], []
    splits, notes = [named["train"], tests[0]], []
    if tests[0] is not named.get("test"):
        notes.append(f"it has no test set, and its {tests[0].name} is taken as one")
    left = [path.name for path in beside if path not in splits]
    if left:
        told = [*left[:3], *([f"{len(left) - 3:,} more"] if left[3:] else [])]
        notes.append(f"its {', '.join(told)} {'was' if len(left) == 1 else 'were'} passed over")
    return splits, notes


def _listing(root: Path) -> tuple[list[tuple[Path, str | None]], int]:
    """The image files below a folder, sorted, each with the sub-folder that it is in; how many are others."""

    def refuse(error: OSError) -> None:
        raise error

    found, others = list[tuple[Path, str | None]](), 0
    for name, folders, files in os.walk(root, onerror=refuse, followlinks=True):
        place = Path(name)
        around = {folder.resolve() for folder in (place.absolute(), *place.absolute().parents)}
        folders[:] = sorted(
            folder
            for folder in folders
            if not folder.startswith(".") and (place / folder).resolve() not in around
        )
        kind = next(iter(place.relative_to(root).parts), None)
        for file in sorted(file for file in files if not file.startswith(".")):
            if file.lower().endswith(SUFFIXES):
                found.append((place / file, kind))
            else:
                others += 1
    return found, others


def _decoded(files: Sequence[Path], root: Path, size: tuple[int, int] | None) -> dict[Path, np.ndarray]:
    """The images that can be read, (H, W) or (H, W, 3), by their files.

    Raises:
        DataError: for two sizes where none is given, an image of too many pixels, or numbers that are no grey
            levels.
        ValueError: for too many in all, and as `as_grey`.
    """
    headers = {file: header for file in files if (header := _header(file, root))}
    if size is None:
        _require_one_size(headers, root)
    _require_memory(headers, size)
    decoded = {}
    for file in headers:
        with contextlib.suppress(OSError, SyntaxError, ValueError):
            pixels = _pixels(file)
            decoded[file] = fitted(pixels, size) if size and pixels.dtype == np.uint8 else pixels
    _scale(decoded, size)
    return decoded


def _require_one_size(headers: Mapping[Path, Header], root: Path) -> None:
    by_size: dict[tuple[int, int], Path] = {}
    for file, (found, _) in headers.items():
        by_size.setdefault(found, file)
    if len(by_size) > 1:
        one, other = (
            f"{file.relative_to(root)} has {height} × {width} pixels"
            for (height, width), file in list(by_size.items())[:2]
        )
        least = min(min(found) for found in by_size)
        raise DataError(
            f"Images must be of one size, but {one} and {other}: give one, such as size={least} "
            f"(--image-size {least})."
        )


def _require_memory(headers: Mapping[Path, Header], size: tuple[int, int] | None) -> None:
    height, width = size or next((found for found, _ in headers.values()), (0, 0))
    channels = 3 if any(mode not in GREY_MODES for _, mode in headers.values()) else 1
    deep = sum(height * width for (height, width), mode in headers.values() if mode[0] in "IF")
    # One by one, and then as one tensor; those of more than 8 bits whole, until their scale is known.
    border.check_memory(2 * len(headers) * height * width * channels + 16 * deep)


def _pixels(file: Path) -> np.ndarray:
    """An image the right way up, (H, W) or (H, W, 3), in the numbers that the file has; 255 for a bit."""
    with _opened(file) as image:
        pixels = border.as_pixels(ImageOps.exif_transpose(image))
    return 255 * pixels.astype(np.uint8) if pixels.dtype == bool else pixels


def _scale(decoded: dict[Path, np.ndarray], size: tuple[int, int] | None) -> None:
    """Brings images to 0…255, those of one type of numbers together; and those of more than 8 bits to `size`,
    which the others have already."""
    alike: dict[np.dtype, list[Path]] = {}
    for file, pixels in decoded.items():
        alike.setdefault(pixels.dtype, []).append(file)
    for dtype, those in alike.items():
        for file, pixels in zip(those, _levels([decoded[file] for file in those]), strict=True):
            decoded[file] = fitted(pixels, size) if size and dtype != np.uint8 else pixels


def _header(file: Path, root: Path) -> Header | None:
    """Height and width, and mode, of an image that need not be decoded for it; None for what is no image."""
    try:
        with _opened(file) as image:
            width, height = image.size
            sideways = image.getexif().get(0x0112, 1) >= 5  # of EXIF's eight orientations
            return (width, height) if sideways else (height, width), image.mode
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(
            f"{file.relative_to(root)} has more than {Image.MAX_IMAGE_PIXELS:,} pixels: it is not opened."
        ) from error
    except PermissionError:
        raise
    except (OSError, SyntaxError, ValueError):  # PIL has no one error for what is no image
        return None


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file, formats=FORMATS) as image:
            yield image


def _levels(images: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Images of one type of numbers, (H, W) or (H, W, 3), in 0…255: their scale is that of all of them."""
    values = border.as_tensor(np.concatenate([pixels.ravel() for pixels in images]))
    if not values.is_floating_point() and 255 < (high := int(values.max())) <= 65_535:  # 16 bits
        values = (values / 257).round()
        if values.max() < 128:  # as `check_range` asks, but in the numbers that the files have
            raise ValueError(
                f"Grey levels of 16 bits reach {high} here, hardly into 0…65535, as those of a camera of "
                f"fewer bits do: multiply them by 65535/{high} and round."
            )
    parts = as_grey(values).split([pixels.size for pixels in images])
    return (part.numpy().reshape(pixels.shape) for part, pixels in zip(parts, images, strict=True))


def _stacked(images: list[np.ndarray]) -> Tensor:
    """(N, H, W), or (N, 3, H, W) where one of them is in colour."""
    if all(image.ndim == 2 for image in images):
        return torch.from_numpy(np.stack(images))
    coloured = np.stack([image if image.ndim == 3 else np.repeat(image[..., None], 3, 2) for image in images])
    if (coloured == coloured[..., :1]).all():  # grey, saved in three channels
        return torch.from_numpy(coloured[..., 0].copy())
    return torch.from_numpy(coloured).movedim(3, 1).contiguous()

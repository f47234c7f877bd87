"""Where images come from: the sets with a name, a folder of images, an .npz file.

Whatever it was, a source gives `Images`: grey levels in 0…255 (N, H, W), or (N, 3, H, W) in colour, labels in
0…C-1 and the names of the classes. Nothing is unpickled, and sizes are looked at before anything is decoded.
"""

import contextlib
import dataclasses
import importlib.util
import io
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from aevb.data import arrays, folders, mnist
from aevb.data.images import DataError, Images, Split, divided


def read(source: str | os.PathLike[str] = "mnist", *, size: int | Sequence[int] | None = None) -> Images:
    """A data set of images with its labels.

    Args:
        source: one of `SOURCES`; or a folder of images, whose sub-folders are their classes and may lie in a
            train and a test or val folder (one that is called as a source is given as "./digits" or as a
            `Path`); or an .npz of arrays such as x_train, y_train, x_test, y_test, or x and y, where x is
            images, (N, H, W), (N, H, W, 3) or (N, 3, H, W), as integers in 0…255 or floats in [0, 1], or
            vectors, (N, D), of any numbers, as floats. Where there is no test set a tenth, drawn under a
            fixed permutation, is held out as one; `note` says so.
        size: (H, W), or a number for both, to which images are cropped around their middle and scaled; the
            vectors of an .npz are images of that size.
    Raises:
        DataError: in a sentence, for a source that is not there or not of this form, images of several sizes
            where no `size` is given, and more than fits into memory.
        ValueError: for a size that is no positive whole number, or two.
    """
    height_width = _height_width(size)
    if not isinstance(source, str | os.PathLike):
        raise DataError(
            f"aevb.data.read takes a name, a folder or an .npz, not a {type(source).__name__}: aevb.Examples "
            'takes arrays as they are, and numpy.savez("mine.npz", x=x, y=y) keeps them as what this reads.'
        )
    name = os.fspath(source)
    if name in READERS and not isinstance(source, str):
        name = f"./{name}"  # a folder, and by this name it is read again
    try:
        if name in READERS:
            found = READERS[name]()
        else:
            found = _read_path(Path(name).expanduser(), name, height_width)
        resized = height_width is not None and found.shape[-2:] != height_width
        return _resized(found, height_width) if height_width and resized else found
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:  # of the border
        raise DataError(f"{name}: {error}") from error


def download(source: str = "mnist") -> Iterator[float]:
    """Downloads a data set into `mnist.folder()`, and yields the fraction that has arrived.

    Args:
        source: one of `DOWNLOADS`.
    Raises:
        DataError: saying why it did not work, or that there is no such set to be downloaded.
    """
    if source not in DOWNLOADS:
        raise DataError(f"{source} is not downloaded: only {', '.join(DOWNLOADS)} are.")
    yield from DOWNLOADS[source]()


def _height_width(size: int | Sequence[int] | None) -> tuple[int, int] | None:
    if size is None:
        return None
    sizes = tuple(size) if isinstance(size, Iterable) else (size, size)
    if len(sizes) != 2 or any(isinstance(s, bool) or s != int(s) or s < 1 for s in sizes):
        raise ValueError(f"size must be a positive whole number, or a height and a width, not {size!r}.")
    return int(sizes[0]), int(sizes[1])


# Sets with a name


def _idx(source: str) -> Images:
    try:
        return mnist.load_complete(source)
    except FileNotFoundError as error:
        raise DataError(f"{error} {_fetch_it(source)}") from error


DIGITS = "datasets/data/digits.csv.gz"
"""Where scikit-learn keeps its digits: a line of 64 grey levels in 0…16 and a label for each."""


def _digits() -> Images:
    found = importlib.util.find_spec("sklearn")
    places = [Path(place, DIGITS) for place in (found and found.submodule_search_locations) or ()]
    if path := next(filter(Path.is_file, places), None):  # since to import scikit-learn takes seconds
        table = np.loadtxt(path, delimiter=",")
        images, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(int)
    else:
        from sklearn.datasets import load_digits

        bunch = load_digits()
        images, labels = bunch.images, bunch.target
    grey = torch.from_numpy(np.round(images * (255 / 16)).astype(np.uint8))
    return divided("digits", "scikit-learn's digits", [(grey, labels)])


SHAPES, SHAPES_SEED, SHAPES_NOISE = 10_000, 20_220_807, 0.06


def _moons() -> Images:
    from sklearn.datasets import make_moons

    found = make_moons(SHAPES, noise=SHAPES_NOISE, random_state=SHAPES_SEED)
    return _standardised("moons", "Two moons", *found)


def _rings() -> Images:
    from sklearn.datasets import make_circles

    found = make_circles(SHAPES, noise=SHAPES_NOISE, factor=0.45, random_state=SHAPES_SEED)
    return _standardised("rings", "Two rings", *found)


def _standardised(name: str, title: str, vectors: np.ndarray, labels: np.ndarray) -> Images:
    """Vectors of mean 0 and variance 1 in each dimension, so that rates and widths of a picture suit them."""
    scaled = (vectors - vectors.mean(0)) / vectors.std(0)
    return divided(name, title, [(torch.from_numpy(scaled).float(), labels)])


FACES = "olivetti.npz"


def _faces() -> Images:
    path = mnist.folder() / FACES
    if not path.is_file():
        raise DataError(f"The Olivetti faces are not in {mnist.folder()}. {_fetch_it('faces')}")
    with np.load(path, allow_pickle=False) as held:
        images, labels = held["images"], held["labels"]
    if images.shape != (400, 64, 64) or images.dtype != np.uint8 or labels.shape != (400,):
        raise DataError(f"The file {path} is damaged; it is not used. Delete it.")
    return divided("faces", "The Olivetti faces", [(torch.from_numpy(images), labels)])


def _download_faces() -> Iterator[float]:
    from sklearn.datasets import fetch_olivetti_faces

    target = mnist.folder() / FACES
    try:
        mnist.folder().mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".download-", dir=mnist.folder()))
    except OSError as error:
        raise DataError(f"The faces cannot be kept in {mnist.folder()}: {error.strerror}.") from error
    yield 0.0
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(mnist.CONNECT_SECONDS)
    try:
        # Into a folder of its own: scikit-learn would unpickle what it finds of an earlier download.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
            found = fetch_olivetti_faces(data_home=staging, n_retries=1)
        images = np.round(255 * found.images).astype(np.uint8)
        np.savez_compressed(staging / FACES, images=images, labels=found.target)
        (staging / FACES).replace(target)
    except OSError as error:
        raise DataError(f"The Olivetti faces could not be downloaded. {error}") from error
    finally:
        socket.setdefaulttimeout(previous)
        shutil.rmtree(staging, ignore_errors=True)
    yield 1.0


def _fetch_it(source: str) -> str:
    return f"`python -m aevb data {source} --download` fetches it."


READERS: Mapping[str, Callable[[], Images]] = {
    "mnist": mnist.load,
    "fashion": lambda: _idx("fashion"),
    "kmnist": lambda: _idx("kmnist"),
    "digits": _digits,
    "faces": _faces,
    "moons": _moons,
    "rings": _rings,
}
SOURCES = tuple(READERS)
"""The names that `read` knows: MNIST, Fashion-MNIST, KMNIST, scikit-learn's digits, the Olivetti faces,
and points of the plane in two moons or two rings."""

DOWNLOADS: Mapping[str, Callable[[], Iterator[float]]] = {
    "mnist": lambda: mnist.download("mnist"),
    "fashion": lambda: mnist.download("fashion"),
    "kmnist": lambda: mnist.download("kmnist"),
    "faces": _download_faces,
}
"""The names that `download` knows."""


def _read_path(path: Path, name: str, size: tuple[int, int] | None) -> Images:
    if path.is_dir():
        return folders.read(path, name, size)
    if path.is_file() and path.suffix.lower() == ".npz":
        return arrays.read(path, name, size)
    what = "is neither a folder of images nor an .npz" if path.exists() else "is not there"
    if path.is_file():
        what += ', as which numpy.savez("mine.npz", x=x, y=y) keeps arrays'
    raise DataError(f"{name} {what}: give one of {', '.join(SOURCES)}, a folder of images, or an .npz.")


def _resized(found: Images, size: tuple[int, int]) -> Images:
    """Every image cropped around its middle and scaled."""
    if len(found.shape) < 2:
        raise DataError(f"{found.name} holds vectors of {found.shape[0]} numbers, not images.")

    def fit(split: Split) -> Split:
        colour = split.images.ndim == 4
        images = split.images.movedim(1, 3) if colour else split.images
        scaled = torch.from_numpy(np.stack([folders.fitted(image, size) for image in images.numpy()]))
        return Split(scaled.movedim(3, 1).contiguous() if colour else scaled, split.labels)

    note = f"{found.note.rstrip('.')}; scaled to {size[0]} × {size[1]} pixels."
    return dataclasses.replace(found, train=fit(found.train), test=fit(found.test), note=note)

"""MNIST, whole or as the bundled sample, and the ways in which the models look at it.

The whole of MNIST is read from `folder()` (the environment variable AEVB_DATA, or the platform's cache
folder for the user) where torchvision's layout MNIST/raw/ holds it, and `download()` puts it there.
Without it, everything works on the bundled sample: the same 10,000 test images, and 10,000 of the
60,000 training images.
"""

import hashlib
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import platformdirs
import torch
from torch import Generator, Tensor

SAMPLE = Path(__file__).parent / "mnist_sample" / "mnist_sample.npz"
SAMPLE_TRAINING_IMAGES = 10_000

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    SAMPLE.name: "f5c6cb07d5b802695f034dfc2a14dbbcd7e6e197b3e9eb1a8dce76c0d7bae571",
}

CONNECT_SECONDS = 3.0  # for each of the mirrors to answer
STALL_SECONDS = 8.0  # without one more byte before a download is given up
ARCHIVE_BYTES = 11_594_722  # of the four compressed files


class Observer(Protocol):
    """What of a model decides how it looks at data."""

    observation: str
    conditional: bool


class DataError(RuntimeError):
    """Data are missing, damaged or could not be fetched; the message says which and what to do."""


@dataclass(frozen=True)
class Split:
    """Images (N, 28, 28) in 0…255 as uint8, and their labels (N,) as int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def seen_by(self, model: "Observer") -> "Examples":
        """The images as a model observes them, with the labels if it is conditional."""
        return Examples(self.images, model.observation, self.labels if model.conditional else None)


@dataclass(frozen=True)
class Digits:
    """MNIST: its two splits, whether all of it is there, and what a reader should know about it."""

    train: Split
    test: Split
    complete: bool
    note: str

    def __str__(self) -> str:
        return self.note


def folder() -> Path:
    """Where the whole of MNIST is kept: $AEVB_DATA, or the user's cache folder for this platform."""
    return Path(os.environ.get("AEVB_DATA") or platformdirs.user_cache_dir("aevb", appauthor=False))


def load() -> Digits:
    """The whole of MNIST where it is present and sound, else the bundled sample; `note` says which."""
    try:
        return load_complete()
    except FileNotFoundError:
        reason = ""
    except DataError as error:
        reason = f" {error}"
    return load_sample(reason)


def load_complete() -> Digits:
    """The whole of MNIST from `folder()`.

    Raises:
        FileNotFoundError: where it is not there.
        DataError: naming the file whose checksum is wrong; nothing of it is used.
    """
    raw = folder() / "MNIST" / "raw"
    _verify(raw)
    # Imported late: it takes longer than the rest of the library. And not the class MNIST, which would
    # prefer older torchvision's MNIST/processed, whose checksums nobody has seen.
    from torchvision.datasets.mnist import read_image_file, read_label_file

    train, test = (
        Split(
            read_image_file(str(raw / f"{part}-images-idx3-ubyte")),
            read_label_file(str(raw / f"{part}-labels-idx1-ubyte")),
        )
        for part in ("train", "t10k")
    )
    note = f"All of MNIST: {len(train):,} training and {len(test):,} test images."
    return Digits(train, test, True, note)


def load_sample(reason: str = "") -> Digits:
    """The sample that comes with the library: all test images, 10,000 training images.

    Raises:
        DataError: where the file is missing or damaged.
    """
    if not SAMPLE.is_file() or _sha256(SAMPLE) != SHA256[SAMPLE.name]:
        raise DataError(f"The bundled sample {SAMPLE} is missing or damaged: reinstall aevb.")
    with np.load(SAMPLE, allow_pickle=False) as arrays:
        splits = [
            Split(
                torch.from_numpy(arrays[f"{name}_images"]),
                torch.from_numpy(arrays[f"{name}_labels"]).long(),
            )
            for name in ("train", "test")
        ]
    train, test = splits
    note = (
        f"The bundled sample of MNIST: all {len(test):,} test images,"
        f" {len(train):,} of the 60,000 training images.{reason}"
    )
    return Digits(train, test, False, note)


def pack_sample(destination: Path = SAMPLE) -> str:
    """Packs the bundled sample from the whole of MNIST and returns its SHA-256.

    The first 10,000 training images, in the original order, and all test images. The same bytes every
    time.
    """
    digits = load_complete()
    first = slice(SAMPLE_TRAINING_IMAGES)
    destination.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        destination,
        train_images=digits.train.images[first].numpy(),
        train_labels=digits.train.labels[first].to(torch.uint8).numpy(),
        test_images=digits.test.images.numpy(),
        test_labels=digits.test.labels.to(torch.uint8).numpy(),
    )
    return _sha256(destination)


def download() -> Iterator[float]:
    """Downloads MNIST through torchvision, checksums and all, into `folder()`.

    Yields the fraction that has arrived, about five times a second. The files take their place only
    once all four are whole, so that a broken download leaves nothing behind.

    Raises:
        DataError: saying why, within 10 seconds of the last byte's arrival.
    """
    target = folder() / "MNIST" / "raw"
    try:
        target.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".download-", dir=folder()))
    except OSError as error:
        raise DataError(f"MNIST cannot be kept in {folder()}: {error.strerror}.") from error
    try:
        yield from _fetch(staging)
        for name in _verify(staging / "MNIST" / "raw"):
            (staging / "MNIST" / "raw" / name).replace(target / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fetch(root: Path) -> Iterator[float]:
    """Runs torchvision's download in a thread, watched from here: it has no time limit of its own."""
    from torchvision.datasets import MNIST

    failure: list[Exception] = []
    given_up = threading.Event()

    class Watched(MNIST):
        @property
        def raw_folder(self) -> str:  # asked for before each attempt, which then makes the folder
            if given_up.is_set():
                raise RuntimeError("Given up.")
            return str(root / "MNIST" / "raw")

    def work() -> None:
        try:
            Watched(str(root), download=True)
        except Exception as error:  # whatever it was, the watcher reports it
            failure.append(error)

    # torchvision gives its sockets no time limit; this is the only place to set one.
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(CONNECT_SECONDS)
    worker = threading.Thread(target=work, name="mnist-download", daemon=True)
    worker.start()
    try:
        arrived, last_arrival = 0, time.monotonic()
        while worker.is_alive():
            worker.join(0.2)
            size = sum(path.stat().st_size for path in root.rglob("*.gz"))
            if size > arrived:
                arrived, last_arrival = size, time.monotonic()
            elif time.monotonic() - last_arrival > STALL_SECONDS and arrived < ARCHIVE_BYTES:
                raise DataError(f"MNIST's servers sent nothing for {STALL_SECONDS:.0f} seconds.")
            yield min(1.0, arrived / ARCHIVE_BYTES)
    finally:
        given_up.set()
        socket.setdefaulttimeout(previous)
    if failure:
        reason = " ".join(str(failure[0]).split()) or type(failure[0]).__name__
        raise DataError(f"MNIST could not be downloaded. {reason}") from failure[0]


def _verify(raw: Path) -> list[str]:
    """The names of MNIST's four files, all there and sound."""
    names = [name for name in SHA256 if name.endswith("ubyte")]
    for name in names:
        if not (raw / name).is_file():
            raise FileNotFoundError(f"{raw / name} is not there.")
    for name in names:
        _check(raw / name)
    return names


def _check(path: Path) -> None:
    if _sha256(path) != SHA256[path.name]:
        raise DataError(f"The file {path} is damaged (its checksum is wrong); it is not used. Delete it.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# How the models look at images (the tutorial's footnote 14 and Table 1)


def dequantize(images: Tensor, generator: Generator | None = None) -> Tensor:
    """(pixel + u) / 256 with u uniform on [0, 1): (N, H, W) in 0…255 to (N, H·W) in [0, 1)."""
    pixels = images.flatten(1)
    noise = torch.rand(pixels.shape, generator=generator, device=pixels.device)
    # float32 rounds 255 + 0.99999999 up to 256; the support is closed, so 1 is still inside it.
    return noise.add_(pixels).div_(256)


def binarize(images: Tensor, generator: Generator | None = None) -> Tensor:
    """Dequantised images thresholded at 0.5, (N, H, W) to (N, H·W) of 0s and 1s.

    No noise is needed: (pixel + u) / 256 ≥ 0.5 holds for every u exactly when pixel ≥ 128.
    """
    return (images.flatten(1) >= 128).float()


def as_rows(images: Tensor, generator: Generator | None = None) -> Tensor:
    """Binary images as sequences of rows, (N, H, W): T = H steps of W pixels."""
    return binarize(images, generator).view(images.shape)


def as_vectors(vectors: Tensor, generator: Generator | None = None) -> Tensor:
    """Real vectors, (N, D), as they are."""
    return vectors


PRESENTATIONS: dict[str, Callable[[Tensor, Generator | None], Tensor]] = {
    "continuous": dequantize,
    "binary": binarize,
    "rows": as_rows,
    "vector": as_vectors,
}

TEST_SEED = 20_220_806
"""Of the dequantisation noise of everything that is measured or shown rather than trained on."""


class Examples:
    """What a model is trained on or measured with, and how the model is to look at it.

    Args:
        values: (N, H, W), images in 0…255 as uint8; or for the observation "vector" (N, …), taken as it is.
        observation: a key of `PRESENTATIONS`, usually `model.observation`.
        labels: (N,), for a conditional model.
    Raises:
        ValueError: for an unknown observation, no examples, labels of another number, images that are not
            uint8, or values that are not finite numbers.
    """

    def __init__(self, values: Tensor, observation: str = "vector", labels: Tensor | None = None):
        if observation not in PRESENTATIONS:
            raise ValueError(f"observation must be one of {', '.join(PRESENTATIONS)}, not {observation!r}.")
        if not len(values):
            raise ValueError("There are no examples.")
        if labels is not None and len(labels) != len(values):
            raise ValueError(f"There are {len(values)} examples but {len(labels)} labels.")
        if observation != "vector":
            if values.dtype != torch.uint8:
                raise ValueError(f"Images must be in 0…255 as uint8, not {values.dtype}.")
        elif not values.isfinite().all():
            raise ValueError("Some values are not finite numbers.")
        self.values, self.labels = values, labels
        self._present = PRESENTATIONS[observation]

    def __len__(self) -> int:
        return len(self.values)

    def epoch(self, batch_size: int, generator: Generator) -> Iterator[tuple[Tensor, ...]]:
        """All examples, as (x,) or (x, y), shuffled, with fresh noise; a last, short batch is dropped."""
        size = min(batch_size, len(self))
        order = torch.randperm(len(self), generator=generator)
        for index in order[: len(self) // size * size].view(-1, size):
            x = self._present(self.values[index], generator)
            yield (x,) if self.labels is None else (x, self.labels[index])

    def fixed(self) -> tuple[Tensor, ...]:
        """All examples in order, as (x,) or (x, y), under the noise of `TEST_SEED`: always the same."""
        x = self._present(self.values, torch.Generator().manual_seed(TEST_SEED))
        return (x,) if self.labels is None else (x, self.labels)

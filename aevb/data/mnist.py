"""MNIST, whole or as the bundled sample, and the two sets made in its likeness: Fashion-MNIST and KMNIST.

They are read from `folder()` (the environment variable AEVB_DATA, or the platform's cache folder for the
user): from torchvision's layout NAME/raw in it, or from the folder itself; each file unpacked or as .gz,
under its own name or Kaggle's. `download()` puts them there. Where MNIST is missing, everything works on the
bundled sample: the same 10,000 test images, and 10,000 of the 60,000 training images.

Of MNIST the SHA-256 of every file is known. Of the other two only the MD5 of the compressed files is
published (by torchvision), so those are what is read before others; where somebody has unpacked them and kept
no archive, only their structure can be checked, and the note says so.
"""

import gzip
import hashlib
import io
import math
import os
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import platformdirs
import torch

from aevb.data.images import DataError, Images, Split

SAMPLE = Path(__file__).parent.parent / "mnist_sample" / "mnist_sample.npz"
SAMPLE_SHA256 = "f5c6cb07d5b802695f034dfc2a14dbbcd7e6e197b3e9eb1a8dce76c0d7bae571"
SAMPLE_TRAINING_IMAGES = 10_000

CONNECT_SECONDS = 3.0  # for each of the mirrors to answer
STALL_SECONDS = 8.0  # without one more byte before a download is given up
MOST_SECONDS = 900.0  # for all of it, however steadily it drips

FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
MAX_BYTES = 100_000_000  # of an unpacked file: an archive that holds more is none of these


@dataclass(frozen=True)
class IdxSet:
    """A data set of four files in MNIST's format.

    Attributes:
        name: torchvision's class, and its folder.
        title: as readers know it.
        classes: names of the labels.
        archive_bytes: of the four compressed files.
        sha256: of the unpacked files, by name, where known.
        md5: of the compressed files, by name without .gz, where these are what is checked.
        counts: of the training and of the test images.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    archive_bytes: int
    sha256: Mapping[str, str] = field(default_factory=dict)
    md5: Mapping[str, str] = field(default_factory=dict)
    counts: tuple[int, int] = (60_000, 10_000)


SETS = {
    "mnist": IdxSet(
        "MNIST",
        "MNIST",
        tuple("0123456789"),
        11_594_722,
        sha256={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion": IdxSet(
        "FashionMNIST",
        "Fashion-MNIST",
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        30_878_645,
        md5={
            "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
    "kmnist": IdxSet(
        "KMNIST",
        "KMNIST",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        21_240_888,
        md5={
            "train-images-idx3-ubyte": "bdb82020997e1d708af4cf47b453dcf7",
            "train-labels-idx1-ubyte": "e144d726b3acfaa3e44228e80efcd344",
            "t10k-images-idx3-ubyte": "5c965bf0a639b31b8f53240b1b52f4d7",
            "t10k-labels-idx1-ubyte": "7320c461ea6c1c855c0b718fb2a4b134",
        },
    ),
}


def folder() -> Path:
    """Where downloaded data are kept: $AEVB_DATA, or the user's cache folder for this platform."""
    told = Path(os.environ.get("AEVB_DATA") or platformdirs.user_cache_dir("aevb", appauthor=False))
    with suppress(RuntimeError):  # "~" where nobody has a home is a name like others
        return told.expanduser()
    return told


def load() -> Images:
    """The whole of MNIST where it is present and sound, else the bundled sample; `note` says why.

    Raises:
        DataError: where the bundled sample, too, is missing or damaged.
    """
    try:
        return load_complete()
    except FileNotFoundError as error:
        # Where nobody said that it is anywhere, and nothing of it is there, there is nothing to explain.
        reason = f" {error}" if os.environ.get("AEVB_DATA") else ""
    except DataError as error:
        reason = f" {error}"
    return load_sample(reason)


def load_complete(source: str = "mnist") -> Images:
    """The whole of a data set, one of `SETS`, from `folder()`.

    Raises:
        FileNotFoundError: where nothing of it is there, saying what was looked for where.
        DataError: naming the file that is missing, damaged or must not be read; nothing of it is used.
    """
    wanted = SETS[source]
    paths = _find(wanted, folder())
    arrays = {name: _read(path, name, wanted) for name, path in paths.items()}
    splits = []
    for part, count in zip(("train", "t10k"), wanted.counts, strict=True):
        images, labels = arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]
        _check_structure(wanted, paths[f"{part}-images-idx3-ubyte"], images, labels, count)
        splits.append(Split(torch.from_numpy(images), torch.from_numpy(labels).long()))
    train, test = splits
    note = f"All of {wanted.title}: {len(train):,} training and {len(test):,} test images."
    unchecked = [path.name for path in paths.values() if not wanted.sha256 and path.suffix != ".gz"]
    if unchecked:
        note += (
            f" Checksums are published for the .gz files alone: of {_listed(unchecked)} only the structure "
            "was checked."
        )
    return Images(train, test, wanted.classes, True, note, source)


def load_sample(reason: str = "") -> Images:
    """The sample that comes with the library: all test images, 10,000 training images.

    Raises:
        DataError: where the file is missing or damaged.
    """
    try:
        sound = _sha256(SAMPLE.read_bytes()) == SAMPLE_SHA256
    except OSError:
        sound = False
    if not sound:
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
    return Images(train, test, SETS["mnist"].classes, False, note, "mnist")


def pack_sample(destination: Path = SAMPLE) -> str:
    """Packs the bundled sample from the whole of MNIST and returns its SHA-256.

    The first 10,000 training images, in the original order, and all test images. The same bytes every
    time.
    """
    digits = load_complete()
    first = slice(SAMPLE_TRAINING_IMAGES)
    assert digits.train.labels is not None and digits.test.labels is not None
    destination.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        destination,
        train_images=digits.train.images[first].numpy(),
        train_labels=digits.train.labels[first].to(torch.uint8).numpy(),
        test_images=digits.test.images.numpy(),
        test_labels=digits.test.labels.to(torch.uint8).numpy(),
    )
    return _sha256(destination.read_bytes())


# Where the files lie


def _find(wanted: IdxSet, root: Path) -> dict[str, Path]:
    """The path of each of the four files, as `load_complete`."""
    told = (
        f"AEVB_DATA is {root}" if os.environ.get("AEVB_DATA") else f"{wanted.title} is looked for in {root}"
    )
    places = [root / wanted.name / "raw", root / wanted.name]
    # All sets use the same names: in a folder that does not tell, only MNIST's checksums can.
    if wanted.sha256 or wanted.name in root.absolute().parts:
        places += [root / "raw", root]
    try:
        if not root.exists():
            raise FileNotFoundError(f"{told}, which is not there.")
        if not root.is_dir():
            raise FileNotFoundError(f"{told}, which is not a folder.")
        found = [_present(wanted, place) for place in places]
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DataError(f"{error.filename or root} cannot be read: {error.strerror or error}.") from error
    paths = max(found, key=len)  # the first of those with most
    if not paths:
        where = _listed([str(place.relative_to(root)) for place in places if place != root], "or")
        where += " or the folder itself" * (root in places)
        raise FileNotFoundError(f"{told}, but no file such as {FILES[0]}, plain or as .gz, is in {where}.")
    missing = [name for name in FILES if name not in paths]
    if missing:
        are = "are" if len(missing) > 1 else "is"
        place = next(iter(paths.values())).parent
        raise DataError(f"{wanted.title} is not complete: {_listed(missing)} {are} missing in {place}.")
    return paths


def _present(wanted: IdxSet, place: Path) -> dict[str, Path]:
    """Those of the four files that lie in a folder, each as what can be checked best."""
    names = {path.name for path in place.iterdir()} if place.is_dir() else set()
    return {
        name: place / spelling
        for name in FILES
        for spelling in reversed(_spellings(name, wanted))
        if spelling in names and (place / spelling).is_file()
    }


def _spellings(name: str, wanted: IdxSet) -> list[str]:
    """What a file may be called, what can be checked best first."""
    plain = [name, name.replace("-idx", ".idx")]
    packed = [f"{spelling}.gz" for spelling in plain]
    return plain + packed if wanted.sha256 else packed + plain


def _listed(names: list[str], word: str = "and") -> str:
    return ", ".join(names[:-1]) + f" {word} " * (len(names) > 1) + names[-1]


# Reading and checking


def _read(path: Path, name: str, wanted: IdxSet) -> np.ndarray:
    """A file's numbers.

    Raises:
        DataError: for a file that cannot be read, whose checksum is wrong, or that is not of this format.
    """
    damaged = f"The file {path} is damaged (%s); it is not used. Delete it."
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    if path.suffix == ".gz":
        if wanted.md5 and hashlib.md5(content, usedforsecurity=False).hexdigest() != wanted.md5[name]:
            raise DataError(damaged % "its checksum is wrong")
        try:
            content = _unpacked(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(damaged % "it cannot be unpacked") from error
    if wanted.sha256 and _sha256(content) != wanted.sha256[name]:
        raise DataError(damaged % "its checksum is wrong")
    start = 4 + 4 * (content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0)
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    if not shape or len(content) != start + math.prod(shape):
        raise DataError(damaged % "it is not in MNIST's format")
    return np.frombuffer(bytearray(content), np.uint8, offset=start).reshape(shape)


def _unpacked(archive: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(archive)) as file:
        return file.read(MAX_BYTES)


def _check_structure(wanted: IdxSet, path: Path, images: np.ndarray, labels: np.ndarray, count: int) -> None:
    if images.shape != (count, 28, 28) or labels.shape != (count,) or labels.max() >= len(wanted.classes):
        raise DataError(
            f"{path.parent} does not hold {wanted.title}: {path.name} and its labels are of shapes "
            f"{images.shape} and {labels.shape}, not {(count, 28, 28)} and {(count,)}."
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# Downloads


def download(source: str = "mnist") -> Iterator[float]:
    """Downloads a data set, one of `SETS`, from torchvision's mirrors into `folder()`.

    Yields the fraction that has arrived, about five times a second. The files take their place only
    once all four are whole, so that a broken download leaves nothing behind.

    Raises:
        DataError: saying why, within 10 seconds of the last byte's arrival.
    """
    wanted = SETS[source]
    target = folder() / wanted.name / "raw"
    try:
        target.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".download-", dir=folder()))
    except OSError as error:
        raise DataError(f"{wanted.title} cannot be kept in {folder()}: {error.strerror}.") from error
    try:
        yield from _fetch(staging, wanted)
        paths = _find(wanted, staging)
        for name, path in paths.items():
            _read(path, name, wanted)
        for path in paths.values():
            path.replace(target / path.name)
    except OSError as error:
        raise DataError(f"{wanted.title} cannot be kept in {folder()}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fetch(root: Path, wanted: IdxSet) -> Iterator[float]:
    """Fetches the archives in a thread, watched from here: looking up a host's name has no time limit."""
    from torchvision import datasets  # imported late: it takes longer than the rest of the library

    failure: list[Exception] = []
    given_up = threading.Event()
    known, raw = getattr(datasets, wanted.name), root / wanted.name / "raw"
    raw.mkdir(parents=True)

    def work() -> None:
        try:
            left = wanted.archive_bytes
            for name, md5 in known.resources:
                left -= _fetch_one(name, md5, known.mirrors, raw, left, given_up)
        except Exception as error:  # whatever it was, the watcher reports it
            failure.append(error)

    worker = threading.Thread(target=work, name=f"{wanted.name}-download", daemon=True)
    worker.start()
    try:
        arrived, last_arrival = 0, time.monotonic()
        until = last_arrival + MOST_SECONDS
        while worker.is_alive():
            worker.join(0.2)
            size = sum(path.stat().st_size for path in root.rglob("*.gz"))
            if size > arrived:
                arrived, last_arrival = size, time.monotonic()
            elif time.monotonic() - last_arrival > STALL_SECONDS and arrived < wanted.archive_bytes:
                raise DataError(f"{wanted.title}'s servers sent nothing for {STALL_SECONDS:.0f} seconds.")
            if time.monotonic() > until:
                raise DataError(f"{wanted.title} did not arrive within {MOST_SECONDS / 60:.0f} minutes.")
            yield min(1.0, arrived / wanted.archive_bytes)
    finally:
        given_up.set()
    if failure:
        reason = " ".join(str(failure[0]).split()) or type(failure[0]).__name__
        raise DataError(f"{wanted.title} could not be downloaded. {reason}") from failure[0]


def _fetch_one(
    name: str, md5: str, mirrors: Sequence[str], raw: Path, most: int, given_up: threading.Event
) -> int:
    """An archive, from the first mirror that sends what it should, and no more of it than `most` bytes.

    torchvision's own way writes whatever comes, to its end, before it looks at it.

    Returns:
        How many bytes it has. It lies in the folder `raw`, as it came and unpacked.
    Raises:
        RuntimeError: telling what each mirror did.
    """
    said = f"Error downloading {name}:"
    for mirror in mirrors:
        try:
            content = bytearray()
            with urlopen(f"{mirror}{name}", timeout=CONNECT_SECONDS) as sent, (raw / name).open("wb") as file:
                while chunk := sent.read(2**15):
                    content += chunk
                    if given_up.is_set():
                        raise ValueError("given up")
                    if len(content) > most:
                        raise ValueError(f"more than the {most:,} bytes that are missing")
                    file.write(chunk)
            if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
                raise ValueError("something else: its checksum is wrong")
            (raw / name.removesuffix(".gz")).write_bytes(_unpacked(bytes(content)))
        except (OSError, HTTPException, EOFError, zlib.error, ValueError) as error:
            if given_up.is_set():
                break
            said += f" Tried {mirror}, got: {error}"
        else:
            return len(content)
    raise RuntimeError(said)

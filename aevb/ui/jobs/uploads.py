"""Images that visitors have brought along, a folder each.

    about.json   what is told of them: title, shape, classes, count; whose they are, and since when
    images.npz   grey levels (N, S, S) and their labels, to train on and to test with
    first.bin    the first few of them, a byte for each pixel, to be shown

They expire as runs do, but not while a run refers to them.
"""

import json
import logging
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from aevb.data import Images, Split
from aevb.ui.jobs import limits

log = logging.getLogger("aevb")

T = TypeVar("T")

ABOUT, IMAGES, FIRST = "about.json", "images.npz", "first.bin"
SHOWN = 16
PREFIX = "upload-"
NAME = re.compile(PREFIX + r"[0-9a-f]{16}", re.ASCII)

BROUGHT = "images that a visitor brought"
"""What they are called in a checkpoint, which may go anywhere: whoever has their name may see them."""

_root: Path | None = None
_open: set[Path] = set()
"""The workplaces that are in use."""


def lie_in(root: Path) -> None:
    """Says where they are, once for each process."""
    global _root
    _root = root


def below(runs: Path) -> Path:
    """Where they are beside the runs in a folder."""
    return runs / "uploads"


def runs() -> Path | None:
    """The folder of the runs that they are beside; None where nothing is trained."""
    return _root and _root.parent


def public(source: str) -> str:
    """What a checkpoint may tell of where its images came from."""
    return BROUGHT if NAME.fullmatch(source) else source


def folder(name: str) -> Path:
    """A folder that there is.

    Raises:
        LookupError: where there is none of that name, or not any more.
    """
    if _root is None or not isinstance(name, str) or not NAME.fullmatch(name):
        raise LookupError(name)
    if not (_root / name / ABOUT).is_file():
        raise LookupError(name)
    return _root / name


def about(name: str) -> dict[str, Any]:
    """What is told of them.

    Raises:
        LookupError: where there are none of that name, or not any more.
    """
    try:
        return json.loads((folder(name) / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError as error:  # it expires at this moment
        raise LookupError(name) from error


def read(name: str) -> Images:
    """The images themselves.

    Raises:
        LookupError: where there are none of that name, or not any more.
    """
    told = about(name)
    try:
        with np.load(folder(name) / IMAGES, allow_pickle=False) as held:
            arrays = {key: torch.from_numpy(held[key]) for key in held.files}
    except FileNotFoundError as error:
        raise LookupError(name) from error
    train, test = (Split(arrays[part], arrays.get(f"{part}_labels")) for part in ("train", "test"))
    return Images(train, test, tuple(told["classes"]), True, told["note"], name)


def first(name: str) -> bytes:
    """The first `SHOWN` of them, (16, S, S) in bytes.

    Raises:
        LookupError: where there are none of that name.
        FileNotFoundError: where it expires at this moment.
    """
    return (folder(name) / FIRST).read_bytes()


def write(place: Path, images: Images, title: str) -> dict[str, Any]:
    """Puts images into a new folder, and returns what is told of them."""
    place.mkdir()
    arrays = dict[str, Any]()
    for part, split in (("train", images.train), ("test", images.test)):
        arrays[part] = split.images.numpy()
        if split.labels is not None:
            arrays[f"{part}_labels"] = split.labels.numpy()
    np.savez(place / IMAGES, **arrays)
    (place / FIRST).write_bytes(arrays["train"][:SHOWN].tobytes())
    return {
        "title": title,
        "count": len(images.train),
        "images": len(images.train) + len(images.test),
        "shape": list(images.shape),
        "classes": list(images.classes),
        "note": images.note,
    }


def keep(place: Path, told: Mapping[str, Any], visitor: str) -> str:
    """Makes a folder that `write` has filled one of these, and returns its name."""
    assert _root is not None
    name = f"{PREFIX}{secrets.token_hex(8)}"
    known = {**told, "visitor": visitor, "created": time.time(), "bytes": (place / IMAGES).stat().st_size}
    (place / ABOUT).write_text(json.dumps(known), encoding="utf-8")
    place.rename(_root / name)
    return name


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder beside them, which goes again: where a file is received, unpacked and read."""
    assert _root is not None
    place = _root / f".{secrets.token_hex(8)}"
    _open.add(place)
    try:
        place.mkdir(parents=True)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        _open.discard(place)


def stored(visitor: str | None = None) -> int:
    """Bytes of disk that they take, or those of one visitor."""
    return sum(told["bytes"] for _, told in _all() if visitor in (None, told["visitor"]))


def round_robin(things: Iterable[T], whose: Callable[[T], str]) -> list[T]:
    """Everybody's first of some things, then everybody's second, and so on: in their order within that."""
    found, owned = list[tuple[int, T]](), Counter[str]()
    for one in things:
        found.append((owned[whose(one)], one))
        owned[whose(one)] += 1
    return [one for _, one in sorted(found, key=lambda ranked: ranked[0])]


def sweep(runs: Path) -> None:
    """Removes what has expired or is beyond the limit, the oldest of who has most first, unless a run in the
    folder `runs` refers to it; and lost workplaces."""
    clock = time.time()
    for place in _root.glob(".*") if _root else ():
        if place not in _open and clock - place.stat().st_mtime > limits.LOST:
            shutil.rmtree(place, ignore_errors=True)
    due, size = list[Path](), 0
    newest = sorted(_all(), key=lambda one: -one[1]["created"])
    for place, told in round_robin(newest, lambda one: one[1]["visitor"]):
        size += told["bytes"]
        if clock - told["created"] > limits.KEPT_SECONDS or size > limits.UPLOADED:
            due.append(place)
    if not due:
        return
    used = {_data_of(path) for path in runs.glob("*/specification.json")}
    for place in due:
        if place.name not in used:
            shutil.rmtree(place, ignore_errors=True)


def _all() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in _root.glob(f"{PREFIX}*/{ABOUT}") if _root else ():
        try:
            yield path.parent, json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            log.warning("%s is damaged.", path)


def _data_of(specification: Path) -> Any:
    try:
        return json.loads(specification.read_text(encoding="utf-8"))["data"]
    except (OSError, ValueError, LookupError):
        return None

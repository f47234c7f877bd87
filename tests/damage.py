"""Damage to a checkpoint's files: functions of a path."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

DEEP = "[" * 10_000 + "]" * 10_000
LONG = "x" * 5_000
NESTED = f'{{"format": {DEEP[6000:14000]}}}'
"""As deep as fits into a configuration."""


def _refusal() -> str:
    try:
        json.loads(NESTED)
    except RecursionError:
        return "its JSON is nested too deep"
    return "is not of format 1"


NESTED_REFUSED = _refusal()
"""What is said of it: Python 3.13 reads it."""


def write(content: str | bytes) -> Callable[[Path], object]:
    data = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(data)


def edit(**changes: object) -> Callable[[Path], object]:
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def huge(path: Path) -> None:
    """A gigabyte and more, none of which is on the disk."""
    with path.open("r+b") as opened:
        opened.truncate(2**30 + 1)


def header(**changes: object) -> Callable[[Path], object]:
    """Says something else of arrays than is true, in the header of the weights; None leaves one out."""

    def damage(path: Path) -> None:
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        told = json.loads(content[8 : 8 + length])
        told |= {name.replace("__", "."): change for name, change in changes.items()}
        text = json.dumps({name: entry for name, entry in told.items() if entry is not None}).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])

    return damage

"""A checkpoint's files, wherever they lie, and its JSON, read within limits."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

FORMAT = 1
WEIGHTS, CONFIG, TRAINING, MAPS, MEASURES = FILES = (
    "model.safetensors",
    "config.json",
    "training.json",
    "maps.npz",
    "measures.json",
)

MAX_BYTES = {CONFIG: 2**13, TRAINING: 2**24, MEASURES: 2**24, MAPS: 2**26}
"""Of each file that is read; the weights have as many as the model asks for. The largest of those that come
with the library: 0.2 kB, 47 kB, 25 kB and 0.2 MB."""


class CheckpointError(RuntimeError):
    """A checkpoint is missing, damaged or not what was asked for; the message says which, in a sentence."""


class Files(Protocol):
    """Where the files of one checkpoint lie."""

    def where(self, file: str) -> str:
        """What a sentence calls a file."""

    def size(self, file: str) -> int | None:
        """In bytes; None where there is no such file."""

    def read(self, file: str, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, or to the file's end."""

    @property
    def folder(self) -> Path:
        """A folder of this machine that holds them all; those of the Hub are downloaded first."""


class Folder:
    """Files in a folder of this machine."""

    def __init__(self, path: Path):
        self.folder = path

    def where(self, file: str) -> str:
        """As `Files.where`."""
        return str(self.folder / file)

    def size(self, file: str) -> int | None:
        """As `Files.size`."""
        path = self.folder / file
        with self._readable(file):
            return path.stat().st_size if path.is_file() else None

    def read(self, file: str, start: int, stop: int) -> bytes:
        """As `Files.read`."""
        with self._readable(file), (self.folder / file).open("rb") as opened:
            opened.seek(start)
            return opened.read(stop - start)

    @contextmanager
    def _readable(self, file: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CheckpointError(f"{self.where(file)} cannot be read: {error.strerror}.") from error


def place(folder: str | os.PathLike[str]) -> Path:
    """A folder to write into by its name, in which "~" is the home, as where it is looked for."""
    return Path(os.path.expanduser(folder))  # noqa: PTH111  # Path's raises for ~nobody


def holds(folder: Path) -> bool:
    """Whether anything of a checkpoint lies in a folder, which need not be there."""
    return any((folder / file).exists() for file in FILES)


def read_json(files: Files, file: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        CheckpointError: where the file is missing, too large, or holds no such thing.
    """
    where, size, most = files.where(file), files.size(file), MAX_BYTES[file]
    if size is None:
        raise CheckpointError(f"{where} is missing.")
    if size > most:
        raise CheckpointError(f"{where} is damaged: it has {size:,} bytes, and at most {most:,} make sense.")
    return parse(files.read(file, 0, most), where)


def parse(text: bytes, where: str) -> dict[str, Any]:
    """The JSON object that bytes spell.

    Raises:
        CheckpointError: where they do not.
    """
    try:
        value = json.loads(text.decode("utf-8"))
    except RecursionError as error:
        raise CheckpointError(f"{where} is damaged: its JSON is nested too deep.") from error
    except ValueError as error:  # no UTF-8, no JSON, or a number of too many digits
        raise CheckpointError(f"{where} is damaged: {short(error)}.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{where} is damaged: it does not hold a JSON object.")
    return value


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file that nobody sees half-done: it is written inside the block, at the path given, and takes its
    place after that. Where the block fails, what was there before stays."""
    unfinished = path.with_name(f".{path.name}")
    yield unfinished
    unfinished.replace(path)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes an object as readable JSON: one key a line, long lists of numbers not."""
    told = json.loads(json.dumps(value))  # where the K of `Evaluation.bound`, a number, is text
    with whole(path) as unfinished:
        unfinished.write_text(_readable(told) + "\n", encoding="utf-8")


def _readable(value: Any, margin: str = "\n") -> str:
    """JSON with a line for each item of what holds objects; lists of numbers stay on one line."""
    inner = margin + "  "
    if isinstance(value, dict) and value:
        items = [f"{json.dumps(key)}: {_readable(item, inner)}" for key, item in value.items()]
        return "{" + inner + f",{inner}".join(items) + margin + "}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[" + inner + f",{inner}".join(_readable(item, inner) for item in value) + margin + "]"
    return json.dumps(value)


def short(said: object, most: int = 200) -> str:
    """What someone else says, on one line of at most so many characters and without its full stop."""
    line = " ".join(str(said).split()).removesuffix(".")
    return line if len(line) <= most else f"{line[: most - 1]}…"


def listed(names: Iterable[str]) -> str:
    """The first few of several names, and how many more there are."""
    first, *rest = [short(name, 60) for name in names]
    told, left = [first, *rest[:2]], rest[2:]
    return ", ".join(told) + (f" and {len(left)} more" if left else "")

"""What a worker makes of a file that a visitor has brought: images, or a checkpoint.

Nothing in it is trusted. Its kind is told by its content; sizes are held against the limits before anything
is unpacked, and counted while it is; names of a zip's entries are never those of files here.
"""

import errno
import logging
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from aevb import checkpoints, stored
from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.stored.files import CONFIG, MAX_BYTES, TRAINING, WEIGHTS, Files, short
from aevb.stored.header import read_header
from aevb.ui.jobs import archives, limits, pictures, uploads

log = logging.getLogger("aevb")

FILE = "file.npz"
"""As what it lies in its folder: each kind is a zip, and numpy wants this name of its own."""

CHECKPOINT, KEPT, UNPACKED = "checkpoint", "images", "unpacked"
"""Folders beside it, of what came out of it."""

TAKEN = (WEIGHTS, CONFIG, TRAINING)
"""Of a checkpoint. What is measured of it is measured anew."""

SIZES = {
    "latent_dim": limits.MAX_LATENT,
    "clusters": limits.MAX_CLUSTERS,
    "memory_dim": limits.MAX_WIDTH,
    "memory_layers": limits.MAX_LAYERS,
}
"""What a model's arguments may be, by their names."""


def read(place: Path, title: str) -> dict[str, Any]:
    """What the file `FILE` in a folder holds; or, where there is none, the checkpoint in `CHECKPOINT`.

    Returns:
        "images" or "checkpoint": what is told of it. It lies in `KEPT` or `CHECKPOINT` then.
    Raises:
        DataError: in a sentence, for whatever is not taken.
    """
    with _no_places(place):
        if not (place / FILE).exists():
            return {"checkpoint": _checkpoint(place / CHECKPOINT)}
        with archives.opened(place / FILE) as archive:
            entries = archives.checked(archive)
            names = {PurePosixPath(entry.filename).name for entry in entries}
            if {WEIGHTS, CONFIG} & names:
                _unpack_checkpoint(archive, entries, place / CHECKPOINT)
                return {"checkpoint": _checkpoint(place / CHECKPOINT)}
            if any(name.endswith(".npy") for name in names):
                images = pictures.of_arrays(place / FILE)
            else:
                images = pictures.of_zip(archive, entries, place / UNPACKED)
        title = archives.tidy(title) or "Images"
        return {"images": uploads.write(place / KEPT, pictures.as_kept(images, title), title)}


@contextmanager
def _no_places(place: Path) -> Iterator[None]:
    """Hides server paths and third-party errors from messages that visitors see."""
    try:
        yield
    except (DataError, CheckpointError) as error:
        said = str(error)
        for where in (place / FILE, place / UNPACKED, place / CHECKPOINT):
            said = said.replace(f"{where}/", "").replace(str(where), "This file")
        said = said.partition(" Numbers that are no grey levels")[0]  # what only who writes Python can do
        raise DataError(said) from None
    except MemoryError:
        raise DataError("This file takes more memory than this server has for one: bring less.") from None
    except Exception as error:  # of zipfile, zlib, numpy and PIL, which meet whatever a stranger has made
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # what a stranger has made is not at fault
        log.warning("A file was not read.", exc_info=error)
        raise DataError("This file is damaged, or of a kind that is not read here.") from None


def _unpack_checkpoint(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], place: Path) -> None:
    place.mkdir()
    for entry in entries:
        name = PurePosixPath(entry.filename).name
        if name not in TAKEN or PurePosixPath(entry.filename).parts[0] == "__MACOSX":
            continue
        if (place / name).exists():
            raise CheckpointError(f"This zip holds several files {name}: bring one checkpoint at a time.")
        if entry.file_size > MAX_BYTES.get(name, limits.MAX_UPLOAD):
            raise CheckpointError(f"{name} is damaged: it is larger than any such file is.")
        archives.extract(archive, entry, place / name)


def _checkpoint(place: Path) -> dict[str, Any]:
    """Looks at a checkpoint before it is built, by its header, and then builds it once."""
    found = stored.find(place)
    require_trainable(found.files, found.config)
    checkpoint = checkpoints.load(place)
    try:
        checkpoint.training  # noqa: B018
    except CheckpointError:  # it costs itself alone: it is left out
        (place / TRAINING).unlink()
    return {
        "kind": checkpoint.kind,
        "parameters": sum(p.numel() for p in checkpoint.model.parameters()),
        "shape": list(checkpoint.shape),
    }


def require_trainable(files: Files, config: Mapping[str, Any]) -> None:
    """Refuses weights of more parameters than a model may have here, and sizes beyond those of runs: what is
    computed from a model grows with them.

    Args:
        files: where they lie; no more than their header is read.
        config: what config.json says.
    Raises:
        CheckpointError: for those, and for a header that is damaged.
    """
    told = [(name, value, SIZES[name]) for name, value in config.items() if name in SIZES]
    for name, value in config.items():
        if isinstance(value, list):
            told += [(f"the number of {name}", len(value), limits.MAX_LAYERS)]
            told += [(f"a width of {name}", width, limits.MAX_WIDTH) for width in value]
    for name, size, most in told:
        if isinstance(size, int | float) and size > most:
            raise CheckpointError(
                f"{CONFIG} says {short(size, 20)} of {name}, and this server takes up to {most:,}."
            )
    count = sum(torch.Size(array.shape).numel() for array in read_header(files).values())
    if count > limits.MAX_PARAMETERS:
        raise CheckpointError(
            f"This model has {count:,} parameters, and this server takes up to {limits.MAX_PARAMETERS:,}."
        )

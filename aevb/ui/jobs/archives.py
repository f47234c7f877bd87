"""Zips that strangers have made: looked at as a whole before anything of them is unpacked."""

import re
import shutil
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aevb.data import DataError
from aevb.stored.files import short
from aevb.ui.jobs import limits

NEITHER = "This is neither a zip of images, nor an .npz of arrays, nor a checkpoint's zip."


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip, to be read.

    Raises:
        DataError: where it is none, or not whole.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        with path.open("rb") as file:
            begins = file.read(4)
        raise DataError("This zip is cut off or damaged." if begins == b"PK\3\4" else NEITHER) from error
    with archive:
        yield archive


def checked(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Its files, none of which names a place outside, is a link, locked, or more than may be unpacked.

    What Windows has packed may part folders by backslashes, against the format; they are slashes here.

    Raises:
        DataError: where one does.
    """
    for entry in archive.infolist():
        entry.filename = entry.filename.replace("\\", "/")  # as zipfile itself does, but on Windows alone
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > limits.MAX_ENTRIES:
        raise DataError(
            f"This zip holds {len(entries):,} files, and this server takes {limits.MAX_ENTRIES:,}: bring "
            "fewer."
        )
    for entry in entries:
        name = short(tidy(entry.filename), 60)
        parts = entry.filename.split("/")
        if ".." in parts or not parts[0] or re.match(r"[A-Za-z]:", entry.filename):
            raise DataError(f"This zip is not taken: {name} in it names a place outside of it.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DataError(f"This zip is not taken: {name} in it is a link, and no file.")
        if entry.flag_bits & 1:
            raise DataError("This zip is locked by a password: bring it without one.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError("This zip is packed in a way that is not read here: pack it by deflate.")
    size = sum(entry.file_size for entry in entries)
    if size > limits.MAX_UNPACKED:
        raise DataError(
            f"What is packed in this file takes {size / 1e6:,.0f} MB, and this server unpacks up to "
            f"{limits.MAX_UNPACKED / 1e6:,.0f} MB: bring less."
        )
    return entries


def extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """Unpacks an entry, as far as its size in the zip's list goes: more is damage, and zipfile says so."""
    with archive.open(entry) as packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)


def tidy(name: str) -> str:
    """A stranger's name, on one line and of a length to be shown; what cannot be seen in it is left out."""
    seen = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in name)
    return short(seen.replace("\ufffd", ""), 40)

"""The SHA-256 of shipped checkpoints' files: nobody would see that a bit has turned in them.

A file SHA256SUMS above the checkpoints' folders vouches for what lies in them, as `sha256sum --check` reads
it. Once they have been trained or measured anew `python -m aevb manifest` writes it anew.
"""

import hashlib
from contextlib import suppress
from pathlib import Path

from aevb.stored.files import FILES, CheckpointError
from aevb.stored.hub import ROOT

NAME = "SHA256SUMS"
DEPTHS = ("*", "*/*")
"""Where checkpoints lie below it."""


def check(path: Path) -> None:
    """Holds a checkpoint's file against the manifest, if there is one that tells of it.

    Raises:
        CheckpointError: where it is another file.
    """
    expected = [expected for root in path.parents[1:3] for expected in _told(root, path)]
    with suppress(OSError):  # no such file, which is told elsewhere
        if expected and _sum(path) not in expected:
            raise CheckpointError(
                f"{path} is damaged: it is not the file that came with the library. Install that again; or, "
                "if it has been trained or measured anew, run: python -m aevb manifest."
            )


def write(root: Path = ROOT) -> Path:
    """Writes the manifest of all checkpoints in a folder, or in folders of that, and returns its path."""
    paths = sorted(path for file in FILES for depth in DEPTHS for path in root.glob(f"{depth}/{file}"))
    lines = [f"{_sum(path)}  {path.relative_to(root).as_posix()}\n" for path in paths]
    (root / NAME).write_text("".join(lines), encoding="utf-8", newline="\n")
    return root / NAME


def _told(root: Path, path: Path) -> list[str]:
    """What a folder's manifest, if there is one, says of a file."""
    try:
        told = (root / NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    name = path.relative_to(root).as_posix()
    return [line.split(maxsplit=1)[0] for line in told if line.endswith(f" {name}")]


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

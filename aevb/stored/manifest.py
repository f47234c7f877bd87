"""The SHA-256 of shipped checkpoints' files: nobody would see that a bit has turned in them.

A file SHA256SUMS beside the checkpoints' folders vouches for what lies in them, as `sha256sum --check` reads
it. Once they have been trained or measured anew `python -m aevb manifest` writes it anew.
"""

import hashlib
from pathlib import Path

from aevb.stored.files import FILES, CheckpointError
from aevb.stored.hub import ROOT

NAME = "SHA256SUMS"


def check(path: Path) -> None:
    """Holds a checkpoint's file against the manifest, if there is one that tells of it.

    Raises:
        CheckpointError: where it is another file.
    """
    manifest, name = path.parent.parent / NAME, f"{path.parent.name}/{path.name}"
    try:
        told = manifest.read_text(encoding="utf-8", errors="replace").splitlines()
        expected = [line.split(maxsplit=1)[0] for line in told if line.endswith(f" {name}")]
        if expected and _sum(path) not in expected:
            raise CheckpointError(
                f"{path} is damaged: it is not the file that came with the library. Install that again; or, "
                "if it has been trained or measured anew, run: python -m aevb manifest."
            )
    except OSError:  # no manifest; or no such file, which is told elsewhere
        return


def write(root: Path = ROOT) -> Path:
    """Writes the manifest of all checkpoints in a folder, and returns its path."""
    paths = sorted(path for file in FILES for path in root.glob(f"*/{file}"))
    lines = [f"{_sum(path)}  {path.relative_to(root).as_posix()}\n" for path in paths]
    (root / NAME).write_text("".join(lines), encoding="utf-8", newline="\n")
    return root / NAME


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

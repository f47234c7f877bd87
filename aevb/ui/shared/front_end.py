"""The files of aevb/web/, and one hash of them all."""

from functools import cache
from pathlib import Path

from aevb.ui.shared.contents import digest

ROOT = Path(__file__).parents[2] / "web"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@cache
def files() -> dict[str, bytes]:
    """Every module, style sheet and drawing by its path within aevb/web/, in the order of the paths."""
    paths = sorted(path for path in ROOT.rglob("*") if path.suffix in KINDS and path.is_file())
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


@cache
def version() -> str:
    """A hash of these files. The addresses of all that they read contain it, so that both change together."""
    return digest(*(name.encode() + content for name, content in files().items()))

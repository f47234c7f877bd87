"""What goes into a Space, and nothing else: each file is allowed by name, or by its folder and its suffix."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aevb import checkpoints, places
from aevb.deploy.card import THUMBNAIL, card

Contents = Mapping[str, Path | bytes]
"""The files of a Space by their names in it: where each lies, or what it holds."""

README = "README.md"
LICENSE = "LICENSE"
SCREENSHOT = "docs/screenshot.png"

BESIDE = (
    "app.py",
    "Dockerfile",
    "requirements.txt",
    ".streamlit/config.toml",
    "checkpoints/SHA256SUMS",
    LICENSE,
)
PACKAGE = {".py", ".typed", ".js", ".css", ".svg", ".html", ".npz", ".md", ".json", ".tour"}
"""The suffixes of what belongs to the package."""


def of_app(name: str) -> Contents:
    """The app for a Docker Space: its code, the checkpoints, the sample of MNIST, what builds its image."""
    found = {file: places.ROOT / file for file in BESIDE}
    found |= {f"pages/{path.name}": path for path in (places.ROOT / "pages").glob("*.py")}
    for checkpoint in (*checkpoints.shipped(), *checkpoints.COMPARED):
        folder = checkpoints.ROOT / checkpoint
        found |= {
            f"checkpoints/{checkpoint}/{file}": folder / file
            for file in checkpoints.FILES
            if (folder / file).is_file()
        }
    for path in places.PACKAGE.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(places.PACKAGE).parts)
        installed = places.INSTALLED in path.parents
        if path.suffix in PACKAGE and path.is_file() and not (hidden or installed):
            found[f"aevb/{path.relative_to(places.PACKAGE).as_posix()}"] = path
    return {**found, THUMBNAIL: places.ROOT / SCREENSHOT, README: card(name, "docker").encode()}


def of_site(name: str, folder: Path, models: Sequence[str] = ()) -> Contents:
    """The static edition that lies in a folder, all of it.

    Args:
        models: repositories on the Hub whose models it shows.
    """
    found = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    found |= {LICENSE: places.ROOT / LICENSE, THUMBNAIL: places.ROOT / SCREENSHOT}
    return {**found, README: card(name, "static", models).encode()}


def size(content: Path | bytes) -> int:
    """In bytes."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size

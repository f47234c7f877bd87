"""Where what comes with the library lies: beside the package in a checkout, else inside it."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "beside"  # made when a wheel is built: see pyproject.toml

ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent
"""The folder that holds app.py, pages/ and checkpoints/."""

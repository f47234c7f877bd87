"""Where what comes with the library lies: beside the package in a checkout, else inside it."""

from pathlib import Path

PACKAGE = Path(__file__).parent
"""The package's own folder."""

INSTALLED = PACKAGE / "beside"
"""Where a wheel has what stands beside the package in a checkout: see pyproject.toml."""

ROOT = INSTALLED if INSTALLED.is_dir() else PACKAGE.parent
"""The folder that holds app.py, pages/ and checkpoints/."""

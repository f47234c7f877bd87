"""What the tests in a browser share beyond tests/conftest.py: the static edition."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import expect

from aevb import site
from benchmarks.site import files

expect.set_options(timeout=20_000)  # ms; a busy machine is no fault of the page's


@pytest.fixture(scope="session")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The edition of the shipped checkpoints, two folders below what a server serves; not to be changed.

    It takes some ten seconds to write, so all processes of pytest-xdist share one.
    """
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    folder, whole = place / "served" / "course" / "week 3", place / "written"
    with FileLock(place / "edition.lock"):
        if not whole.exists():
            site.write(folder)
            whole.touch()
    return folder


@pytest.fixture(scope="session")
def served(edition: Path) -> Iterator[str]:
    """Its address on a server of files."""
    with files(edition.parents[1]) as url:
        yield f"{url}/course/week%203/"

"""What the tests in a browser share beyond tests/conftest.py: the static edition."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from filelock import FileLock
from playwright.sync_api import Page, expect

from aevb import site
from benchmarks.site import files
from tests.conftest import window_and_link

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


@pytest.fixture
def open_edition(edition: Path, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """`open_edition("vae", digit="3")`: the same page of the edition, from a file, with a scene in view.

    What a scene does needs no server; without one a visit takes half of the time. A whole address is opened
    as it is. `new_page` has the keyword arguments that are not the link's.
    """
    index = f"{edition.as_uri()}/index.html"

    def open_(name: str = "", **told: object) -> Page:
        window, query = window_and_link(told)
        link = name if "://" in name else f"{index}?{urlencode({'page': name} | query)}"
        page = new_page(link, stays=edition.as_uri(), **window)  # a list of files, which is at rest
        page.locator(".explorer[data-shown], .explorer [role=alert]").first.wait_for(timeout=60_000)
        return page

    return open_

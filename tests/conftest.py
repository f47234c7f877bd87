"""What the tests share: the app in this process (AppTest), the app as a server, and a real browser.

Tests that ask for `server` or `open_page` drive Chromium; they carry the marker `browser` by
themselves and run last. Where there is no Chromium they are skipped, and the last lines of the run say
so; with AEVB_REQUIRE_BROWSER=1 they fail instead.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from streamlit.testing.v1 import AppTest

from aevb import TrainingConfig, checkpoints
from aevb.models import LatentVariableModel, name_of
from benchmarks.serving import Server, serving

ROOT = Path(__file__).parent.parent
# The shell is Chromium without the browser's own windows, which are drawn in headless mode too.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
BROWSER_REQUIRED = os.environ.get("AEVB_REQUIRE_BROWSER", "") not in ("", "0")
ARTIFACTS = ROOT / "test-results"
FAILED = pytest.StashKey[bool]()
RUNNING: list[Server] = []

torch.set_num_threads(1)  # the tests run in parallel already


# The app in this process


@pytest.fixture
def open_app() -> Callable[..., AppTest]:
    """`open_app("vae", digit="3")`: AppTest on pages/vae.py at ?digit=3, run once.

    Without a name it is the first page. Navigation and all, as a visitor would have it.
    """

    def open_page(page: str | None = None, **query: object) -> AppTest:
        app = AppTest.from_file(ROOT / "aevb" / "ui" / "frame" / "shell.py", default_timeout=120)
        if page is not None:
            app.run()  # only then are the pages known
            app.switch_page(f"../../../pages/{page}.py")
        for name, value in query.items():
            app.query_params[name] = str(value)
        return app.run()

    return open_page


@pytest.fixture
def make_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[LatentVariableModel], Path]:
    """`make_checkpoint(VAE(…))`: saves it, untrained, with a record and maps, and returns its folder.

    It is then the only shipped checkpoint.
    """
    epoch = {
        "epoch": 1,
        "step": 600,
        "train_elbo": 10.0,
        "validation_elbo": 11.0,
        "validation_terms": {"reconstruction": 12.0, "minus_kl_z": -1.0},
        "scores": {},
    }
    training = {
        "command": "python -m aevb train",
        "data": "some",
        "config": TrainingConfig(600, rate="cosine").to_json(),
        "seconds": 60.0,
        "chosen": "the only one",
        "epoch": 1,
        "curve": [epoch],
        "test": {"elbo": 11.0, "bound": {"10": 12.0, "100": 13.0}},
    }

    def make(model: LatentVariableModel) -> Path:
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
        path = tmp_path / name_of(model)
        checkpoints.save(model, path, training)
        points = np.random.default_rng(0).random((10_000, 2)).astype(np.float32)
        np.savez_compressed(path / "maps.npz", tsne=points, umap=points)
        return path

    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    return make


# The app as a server


@contextmanager
def running(**environment: str) -> Iterator[Server]:
    """The app as a server with these environment variables; its log is shown with every test that fails."""
    with serving(**environment) as server:
        RUNNING.append(server)
        try:
            yield server
        finally:
            RUNNING.remove(server)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The app on a free port of this machine."""
    with running() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[Callable[..., Server]]:
    """`own_server(NAME="value")`: a server of the test's own, with these environment variables; slower."""
    with ExitStack() as started:
        yield lambda **environment: started.enter_context(running(**environment))


# A real browser


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Headless Chromium, whose profile lies on disk: it keeps what it compiled, half of a visit's time.

    Pages of one site share a process, and with it what it has compiled.
    """
    if CHROMIUM is None:
        message = "No Chromium was found: install it (Debian and Ubuntu: apt install chromium)."
        (pytest.fail if BROWSER_REQUIRED else pytest.skip)(message)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--process-per-site"],
            bypass_csp=True,  # what a test waits for is a text that is evaluated
        )
        yield context
        context.close()


@pytest.fixture(scope="session")
def browser(profile: BrowserContext) -> Browser:
    """The same Chromium, for contexts that begin with nothing."""
    assert profile.browser is not None
    return profile.browser


UNASKED = """localStorage.setItem("aevb:predictions", '{"off": true}')"""
"""Of a visitor who wants no questions before a scene shows."""

CHANCE = "{ let at = 1234567890; Math.random = () => (at = (16807 * at) % 2147483647) / 2147483647; }"
"""The same in each run: another seed may else round to what was there before."""

FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""What is waited for so that all that a page has asked for is painted."""

WINDOW = ("width", "height", "color_scheme", "again", "asks")
"""What a test says of a visit; all else is the link's."""

STAYING: list[Page] = []
"""Pages that stay from test to test, and with them the process of their site."""

KEPT = "cookies,local_storage,indexeddb,cache_storage,service_workers"
"""What a site can keep in a visitor's browser."""


def settle(page: Page, timeout: float = 60) -> None:
    """Waits until the app is connected, no script runs, and the scene that the link names is there."""
    page.wait_for_function(
        """() => {
            const app = document.querySelector('[data-testid=stApp]')
            return app?.getAttribute('data-test-connection-state') === 'CONNECTED'
                && app.getAttribute('data-test-script-state') === 'notRunning'
        }""",
        timeout=1000 * timeout,
    )
    page.locator(".explorer[data-shown], .explorer [role=alert]").first.wait_for(timeout=1000 * timeout)


@pytest.fixture(name="settle")
def settle_fixture() -> Callable[[Page], None]:
    """`settle(page)` after a change of page: waits for it to be there."""
    return settle


@pytest.fixture
def new_page(profile: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """`new_page(url)`: a new visitor's page of any edition.

    A test's first visitor has the profile, from which all is then removed but the cache of files and
    of compiled code.

    Keyword arguments width, height and color_scheme ("light", "dark") shape the window; `again` opens
    another page of the first visitor; scenes ask their questions only where it `asks`; `stays` is a page
    of the same site, of any server of this machine, which keeps its process from test to test.
    `page.faults` lists what the page's own JavaScript threw. A test that fails leaves a screenshot of each
    page in test-results/.
    """
    contexts, pages, origins = [], [], set()

    def new_page_(
        url: str,
        *,
        stays: str,
        width: int = 1280,
        height: int = 900,
        color_scheme: str = "light",
        again: bool = False,
        asks: bool = False,
    ) -> Page:
        if urlsplit(stays).scheme not in {urlsplit(kept.url).scheme for kept in profile.pages}:
            kept = profile.pages[0] if profile.pages[0].url == "about:blank" else profile.new_page()
            kept.goto(stays)
            STAYING.append(kept)
        context = profile if again or not pages else profile.browser.new_context(bypass_csp=True)
        contexts.append(context)
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme)
        page.add_init_script(CHANCE)
        if not asks:
            page.add_init_script(UNASKED)
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        origins.add("{0.scheme}://{0.netloc}".format(urlsplit(url)))
        page.goto(url)
        return page

    yield new_page_
    if FAILED in request.node.stash:
        ARTIFACTS.mkdir(exist_ok=True)
        for number, page in enumerate(pages):
            name = re.sub(r"\W+", "-", f"{request.node.name}-{number}")
            with suppress(Exception):  # the page may be what broke
                page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)
    for context in contexts:
        if context is not profile:
            context.close()
    for page in profile.pages:
        if page not in STAYING:
            page.close()
    profile.clear_permissions()
    devtools = profile.new_cdp_session(profile.pages[0])
    for origin in origins:
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": KEPT})
    devtools.detach()


@pytest.fixture
def open_page(new_page: Callable[..., Page], request: pytest.FixtureRequest) -> Callable[..., Page]:
    """`open_page("vae", digit="3")`: a new visitor's page of the app at /vae?digit=3, settled.

    A whole address is opened as it is. Of the keyword arguments `on` is the server to visit, `server` unless
    told; `new_page` has the others.
    """

    def open_(path: str = "", *, on: Server | None = None, wait: bool = True, **told: object) -> Page:
        running = on or request.getfixturevalue("server")
        window, query = window_and_link(told)
        link = path if "://" in path else f"{running.url}/{path}"
        address = link + (f"?{urlencode(query)}" if query else "")
        page = new_page(address, stays=f"{running.url}/_stcore/health", **window)
        if wait:
            settle(page)
        return page

    return open_


def window_and_link(told: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """What a visit takes, and what the link says."""
    window = {name: told.pop(name) for name in (*told,) if name in WINDOW}
    return window, told


# How the run is arranged and what it says at its end

USES_A_BROWSER = {"profile", "browser"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need a browser and puts them last: what is quick fails first."""
    for item in items:
        if USES_A_BROWSER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Shows the servers' logs with a browser test that failed."""
    report = yield
    if report.failed and item.get_closest_marker("browser"):
        item.stash[FAILED] = True
        for server in RUNNING:
            log = server.log.read_text(errors="replace")[-8000:]
            report.sections.append((f"log of the server at {server.url}", log))
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """The very last lines: that the browser tests could not run, where they could not."""
    if CHROMIUM is None and not hasattr(config, "workerinput"):
        line = "NO CHROMIUM WAS FOUND, SO THE BROWSER TESTS DID NOT RUN: the app itself is untested."
        hint = "Install it (Debian and Ubuntu: apt install chromium) and run the tests again."
        print("", "!" * len(line), line, hint, "!" * len(line), sep="\n")

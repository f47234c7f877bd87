"""What a page costs a browser that has never seen the app, in bytes on the wire."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from aevb.ui.frame.catalogue import MENU
from benchmarks.serving import Server

MOST = 2.5e6


@pytest.mark.parametrize("name", [page.name for page in MENU])
def test_a_page_opens_with_few_bytes(
    browser: Browser, server: Server, settle: Callable[[Page], None], name: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    sizes: list[int] = []
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"{server.url}/{name}")
    settle(page)
    page.locator(".live[data-painted]").first.wait_for()
    page.wait_for_load_state("networkidle")
    context.close()
    assert 1e6 < sum(sizes) < MOST


@pytest.mark.parametrize(
    "link", ["?scene=models", "vae?scene=map", "cvae?scene=guess", "vrnn?scene=constructor"]
)
def test_all_that_a_scene_needs_is_asked_for_at_once_and_nothing_else(
    browser: Browser, server: Server, settle: Callable[[Page], None], link: str
) -> None:
    """Whoever is far away waits for a server's answer once, not once for each module that imports another."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_init_script(
        "window.requestIdleCallback = () => {}"
    )  # in which the other scenes' modules come
    page = context.new_page()
    page.goto(f"{server.url}/{link}")
    settle(page)
    links = page.locator("head link:is([rel=modulepreload], [rel=preload])[href*='/web/']")
    told = links.evaluate_all("all => all.map((link) => link.href)")
    fetched = page.evaluate("() => performance.getEntriesByType('resource').map(({ name }) => name)")
    assert len(told) == len(set(told)) > 20
    assert set(told) == {name for name in fetched if "/web/" in name and not name.endswith(".svg")}
    context.close()

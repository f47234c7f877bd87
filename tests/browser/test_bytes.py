"""What a page costs a browser that has never seen the app, in bytes on the wire."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from aevb.ui.frame.catalogue import MENU
from tests.conftest import Server

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

"""What the tests in a real browser share."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from aevb import checkpoints


def needs(*names: str) -> pytest.MarkDecorator:
    """Skips tests where one of these checkpoints is not there."""
    missing = sorted(set(names) - set(checkpoints.shipped()))
    return pytest.mark.skipif(bool(missing), reason=f"not in checkpoints: {', '.join(missing)}")


def listen(page: Page, settle: Callable[[Page], None]) -> list[object]:
    """The frames that the page sends from now on; the connection is made anew to hear them."""
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    page.reload()
    settle(page)
    return frames


def digit(page: Page) -> int:
    """The test digit's number."""
    return int(page.get_by_label("Test digit", exact=True).input_value())


def drawn(page: Page, place: str) -> list[str]:
    """The images of a drawing, as the data URIs that show them."""
    return page.locator(f".st-key-{place} img").evaluate_all("images => images.map(image => image.src)")


def fits(page: Page) -> None:
    """Nothing is wider than a window of 400 pixels."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0


def works_despite(page: Page, settle: Callable[[Page], None], unread: str, warnings: int = 1) -> None:
    """A page whose link is nonsense says what could not be read; all of it is there, and it works."""
    assert digit(page) == 0
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("[data-testid=stAlertContentError]").count() == 0
    told = page.locator("[data-testid=stAlertContentWarning]", has_text="link")
    assert told.count() == warnings
    expect(told.first).to_contain_text(f"This link's {unread} could not be read")
    expect(page.locator("#mathematics")).to_be_attached()
    page.get_by_role("button", name="Another 7").click()
    settle(page)
    assert digit(page) != 0
    assert told.count() == 0
    assert page.faults == []

"""The VRNN's rows whose z is moved, in a real browser."""

import re
from collections.abc import Callable

import numpy as np
from playwright.sync_api import Locator, Page, expect

from tests.visitors import listen, needs

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]

pytestmark = needs("vrnn")


def ready(page: Page) -> Locator:
    """The component once its digit has grown."""
    found = page.locator(".st-key-moved_rows")
    expect(found.locator(".position")).to_contain_text("row", timeout=60_000)
    found.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    return found


def ink(rows: Locator) -> np.ndarray:
    """The digit as it is painted, (28, 28), True where there is ink."""
    values = rows.locator(".image").evaluate(
        """canvas => {
            const ratio = devicePixelRatio, side = canvas.width - 28 * ratio, found = []
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
            for (let t = 0; t < 28; t++) for (let d = 0; d < 28; d++) {
                const [x, y] = [d, t].map(k => Math.round(14 * ratio + (k + 0.5) * side / 28))
                found.push(data[4 * (y * canvas.width + x) + 2] > 128)
            }
            return found
        }"""
    )
    return np.array(values).reshape(28, 28)


def test_a_dragged_z_grows_the_rows_below_again_and_leaves_those_above(
    open_page: OPEN, settle: SETTLE
) -> None:
    page = open_page("vrnn", move=1)
    frames = listen(page, settle)
    rows = ready(page)
    before, position = ink(rows), rows.locator(".position").inner_text()
    assert before.any() and position.startswith("row 9 of 28")
    box = rows.locator(".pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    frames.clear()
    seen = []
    for across, down in ((0.85, 0.5), (0.2, 0.2)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=3)
        page.wait_for_timeout(1500)
        seen.append(ink(rows))
    assert rows.locator(".position").inner_text() != position
    assert all((digit[:8] == before[:8]).all() for digit in seen), "the rows above stay"
    assert any((digit[8:] != before[8:]).any() for digit in seen), "those below do not"
    assert frames == [], "nothing crosses the wire before the release"
    page.mouse.up()
    expect(page).to_have_url(re.compile("moved_z=9"))
    settle(page)
    assert (ink(rows) == seen[-1]).all()

    other = open_page(page.url.split("/", 3)[3])
    assert (ink(ready(other)) == seen[-1]).all()
    rows.get_by_role("button", name="Reset this row").click()
    expect(page).not_to_have_url(re.compile("moved_z="))
    page.wait_for_timeout(500)
    assert (ink(rows) == before).all()
    assert page.faults == []


def test_rows_and_their_z_answer_to_the_keyboard(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vrnn", width=400, height=800, move=2)
    rows = ready(page)
    for canvas in rows.locator("canvas").all():
        box = canvas.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 400
    rows.get_by_role("slider", name="row", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(rows.locator(".position")).to_contain_text("row 11 of 28")
    expect(page).to_have_url(re.compile("moved_row=11"))
    pad = rows.locator(".pad")
    before = pad.get_attribute("aria-valuetext")
    pad.focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(pad).not_to_have_attribute("aria-valuetext", before)
    expect(page).to_have_url(re.compile("moved_z=11"))
    rows.get_by_role("button", name="Reset all").click()
    expect(pad).to_have_attribute("aria-valuetext", before)
    expect(page).not_to_have_url(re.compile("moved_z="))
    assert page.faults == []

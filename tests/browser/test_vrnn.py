"""The VRNN page in a real browser, as a visitor meets it."""

import base64
import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.visitors import listen, needs

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]

pytestmark = needs("vrnn")


def player(page: Page, key: str) -> Locator:
    found = page.locator(f".st-key-{key}")
    found.scroll_into_view_if_needed()
    return found


def row(player: Locator) -> int:
    return int(re.search(r"row (\d+) of 28", player.locator(".position").inner_text())[1])


def pictures(player: Locator) -> list[str]:
    canvases = player.locator("canvas")
    return [canvases.nth(i).evaluate("canvas => canvas.toDataURL()") for i in range(canvases.count())]


def test_samples_grow_in_the_browser_alone(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vrnn")
    sent = listen(page, settle)
    grown = player(page, "grown_rows")
    assert row(grown) == 28
    before = pictures(grown)
    sent.clear()
    grown.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1200)
    first, reached = pictures(grown), row(grown)
    page.wait_for_timeout(700)
    assert 1 <= reached < row(grown) < 28
    assert all(a != b for a, b in zip(first, pictures(grown), strict=True)), "every panel has moved"
    assert sent == []
    grown.get_by_role("button", name="Pause").click()
    paused = row(grown)
    page.wait_for_url(re.compile(f"grown={paused}"))
    page.wait_for_timeout(400)
    assert row(grown) == paused
    grown.locator(".range").focus()
    page.keyboard.press("End")
    assert row(grown) == 28
    assert pictures(grown) == before  # the same samples, grown again
    assert page.faults == []


def test_a_drag_over_a_digits_rows_sends_nothing_until_release(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vrnn", digit=61)
    sent = listen(page, settle)
    rows = player(page, "digit_rows")
    box = rows.locator(".images").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 0.25 * box["height"])
    before, start = pictures(rows), row(rows)
    total = rows.locator(".total dd").inner_text()
    sent.clear()
    for share in (0.4, 0.5, 0.6):
        page.mouse.move(box["x"] + 60, box["y"] + share * box["height"])
        page.wait_for_timeout(60)
    assert row(rows) > start
    assert all(a != b for a, b in zip(before, pictures(rows), strict=True)), "every panel has moved"
    assert rows.locator(".total dd").inner_text() != total
    assert sent == []
    page.mouse.up()
    page.wait_for_url(re.compile(f"row={row(rows)}"))
    settle(page)


def test_the_slider_answers_to_the_keyboard_and_speaks(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vrnn", digit=61, row=3)
    rows = player(page, "digit_rows")
    assert row(rows) == 3
    slider = rows.locator(".range")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert row(rows) == 5
    spoken = slider.get_attribute("aria-valuetext")
    assert re.fullmatch(r"row 5 of 28: log p −?[\d.]+, KL [\d.]+ nats; ELBO so far −?[\d.]+", spoken)
    page.wait_for_url(re.compile("row=5"))
    for canvas in rows.locator("canvas").all():
        assert canvas.get_attribute("role") == "img" and canvas.get_attribute("aria-label")


def test_another_sample_is_chosen_in_the_gallery(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vrnn")
    grown = player(page, "grown_rows")
    latent = pictures(grown)[2]
    grown.locator(".images").click(position={"x": 120, "y": 60})
    page.wait_for_url(re.compile("grown_image=2"))
    settle(page)
    assert pictures(grown)[2] != latent and row(grown) == 28
    grown.get_by_role("spinbutton").fill("7")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("grown_image=7"))


def test_back_and_forward_move_the_players(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vrnn", digit=61, row=3, grown=15)
    rows, grown = player(page, "digit_rows"), player(page, "grown_rows")
    rows.locator(".range").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("row=4"))
    settle(page)
    grown.get_by_role("spinbutton").fill("7")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("grown_image=7"))
    settle(page)
    assert (row(rows), row(grown)) == (4, 15)
    page.go_back()
    expect(grown.get_by_role("spinbutton")).to_have_value("1")
    settle(page)
    page.go_back()
    expect(rows.locator(".position")).to_contain_text("row 3 of 28")
    settle(page)
    page.wait_for_timeout(500)
    assert row(grown) == 15, "nothing grows: these are the samples of before"
    rows.locator(".range").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("row=4"))  # the same once more
    settle(page)
    page.get_by_role("button", name="Resample", exact=True).first.click()
    expect(page).to_have_url(re.compile("grow="))
    expect(grown.get_by_role("button", name="Pause")).to_be_visible()  # others do
    assert page.faults == []


def pixels(image: Locator) -> np.ndarray:
    """(28, 28), of an image that stands in the page as a data URI."""
    source = image.get_attribute("src").partition("base64,")[2]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))[4::8, 4::8]


def test_endings_keep_the_first_rows(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vrnn", digit=2, keep=12)
    digit = pixels(page.locator(".st-key-beginning img"))
    endings = [pixels(image) for image in page.locator(".st-key-endings_strip img").all()]
    assert len(endings) == 12
    assert all(np.array_equal(ending[:12], digit[:12]) for ending in endings)
    assert len({ending.tobytes() for ending in endings}) > 1
    slider = page.locator(".st-key-keep input[type=range]")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("keep=16"))
    settle(page)
    further = [pixels(image) for image in page.locator(".st-key-endings_strip img").all()]
    assert all(np.array_equal(ending[:16], digit[:16]) for ending in further)


def test_a_link_restores_the_view(open_page: OPEN, settle: SETTLE) -> None:
    query = {"digit": 61, "row": 12, "grow": 5, "grown": 15, "grown_image": 4, "keep": 7, "endings": 3}
    page, other = open_page("vrnn", **query), open_page("vrnn", **query)
    for key in ("digit_rows", "grown_rows"):
        assert pictures(player(page, key)) == pictures(player(other, key))
    assert row(player(page, "digit_rows")) == 12
    grown = player(page, "grown_rows")
    assert row(grown) == 15 and grown.get_by_role("spinbutton").input_value() == "4"
    endings = [view.locator(".st-key-endings_strip").inner_html() for view in (page, other)]
    assert endings[0] == endings[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it(open_page: OPEN, settle: SETTLE, scheme: str) -> None:
    page = open_page("vrnn", width=400, height=800, color_scheme=scheme)
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    for key in ("digit_rows", "grown_rows"):
        for canvas in player(page, key).locator("canvas").all():
            box = canvas.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 400
    # A finger taps on a row; it does not drag.
    rows = player(page, "digit_rows")
    rows.locator(".images").click(position={"x": 40, "y": 60})
    page.wait_for_url(re.compile(f"row={row(rows)}"))
    expect(page.locator("h1")).to_have_text("Variational RNN")
    assert page.faults == []

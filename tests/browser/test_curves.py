"""The curves of a training, as they were recorded: what is written over them can be read."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.conftest import FRAMES

OPEN = Callable[..., Page]

RECORD = """() => {
    const written = (globalThis.written = new Map()), { prototype } = CanvasRenderingContext2D;
    const { fillText, clearRect } = prototype;
    prototype.clearRect = function (...box) {
        written.set(this.canvas, []);
        return clearRect.apply(this, box);
    };
    prototype.fillText = function (text, x, y) {
        const found = this.measureText(text);
        written.get(this.canvas)?.push({ text,
            left: x - found.actualBoundingBoxLeft, right: x + found.actualBoundingBoxRight,
            top: y - found.actualBoundingBoxAscent, bottom: y + found.actualBoundingBoxDescent });
        return fillText.call(this, text, x, y);
    };
}"""
OVERLAPS = """() => [...written.values()].flatMap((texts) => texts.flatMap((a, i) =>
    texts.slice(i + 1).filter((b) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map((b) => [a.text, b.text])))"""
WORDS = "() => [...written.values()].flat().map(({ text }) => text)"


@pytest.mark.parametrize("model", ["vae", "cvae", "gmvae", "vrnn"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 720)])
def test_no_words_stand_on_others(open_edition: OPEN, model: str, width: int, height: int) -> None:
    page = open_edition(model, width=width, height=height)
    page.evaluate(RECORD)
    page.locator(".tab[data-scene=training]").evaluate("tab => tab.click()")
    page.locator(".training canvas[data-painted]").first.wait_for()
    words = page.evaluate(WORDS)
    assert any("the tutorial’s own" in text for text in words)
    assert ("q(y | x) released - -" in words) == (model == "gmvae")
    assert page.evaluate(OVERLAPS) == []


def test_where_not_every_epoch_was_measured_each_stands_at_its_own(open_page: OPEN) -> None:
    """As in a run of the page Train."""
    kept = {1, 2, 4, 60, 80}

    def thinned(route: Route) -> None:
        told = route.fetch().json()
        record = told["record"]
        record["curve"] = [point for point in record["curve"] if point["epoch"] in kept]
        route.fulfill(json=told | {"record": record | {"chosen": 60}})

    page = open_page("factor-analysis")
    page.route("**/about/vae/*", thinned)
    page.get_by_role("link", name="VAE", exact=True).click()
    page.locator(".explorer[data-page=vae][data-shown]").wait_for()
    page.evaluate(RECORD)
    page.locator(".tab[data-scene=training]").click()
    page.locator(".training canvas[data-painted]").first.wait_for()
    slider = page.locator(".training").get_by_role("slider", name="epoch")
    expect(page.locator(".training .slider output")).to_have_text("60")
    expect(page.locator(".training .readout")).to_contain_text("this checkpoint’s epoch")
    assert "80" in page.evaluate(WORDS)  # on the axis
    for key, epoch in (("ArrowRight", "80"), ("ArrowLeft", "60"), ("ArrowLeft", "4")):
        slider.press(key)
        expect(page.locator(".training .slider output")).to_have_text(epoch)
    page.wait_for_url("**epoch=4**")
    # A place between two goes to the nearer one, where it is pressed: a mouse may pass.
    canvas = page.locator(".training canvas.live").first
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] - 5)
    page.evaluate(FRAMES)
    assert "epoch=4" in page.url
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    expect(page.locator(".training .slider output")).to_have_text("80")
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] - 5)
    expect(page.locator(".training .slider output")).to_have_text("4")
    page.mouse.up()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_url("**epoch=80**")
    expect(page.locator(".training [role=status]")).to_have_count(0)  # the slider tells it

"""The curves of a training, as they were recorded: what is written over them can be read."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

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
def test_no_words_stand_on_others(open_page: OPEN, model: str, width: int, height: int) -> None:
    page = open_page(model, width=width, height=height)
    page.evaluate(RECORD)
    page.locator(".tab[data-scene=training]").evaluate("tab => tab.click()")
    page.locator(".training canvas[data-painted]").first.wait_for()
    words = page.evaluate(WORDS)
    assert any("the tutorial’s own" in text for text in words)
    assert ("q(y | x) released - -" in words) == (model == "gmvae")
    assert page.evaluate(OVERLAPS) == []

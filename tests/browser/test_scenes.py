"""Every scene of every page: it fits its screen, is not hard to use, and its letters can be read.

A page is visited once, and all is looked at there: on a large screen and a small one, presented, beside its
mathematics, and on a phone in the dark.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from aevb.ui.frame import catalogue
from tests.axe import OF_COLOURS, barriers
from tests.conftest import FRAMES

OPEN = Callable[..., Page]
PAGES = pytest.mark.parametrize("entry", catalogue.MENU, ids=lambda entry: entry.name or "overview")

MEASURE = """() => {
    const root = document.querySelector("[data-testid=stMain]") ?? document; // the app's, or the edition's
    const find = (node, selector) => {
        const found = node.querySelector(selector);
        if (found) return found;
        for (const each of node.querySelectorAll("*")) {
            const inside = each.shadowRoot && find(each.shadowRoot, selector);
            if (inside) return inside;
        }
        return null;
    };
    const explorer = find(root, ".explorer"), scene = explorer.querySelector(".scene");
    const instrument = explorer.querySelector(".instrument");
    const box = (element) => element && element.getBoundingClientRect().toJSON();
    const clipped = [...instrument.querySelectorAll("*")].filter((element) => {
        if (element.closest(".spoken, details, [hidden]")) return false;
        const { left, right, width } = element.getBoundingClientRect();
        return width && (right > innerWidth + 1 || left < scene.getBoundingClientRect().left - 1);
    }).map((element) => element.className || element.tagName);
    // What one row of buttons joined together has lost to another.
    const joined = (group) =>
        !parseFloat(getComputedStyle(group).columnGap) && !group.closest("details:not([open])");
    const rows = (group) => new Set(
        [...group.children].filter((each) => each.offsetWidth).map((each) => each.offsetTop)).size;
    const broken = [...instrument.querySelectorAll(".segments")]
        .filter((group) => joined(group) && rows(group) > 1).map((group) => group.getAttribute("aria-label"));
    const name = explorer.querySelector(".strip h1");
    // How much of the instrument's place its contents span.
    const seen = "canvas, svg, img, table, button, input, p, dl, pre, ol, ul, section";
    const parts = [...instrument.querySelectorAll(seen)]
        .map((element) => element.getBoundingClientRect()).filter(({ width, height }) => width && height);
    const place = instrument.getBoundingClientRect();
    const most = (end) => Math.max(...parts.map(end)), least = (end) => Math.min(...parts.map(end));
    const letters = [...instrument.querySelectorAll("*")].filter((element) =>
        [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
        && element.getBoundingClientRect().width > 1 && !element.closest(".spoken, sub, sup, math, svg"));
    return {
        height: scene.scrollHeight, room: scene.clientHeight, clipped, broken,
        named: name.scrollWidth <= name.clientWidth,
        overflow: instrument.scrollHeight - instrument.clientHeight,
        sideways: Math.max(
            scene.scrollWidth - scene.clientWidth, document.documentElement.scrollWidth - innerWidth),
        across: (most((r) => r.right) - least((r) => r.left)) / place.width,
        down: (most((r) => r.bottom) - least((r) => r.top)) / place.height,
        smallest: Math.min(...letters.map((element) => parseFloat(getComputedStyle(element).fontSize))),
        instrument: box(instrument.querySelector("[data-instrument]")),
        control: box(instrument.querySelector("[data-control]")),
    };
}"""


def through(page: Page, entry: catalogue.Page, *looks: Callable[[Page, catalogue.Scene], Iterator[str]]):
    """Shows each scene, as the strip does, until something is painted; yields what is found wrong with it."""
    for scene in entry.scenes:
        page.evaluate(
            """id => {
                const visit = (node) => {
                    const tab = node.querySelector(`.tab[data-scene='${id}']`);
                    if (tab) return tab.click();
                    for (const each of node.querySelectorAll("*")) each.shadowRoot && visit(each.shadowRoot);
                };
                visit(document);
            }""",
            scene.id,
        )
        page.locator(f".explorer[data-shown='{scene.id}']").wait_for()
        page.locator(".instrument :is(.live[data-painted], [data-ready])").first.wait_for()
        for look in looks:
            yield from (f"{scene.id} {fault}" for fault in look(page, scene))


def measure(page: Page, width: int, height: int) -> dict[str, Any]:
    """What is seen of a scene in a window of that size."""
    devtools = page.context.new_cdp_session(page)  # a window that fills the screen has no other size
    size = {"width": width, "height": height, "deviceScaleFactor": 0, "mobile": False}
    devtools.send("Emulation.setDeviceMetricsOverride", size)
    page.evaluate(FRAMES)  # canvases hear of their new sizes between two
    return page.evaluate(MEASURE)


def too_large(found: dict[str, Any]) -> Iterator[str]:
    if found["height"] > found["room"] + 1:
        yield f"is {found['height']} pixels high in {found['room']}"
    if found["overflow"] > 1:
        yield f"has an instrument that is {found['overflow']} pixels too high"
    yield from too_wide(found)


def too_wide(found: dict[str, Any]) -> Iterator[str]:
    if found["sideways"] > 0 or found["clipped"]:
        yield f"is too wide by {found['sideways']}: {found['clipped'][:5]}"


def on_a_desk(page: Page, scene: catalogue.Scene) -> Iterator[str]:
    for width, height in ((1920, 1080), (1280, 720)):
        found, told = measure(page, width, height), f"at {width}x{height}"
        yield from (f"{told} {fault}" for fault in too_large(found))
        if found["broken"]:
            yield f"{told} has buttons in two rows: {found['broken']}"
        if found["across"] < 0.6 or found["down"] < 0.6:
            yield f"{told} fills {found['across']:.0%} across and {found['down']:.0%} down"
        if height == 1080 and found["smallest"] < 18:
            yield f"{told} has letters of {found['smallest']} pixels"
        if not found["instrument"] or not found["control"]:
            yield f"{told} does not say what is its instrument and its control"
    yield from barriers(page)


CUT = """all => all.filter(pre => {
    const { whiteSpace, overflowX } = getComputedStyle(pre);
    const scrolls = overflowX === "auto" && pre.tabIndex === 0;
    return whiteSpace !== "pre" || (pre.scrollWidth > pre.clientWidth && !scrolls)
        || pre.getBoundingClientRect().right > innerWidth;
}).map(pre => pre.textContent)"""
"""Code that wraps, or of which some can be read in no way: what is too long scrolls, by keys too."""


BESIDE = """panel => {
    const find = selector => panel.getRootNode().querySelector(selector).getBoundingClientRect();
    const { left, width } = panel.getBoundingClientRect(), instrument = find("[data-instrument]");
    return [find(".instrument").width, width / find(".explorer").width, instrument.right - left,
        panel.scrollWidth - panel.clientWidth];
}"""
"""How wide the instrument's place is, the panel's share of the page, what it covers, how far it scrolls."""


def beside_its_mathematics(page: Page, scene: catalogue.Scene) -> Iterator[str]:
    """All of it renders, no line of code wraps, and the scene has half of the page beside it at 1280x720."""
    if not scene.mathematics:
        return
    page.keyboard.press("m")
    panel, body = page.locator(".panel"), page.locator(".panel .body")
    expect(body.locator("h3"), scene.id).to_have_count(len(scene.mathematics))
    if "\\" in body.inner_text():
        yield "has LaTeX that was not converted"
    if cut := body.locator("pre").evaluate_all(CUT):
        yield f"has code that wraps or is cut off: {cut}"
    # All at one moment: letters that arrive meanwhile make the panel wider.
    place, share, covers, sideways = panel.evaluate(BESIDE)
    if place < 450 or share > 0.501:
        yield f"is {place} pixels wide beside mathematics that take {share:.0%}"
    if covers > 0:
        yield f"is covered by its mathematics, {covers} pixels of it"
    if sideways > 0:
        yield f"has mathematics that are too wide by {sideways}"
    page.keyboard.press("Escape")
    expect(panel, scene.id).to_be_hidden()


def presented(page: Page, scene: catalogue.Scene) -> Iterator[str]:
    """In letters for the back row."""
    page.keyboard.press("p")
    page.locator(".explorer.presenting").wait_for()
    for width, height in ((1920, 1080), (1280, 720)):
        found, told = measure(page, width, height), f"presented at {width}x{height}"
        yield from (f"{told} {fault}" for fault in too_large(found))
        if found["smallest"] < 28 * height / 1080:
            yield f"{told} has letters of {found['smallest']} pixels"
    page.keyboard.press("Escape")
    page.locator(".explorer:not(.presenting)").wait_for()


def on_a_phone(page: Page, scene: catalogue.Scene) -> Iterator[str]:
    """Its instrument and its control are in view together."""
    narrow = measure(page, 320, 568)  # or a window of 1280 at four times its size
    if narrow["sideways"] > 0:
        yield f"is too wide by {narrow['sideways']} at 320"
    found = measure(page, 390, 844)
    yield from (f"on a phone {fault}" for fault in too_wide(found))
    if found["broken"]:
        yield f"on a phone has buttons in two rows: {found['broken']}"
    if not found["named"]:
        yield "on a phone cuts the page's name off"
    for name in ("instrument", "control"):
        box = found[name]
        if not box or box["top"] < 0 or box["bottom"] > 844 + 1:
            yield f"on a phone has its {name} at {box and (box['top'], box['bottom'])}"
    yield from (f"in the dark: {barrier}" for barrier in barriers(page, OF_COLOURS))


@PAGES
def test_every_scene_fits_its_screen_presented_and_on_a_phone_in_the_dark_too(
    open_page: OPEN, entry: catalogue.Page
) -> None:
    page = open_page(entry.name, width=1280, height=720)
    faults = [*through(page, entry, on_a_desk, beside_its_mathematics, presented)]
    page.emulate_media(color_scheme="dark")
    page.locator(".explorer[data-theme=dark]").wait_for()
    measure(page, 390, 844)
    expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
    faults += through(page, entry, on_a_phone)
    assert faults == []
    assert page.faults == []

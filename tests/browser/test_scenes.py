"""Every scene of every page: it fits its screen, is not hard to use, and its letters can be read."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

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


def through(page: Page, entry: catalogue.Page, look: Callable[[str], None]) -> None:
    """Shows each scene, as the strip does, and lets `look` at it once something is painted."""
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
        look(scene.id)


def measure(page: Page, width: int, height: int) -> dict[str, Any]:
    """What is seen of a scene in a window of that size."""
    devtools = page.context.new_cdp_session(page)  # a window that fills the screen has no other size
    size = {"width": width, "height": height, "deviceScaleFactor": 0, "mobile": False}
    devtools.send("Emulation.setDeviceMetricsOverride", size)
    page.evaluate(FRAMES)  # canvases hear of their new sizes between two
    return page.evaluate(MEASURE)


@PAGES
def test_a_scene_fits_its_screen_and_fills_it_without_barriers(
    open_page: OPEN, entry: catalogue.Page
) -> None:
    page = open_page(entry.name, width=1280, height=720)
    faults = []

    def look_at(scene: str, width: int, height: int) -> None:
        found = measure(page, width, height)
        told = f"{scene} at {width}x{height}: "
        if found["height"] > found["room"] + 1:
            faults.append(f"{told}{found['height']} pixels high in {found['room']}")
        if found["overflow"] > 1:
            faults.append(f"{told}its instrument is {found['overflow']} pixels too high")
        if found["sideways"] > 0 or found["clipped"]:
            faults.append(f"{told}too wide by {found['sideways']}: {found['clipped'][:5]}")
        if found["broken"]:
            faults.append(f"{told}buttons in two rows: {found['broken']}")
        if found["across"] < 0.6 or found["down"] < 0.6:
            faults.append(f"{told}fills {found['across']:.0%} across and {found['down']:.0%} down")
        if height == 1080 and found["smallest"] < 18:
            faults.append(f"{told}letters of {found['smallest']} pixels")
        if not found["instrument"] or not found["control"]:
            faults.append(f"{told}it does not say what is its instrument and its control")

    def look(scene: str) -> None:
        look_at(scene, 1920, 1080)
        look_at(scene, 1280, 720)
        faults.extend(f"{scene}: {barrier}" for barrier in barriers(page))

    through(page, entry, look)
    assert faults == []
    assert page.faults == []


@PAGES
def test_on_a_phone_the_instrument_and_its_control_are_in_view_together_in_the_dark_too(
    open_page: OPEN, entry: catalogue.Page
) -> None:
    page = open_page(entry.name, width=390, height=844, color_scheme="dark")
    faults = []

    def look(scene: str) -> None:
        narrow = measure(page, 320, 568)  # or a window of 1280 at four times its size
        if narrow["sideways"] > 0:
            faults.append(f"{scene}: too wide by {narrow['sideways']} at 320")
        found = measure(page, 390, 844)
        if found["sideways"] > 0 or found["clipped"]:
            faults.append(f"{scene}: too wide by {found['sideways']}: {found['clipped'][:5]}")
        if found["broken"]:
            faults.append(f"{scene}: buttons in two rows: {found['broken']}")
        if not found["named"]:
            faults.append(f"{scene}: the page's name is cut off")
        for name in ("instrument", "control"):
            box = found[name]
            if not box or box["top"] < 0 or box["bottom"] > 844 + 1:
                faults.append(f"{scene}: its {name} is at {box and (box['top'], box['bottom'])}")
        faults.extend(f"{scene}: {barrier}" for barrier in barriers(page, OF_COLOURS))

    through(page, entry, look)
    assert faults == []
    assert page.faults == []

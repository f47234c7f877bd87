"""The map of the test set in a real browser: drag, zoom, point, compare, sweep, one class alone."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from aevb.explore import codes
from aevb.figures.palette import DIGITS
from aevb.ui.shared import loading
from tests.canvases import image, pixels
from tests.conftest import FRAMES

OPEN = Callable[..., Page]
MARGIN = 24  # as in parts/map/view.js
STROKES = "4833b83373da"
WINDOW = {"scene": "map", "height": 720}


@pytest.fixture
def open_map(open_edition: OPEN) -> Callable[..., Page]:
    """`open_map("vae", tool="lasso")`: the scene once its points and the chosen digit are painted."""

    def open_(name: str, **query: object) -> Page:
        page = open_edition(name, **WINDOW | query)
        painted(page)
        return page

    return open_


@pytest.fixture
def app_map(open_page: OPEN) -> Callable[..., Page]:
    """The same in the app, which has all of the digits."""

    def open_(name: str, **query: object) -> Page:
        page = open_page(name, **WINDOW | query)
        painted(page)
        return page

    return open_


def painted(page: Page) -> Locator:
    """The map's canvas, once it is painted with all around it, and what was asked for last is seen."""
    canvas = page.locator(".points")
    canvas.and_(page.locator("[data-painted]")).wait_for()
    expect(page.locator(".notice")).to_have_count(0)
    if page.locator(".chosen").is_visible():
        expect(page.locator(".chosen figcaption").last).to_have_text("decoded")
        expect(page.locator(".chosen .stale")).to_have_count(0)
    page.evaluate(FRAMES)
    return canvas


def picture(page: Page) -> np.ndarray:
    """What the map shows, (H, W, 3)."""
    return pixels(painted(page))[..., :3].astype(int)


def spots(page: Page, points: np.ndarray) -> np.ndarray:
    """Where the points are in the window while all of the map is in view, (N, 2)."""
    box = page.locator(".points").bounding_box()
    assert box is not None
    low, high = points.min(0).astype(float), points.max(0).astype(float)
    size = np.array([box["width"], box["height"]])
    scale = ((size - 2 * MARGIN) / (high - low)).min()
    corner = np.array([box["x"], box["y"]])
    return corner + size / 2 + (points - (low + high) / 2) * scale * np.array([1, -1])


def alone(places: np.ndarray) -> int:
    """The number of the point that is farthest from all others, so that a click can mean no other."""
    some = places[:2000]
    apart = np.linalg.norm(some[:, None] - places[None], axis=-1)
    apart[np.arange(len(some)), np.arange(len(some))] = np.inf
    apart[0] = 0  # the one chosen at first
    return int(apart.min(1).argmax())


def drag(page: Page, *places: np.ndarray) -> None:
    page.mouse.move(*map(float, places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*map(float, place))
        page.evaluate(FRAMES)  # or the browser joins two moves in one frame
    page.mouse.up()


def link_says(page: Page, **expected: str) -> None:
    for name, value in expected.items():
        expect(page).to_have_url(re.compile(rf"[?&]{name}={value}(&|$)"))


def test_a_drag_moves_every_pixel_and_the_link_holds_the_view(app_map: OPEN) -> None:
    page = app_map("vae")
    before = picture(page)
    box = page.locator(".points").bounding_box()
    assert box is not None
    start = np.array([box["x"] + 8, box["y"] + 8])  # where there is no point to load
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    drag(page, start, start + np.array([20, 30]), start + np.array([60, 40]))
    page.mouse.move(2, 2)
    after = picture(page)
    assert np.ptp(before) > 100 and (before != after).any(-1).mean() > 0.1
    same = (before[:-40, :-60] == after[40:, 60:]).all(-1)
    assert same.mean() > 0.99  # but for letters and marks, which fall between pixels
    page.mouse.move(*start)
    page.mouse.wheel(0, -300)  # nothing scrolls here, so that it zooms at once
    page.mouse.move(2, 2)
    zoomed = picture(page)
    assert (zoomed != after).any(-1).mean() > 0.1
    expect(page).to_have_url(re.compile(r"view=0\.\d+,0\.\d+,1\.8"))
    # What a drag brings into view is what is there when all is painted anew.
    for by in (np.array([150, 90]), np.array([160, 120]), np.array([-420, -260])):
        drag(page, middle, middle + by / 2, middle + by)
        page.mouse.move(2, 2)
        dragged = picture(page)
        one = page.locator(".legend button").first
        one.click()
        one.click()
        page.mouse.move(2, 2)
        np.testing.assert_array_equal(picture(page), dragged)
    expect(page).not_to_have_url(re.compile("only="))
    page.reload()
    page.locator(".explorer[data-shown=map]").wait_for()
    assert (picture(page) != dragged).any(-1).mean() < 0.02  # the link's four digits
    page.get_by_role("button", name="The whole map").click()
    page.mouse.move(2, 2)
    np.testing.assert_array_equal(picture(page), before)
    expect(page).not_to_have_url(re.compile("view="))
    assert page.faults == []


def named(label: int) -> str:
    return f"{'an' if label == 8 else 'a'} {label}"


def test_a_digit_appears_at_the_pointer_and_a_click_loads_it(app_map: OPEN) -> None:
    page = app_map("vae", map="pca")
    places = spots(page, loading.test_map("vae", "pca"))
    number, test = alone(places), loading.digits().test
    name = f"digit {number}, {named(test.labels[number])}"
    tip, stage = page.locator(".tip"), page.locator(".map .stage").bounding_box()
    tip.evaluate(
        """(tip) => ["offsetWidth", "offsetHeight"].forEach((name) => Object.defineProperty(
            tip, name, { get() { throw new Error("All is laid out on the frame."); } }))"""
    )
    page.mouse.move(*places[number])
    expect(tip.locator("figcaption")).to_have_text(name)
    box, (x, y) = tip.bounding_box(), places[number]
    assert min(abs(box["x"] - x), abs(box["x"] + box["width"] - x)) == pytest.approx(18, abs=2)
    assert box["y"] < y < box["y"] + box["height"] and box["x"] > stage["x"] and box["y"] > stage["y"]
    assert box["x"] + box["width"] < stage["x"] + stage["width"]
    assert box["y"] + box["height"] < stage["y"] + stage["height"]
    shown = image(tip.locator("canvas:not([hidden])").and_(page.locator("[data-painted]")))
    np.testing.assert_array_equal(shown * 255, test.images[number].numpy().ravel())
    expect(page.locator(".points")).to_have_attribute("aria-label", re.compile(f": {name}\\."))
    page.mouse.click(*places[number])
    link_says(page, digit=str(number))
    expect(page.locator(".chosen figcaption").first).to_have_text(name)
    painted(page)
    model, x = loading.checkpoint("vae").model, (test.images[number].flatten() + 0.5) / 256
    decoded = codes.decode(model, codes.posterior(model, x).mean).numpy()
    assert np.abs(image(page.locator(".chosen canvas").last) - decoded).max() <= 2 / 255
    page.mouse.move(2, 2)
    expect(tip).to_be_hidden()
    page.get_by_role("spinbutton", name="Test digit").fill("77")
    page.keyboard.press("Enter")
    expect(page.locator(".chosen figcaption").first).to_have_text(re.compile("digit 77,"))
    assert page.faults == []


def test_keys_move_point_and_load(open_map: OPEN) -> None:
    page = open_map("vae")
    canvas = page.locator(".points")
    for key in ("+", "+", "ArrowRight", "ArrowUp"):
        canvas.press(key)
    expect(page.locator(".instrument > .spoken")).to_have_text(re.compile(r"^digit \d+, an? \d$"))
    number = page.locator(".instrument > .spoken").inner_text().split()[1].rstrip(",")
    expect(page.locator(".tip figcaption")).to_contain_text(f"digit {number},")
    canvas.press("Enter")
    link_says(page, digit=number, scene="map")
    assert page.faults == []


def test_a_loop_compares_what_is_in_it_however_it_is_made(app_map: OPEN) -> None:
    page = app_map("vae", tool="lasso")
    places, test = spots(page, loading.test_map("vae", "tsne")), loading.digits().test
    labels = test.labels.numpy()
    middle = np.median(places[labels == 3], 0).round()
    corners = middle + np.array([[-90.0, 50.0], [80.0, 45.0], [10.0, -110.0]])
    edges = np.roll(corners, -1, 0) - corners  # within: on the same side of all of them
    sides = [edge[0] * (places - corner)[:, 1] - edge[1] * (places - corner)[:, 0]
             for edge, corner in zip(edges, corners, strict=True)]  # fmt: skip
    inside = (np.stack(sides) < 0).all(0)
    assert 100 < inside.sum() < 5000
    compared = page.locator(".compared")

    def shown() -> int:
        """How many digits are compared, once their mean image is there."""
        expect(compared.locator("b")).to_have_text(re.compile(r"\d digits"))
        expect(compared.locator(".picture figcaption")).to_have_text("mean image")
        expect(compared.locator(".stale, .notice")).to_have_count(0)
        counts = [int(count) for count in compared.locator(".bars li span:last-child").all_inner_texts()]
        assert np.abs(counts - np.bincount(labels[inside], minlength=10)).sum() <= 4  # on the loop itself
        mean = test.images.numpy()[inside].mean(0).ravel() / 255
        assert np.abs(image(compared.locator(".picture canvas")) - mean).max() < 0.02
        return sum(counts)

    drag(page, *corners)
    first = shown()
    assert compared.locator(".some button").count() == 24
    link_says(page, loop=r"tsne(,\d+){6}")
    page.get_by_role("button", name="UMAP").click()
    link_says(page, map="umap")
    assert shown() == first  # the same digits, wherever they lie there
    page.reload()
    page.locator(".explorer[data-shown=map]").wait_for()
    assert shown() == first
    page.get_by_role("button", name="t-SNE").click()
    page.get_by_role("button", name="Clear").click()
    expect(compared.locator("b")).to_have_text("No digits yet")
    painted(page)
    for corner in [*corners, corners[0]]:
        page.mouse.click(*corner)
    shown()
    page.locator(".points").press("Escape")
    expect(compared.locator("b")).to_have_text("No digits yet")
    page.get_by_role("button", name="All in view").click()
    expect(compared.locator("b")).to_have_text("10,000 digits")
    compared.locator(".some button").nth(1).click()
    link_says(page, digit=str(10_000 // 24))
    assert page.faults == []


@pytest.mark.parametrize(
    ("name", "method"), [("vae", "tsne"), ("cvae", "umap"), ("cvae", "style"), ("gmvae", "tsne")]
)
def test_a_sweep_decodes_what_lies_between_the_nearest_points(app_map: OPEN, name: str, method: str) -> None:
    page = app_map(name, map=method, tool="sweep")
    expect(page.locator(".swept figcaption").first).to_contain_text("decoded here")
    places = spots(page, loading.test_map(name, method))
    latents = loading.test_styles(name) if method == "style" else loading.test_means(name)
    latents = latents.astype(np.float16).astype(np.float32)
    model, labels = loading.checkpoint(name).model, loading.digits().test.labels
    for way in ([0, 0], [37, -61], [-80, 45]):
        at = np.round(np.median(places, 0) + way)
        page.mouse.move(*at)
        away = np.linalg.norm(places - at, axis=1)
        nearest = away.argsort()[:8]
        weights = (1 / away[nearest]) / (1 / away[nearest]).sum()
        z, y = torch.from_numpy((weights @ latents[nearest]).astype(np.float32)), labels[nearest[0]]
        decoded = (codes.write if method == "style" else codes.decode)(model, z, y).numpy()
        caption = page.locator(".swept figcaption").last
        expect(caption).to_contain_text(f"digit {nearest[0]}, {named(y)}")
        page.evaluate(FRAMES)
        assert np.abs(image(page.locator(".swept canvas").first) - decoded).max() <= 2 / 255
        expect(page.locator(".swept .stale")).to_have_count(0)
        real = loading.digits().test.images[nearest[0]].numpy().ravel()
        np.testing.assert_array_equal(image(page.locator(".swept canvas").last) * 255, real)
    assert page.faults == []


def test_colours_by_cluster_or_digit_and_one_class_alone(open_map: OPEN) -> None:
    page = open_map("gmvae")
    by_cluster = picture(page)
    page.get_by_role("button", name="digit", exact=True).click()
    link_says(page, by="digit")
    by_digit = picture(page)
    assert 0.001 < (by_cluster != by_digit).any(-1).mean() < 0.2  # where the model was misled
    page.get_by_title("Only 4s").click()
    link_says(page, only="4")
    expect(page.get_by_title("Only 4s")).to_have_attribute("aria-pressed", "true")
    alone = picture(page)
    for label, stays in ((4, True), (5, False)):
        color = tuple(bytes.fromhex(DIGITS[label][1:]))
        before, after = ((shown == color).all(-1).sum() for shown in (by_digit, alone))
        assert after > 0.8 * before > 0 if stays else after < 0.05 * before  # the others fade
    places, labels = spots(page, loading.test_map("gmvae", "tsne")), loading.digits().test.labels.numpy()
    far = places[labels != 4]  # with 4s alone, no other is pointed at
    away = np.linalg.norm(far[:, None] - places[labels == 4][None], axis=-1).min(1)
    page.mouse.move(*far[away.argmax()])
    page.evaluate(FRAMES)
    expect(page.locator(".tip")).to_be_hidden()
    page.get_by_title("Only 4s").click()
    expect(page).not_to_have_url(re.compile("only="))
    page.mouse.move(2, 2)
    np.testing.assert_array_equal(picture(page), by_digit)
    assert page.faults == []


def test_a_drawing_has_no_point_and_the_digits_nearest_to_it_are_ringed(open_map: OPEN) -> None:
    page = open_map("vae", strokes=STROKES)
    expect(page.locator(".chosen figcaption").first).to_have_text("your drawing")
    expect(page.get_by_text("Ringed: the 8 test digits nearest to it.")).to_be_visible()
    ringed = picture(page)
    page.get_by_role("button", name="The chosen digit in the middle").click()
    expect(page).to_have_url(re.compile(f"strokes={STROKES}.*view="))  # the nearest one's place
    page.get_by_role("button", name="The whole map").click()
    page.get_by_role("button", name="Any digit").click()
    expect(page).not_to_have_url(re.compile("strokes="))
    expect(page.get_by_text("Ringed")).to_be_hidden()
    assert (picture(page) != ringed).any()
    assert page.faults == []


@pytest.mark.parametrize(
    "said",
    [{"view": "1,2", "only": "11", "tool": "brush"}, {"map": "style"}, {"loop": "style,1,2,3,4,5,6"}],
    ids=", ".join,
)
def test_what_makes_no_sense_in_a_link_is_told(open_map: OPEN, said: dict[str, str]) -> None:
    page = open_map("vae", **said)
    for name in said:
        expect(page.locator(".explorer .warning")).to_contain_text(name)
    expect(page.get_by_role("button", name="t-SNE")).to_have_attribute("aria-pressed", "true")
    assert page.faults == []


def test_what_cannot_be_loaded_says_so_and_can_be_tried_again(open_page: OPEN) -> None:
    page = open_page("vae")
    for kind in ("map", "latents"):
        page.route(f"**/{kind}/vae/**", lambda route: route.abort())
    page.locator(".tab[data-scene=map]").click()
    notice = page.locator(".stage .notice")
    expect(notice).to_contain_text("The map could not be loaded. The server did not answer.")
    page.unroute("**/map/vae/**")
    notice.get_by_role("button", name="Try again").click()
    assert np.ptp(picture(page)) > 100
    page.get_by_role("button", name="Sweep").click()
    notice = page.locator(".side .notice")
    expect(notice).to_contain_text("The latent values could not be loaded.")
    page.unroute("**/latents/vae/**")
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator(".swept figcaption").first).to_have_text("decoded here")


def test_all_that_did_not_come_is_tried_again_by_one_press_or_with_a_network(
    open_page: OPEN,
) -> None:
    page = open_page("vae", scene="prior")
    kinds = ("map/vae", "digits", "latents/vae")
    for kind in kinds:
        page.route(f"**/{kind}/**", lambda route: route.abort())
    page.locator(".tab[data-scene=map]").click()
    notices = page.locator(".instrument .notice")
    expect(notices).to_have_count(2)  # the map's and the digit's
    for kind in kinds[:2]:
        page.unroute(f"**/{kind}/**")
    notices.first.get_by_role("button", name="Try again").click()
    expect(notices).to_have_count(0)
    page.get_by_role("button", name="Sweep").click()
    expect(notices).to_have_count(1)
    page.unroute("**/latents/vae/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".swept figcaption").first).to_have_text("decoded here")
    expect(notices).to_have_count(0)


def test_on_a_phone_the_chosen_digit_is_in_view_beside_the_map(open_map: OPEN) -> None:
    page = open_map("vae", width=390, height=844)
    for part in (page.locator(".points"), page.locator(".chosen figure").last):
        expect(part).to_be_in_viewport(ratio=1)


def test_two_fingers_zoom_and_one_scrolls_until_the_map_is_tapped(open_map: OPEN) -> None:
    page = open_map("vae", width=390, height=844)
    canvas, first = page.locator(".points"), picture(page)
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": a, "y": b, "id": i} for i, (a, b) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.evaluate(FRAMES)

    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "pan-x pan-y"
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for step in range(1, 6):
        fingers("touchMove", (x - 30 - 10 * step, y), (x + 30 + 10 * step, y))
    fingers("touchEnd")
    expect(page).to_have_url(re.compile("view="))
    assert (picture(page) != first).any(-1).mean() > 0.1
    assert "digit=" not in page.url
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    assert page.faults == []


def test_thirty_visits_to_the_scene_leave_nothing_behind(open_map: OPEN) -> None:
    page = open_map("vae", tool="sweep")
    devtools = page.context.new_cdp_session(page)

    def used() -> tuple[float, int]:
        """MiB of objects, elements and arrays, and listeners."""
        devtools.send("HeapProfiler.collectGarbage")
        sizes = devtools.send("Runtime.getHeapUsage")
        size = sum(sizes[name] for name in ("usedSize", "embedderHeapUsedSize", "backingStorageSize"))
        return size / 2**20, devtools.send("Memory.getDOMCounters")["jsEventListeners"]

    def visit(times: int) -> None:
        for _ in range(times):
            for scene in ("prior", "map"):
                page.locator(f".tab[data-scene={scene}]").click()
                page.locator(f".explorer[data-shown={scene}]").wait_for()
            painted(page)

    visit(5)
    before = used()
    visit(30)
    after = used()
    assert after[0] - before[0] < 3 and after[1] - before[1] < 30
    assert page.faults == []

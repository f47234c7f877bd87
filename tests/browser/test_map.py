"""The map of the test set in a real browser: drag, zoom, hover, lasso, sweep."""

import base64
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from aevb import CVAE, GMVAE, VAE, checkpoints, clustering, explore
from aevb.ui import loading, maps
from tests.visitors import listen, needs

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]
MARGIN = 24  # as in map.js

pytestmark = needs("vae")


def plane(page: Page, images: bool = True) -> Locator:
    """The map's canvas, in sight; `images`: once the real digits have come too, and the pointer is away."""
    found = page.locator(".st-key-points .plane")
    expect(found).to_have_attribute("aria-label", re.compile("Arrow keys"), timeout=60_000)
    found.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
    if images:
        found.hover(position={"x": 2, "y": 2})
        page.wait_for_function(
            """() => performance.getEntriesByType('resource')
                .some(entry => entry.name.includes('/digits/test/') && entry.responseEnd > 0)"""
        )
        page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    return found


def spots(canvas: Locator, points: np.ndarray) -> np.ndarray:
    """Where the points are at first, (N, 2) in pixels of the window."""
    box = canvas.bounding_box()
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


def pixels(canvas: Locator) -> np.ndarray:
    """(H, W, 4) as the browser holds them."""
    width, height, flat = canvas.evaluate(
        """canvas => {
            const {width, height} = canvas
            const data = canvas.getContext('2d').getImageData(0, 0, width, height).data
            let text = ''
            for (let i = 0; i < data.length; i += 32768)
                text += String.fromCharCode(...data.subarray(i, i + 32768))
            return [width, height, btoa(text)]
        }"""
    )
    return np.frombuffer(base64.b64decode(flat), np.uint8).reshape(height, width, 4)


def gray(canvas: Locator) -> np.ndarray:
    return pixels(canvas)[..., 0].astype(int)


def drag(page: Page, *places: tuple[float, float] | np.ndarray) -> None:
    page.mouse.move(*map(float, places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*map(float, place))
        page.wait_for_timeout(60)  # or the browser joins two moves in one frame
    page.mouse.up()


def test_a_drag_moves_every_pixel_and_sends_nothing(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae")
    frames = listen(page, settle)
    canvas = plane(page)
    before = pixels(canvas)
    frames.clear()
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + 8, box["y"] + 8  # where there is no point to load
    drag(page, (x, y), (x + 20, y + 30), (x + 60, y + 40))
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    after = pixels(canvas)
    assert np.ptp(before[..., 0]) > 100 and (before != after).any(-1).mean() > 0.1
    same = (before[:-40, :-60] == after[40:, 60:]).all(-1)
    assert same.mean() > 0.995  # but for letters, which fall between pixels
    assert frames == [] and page.faults == []


def test_the_real_digit_appears_at_the_pointer(open_page: OPEN) -> None:
    page = open_page("vae")
    canvas = plane(page)
    places = spots(canvas, maps.points("vae", "tsne")[0])
    number = alone(places)
    tip = page.locator(".st-key-points .tip")
    expect(tip).to_be_hidden()
    page.mouse.move(*places[number])
    name = f"digit {number}, a {loading.test_label(number)}"
    expect(tip.locator("figcaption")).to_have_text(name)
    np.testing.assert_array_equal(gray(tip.locator("canvas")), loading.digits().test.images[number].numpy())
    expect(canvas).to_have_attribute("aria-label", re.compile(f": {name}\\."))
    page.mouse.move(2, 2)
    expect(tip).to_be_hidden()


def test_a_click_loads_the_digit_and_leaves_the_view(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae", map="PCA")
    canvas = plane(page)
    places = spots(canvas, maps.points("vae", "pca")[0])
    number = alone(places)
    drag(page, places[number] + [30, 30], places[number] + [130, 60])  # 100 to the right, 30 down
    page.mouse.click(*(places[number] + [100, 30]))
    expect(page).to_have_url(re.compile(f"digit={number}(&|$)"), timeout=20_000)
    settle(page)
    assert page.get_by_label("Test digit", exact=True).input_value() == str(number)
    chosen = page.locator(".st-key-points .chosen")
    expect(chosen).to_contain_text(f"digit {number}, a {loading.test_label(number)}")
    with torch.no_grad():
        mean = torch.from_numpy(loading.test_means("vae")[number])
        decoded = explore.decode(loading.model("vae", VAE), mean).reshape(28, 28).numpy()
    assert np.abs(gray(chosen.locator(".decoded")) - 255 * decoded).max() <= 2
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    x, y = places[number] + [100, 30]
    box = canvas.bounding_box()
    assert box is not None
    ringed = pixels(canvas)[int(y - box["y"]), int(x - box["x"]) - 9, :3].astype(int)
    assert np.abs(ringed - [0xE6, 0x00, 0x7E]).max() < 60  # it was not moved back, and the ring is around it

    page.get_by_label("Test digit", exact=True).fill("77")
    page.keyboard.press("Enter")
    settle(page)
    expect(chosen).to_contain_text("digit 77")
    canvas.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
    page.mouse.click(*(spots(canvas, maps.points("vae", "pca")[0])[number] + [100, 30]))
    expect(page).to_have_url(re.compile(f"digit={number}(&|$)"), timeout=20_000)  # the same one once more
    assert page.faults == []


def test_a_lasso_compares_what_is_in_it(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae")
    frames = listen(page, settle)
    canvas = plane(page)
    frames.clear()
    places = spots(canvas, maps.points("vae", "tsne")[0])
    labels = loading.digits().test.labels.numpy()
    middle = np.median(places[labels == 3], 0)
    corners = middle + np.array([[-90.0, 70.0], [80.0, 60.0], [10.0, -110.0]])
    page.locator(".st-key-points").get_by_role("button", name="Lasso").click()
    drag(page, *corners)
    # Within a triangle: on the same side of all its edges.
    edges = np.roll(corners, -1, 0) - corners
    sides = [edge[0] * (places - corner)[:, 1] - edge[1] * (places - corner)[:, 0]
             for edge, corner in zip(edges, corners, strict=True)]  # fmt: skip
    inside = (np.stack(sides) < 0).all(0)
    assert 100 < inside.sum() < 5000
    compared = page.locator(".st-key-points .compared")
    expect(compared.locator(".count")).to_have_text(f"{inside.sum():,} digits")
    shown = compared.locator(".bars li span:last-child").all_inner_texts()
    assert [int(count) for count in shown] == np.bincount(labels[inside], minlength=10).tolist()
    mean = loading.digits().test.images.numpy()[inside].mean(0)
    expect(compared.locator(".mean canvas")).to_be_visible()
    assert np.abs(gray(compared.locator(".mean canvas")) - mean).max() <= 1
    assert compared.locator(".some button").count() == 24
    assert frames == []
    canvas.press("Escape")
    expect(compared.locator(".count")).to_have_text("No digits yet")
    # Shift and a drag do the same in any mode.
    page.locator(".st-key-points").get_by_role("button", name="Explore").click()
    page.keyboard.down("Shift")
    drag(page, *corners)
    page.keyboard.up("Shift")
    expect(compared.locator(".count")).to_have_text(f"{inside.sum():,} digits")
    compared.locator(".some button").first.click()
    expect(page).to_have_url(re.compile(f"digit={np.flatnonzero(inside)[0]}(&|$)"), timeout=20_000)
    assert page.faults == []


@pytest.mark.parametrize(
    ("name", "method"), [("vae", "tsne"), ("cvae", "umap"), ("cvae", "style"), ("gmvae", "tsne")]
)
def test_a_sweep_decodes_what_lies_between_the_nearest_points(
    open_page: OPEN, settle: SETTLE, name: str, method: str
) -> None:
    if name not in checkpoints.shipped():
        pytest.skip(f"checkpoints/{name} is not there")
    page = open_page(name, map=(maps.METHODS | maps.STYLES)[method])
    frames = listen(page, settle)
    canvas = plane(page)
    points = maps.points(name, method)[0]
    places = spots(canvas, points)
    frames.clear()
    page.locator(".st-key-points").get_by_role("button", name="Sweep").click()
    here = page.locator(".st-key-points .here")
    page.wait_for_function("e => e.width === 28", arg=here.element_handle(), timeout=30_000)
    latents = loading.test_styles(name) if method == "style" else loading.test_means(name)
    latents = latents.astype(np.float16).astype(np.float32)
    labels = loading.digits().test.labels
    for way in ([0, 0], [37, -61], [-80, 45]):
        at = np.round(np.median(places, 0) + way)
        page.mouse.move(*at)
        page.wait_for_timeout(200)
        away = np.linalg.norm(places - at, axis=1)
        nearest = away.argsort()[:8]
        weights = (1 / away[nearest]) / (1 / away[nearest]).sum()
        z, label = torch.from_numpy((weights @ latents[nearest]).astype(np.float32)), labels[nearest[0]]
        if name == "vae":
            decoded = explore.decode(loading.model(name, VAE), z)
        elif name == "gmvae":
            decoded = clustering.decode(loading.model(name, GMVAE), z)
        elif method == "style":
            decoded = explore.write(loading.model(name, CVAE), z, label)
        else:
            decoded = explore.decode_as(loading.model(name, CVAE), z, label)
        found = gray(here)
        assert np.abs(found - 255 * decoded.reshape(28, 28).numpy()).max() <= 2
        assert np.ptp(found) > 100
        real = page.locator(".st-key-points .real")
        expect(real.locator("figcaption")).to_contain_text(f"digit {nearest[0]}, a {label}")
        np.testing.assert_array_equal(
            gray(real.locator("canvas")), loading.digits().test.images[nearest[0]].numpy()
        )
    assert frames == [] and page.faults == []


def test_the_wheel_scrolls_the_page_until_the_map_is_clicked(open_page: OPEN) -> None:
    page = open_page("vae")
    canvas = plane(page)
    first = pixels(canvas)
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.wheel(0, -60)
    expect(page.locator(".st-key-points .hint")).to_have_text("Click the map, then scroll to zoom")
    page.wait_for_timeout(500)
    assert canvas.bounding_box()["y"] == pytest.approx(box["y"] + 60, abs=2)  # type: ignore[index]
    page.mouse.wheel(0, 60)
    page.wait_for_timeout(500)
    page.mouse.click(box["x"] + 10, box["y"] + 10)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(500)
    assert canvas.bounding_box() == box
    zoomed = pixels(canvas)
    assert (zoomed != first).any(-1).mean() > 0.1
    canvas.press("0")
    canvas.blur()
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    np.testing.assert_array_equal(pixels(canvas), first)
    zoom = page.locator(".st-key-points").get_by_role
    zoom("button", name="Zoom in").click()
    page.wait_for_timeout(200)
    assert (pixels(canvas) != first).any(-1).mean() > 0.1
    zoom("button", name="Zoom out").click()
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    np.testing.assert_array_equal(pixels(canvas), first)


def test_the_keyboard_points_moves_and_loads(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae")
    canvas = plane(page)
    canvas.focus()
    for key in ("+", "+", "ArrowRight", "ArrowUp"):
        canvas.press(key)
    spoken = page.locator(".st-key-points .spoken")
    expect(spoken).to_have_text(re.compile(r"digit \d+, a \d"))
    number = int(re.search(r"digit (\d+)", spoken.inner_text())[1])  # type: ignore[index]
    expect(page.locator(".st-key-points .tip figcaption")).to_contain_text(f"digit {number},")
    canvas.press("Enter")
    expect(page).to_have_url(re.compile(f"digit={number}(&|$)"), timeout=20_000)
    assert page.faults == []


@needs("gmvae")
def test_colours_by_cluster_and_by_digit(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae")
    canvas = plane(page)
    by_cluster = pixels(canvas)
    page.get_by_role("radio", name="digit", exact=True).click()
    expect(page).to_have_url(re.compile("colour=digit"))
    settle(page)
    canvas = plane(page)
    changed = (pixels(canvas) != by_cluster).any(-1).mean()
    assert 0.001 < changed < 0.2  # those of which the model was misled, and nobody else moved


def test_what_cannot_be_loaded_says_so_and_can_be_tried_again(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("overview", wait=False)
    for kind in ("map", "latents"):
        page.route(f"**/{kind}/vae/**", lambda route: route.abort())
    page.goto(page.url.rsplit("/", 1)[0] + "/vae")
    settle(page)
    the_map = page.locator(".st-key-points")
    notice = the_map.locator(".map-notice")
    expect(notice).to_contain_text("The map could not be loaded. The server did not answer.")
    page.unroute("**/map/vae/**")
    notice.get_by_role("button", name="Try again").click()
    expect(notice).to_be_hidden()
    canvas = plane(page)
    assert np.ptp(pixels(canvas)[..., 0]) > 100
    the_map.get_by_role("button", name="Sweep").click()
    notice = the_map.locator(".sweep-notice")
    expect(notice).to_contain_text("The latent values could not be loaded.")
    page.unroute("**/latents/vae/**")
    notice.get_by_role("button", name="Try again").click()
    expect(notice).to_be_hidden()
    here = the_map.locator(".here")
    page.wait_for_function("e => e.width === 28", arg=here.element_handle())
    assert np.ptp(gray(here)) > 100


def test_two_fingers_zoom_and_one_scrolls_until_the_map_is_tapped(open_page: OPEN) -> None:
    page = open_page("vae", width=400, height=800)
    canvas = plane(page)
    first, box = pixels(canvas), canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": a, "y": b, "id": i} for i, (a, b) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(50)

    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "pan-x pan-y"
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for step in range(1, 6):
        fingers("touchMove", (x - 30 - 10 * step, y), (x + 30 + 10 * step, y))
    fingers("touchEnd")
    page.wait_for_timeout(300)
    assert (pixels(canvas) != first).any(-1).mean() > 0.1
    assert "digit=" not in page.url
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    assert page.faults == []


def test_two_hundred_reruns_leave_nothing_behind(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae")
    canvas = plane(page)
    heap = page.context.new_cdp_session(page)

    def used() -> tuple[float, int]:
        heap.send("HeapProfiler.collectGarbage")
        counts = heap.send("Memory.getDOMCounters")
        return heap.send("Runtime.getHeapUsage")["usedSize"] / 2**20, counts["jsEventListeners"]

    def rerun(times: int) -> None:
        for i in range(times):
            url = page.evaluate("location.href")  # page.url may lag behind
            canvas.press("ArrowRight" if i % 2 == 0 else "ArrowLeft")  # to another digit, and back
            canvas.press("Enter")
            page.wait_for_function("url => location.href !== url", arg=url, polling=20)
        settle(page)

    canvas.press("+")
    rerun(10)
    before = used()
    rerun(200)
    after = used()
    assert after[0] - before[0] < 5, "MiB"
    assert after[1] - before[1] < 50

"""What can be taken along of a view: its link, a frame, a notebook's cell, a picture."""

import ast
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.axe import barriers
from tests.canvases import pixels

OPEN = Callable[..., Page]
MARGIN, RATIO = 8, 2  # of a saved picture, frame/snapshot.js


def shared(page: Page) -> Any:
    """The panel, open."""
    page.locator(".scene").focus()
    page.keyboard.press("s")
    return page.locator(".panel.share")


def field(page: Page, name: str) -> Any:
    return page.get_by_role("textbox", name=name, exact=True)


# This view in Python


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text.replace("−", "-").replace(",", ""))]


def printed(cell: str) -> str:
    """What a cell prints."""
    said: list[str] = []
    tree = ast.parse(cell)
    names = {"print": lambda *words, sep=" ": said.append(sep.join(map(str, words)))}
    exec(compile(tree, "cell", "exec"), names)
    return "\n".join(said)


@pytest.mark.parametrize(
    ("path", "query", "shown"),
    [
        ("vae", {"scene": "flow", "digit": 7, "seed": 3}, ".equation b"),
        ("vae", {"scene": "knobs", "digit": 4, "z": ",".join(["0.5", "-1.25"] * 10)}, ".equation b"),
        ("cvae", {"scene": "rewrite", "digit": 3, "seed": 2}, ".equation b"),
        ("vrnn", {"scene": "rows", "digit": 5}, ".equation b"),
        ("factor-analysis", {"scene": "em", "steps": 310, "seed": 3}, "tr:nth-child(2) td:nth-child(2)"),
    ],
)
def test_a_cell_computes_what_the_scene_shows(
    open_edition: OPEN, path: str, query: dict[str, Any], shown: str
) -> None:
    page = open_edition(path, **query)
    terms = page.locator(f".instrument {shown}")
    expect(terms.last).to_have_text(re.compile(r"\d"), timeout=20_000)  # the bound comes last
    if steps := query.get("steps"):  # a run that takes longer than a frame is shown as far as it has come
        passes = page.get_by_role("slider", name="pass", exact=True)
        expect(passes).to_have_attribute("aria-valuetext", re.compile(f"^pass {steps // 31}:"))
    on_the_page = numbers(" ".join(terms.all_inner_texts()))
    shared(page)
    expect(field(page, "This view in Python")).to_have_value(re.compile("import aevb|from aevb"))
    found = numbers(printed(field(page, "This view in Python").input_value()))
    # Terms are rounded so that they add up to their sum: a tenth either way.
    apart = [min(abs(abs(number) - abs(other)) for other in found) for number in on_the_page]
    assert apart and max(apart) < 0.11, (on_the_page, found)


# The panel


def test_the_panel_follows_the_view_and_its_texts_are_copied(open_page: OPEN) -> None:
    page = open_page("vae", scene="knobs", digit=7, height=720)
    panel = shared(page)
    link, frame, cell = (field(page, name) for name in ("Link", "Embed in a page", "This view in Python"))
    expect(link).to_have_value(re.compile(r"/vae\?scene=knobs&digit=7$"))
    expect(frame).to_have_value(
        re.compile('^<iframe src="http://.*digit=7&amp;embed=true" title="Turn the knobs"')
    )
    expect(cell).to_have_value(re.compile("digit = 7\nz = None\n"))
    page.locator(".knobs input[type=range]").first.press("PageUp")
    expect(link).to_have_value(re.compile(r"&z=-?\d"))
    expect(cell).to_have_value(re.compile(r"z = \[-?\d"))

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.get_by_role("button", name="Copy: Link").click()
    expect(panel.get_by_role("status")).to_have_text("Link: copied.")
    assert page.evaluate("navigator.clipboard.readText()") == link.input_value()
    page.evaluate(
        "navigator.clipboard.writeText = () => Promise.reject(new Error('closed'));"
        "document.execCommand = () => false"
    )
    panel.get_by_role("button", name="Copy: Embed in a page").click()
    expect(panel.get_by_role("status")).to_contain_text("the text is selected")
    selected = frame.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert selected == frame.input_value()

    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="Share")).to_be_focused()
    assert page.faults == []


# Pictures


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_a_picture_shows_what_is_seen(open_edition: OPEN, tmp_path: Path, color_scheme: str) -> None:
    page = open_edition("vae", scene="knobs", digit=7, color_scheme=color_scheme)
    canvas = page.locator(".knobs canvas").first
    shown = pixels(canvas)[..., 0]
    filled = page.locator(".with-strip canvas[data-painted]:not(.stale)")
    expect(filled).to_have_count(page.locator(".with-strip").count())  # which comes after the knobs
    at = canvas.evaluate(
        """canvas => {
            const box = canvas.getBoundingClientRect();
            const { left, top } = canvas.closest(".instrument").getBoundingClientRect();
            return [box.left - left, box.top - top, box.width / canvas.width];
        }"""
    )
    saved = {}
    shared(page)
    for kind in ("PNG", "SVG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {kind}").click()
        assert download.value.suggested_filename == f"vae-knobs.{kind.lower()}"
        saved[kind] = Path(download.value.path()).read_bytes()
    png = np.array(Image.open(BytesIO(saved["PNG"])).convert("RGB"))
    size = page.locator(".instrument").evaluate(
        "({ offsetWidth, offsetHeight }) => [offsetHeight, offsetWidth]"
    )
    assert png.shape[:2] == tuple(RATIO * (length + 2 * MARGIN) for length in size)
    assert (png[0, 0].mean() < 128) == (color_scheme == "dark")
    left, top, scale = at
    middles = scale * (np.arange(28) + 0.5) + MARGIN
    rows, columns = ((RATIO * (start + middles)).astype(int) for start in (top, left))
    differences = np.abs(png[np.ix_(rows, columns)][..., 0].astype(int) - shown)
    assert np.median(differences) <= 2 and (differences > 8).mean() < 0.02

    # The SVG is a picture of its own, as large, and shows the same.
    (tmp_path / "knobs.svg").write_bytes(saved["SVG"])
    other = page.context.new_page()
    other.set_viewport_size({"width": png.shape[1] // RATIO, "height": png.shape[0] // RATIO})
    other.goto((tmp_path / "knobs.svg").as_uri())
    drawn = np.array(Image.open(BytesIO(other.screenshot())).convert("RGB")).astype(int)
    assert np.abs(drawn - png[::RATIO, ::RATIO]).mean() < 6
    assert page.faults == []


def test_a_plot_is_saved_as_lines_and_letters(open_edition: OPEN) -> None:
    page = open_edition("factor-analysis", scene="em", height=720)
    instrument = page.locator(".instrument")
    instrument.locator("canvas[data-painted]").wait_for()
    expect(page.locator(".instrument tr:nth-child(2) td").first).to_have_text(re.compile(r"\d"))
    seen = Image.open(BytesIO(instrument.screenshot())).convert("RGB")
    shared(page)
    saved = {}
    for kind in ("PNG", "SVG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {kind}").click()
        saved[kind] = Path(download.value.path()).read_bytes()
    svg = saved["SVG"].decode()
    assert ">EM: evidence</text>" in svg and "<path" in svg and "data:image/png" not in svg
    png = Image.open(BytesIO(saved["PNG"])).convert("RGB").resize([side + 2 * MARGIN for side in seen.size])
    inside = png.crop((MARGIN, MARGIN, MARGIN + seen.width, MARGIN + seen.height))
    small = (seen.width // 4, seen.height // 4)  # letters are smoothed otherwise
    one, other = (np.array(picture.resize(small)).astype(int) for picture in (inside, seen))
    assert np.abs(one - other).mean() < 4


# A frame on somebody else's page


@pytest.fixture
def lecture() -> Iterator[Callable[[str], str]]:
    """`lecture(frame)`: the address of a page of another site, long enough to scroll, with a frame in it."""
    servers = []

    def serve(frame: str) -> str:
        content = f"<!doctype html><title>Lecture</title><h1>A lecture</h1>{frame}<p style='height: 3000px'>"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://localhost:{server.server_address[1]}/"  # to a browser another site than 127.0.0.1

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_frame_shows_the_scene_alone_and_leaves_the_page_its_keys_and_its_wheel(
    open_page: OPEN, lecture: Callable[[str], str]
) -> None:
    page = open_page("factor-analysis", scene="plot", steps=200)
    shared(page)
    address = lecture(field(page, "Embed in a page").input_value())
    page.goto(address)
    frame = page.frame_locator("iframe")
    frame.locator(".explorer[data-shown='plot']").wait_for()
    expect(frame.locator(".strip")).to_be_hidden()
    expect(frame.locator("[data-testid=stSidebar]")).to_have_count(0)
    expect(frame.get_by_role("heading", name="The curves, to zoom")).to_be_visible()
    whole = frame.get_by_role("link", name="Open in AEVB Explorer")
    expect(whole).to_have_attribute("href", re.compile(r"/factor-analysis\?scene=plot&steps=200$"))
    expect(whole).to_have_attribute("target", "_blank")

    # The wheel is the page's until the frame was pressed into.
    canvas = frame.locator(".instrument canvas[data-painted]").first
    canvas.wait_for()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY > 0")
    assert "zoom" not in page.frames[1].url
    page.evaluate("scrollTo(0, 0)")
    frame.get_by_role("button", name="Zoom in").click()
    page.frames[1].wait_for_function("location.search.includes('zoom=')")
    before = page.frames[1].url
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.wheel(0, -100)
    page.frames[1].wait_for_function("before => location.href !== before", arg=before)
    page.keyboard.press("1")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("m")
    expect(frame.locator(".panel")).to_be_hidden()
    expect(frame.locator(".explorer")).to_have_attribute("data-scene", "plot")
    assert "embed=true" in page.frames[1].url

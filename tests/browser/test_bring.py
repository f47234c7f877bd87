"""On the page Train: images and checkpoints of one's own, as files and from the Hub; a run onto the Hub."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from aevb import checkpoints
from benchmarks.serving import Server
from tests.axe import barriers
from tests.hub_stand_in import ENVIRONMENT, TOKEN, serving
from tests.small_models import make
from tests.test_uploads import packed, pictures, zipped

OPEN = Callable[..., Page]


def open_box(page: Page) -> None:
    page.locator(".bring summary").click()
    expect(page.get_by_text("Drop a file here")).to_be_visible()


def says(page: Page, box: str, said: str) -> None:
    """Waits for a worker to have read what came, or for the Hub to have answered."""
    expect(page.locator(f"{box} .said")).to_have_text(re.compile(said), timeout=60_000)


def problem(page: Page, said: str) -> None:
    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible(timeout=60_000)


def give(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


def test_images_of_ones_own_are_trained_on_and_the_run_goes_to_the_hub_and_back(
    own_server: Callable[..., Server], open_page: OPEN, tmp_path: Path
) -> None:
    checkpoints.save(make("vae"), tmp_path / "small", {"curve": [], "data": "mine"})
    repository = {path.name: path.read_bytes() for path in (tmp_path / "small").iterdir()}
    with serving({"someone/small": repository}) as hub:
        environment = ENVIRONMENT | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home")}
        server = own_server(AEVB_RUNS=str(tmp_path / "runs"), **environment)
        try:
            page = open_page("train", on=server)
            visit(page, tmp_path)
        finally:
            left = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
        assert "someone/mine" in hub.private
        assert b"library_name: aevb" in hub.repositories["someone/mine"]["README.md"]
    # The token is nowhere: not on the server's disk, not in its log, not in the browser.
    assert len(left) > 5
    for path in (*left, server.log):
        assert TOKEN.encode() not in path.read_bytes(), path
    kept = page.evaluate("() => JSON.stringify([location.href, {...localStorage}, {...sessionStorage}])")
    assert TOKEN not in kept and TOKEN not in page.content()
    assert page.faults == []


def visit(page: Page, tmp_path: Path) -> None:
    # What is none is refused, and said.
    open_box(page)
    give(page, "none.zip", b"none")
    problem(page, "This is neither a zip of images, nor an .npz of arrays, nor a checkpoint's zip.")
    # A zip of images becomes data, sixteen of which are shown.
    give(page, "my shapes.zip", zipped(pictures(name="{kind}/{k}.png")))
    says(page, ".bring", "^200 images of 8 × 8 pixels, 3 classes: a, b, c.$")
    page.locator(".found canvas[data-painted]").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Data")).to_have_value(re.compile("^upload-"))
    page.get_by_role("spinbutton", name="Seed").fill("3")
    page.keyboard.press("Tab")
    page.reload()  # the link has them, and the browser remembers them
    page.get_by_label("Data").locator("option:checked", has_text="my shapes").wait_for(state="attached")
    page.get_by_role("button", name="Start").click()
    page.locator(".film[data-frame]").wait_for()
    expect(page.locator(".status")).to_contain_text(re.compile("Done|Stopped"), timeout=60_000)
    # The run is downloaded, published, and brought back.
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    downloading.value.save_as(tmp_path / "run.zip")
    publish(page)
    page.get_by_role("button", name="These settings again").click()
    open_box(page)
    give(page, "run.zip", (tmp_path / "run.zip").read_bytes())
    says(page, ".bring", "^run: a VAE of 8 × 8 pixels, ")
    # From the Hub, by a keyboard alone.
    named = page.get_by_label("Repository on the Hugging Face Hub")
    named.press_sequentially("someone/none")
    named.press("Enter")
    problem(page, "There is no repository someone/none on the Hugging Face Hub, or it is private.")
    named.fill("someone/small")
    named.press("Enter")
    says(page, ".bring", "^someone/small: a VAE of ")
    page.get_by_role("link", name="Explore it").click()
    page.wait_for_url(re.compile(r"/vae\?.*checkpoint=[0-9a-f]{16}"))


def publish(page: Page) -> None:
    page.locator(".publish summary").click()
    name = page.get_by_role("textbox", name="Repository")
    secret = page.get_by_label("Token that may write")
    expect(secret).to_have_attribute("type", "password")
    expect(secret).to_have_attribute("autocomplete", "off")
    name.press_sequentially("someone/mine")
    secret.fill("hf_wrong")
    secret.press("Enter")
    problem(page, "The Hugging Face Hub does not know this token")
    expect(secret).to_have_value("")
    secret.fill(TOKEN)
    page.get_by_role("button", name="Publish", exact=True).click()
    says(page, ".publish", "/someone/mine$")
    expect(page.locator(".publish .said a")).to_have_attribute("href", re.compile("/someone/mine$"))
    expect(secret).to_have_value("")
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 720, "dark"), (390, 844, "light")])
def test_the_box_is_in_view_and_takes_what_is_dropped(
    open_page: OPEN, width: int, height: int, scheme: str
) -> None:
    page = open_page("train", data="digits", width=width, height=height, color_scheme=scheme)
    page.locator(".start:enabled").wait_for()
    images = np.random.default_rng(0).integers(0, 256, (220, 8, 8), dtype=np.uint8)
    drop(
        page, {"images.npz": packed(x=images)}, {"another.npz": b"none"}
    )  # which comes while the first is read
    problem(page, "One at a time: that was not taken.")
    says(page, ".bring", "^220 images of 8 × 8 pixels, no labels.$")
    drop(page, {"several": b"", "more": b""})
    problem(page, "One file at a time: several images go into a zip.")
    box = page.locator(".bring .box").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= height
    assert barriers(page) == []
    assert page.faults == []


def drop(page: Page, *drops: dict[str, bytes]) -> None:
    """Drops files on the form, of which nothing is open, one drop right after the other."""
    page.locator(".form").evaluate(
        """(form, drops) => {
            for (const files of drops) {
                const dataTransfer = new DataTransfer();
                for (const [name, bytes] of Object.entries(files)) {
                    dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
                }
                for (const kind of ["dragover", "drop"]) {
                    const settings = { dataTransfer, bubbles: true, cancelable: true };
                    form.dispatchEvent(new DragEvent(kind, settings));
                }
            }
        }""",
        [{name: list(content) for name, content in files.items()} for files in drops],
    )

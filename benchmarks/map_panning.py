"""Frames that the map of the test set drops in a drag, while the app runs on http://localhost:8501.

Another address may be given as an argument. The same drag beside the map shows what the machine itself drops.
"""

import shutil
import sys
import time
from itertools import pairwise

from playwright.sync_api import Page, sync_playwright

SECONDS = 3
HERTZ = 60

WATCH = """() => {
    window.frames_ = []
    const tick = now => { window.frames_.push(now); window.ticking_ = requestAnimationFrame(tick) }
    window.ticking_ = requestAnimationFrame(tick)
}"""


def dropped(page: Page, x: float, y: float) -> float:
    """The share of frames that a drag for `SECONDS`, a move every frame, does not get to show."""
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(WATCH)
    steps = SECONDS * HERTZ
    start = time.monotonic()
    for step in range(steps):
        page.mouse.move(x + step % 60, y + step % 40)
        time.sleep(max(0, start + step / HERTZ - time.monotonic()))
    times = page.evaluate("() => { cancelAnimationFrame(window.ticking_); return window.frames_ }")
    page.mouse.up()
    missed = sum(round((b - a) * HERTZ / 1000) - 1 for a, b in pairwise(times))
    return missed / (missed + len(times))


address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    for ratio in (1, 2):
        page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=ratio)
        page.goto(f"{address}/vae?digit=1")
        plane = page.locator(".st-key-points .plane[aria-label]")
        plane.wait_for(timeout=120_000)
        plane.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(5_000)
        box = plane.bounding_box()
        assert box is not None
        idle = dropped(page, 20, 700)
        panning = dropped(page, box["x"] + 100, box["y"] + 100)
        print(
            f"device pixel ratio {ratio}: {panning:.1%} of frames dropped while panning, {idle:.1%} elsewhere"
        )
        page.close()

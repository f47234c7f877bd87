"""Records the README's animation: `python docs/recording.py`, while the app runs on http://localhost:8501.

A drag over the VAE's latent plane, then a style turned under all ten labels of the conditional VAE.
Another address may be given as an argument.
"""

import math
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

WIDTH, HEIGHT = 1000, 560
STEPS = 40  # frames of each drag
PAUSE = 60  # milliseconds between two frames of the animation
address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"


def drag(browser: Browser, path: str, selector: str, across: float, up: float) -> list[Image.Image]:
    """Frames of a pointer that swings about the middle of an element, once around."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(f"{address}/{path}")
    page.locator(".latent .notice").wait_for(state="hidden", timeout=120_000)
    page.wait_for_timeout(4_000)
    page.locator(".latent").evaluate("element => element.scrollIntoView()")
    element = page.locator(selector).first
    box = element.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    frames = []
    for step in range(STEPS):
        angle = 2 * math.pi * step / STEPS
        page.mouse.move(
            x + across * box["width"] * math.sin(angle), y + up * box["height"] * (1 - math.cos(angle)) / 2
        )
        page.wait_for_timeout(50)
        frames.append(Image.open(BytesIO(page.screenshot())).convert("RGB"))
    page.mouse.up()
    page.close()
    return frames


with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    pictures = drag(chromium, "vae?digit=3", ".latent .pad", 0.35, -0.4)
    pictures += drag(chromium, "cvae?digit=7", ".latent .slider input", 0.4, 0)
    chromium.close()
target = Path(__file__).with_name("drag.webp")
pictures[0].save(target, save_all=True, append_images=pictures[1:], duration=PAUSE, loop=0, quality=70)
print(f"{target}: {len(pictures)} frames, {target.stat().st_size / 1e6:.1f} MB")

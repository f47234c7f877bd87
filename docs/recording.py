"""Records the README's animation: `python docs/recording.py`, while the app runs on http://localhost:8501.

A drag over a plane of the VAE's latent space, then over one of styles, under all ten labels of the
conditional VAE.
Another address may be given as an argument.
"""

import math
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Browser, sync_playwright

WIDTH = 900  # of the animation
STEPS = 40  # frames of each drag
PAUSE = 60  # milliseconds between two frames of the animation
address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"


def drag(browser: Browser, path: str) -> list[Image.Image]:
    """Frames of the scene while a pointer goes once around its plane."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{address}/{path}")
    page.locator(".explorer[data-shown=plane] canvas[data-painted]").first.wait_for()
    page.wait_for_timeout(4_000)  # all thumbnails are there
    plane, shown = page.locator(".plane .pad canvas").bounding_box(), page.locator(".scene").bounding_box()
    assert plane is not None and shown is not None
    x, y = plane["x"] + plane["width"] / 2, plane["y"] + plane["height"] / 2
    radius, frames = 0.38 * plane["width"], []
    page.mouse.move(x, y + radius)
    page.mouse.down()
    for step in range(STEPS):
        angle = 2 * math.pi * step / STEPS
        page.mouse.move(x + radius * math.sin(angle), y + radius * math.cos(angle))
        page.wait_for_timeout(50)
        picture = Image.open(BytesIO(page.screenshot(clip=shown))).convert("RGB")  # type: ignore[arg-type]
        frames.append(picture.resize((WIDTH, round(WIDTH * picture.height / picture.width))))
    page.mouse.up()
    page.close()
    return frames


with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    pictures = drag(chromium, "vae?scene=plane&digit=3") + drag(chromium, "cvae?scene=plane&digit=7")
    chromium.close()
height = max(picture.height for picture in pictures)
pictures = [ImageOps.pad(picture, (WIDTH, height), color="white", centering=(0, 0)) for picture in pictures]
target = Path(__file__).with_name("drag.webp")
pictures[0].save(target, save_all=True, append_images=pictures[1:], duration=PAUSE, loop=0, quality=70)
print(f"{target}: {len(pictures)} frames, {target.stat().st_size / 1e6:.1f} MB")

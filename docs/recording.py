"""Records the README's animations: `python docs/recording.py`, while the app runs on http://localhost:8501.

drag.webp: a drag over a plane of the VAE's latent space, then over one of styles, under all ten labels
of the conditional VAE. learning.webp: a VAE that learns on the page Train, from its settings to the film of
what it has drawn; waiting is cut short.
Names of those to be recorded may be given as arguments (drag, learning), and another address.
"""

import math
import shutil
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright

WIDTH = 900  # of the animations
STEPS = 40  # frames of each drag
DRAG_PAUSE = 60  # milliseconds between two frames of the animation
LEARNING = "train?hidden_dims=200&steps=2000"
FASTER = 1.2  # from one frame to the next: most of it is learnt early
FILM_FRAMES = 22
LEARNING_PAUSE = 110


def shown(page: Page) -> Image.Image:
    """The scene as it is now."""
    clip = page.locator(".scene").bounding_box()
    picture = Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]
    return picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS)


def drag(browser: Browser, url: str) -> list[Image.Image]:
    """Frames of the scene while a pointer goes once around its plane."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(url)
    page.locator(".explorer[data-shown=plane] canvas[data-painted]").first.wait_for()
    page.wait_for_timeout(4_000)  # all thumbnails are there
    plane = page.locator(".plane .pad canvas").bounding_box()
    assert plane is not None
    x, y = plane["x"] + plane["width"] / 2, plane["y"] + plane["height"] / 2
    radius, frames = 0.38 * plane["width"], []
    page.mouse.move(x, y + radius)
    page.mouse.down()
    for step in range(STEPS):
        angle = 2 * math.pi * step / STEPS
        page.mouse.move(x + radius * math.sin(angle), y + radius * math.cos(angle))
        page.wait_for_timeout(50)
        frames.append(shown(page))
    page.mouse.up()
    page.close()
    return frames


def learning(browser: Browser, url: str) -> list[Image.Image]:
    """Frames of a VAE that learns: its settings, its curves and pictures as they move, and its film."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(url)
    page.locator(".plan[data-painted]").wait_for()
    page.locator(".said", has_text="About").wait_for()
    frames = [shown(page)] * 12
    page.get_by_role("button", name="Start").click()
    page.locator(".film[data-frame]").wait_for()
    step, last = 1, 0
    while step != last:
        frames.append(shown(page))
        step, last = goes_beyond(page, FASTER * step)
    page.locator("[data-status=done]").wait_for(timeout=600_000)
    page.locator(".film:not(.stale)").wait_for()
    frames += [shown(page)] * 12
    film = page.get_by_role("slider", name="film")
    newest = int(film.get_attribute("max") or 0)
    for number in range(FILM_FRAMES + 1):
        film.fill(str(round(newest * (number / FILM_FRAMES) ** 1.5)))
        page.locator(f".film[data-frame='{film.input_value()}']:not(.stale)").wait_for()
        frames.append(shown(page))
    page.close()
    return [*frames, *[frames[-1]] * 10]


def goes_beyond(page: Page, least: float) -> tuple[int, int]:
    """Waits until a later step is shown, or the last, and says which, and how many there are."""
    found = page.wait_for_function(
        """([element, least]) => {
            const [step, all] = element.textContent.match(/[\\d,]+/g).map((part) => +part.replace(/,/g, ""));
            return step > least || step === all ? [step, all] : false;
        }""",
        arg=[page.locator(".when b").element_handle(), least],
        timeout=600_000,
    )
    step, last = found.json_value()
    return step, last


def write(name: str, pictures: Sequence[Image.Image], pause: int) -> None:
    """Writes an animation beside this file."""
    height = max(picture.height for picture in pictures)
    padded = [ImageOps.pad(picture, (WIDTH, height), color="white", centering=(0, 0)) for picture in pictures]
    target = Path(__file__).with_name(f"{name}.webp")
    padded[0].save(target, save_all=True, append_images=padded[1:], duration=pause, loop=0, quality=70)
    print(f"{target}: {len(padded)} frames, {target.stat().st_size / 1e6:.1f} MB")


def main(*asked: str) -> None:
    address = next((one for one in asked if "//" in one), "http://localhost:8501").rstrip("/")
    names = [one for one in asked if "//" not in one] or ["drag", "learning"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        if "drag" in names:
            around = [
                drag(chromium, f"{address}/{path}")
                for path in ("vae?scene=plane&digit=3", "cvae?scene=plane&digit=7")
            ]
            write("drag", [*around[0], *around[1]], DRAG_PAUSE)
        if "learning" in names:
            write("learning", learning(chromium, f"{address}/{LEARNING}"), LEARNING_PAUSE)
        chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

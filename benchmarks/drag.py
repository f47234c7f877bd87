"""A 3-second drag over each kind of live component in headless Chromium, as a visitor would make it.

    python -m benchmarks.drag

A real mouse moves, about once in one or two frames. Measured: frames that the page dropped, the time from
a move of the pointer to the frame that shows it, and what was sent to the server before the button was
released. The same drag over a heading, where nothing is live, shows what the machine itself takes.
"""

import math
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

SECONDS = 3.0
FRAME = 1000 / 60

WATCH = """() => {
    const seen = (globalThis.seen = { frames: [], latencies: [] });
    const frame = (now) => { seen.frames.push(now); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    // A message that is posted while a frame is made arrives when it has been handed over.
    const { port1, port2 } = new MessageChannel();
    const waiting = [];
    port1.onmessage = () => seen.latencies.push(...waiting.splice(0).map((time) => performance.now() - time));
    addEventListener("pointermove", (event) => {
        waiting.push(event.timeStamp);
        requestAnimationFrame(() => port2.postMessage(0));
    }, { capture: true });
}"""


@dataclass(frozen=True)
class Drag:
    """What is dragged: an element of the scene that a link names, and how far the pointer swings, as shares
    of its size."""

    name: str
    link: str
    selector: str
    across: float
    up: float


KNOB = ".knob input"
PAD = ".pad canvas"

DRAGS = (
    Drag("a heading", "vae?scene=knobs", "h2", 0.45, 0.4),
    Drag("VAE, a knob", "vae?scene=knobs", KNOB, 0.45, 0),
    Drag("VAE, the plane", "vae?scene=plane", PAD, 0.4, 0.4),
    Drag("VAE, the map", "vae?scene=map", ".map canvas", 0.3, 0.3),
    Drag("VAE, points of a curve", "vae?scene=curve&curve=B200", ".ascent [role=slider]", 0.35, 0.35),
    Drag("CVAE, a knob: 11 images", "cvae?scene=knobs", KNOB, 0.45, 0),
    Drag("CVAE, the dial", "cvae?scene=knobs", ".decoded input", 0.45, 0),
    Drag("CVAE, the plane: 11 images", "cvae?scene=plane", PAD, 0.4, 0.4),
    Drag("GMVAE, a knob: 11 images", "gmvae?scene=knobs", KNOB, 0.45, 0),
    Drag("GMVAE, the plane: 11 images", "gmvae?scene=plane", PAD, 0.4, 0.4),
    Drag("VAE, a walk", "vae?scene=walk&ask=false", ".walk .slider input", 0.45, 0),
    Drag("FA, the learning rate", "factor-analysis", ".factor_analysis input[type=range]", 0.45, 0),
    Drag("FA, the curves", "factor-analysis", ".factor_analysis .chart", 0.3, 0),
    Drag("FA, q of a sampled KL", "factor-analysis?scene=sampled", ".sampled .field", 0.2, 0.2),
    Drag("GMVAE, the temperature", "gmvae?scene=gumbel&ask=false", ".gumbel input[type=range]", 0.45, 0),
    Drag("VRNN, the rows", "vrnn?scene=rows&ask=false", ".rows input[type=range]", 0.45, 0),
    Drag("VRNN, a row's z", "vrnn?scene=moved", ".moved [role=slider]", 0.25, 0.25),
    Drag("Overview, the idea", "?scene=idea", ".idea .field", 0.3, 0.3),
    Drag("Draw", "draw?digit=1&ask=false", ".draw canvas", 0.3, 0.3),
)
RATIOS = (1, 2)  # device pixels to a CSS pixel


def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    server = subprocess.Popen(
        [*command, "--server.address=127.0.0.1"], stdout=subprocess.DEVNULL, env=os.environ | {"BROWSER": ""}
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            print(f"{'':28}{'ratio':>7}{'dropped':>10}{'pointer to paint':>19}{'sent before release':>22}")
            for drag in DRAGS:
                for ratio in RATIOS:
                    felt = measure(browser, f"http://127.0.0.1:{port}", drag, ratio)
                    told = f"{felt.dropped:>9.1%}{felt.latency:>16.1f} ms{felt.sent:>22}"
                    print(f"{drag.name:28}{ratio:>7}{told}", flush=True)
            browser.close()
    finally:
        server.terminate()
        server.wait(10)


def wait_for(address: str) -> None:
    for _ in range(600):
        with suppress(OSError):
            urllib.request.urlopen(address, timeout=2)
            return
        time.sleep(0.1)
    raise TimeoutError(f"{address} does not answer.")


@dataclass(frozen=True)
class Felt:
    """How a drag went: the share of frames that were dropped, milliseconds from the pointer to the frame that
    shows it (median), and what was sent to the server before the button was released."""

    dropped: float
    latency: float
    sent: int


def measure(browser: Browser, address: str, drag: Drag, ratio: int = 1) -> Felt:
    """Drags on a new visitor's page."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, device_scale_factor=ratio)
    sent: list[float] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(time.perf_counter())))
    page.goto(f"{address}/{drag.link}")
    page.locator(".explorer[data-shown]").wait_for(timeout=120_000)
    return feel(page, drag, sent)


def feel(page: Page, drag: Drag, sent: Sequence[float] = ()) -> Felt:
    """Drags on a page that is shown, and closes it; `sent` grows by the moment of whatever is sent."""
    element = page.locator(drag.selector).first
    element.scroll_into_view_if_needed(timeout=120_000)
    page.wait_for_timeout(4000)  # everything is loaded, and nothing is under way
    page.evaluate(WATCH)
    begun = swing(page, element.bounding_box() or {}, drag)
    early = sum(begun <= moment for moment in sent)
    seen = page.evaluate("seen")
    page.mouse.up()
    page.close()
    gaps = [after - before for before, after in zip(seen["frames"], seen["frames"][1:], strict=False)]
    dropped = sum(max(0, round(gap / FRAME) - 1) for gap in gaps)
    return Felt(dropped / (dropped + len(gaps)), statistics.median(seen["latencies"]), early)


def swing(page: Page, box: dict, drag: Drag) -> float:
    """Presses the button in the middle and swings about it; returns when that began."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    begun = time.perf_counter()
    while (passed := time.perf_counter() - begun) < SECONDS:
        across = drag.across * box["width"] * math.sin(2 * math.pi * passed)
        page.mouse.move(x + across, y + drag.up * box["height"] * math.sin(3 * math.pi * passed))
        # Out of step with the frames, as a hand is: the browser answers at a frame, and the next move would
        # else always come just after one and wait the longest.
        time.sleep(random.uniform(0, FRAME / 1000))
    return begun


if __name__ == "__main__":
    main()

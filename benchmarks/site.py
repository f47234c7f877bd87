"""The static edition: its sizes, its first live pictures on a server of files, and a 3-second drag.

    python -m benchmarks.site [FOLDER]

Each first picture is a new visitor's. Nothing is compressed on the way, and nothing has been kept. In FOLDER
may be vae-explainer, built from its public source by its own `vite build --base ./`: it is then measured from
the same server in the same run.
"""

import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from aevb import site
from aevb.ui.frame import catalogue
from benchmarks.drag import DRAGS, Drag, Felt, feel, measure
from benchmarks.serving import ARGUMENTS, CHROMIUM, WINDOW

RUNS = 5
LIVE = ".instrument :is(.live[data-painted], [data-ready])"

# Of vae-explainer: the digit, the latent points and what is decoded, its pictures, are not of one colour.
OTHERS_LIVE = """() => {
    const canvases = [...document.querySelectorAll("canvas")];
    const drawn = ({ width, height }, context) =>
        new Set(new Uint32Array(context.getImageData(0, 0, width, height).data.buffer)).size > 1;
    return canvases.length >= 3 && canvases.every((canvas) => drawn(canvas, canvas.getContext("2d")));
}"""
OTHERS_DRAG = Drag("vae-explainer, its plane", "", "svg[style*='cursor: none']", 0.4, 0.4)


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """A server of these files, without a slash at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def sizes(folder: Path) -> None:
    found: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file():
            found[path.name.partition("-")[0] if path.parent != folder else "the rest"] += path.stat().st_size
    for kind, size in found.most_common():
        print(f"{kind.partition('.')[0]:28}{size / 1e6:>9.3f} MB")
    print(f"{'in all':28}{found.total() / 1e6:>9.3f} MB")


def first(browser: Browser, url: str, live: Callable[[Page], object]) -> tuple[float, float]:
    """Seconds, and megabytes, until a new visitor sees a page's first live picture; `live` waits for it."""
    context = browser.new_context(viewport=WINDOW, service_workers="block")
    page = context.new_page()
    wire, received = context.new_cdp_session(page), [0]
    wire.send("Network.enable")
    wire.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    live(page)
    seconds = time.perf_counter() - begun
    context.close()
    return seconds, sum(received) / 1e6


def tell(drag: Drag, felt: Felt) -> None:
    print(f"{drag.name:28}{felt.dropped:>9.1%} dropped{felt.latency:>9.1f} ms", flush=True)


def ours(page: Page) -> None:
    page.locator(LIVE).first.wait_for()


def others(page: Page) -> None:
    page.wait_for_function(OTHERS_LIVE, polling="raf")


def visits(browser: Browser, title: str, url: str, live: Callable[[Page], object]) -> None:
    found = [first(browser, url, live) for _ in range(RUNS)]
    seconds, megabytes = (statistics.median(values) for values in zip(*found, strict=True))
    print(f"{title:28}{seconds:>9.2f} s{megabytes:>9.2f} MB", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary) / "site"
        site.write(folder)
        sizes(folder)
        other = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        if other:
            print("\nvae-explainer")
            shutil.copytree(other, Path(temporary) / "other")
            sizes(other)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with files(Path(temporary)) as address:
            print(f"\nfirst live picture, median of {RUNS}")
            for page in catalogue.MENU:
                if not page.served:
                    visits(browser, page.title, f"{address}/site/?page={page.name}", ours)
            if other:
                visits(browser, "vae-explainer", f"{address}/other/", others)
            print()
            for drag in DRAGS:
                name, _, search = drag.link.partition("?")
                felt = measure(browser, f"{address}/site", replace(drag, link=f"?page={name}&{search}"))
                tell(drag, felt)
            if other:
                page = browser.new_page(viewport=WINDOW)
                page.goto(f"{address}/other/")
                others(page)
                tell(OTHERS_DRAG, feel(page, OTHERS_DRAG))
        browser.close()


if __name__ == "__main__":
    main()

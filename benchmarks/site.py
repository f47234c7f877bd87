"""The static edition: its sizes, its first live pictures on a server of files, and a 3-second drag.

    python -m benchmarks.site

Each first picture is a new visitor's. Nothing is compressed on the way, and nothing has been kept.
"""

import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from aevb import site
from aevb.ui.frame import catalogue
from benchmarks.drag import DRAGS, measure
from benchmarks.serving import ARGUMENTS, CHROMIUM, WINDOW

RUNS = 5
LIVE = ".instrument :is(.live[data-painted], [data-ready])"


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """A server of these files, without a slash at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
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


def first(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds until a new visitor sees a page's first live picture, and megabytes until then."""
    context = browser.new_context(viewport=WINDOW, service_workers="block")
    page = context.new_page()
    wire, received = context.new_cdp_session(page), [0]
    wire.send("Network.enable")
    wire.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(LIVE).first.wait_for()
    seconds = time.perf_counter() - begun
    context.close()
    return seconds, sum(received) / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary) / "site"
        site.write(folder)
        sizes(folder)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with files(Path(temporary)) as address:
            print(f"\nfirst live picture, median of {RUNS}")
            for page in catalogue.MENU:
                if not page.served:
                    visits = [first(browser, f"{address}/site/?page={page.name}") for _ in range(RUNS)]
                    seconds, megabytes = (statistics.median(values) for values in zip(*visits, strict=True))
                    print(f"{page.title:28}{seconds:>9.2f} s{megabytes:>9.2f} MB")
            print()
            for drag in DRAGS:
                name, _, search = drag.link.partition("?")
                felt = measure(browser, f"{address}/site", replace(drag, link=f"?page={name}&{search}"))
                print(f"{drag.name:28}{felt.dropped:>9.1%} dropped{felt.latency:>9.1f} ms", flush=True)
        browser.close()


if __name__ == "__main__":
    main()

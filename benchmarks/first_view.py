"""What a page costs: in a fresh browser, by the menu in one that has seen it, and when opened there again.

    python -m benchmarks.first_view [TREE] [--delay MILLISECONDS]

TREE is another checkout, to compare with. With a delay each answer but the websocket's comes so much later,
and all travel at 10 Mbit/s, as to somebody far away. Measured is the
time to the first live picture, be it a recorded one, and the bytes on the wire until then. Requests and bytes
in all are of what the page fetches until it is quiet; what the websocket brings is counted
apart. Nothing may be asked of another host.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from benchmarks.serving import ARGUMENTS, CHROMIUM, IDLE, LIVE, ROOT, WINDOW, serving

RUNS = 3
FAR = 10e6 / 8  # bytes a second of a line that delays
WAYS = ("a fresh browser", "by the menu", "opened again")
QUIET = 1.5  # seconds without a message, after which a page is taken to be complete
EMPTY = 10.0  # seconds without a message, after which a page is taken to have no live picture
LIMIT = 90.0  # seconds
MENU = "[data-testid=stSidebarNavLink]"
UNSEEN = f":is({LIVE}):not([data-seen])"


@dataclass(frozen=True)
class View:
    """What one view took: seconds to its first live picture (None: it has none), and what travelled, until
    then and in all.
    """

    seconds: float | None
    first_megabytes: float
    requests: int
    megabytes: float
    socket_megabytes: float


class Wire:
    """What travels to and from a page, from now on."""

    def __init__(self, page: Page, delay: float) -> None:
        self.page = page
        self.hosts: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        if delay:
            line = {"offline": False, "latency": delay, "downloadThroughput": FAR, "uploadThroughput": FAR}
            session.send("Network.emulateNetworkConditions", line)
        self._listen(session)
        self.begin()

    def begin(self) -> None:
        """Counts from zero."""
        self.open: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.partial: dict[str, int] = {}
        self.kept: set[str] = set()
        self.pushed = 0
        self.last = time.perf_counter()

    def _listen(self, session: CDPSession) -> None:
        def sent(event: dict) -> None:
            address = urlsplit(event["request"]["url"])
            if address.scheme in ("http", "https"):
                self.hosts.add(address.netloc)
                self.open.add(event["requestId"])
                self._stir()

        def answered(event: dict) -> None:
            if event["response"].get("fromDiskCache"):
                self.kept.add(event["requestId"])

        def received(event: dict) -> None:
            request = event["requestId"]
            self.partial[request] = self.partial.get(request, 0) + int(event["encodedDataLength"])

        def ended(event: dict) -> None:
            if event["requestId"] in self.open:
                self.open.remove(event["requestId"])
                self.sizes[event["requestId"]] = int(event.get("encodedDataLength", 0))
                self._stir()

        def pushed(event: dict) -> None:
            frame = event["response"]
            text = frame["payloadData"]
            self.pushed += len(text) if frame["opcode"] == 1 else len(text) * 3 // 4  # bytes come as base64
            self._stir()

        session.on("Network.requestWillBeSent", sent)
        session.on("Network.requestServedFromCache", lambda event: self.kept.add(event["requestId"]))
        session.on("Network.responseReceived", answered)
        session.on("Network.dataReceived", received)
        session.on("Network.loadingFinished", ended)
        session.on("Network.loadingFailed", ended)
        session.on("Network.webSocketFrameReceived", pushed)

    def _stir(self) -> None:
        self.last = time.perf_counter()

    def quiet(self, seconds: float = QUIET) -> bool:
        """Whether so long nothing travelled and no script runs."""
        silent = not self.open and time.perf_counter() - self.last > seconds
        return silent and self.page.locator(IDLE).count() > 0

    def megabytes(self) -> float:
        """What has come by now, of requests that have yet to end too; not what the browser had kept."""
        arrived = self.partial | self.sizes
        return sum(size for request, size in arrived.items() if request not in self.kept) / 1e6

    def view(self, begun: float, picture: str) -> View:
        """Waits for the first picture and until the page is complete."""
        seconds, first = None, 0.0
        while time.perf_counter() - begun < LIMIT:
            try:
                self.page.locator(picture).first.wait_for(timeout=250)
            except NotInTime:
                if self.quiet(EMPTY):
                    break
            else:
                seconds, first = time.perf_counter() - begun, self.megabytes()
                break
        while time.perf_counter() - begun < LIMIT and not self.quiet():
            self.page.wait_for_timeout(100)
        requests = len(self.sizes.keys() - self.kept)
        return View(seconds, first, requests, self.megabytes(), self.pushed / 1e6)


def visit(browser: Browser, url: str, page_url: str, delay: float) -> tuple[list[View], set[str]]:
    """The three views of a page, and the hosts that were asked. Between the first two is another page."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    wire = Wire(page, delay)
    begun = time.perf_counter()
    page.goto(page_url, wait_until="commit")
    views = [wire.view(begun, LIVE)]
    follow(page, url if page_url.rstrip("/") != url else menu(page)[1])
    wire.begin()
    wire.view(time.perf_counter(), UNSEEN)
    wire.begin()
    begun = time.perf_counter()
    follow(page, page_url)
    views.append(wire.view(begun, UNSEEN))
    wire.begin()
    begun = time.perf_counter()
    page.goto(page_url, wait_until="commit")
    views.append(wire.view(begun, LIVE))
    context.close()
    return views, wire.hosts


def menu(page: Page) -> list[str]:
    """The pages' addresses, in the menu's order."""
    page.locator(MENU).first.wait_for()
    return page.locator(MENU).evaluate_all("links => links.map((link) => link.href)")


def follow(page: Page, page_url: str) -> None:
    """Goes to a page by the menu. What was painted before does not count as its pictures."""
    page.locator(LIVE).evaluate_all("seen => seen.forEach((element) => (element.dataset.seen = ''))")
    place = [link.rstrip("/") for link in menu(page)].index(page_url.rstrip("/"))
    page.locator(MENU).nth(place).click()


def line(name: str, views: Sequence[View]) -> str:
    times = [view.seconds for view in views if view.seconds is not None]
    shown = f"{statistics.median(times):.2f} s" if times else "none"
    first, requests, fetched, pushed = (
        statistics.median(getattr(view, kind) for view in views)
        for kind in ("first_megabytes", "requests", "megabytes", "socket_megabytes")
    )
    return f"{name:36}{shown:>10}{first:>9.2f} MB{requests:>10.0f}{fetched:>9.2f} MB{pushed:>9.2f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", nargs="?", type=Path, default=ROOT)
    parser.add_argument("--delay", type=float, default=0.0, metavar="MILLISECONDS")
    given = parser.parse_args()
    with serving(given.tree) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport=WINDOW)
        page.goto(server.url)
        pages = menu(page)
        page.close()
        hosts: set[str] = set()
        titles = f"{'picture':>10}{'until then':>12}{'requests':>10}{'in all':>12}{'websocket':>12}"
        print(f"{f'median of {RUNS}':36}{titles}")
        for page_url in pages:
            visits = [visit(browser, server.url, page_url, given.delay) for _ in range(RUNS)]
            for how, views in zip(WAYS, zip(*(views for views, _ in visits), strict=True), strict=True):
                print(line(f"{urlsplit(page_url).path}, {how}", views), flush=True)
            hosts.update(*(asked for _, asked in visits))
        browser.close()
    others = hosts - {urlsplit(server.url).netloc}
    print("Other hosts that were asked:", ", ".join(sorted(others)) or "none")


if __name__ == "__main__":
    main()

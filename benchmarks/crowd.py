"""A class before one server: many visitors, each of whom chooses another digit every two seconds.

    python -m benchmarks.crowd [LINK [TREE]]

LINK is "vae?scene=flow&ask=false" unless told; TREE is another checkout, to compare with. First it is
recorded what a real browser asks of the server when "Any digit" is pressed: requests, and messages over the
websocket. The crowd is scripted: each visitor holds a websocket open, asks the same, and keeps what a
browser keeps; who has no answer yet waits for it. Among them the real browser goes on pressing the button:
from the press to the changed picture, by its own clock. Crowd and browser run beside the server, which on
two cores has what they leave it.
"""

import asyncio
import math
import random
import statistics
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Request, WebSocket, async_playwright
from playwright.async_api import TimeoutError as NotInTime
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.serving import ARGUMENTS, CHROMIUM, IDLE, LIVE, ROOT, WINDOW, Server, serving

VISITORS = (30, 100)
SECONDS = 40.0  # that a crowd stays
EVERY = 2.0  # seconds from one choice of a visitor to the next
PRESSES = 20  # that are recorded
QUIET = 1.5  # seconds without a message, after which a press is taken to be answered
LIMIT = 60.0  # seconds, after which a missing answer is an error
BUTTON = "Any digit"
COMPLETE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)

PICTURES = "(pictures) => pictures.map((picture) => picture.toDataURL())"
# Milliseconds from the press to the frame in which the picture is another one. Its element may be replaced.
CHANGE = """(picture) => {
    const root = picture.getRootNode(), like = picture.localName;
    const place = [...root.querySelectorAll(like)].indexOf(picture);
    const look = () => {
        const now = root.querySelectorAll(like)[place];
        return now?.toDataURL();
    };
    const before = look();
    let pressed = Infinity;
    addEventListener("click", (event) => (pressed = event.timeStamp), { capture: true, once: true });
    globalThis.changed = new Promise((resolve) => {
        const frame = () => {
            const now = performance.now() > pressed && look();
            if (now && now !== before) resolve(performance.now() - pressed);
            else requestAnimationFrame(frame);
        };
        frame();
    });
}"""


@dataclass
class Press:
    """What one press of the button asks of the server."""

    paths: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)


@dataclass
class Recording:
    """What a browser sends: the message that loads the page, and what follows from each press. And which of
    the page's live pictures is the first that a press changes."""

    hello: bytes
    presses: list[Press]
    picture: int

    def varied(self, path: str) -> str:
        """The path of a numbered file with another number, of those up to the highest that was seen."""
        stem, _, number = path.rpartition("/")
        if not number.isdecimal():
            return path
        seen = [other.rpartition("/") for press in self.presses for other in press.paths]
        return f"{stem}/{random.randint(0, max(int(last) for first, _, last in seen if first == stem))}"


class Recorder:
    """Listens to what a page sends."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard = Press()
        self.last = time.perf_counter()
        page.on("request", self._request)
        page.on("requestfinished", self._stir)
        page.on("websocket", self._socket)

    def _stir(self, _: object) -> None:
        self.last = time.perf_counter()

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https"):
            self.heard.paths.append(address._replace(scheme="", netloc="").geturl())
            self._stir(request)

    def _socket(self, socket: WebSocket) -> None:
        def sent(message: str | bytes) -> None:
            self.heard.messages.append(message if isinstance(message, bytes) else message.encode())
            self._stir(message)

        socket.on("framesent", sent)
        socket.on("framereceived", self._stir)

    async def until_quiet(self) -> Press:
        """What was sent since the last time, once nothing is under way."""
        while time.perf_counter() - self.last < QUIET or not await self.page.locator(IDLE).count():
            await asyncio.sleep(0.1)
        heard, self.heard = self.heard, Press()
        return heard


async def record(browser: Browser, address: str) -> Recording:
    """Opens the page in a real browser and presses the button some times."""
    page = await browser.new_page(viewport=WINDOW)
    recorder = Recorder(page)
    await page.goto(address)
    await page.locator(LIVE).first.wait_for(timeout=1000 * LIMIT)
    hello = (await recorder.until_quiet()).messages[0]
    before = await page.locator(LIVE).evaluate_all(PICTURES)
    presses = []
    for _ in range(PRESSES):
        await page.get_by_role("button", name=BUTTON).first.click()
        recorder.last = time.perf_counter()
        presses.append(await recorder.until_quiet())
    after = await page.locator(LIVE).evaluate_all(PICTURES)
    await page.close()
    changed = [old != new for old, new in zip(before, after, strict=False)]
    return Recording(hello, presses, changed.index(True))


@dataclass
class Tally:
    """Seconds that answers took, presses that asked nothing any more, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    unasked: int = 0
    errors: list[str] = field(default_factory=list)


class Visitor:
    """One of the crowd: what a browser does, by protocol."""

    def __init__(self, server: Server, recording: Recording, tally: Tally) -> None:
        self.address = urlsplit(server.url)
        self.recording = recording
        self.tally = tally
        self.kept: set[str] = set()
        self.finished = asyncio.Event()

    async def join(self, stack: AsyncExitStack) -> None:
        """Loads the page; the connection closes with the stack."""
        stream = f"ws://{self.address.netloc}/_stcore/stream"
        self.socket = await stack.enter_async_context(connect(stream, max_size=None, open_timeout=LIMIT))
        self.listening = asyncio.create_task(self._listen())
        async with asyncio.timeout(LIMIT):
            await self._run(self.recording.hello)

    async def stay(self, until: float) -> None:
        """Presses the button every two seconds."""
        await asyncio.sleep(random.uniform(0, EVERY))
        while (begun := time.perf_counter()) < until:
            try:
                async with asyncio.timeout(LIMIT):
                    asked = await self._press(random.choice(self.recording.presses))
            except (OSError, TimeoutError, WebSocketException) as error:
                self.tally.errors.append(repr(error))
            else:
                if asked:
                    self.tally.seconds.append(time.perf_counter() - begun)
                else:
                    self.tally.unasked += 1
            await asyncio.sleep(max(0, begun + EVERY - time.perf_counter()))

    async def _press(self, press: Press) -> bool:
        """Asks what that press asked, all at once as a browser would; returns whether it asked anything."""
        paths = {self.recording.varied(path) for path in press.paths} - self.kept
        await asyncio.gather(*(self._get(path) for path in paths))
        for message in press.messages:
            await self._run(message)
        return bool(paths or press.messages)

    async def _get(self, path: str) -> None:
        reader, writer = await asyncio.open_connection(self.address.hostname, self.address.port)
        lines = f"GET {path} HTTP/1.1", f"Host: {self.address.netloc}", "Accept-Encoding: gzip"
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise ConnectionError(head.partition(b"\r\n")[0].decode() or "no answer")
        if b"max-age" in head.lower():
            self.kept.add(path)

    async def _run(self, message: bytes) -> None:
        """Has the server run the page's script, or a part of it."""
        self.finished.clear()
        await self.socket.send(message)
        await self.finished.wait()
        if self.socket.close_code is not None:
            raise ConnectionError(f"The server closed the websocket: {self.socket.close_code}.")

    async def _listen(self) -> None:
        with suppress(WebSocketException):
            async for data in self.socket:
                message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
                if message.WhichOneof("type") == "script_finished" and message.script_finished in COMPLETE:
                    self.finished.set()
        self.finished.set()


async def press_among_them(page: Page, picture: int, until: float, tally: Tally) -> None:
    """The real browser: presses, and waits for another picture."""
    while (begun := time.perf_counter()) < until:
        try:
            await page.locator(LIVE).nth(picture).evaluate(CHANGE)
            await page.get_by_role("button", name=BUTTON).first.click()
            async with asyncio.timeout(LIMIT):
                tally.seconds.append(await page.evaluate("changed") / 1000)
        except (TimeoutError, NotInTime) as error:
            tally.errors.append(f"The real browser: {error!r}")
        await asyncio.sleep(max(0, begun + EVERY - time.perf_counter()))


async def crowd(server: Server, browser: Browser, address: str, recording: Recording, count: int) -> None:
    """One crowd, from its coming to its going; prints a line."""
    tally, seen = Tally(), Tally()
    visitors = [Visitor(server, recording, tally) for _ in range(count)]
    async with AsyncExitStack() as stack:
        for visitor in visitors:
            await visitor.join(stack)
        page = await browser.new_page(viewport=WINDOW)
        await page.goto(address)
        await page.locator(LIVE).nth(recording.picture).wait_for(timeout=1000 * LIMIT)
        await Recorder(page).until_quiet()
        until = time.perf_counter() + SECONDS
        share, *_ = await asyncio.gather(
            busy(server),
            press_among_them(page, recording.picture, until, seen),
            *(visitor.stay(until) for visitor in visitors),
        )
        await page.close()
    print(
        f"{count:>8}{len(tally.seconds):>9}{tally.unasked:>9}{len(tally.errors) + len(seen.errors):>9}"
        f"{times(tally.seconds)}{share:>12.0%} {times(seen.seconds)}",
        flush=True,
    )
    for error in sorted({*tally.errors, *seen.errors}):
        print("   ", error)


async def busy(server: Server) -> float:
    """The server's share of one core while the crowd presses."""
    begun, used = time.perf_counter(), server.seconds()
    await asyncio.sleep(SECONDS)
    return (server.seconds() - used) / (time.perf_counter() - begun)


def times(seconds: list[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    if not seconds:
        return f"{'none':>18}"
    late = sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
    return f"{1000 * statistics.median(seconds):>9.0f}{1000 * late:>9.0f}"


async def main(link: str = "vae?scene=flow&ask=false", tree: str = str(ROOT)) -> None:
    with serving(Path(tree)) as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            address = f"{server.url}/{link}"
            recording = await record(browser, address)
            print(f"/{link}: what a press of “{BUTTON}” asks, the median of {PRESSES}:")
            for kind in ("paths", "messages"):
                print(
                    f"    {kind:10}{statistics.median(len(getattr(p, kind)) for p in recording.presses):.0f}"
                )
            print(f"{'':35}{'answer (ms)':>18}{'server, of':>12}{'real browser (ms)':>19}")
            print(
                f"{'visitors':>8}{'answers':>9}{'unasked':>9}{'errors':>9}{'median':>9}{'p95':>9}"
                f"{'one core':>12}{'median':>10}{'p95':>9}"
            )
            for count in VISITORS:
                await crowd(server, browser, address, recording, count)
            await browser.close()
        print("Runs of the page's script that failed:", server.faults())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

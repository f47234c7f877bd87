"""Requests to everything that the app answers, as no page of it would make them."""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from aevb.ui.frame import catalogue, headers, modules
from aevb.ui.shared import contents, served
from benchmarks.hostile.table import Row
from benchmarks.hostile.visitor import PLACES
from tests.damage import DEEP, LONG

SLOW = 5.0
"""Seconds in which each is answered, on a machine that has other things to do too."""

MARK = "<script>alert(1)</script>"


class Request(NamedTuple):
    """What is asked, and the statuses that are an answer to it; none: any but a fault of the server's."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = {}
    expected: tuple[int, ...] = ()


class Answer(NamedTuple):
    """What came; the names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Ask = Callable[[Request], Answer]

NOT_THERE = (400, 404, 405)
NAMES = (
    "",
    ".",
    "..",
    "../app.py",
    "..%2f..%2fapp.py",
    "%2e%2e/%2e%2e/etc/passwd",
    "/etc/passwd",
    "vae/../../app.py",
    "vae%00",
    "vae/p/..",
    "nobody",
    "0123456789abcdef",
    quote(MARK),
    "9" * 400,
    "1e400",
    "-1",
    quote("ελλ/\u202e\n"),
    LONG,
)
BODIES = (
    b"",
    b"[]",
    b"null",
    b"{",
    b'{"a": 1e400}',
    b'{"visitor": 1, "specification": []}',
    json.dumps({"visitor": MARK, "specification": MARK, "repository": MARK, "do": MARK}).encode(),
    json.dumps({"visitor": "visitor-1", "specification": {"model": "vae", "data": "../x"}}).encode(),
    json.dumps({"visitor": "visitor-1", "repository": "../../etc/passwd", "run": ".."}).encode(),
    DEEP.encode()[:12_000],
    b"\xff\xfe" * 20,
    b"9" * 10_000,
    b" " * 100_000,
)
POSTED = ("estimate", "start", "run/0123456789abcdef/act", "pull", "push")
JSON = {"Content-Type": "application/json"}


def requests() -> Iterator[Request]:
    """All of them."""
    root = "/training"
    for kind in (*(one.kind for one in (*contents.CONTENTS, *catalogue.CONTENTS)), "web"):
        for name in NAMES:
            yield Request(f"/{kind}/{name}/0123456789abcdef", expected=NOT_THERE)
    for name in NAMES:
        yield Request(f"/checkpoint/{name}?page=vae")
        yield Request(f"{root}/run/{name}?from=0", expected=NOT_THERE)
        yield Request(f"{root}/upload/{name}/images", expected=NOT_THERE)
        yield Request(f"/{modules.url()}{name}", expected=NOT_THERE)
    for name in ("frame/-1", "frame/99999999999999999999", "images", "download", "frame/" + quote(MARK)):
        yield Request(f"{root}/run/0123456789abcdef/{name}", expected=NOT_THERE)
    for path, body in itertools.product(POSTED, BODIES):
        yield Request(f"{root}/{path}", "POST", body, JSON, (400, 403, 404, 409, 413, 415))
    for path in POSTED:
        for told in ({"Content-Type": "text/plain"}, JSON | {"Origin": "https://elsewhere.example"}):
            yield Request(f"{root}/{path}", "POST", b"{}", told, (403, 415))
    # What nobody's page shows, under the hash that its other contents have.
    of_vrnn = served.url(contents.ABOUT, "vrnn").rpartition("/")[2]
    for kind, key in itertools.product(("map", "latents", "clusters"), ("pca", "style", "means", "styles")):
        yield Request(f"/{kind}/vrnn/{key}/{of_vrnn}", expected=NOT_THERE)
    for accepted in ("gzip;q=0", "gzip;q=0.000, identity", "*;q=0", "x" * 2000):
        asked = {"Accept-Encoding": accepted}
        yield Request(f"/{modules.url()}kit/format.js", headers=asked, expected=(200,))
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        yield Request("/healthz", method, b"", expected=(405,))


STREAMLITS = [
    *(Request(f"/_stcore/upload_file/{name}/1", "PUT", b"x" * 10_000) for name in ("", "a", "..%2f..")),
    Request("/media/../../app.py", expected=(400, 404)),
    Request("/static/../../../app.py"),
    Request("/component/x/../../app.py"),
    Request("/app.py"),
    Request(f"/vae?digit={quote(MARK)}"),
]
"""To Streamlit's own routes, which only a server has."""


def tried(row: Row, ask: Ask, which: Iterator[Request]) -> None:
    """Asks each, and looks at the answer."""
    for request in which:
        row.attempt(f"{request.method} {request.path[:80]}", lambda request=request: _fault(ask, request))


def _fault(ask: Ask, request: Request) -> str:
    begun = time.monotonic()
    status, told, body = ask(request)
    seconds, kind = time.monotonic() - begun, told.get("content-type", "")
    text = body[:100_000].decode("utf-8", "replace")
    # Whatever no route knows is the app's own page: its script tells who looks for it there.
    elsewhere = status in (200, 301) and (text.startswith(PAGE) or not text)
    if status >= 500 or (request.expected and status not in request.expected and not elsewhere):
        return f"status {status}: {text[:80]}"
    if seconds > SLOW:
        return f"answered after {seconds:.1f} s"
    if request.path in OURS and any(told.get(name.lower()) != HEADERS[name] for name in HEADERS):
        return "without its headers"
    if "html" in kind and MARK in text:
        return "it says what was asked, as HTML"
    if status == 200 and ("root:x:" in text or "from aevb.ui.frame" in text):
        return "a file of the server's"
    if PLACES.search(text) and "javascript" not in kind:
        return f"it tells of the server's places: {text[:80]}"
    zeroed = request.headers.get("Accept-Encoding", "").startswith("gzip;q=0")
    return "gzip, which was refused" if zeroed and "content-encoding" in told else ""


HEADERS = headers.HEADERS
OURS = ("/checkpoint/nobody?page=vae", "/training/start", "/digits/nobody/0123456789abcdef", "/training/pull")
PAGE = "<!--\n Copyright (c) Streamlit Inc."

"""Streamlit's front end travels compressed, and each of its files is compressed once."""

import asyncio
import gzip
import os
import re
import threading
import urllib.request
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from streamlit.file_util import get_static_dir
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

from aevb.ui.frame import compression
from benchmarks.serving import Server

TEXT = b"export const answer = 42;\n" * 1000
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were compressed, one after the other."""
    names = []
    compress = compression._compress

    def watched(path: str) -> bytes:
        names.append(Path(path).name)
        return compress(path)

    monkeypatch.setattr(compression, "_compress", watched)
    return names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A front end, laid out as Streamlit's is."""
    (tmp_path / "index.html").write_bytes(b"<!DOCTYPE html>" * 100)
    for name in ("js/a.1f.js", "css/a.1f.css", "media/a.1f.svg", "media/a.1f.woff2"):
        path = tmp_path / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(TEXT)
    return tmp_path


@pytest.fixture
def client(folder: Path) -> TestClient:
    """A browser before that front end, beside a route of the app's own and a websocket."""

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    routes = [
        Route("/web/1f/kit/own.js", lambda _: PlainTextResponse("own " * 1000)),
        WebSocketRoute("/_stcore/stream", echo),
        Mount("/", create_streamlit_static_handler(str(folder), None)),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(compression.Compression)]))


def on_the_wire(client: TestClient, path: str) -> bytes:
    with client.stream("GET", path, headers=GZIP) as response:
        return b"".join(response.iter_raw())


@pytest.mark.parametrize("path", ["/static/js/a.1f.js", "/static/css/a.1f.css", "/static/media/a.1f.svg"])
def test_text_travels_compressed_and_is_compressed_once(
    client: TestClient, made: list[str], path: str
) -> None:
    plain = client.get(path, headers=PLAIN)
    assert made == []
    assert "content-encoding" not in plain.headers
    for _ in range(3):
        answer = client.get(path, headers=GZIP)
        assert answer.content == plain.content == TEXT
        assert answer.headers["content-encoding"] == "gzip"
        wire = on_the_wire(client, path)
        assert int(answer.headers["content-length"]) == len(wire) < len(TEXT) / 50
        assert gzip.decompress(wire) == TEXT
        for same in ("cache-control", "content-type", "last-modified"):
            assert answer.headers[same] == plain.headers[same]
        for either in (answer, plain):
            assert either.headers["vary"] == "Accept-Encoding"
    assert "immutable" in plain.headers["cache-control"]
    assert made == [path.split("/")[-1]]


def test_the_page_itself_is_compressed_and_asked_for_each_time(client: TestClient) -> None:
    answer = client.get("/", headers=GZIP)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text == "<!DOCTYPE html>" * 100


def test_a_browser_that_has_it_already_is_told_so(client: TestClient, made: list[str]) -> None:
    path = "/static/js/a.1f.js"
    answer = client.get(path, headers=GZIP)
    # Other bytes than the file's, so the tag is weak; Streamlit knows it again.
    assert answer.headers["etag"] == "W/" + client.get(path, headers=PLAIN).headers["etag"]
    again = client.get(path, headers={**GZIP, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-encoding" not in again.headers
    assert made == ["a.1f.js"]


def test_half_of_one_is_never_joined_to_half_of_the_other(client: TestClient, made: list[str]) -> None:
    path = "/static/js/a.1f.js"
    half = client.get(path, headers={**GZIP, "Range": "bytes=0-99"})
    assert (half.status_code, half.content) == (206, TEXT[:100])
    assert "content-encoding" not in half.headers
    assert made == []
    compressed = client.get(path, headers=GZIP)
    assert compressed.headers["accept-ranges"] == "none"
    # Asked for the rest of the compressed one all the same, Streamlit sends the whole file.
    rest = {**GZIP, "Range": "bytes=100-", "If-Range": compressed.headers["etag"]}
    assert client.get(path, headers=rest).content == TEXT


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0.01", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("br, zstd", False),
        ("", False),
    ],
)
def test_only_where_the_browser_takes_it(client: TestClient, accepted: str, compressed: bool) -> None:
    answer = client.get("/static/js/a.1f.js", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in answer.headers) == compressed
    assert answer.content == TEXT


def test_everything_else_passes_through(client: TestClient, made: list[str]) -> None:
    for path in ("/static/media/a.1f.woff2", "/web/1f/kit/own.js", "/vae", "/static/js/"):
        answer = client.get(path, headers=GZIP)
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers
    head = client.head("/static/js/a.1f.js", headers=GZIP)
    assert head.headers["content-length"] == str(len(TEXT))
    assert "content-encoding" not in head.headers
    assert client.post("/static/js/a.1f.js", headers=GZIP).status_code == 405
    with client.websocket_connect("/_stcore/stream") as socket:
        socket.send_text("heard")
        assert socket.receive_text() == "heard"
    assert made == []


def test_another_file_in_its_place_is_compressed_anew(
    client: TestClient, made: list[str], folder: Path
) -> None:
    path = folder / "static" / "js" / "a.1f.js"
    client.get("/static/js/a.1f.js", headers=GZIP)
    path.write_bytes(TEXT[:100])
    os.utime(path, (0, 0))
    assert client.get("/static/js/a.1f.js", headers=GZIP).content == TEXT[:100]
    assert len(made) == 2


def test_many_at_once_share_it_and_one_who_leaves_does_not_take_it_along(
    made: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    compress = compression._compress

    def held(path: str) -> bytes:
        assert free.wait(60)
        return compress(path)

    monkeypatch.setattr(compression, "_compress", held)
    reached: list[str] = []

    async def files(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        path = Path(f"{folder}{scope['path']}")
        await FileResponse(path, stat_result=path.stat())(scope, receive, send)

    app = compression.Compression(files)

    async def visit(path: str) -> bytes:
        sent = []

        async def send(message) -> None:
            sent.append(message)

        headers = [(b"accept-encoding", b"gzip")]
        scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
        await app(scope, None, send)
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        return gzip.decompress(sent[1]["body"])

    async def visits() -> list[bytes]:
        paths = ["/static/css/a.1f.css", *["/static/js/a.1f.js"] * 8]  # the scripts wait for the style
        tasks = [asyncio.create_task(visit(path)) for path in paths]
        while len(reached) < len(paths):
            await asyncio.sleep(0)
        left = tasks.pop(1)
        left.cancel()
        await asyncio.wait([left])
        assert left.cancelled()
        free.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(visits()) == [TEXT] * 8
    assert made == ["a.1f.css", "a.1f.js"]


def test_a_file_that_could_not_be_read_is_tried_again(
    client: TestClient, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compress = compression._compress

    def fails(path: str) -> bytes:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(compression, "_compress", fails)
    with pytest.raises(OSError, match="Too many"):
        client.get("/static/js/a.1f.js", headers=GZIP)
    monkeypatch.setattr(compression, "_compress", compress)
    assert client.get("/static/js/a.1f.js", headers=GZIP).content == TEXT


def test_all_that_the_app_fetches_first_is_compressed(server: Server) -> None:
    """As the server of app.py sends it."""
    page = (Path(get_static_dir()) / "index.html").read_text()
    named = re.findall(r'(?:src|href)="\./(static/(?:js|css)/[^"]+)"', page)
    assert len(named) > 20
    for path in ("", *named):
        request = urllib.request.Request(f"{server.url}/{path}", headers=GZIP)
        with urllib.request.urlopen(request) as answer:
            content = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip", path
        assert gzip.decompress(content) == (Path(get_static_dir()) / (path or "index.html")).read_bytes()
        assert ("immutable" in answer.headers["Cache-Control"]) == bool(path)


@pytest.mark.parametrize(("accepted", "seen"), [("gzip;q=0, br", None), ("gzip;q=0.5", "gzip;q=0.5")])
def test_what_refuses_gzip_gets_none_of_the_middleware_behind_either(accepted: str, seen: str | None) -> None:
    def own(request: Request) -> PlainTextResponse:
        assert request.headers.get("Accept-Encoding") == seen
        return PlainTextResponse("own " * 1000)

    middleware = [Middleware(compression.Compression), Middleware(GZipMiddleware)]  # as st.App orders them
    client = TestClient(Starlette(routes=[Route("/own", own)], middleware=middleware))
    answer = client.get("/own", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == (seen and "gzip")

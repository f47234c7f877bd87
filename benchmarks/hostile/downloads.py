"""What may come in MNIST's place from a server that is ill, slow, or somebody else's."""

import gzip
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from unittest.mock import patch

from torchvision.datasets import MNIST

from aevb import data
from aevb.data import DataError, mnist
from benchmarks.hostile.table import Row

KNOWN = mnist.SETS["mnist"].archive_bytes
SLOW = 15.0


def _send(
    handler: BaseHTTPRequestHandler, content: bytes, status: int = 200, length: int | None = None
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


def _drip(handler: BaseHTTPRequestHandler, every: float, count: int, piece: bytes = b"x") -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(count):
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(every)


def _redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.end_headers()


ANSWERS: dict[str, Callable[[BaseHTTPRequestHandler], object]] = {
    "nothing there": lambda handler: _send(handler, b"", 404),
    "a server's fault": lambda handler: _send(handler, b"", 500),
    "an empty file": lambda handler: _send(handler, b""),
    "a page instead": lambda handler: _send(handler, b"<html>Log in</html>"),
    "another archive": lambda handler: _send(handler, gzip.compress(b"something else")),
    "half of it": lambda handler: _send(handler, bytes(10_000), length=KNOWN),
    "300 MB": lambda handler: _drip(handler, 0, 300, bytes(2**20)),
    "a bomb": lambda handler: _send(handler, gzip.compress(bytes(2 * 10**8), 1)),
    "a redirect without end": _redirect,
    "a byte every now and then": lambda handler: _drip(handler, 0.2, 100),
    "no HTTP": lambda handler: handler.wfile.write(b"\x00\xff" * 100 + b"\r\n\r\n"),
    "a connection that ends": lambda handler: handler.connection.shutdown(socket.SHUT_RDWR),
}


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], object]) -> Iterator[str]:
    """A server's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answer(self)
            except OSError:  # who asked has gone
                return

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def tried(row: Row) -> None:
    """Downloads from each, into a folder that is empty before and after."""
    for what, answer in ANSWERS.items():
        with answering(answer) as address:
            row.attempt(what, partial(_fault, address))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "http://127.0.0.1:{1}/".format(*silent.getsockname())
        row.attempt("a server that says nothing", partial(_fault, address))
    row.attempt("nobody at all", partial(_fault, address))


def _fault(address: str) -> str:
    with tempfile.TemporaryDirectory(prefix="aevb-hostile-") as folder, ExitStack() as patched:
        patched.enter_context(patch.dict(os.environ, AEVB_DATA=folder))
        patched.enter_context(patch.object(MNIST, "mirrors", [address]))
        patched.enter_context(patch.object(mnist, "MOST_SECONDS", 5.0))
        begun, most = time.monotonic(), 0
        try:
            for _ in data.download():
                most = max(most, sum(path.stat().st_size for path in Path(folder).rglob("*.gz")))
        except DataError:
            seconds = time.monotonic() - begun
            if seconds > SLOW:
                return f"given up after {seconds:.0f} s"
            if most > KNOWN + 2**20:
                return f"{most:,} bytes were written"
            left = [path for path in Path(folder).rglob("*") if path.is_file()]
            return f"it leaves {left}" if left else ""
        return "it was taken"

"""Streamlit's own front end, compressed: it serves scripts and styles as they are, three megabytes a visitor.

Starlette's GZipMiddleware would compress them anew for each visitor: what a page loads first then takes 70 ms
of processor time, instead of 13. They change with Streamlit only, so here each is compressed once, when it is
first asked for. Their names hold hashes, and Streamlit itself tells browsers to keep them.
"""

import asyncio
import gzip
import re
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aevb.ui.shared.served import TAKES_GZIP

# The text in Streamlit's folder, wherever that is mounted, and the page that loads it.
TEXT = re.compile(r"/static/(?:js|css|media)/[^/]+\.(?:js|css|svg)$|/$")
LEVEL = 6  # 9 takes half as long again and saves 0.3 %
PATHSEND = "http.response.pathsend"  # the extension of ASGI by which a file's path is sent for its content


class Compression:
    """Middleware for `st.App`. It answers GET for the text of Streamlit's front end; everything else passes
    through, and so do ranges, redirects, 304 and browsers that take no gzip.

    What it keeps is bounded by what there is in Streamlit's folder: 7 MB, were all of it asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._made: dict[str, tuple[str, Future[bytes]]] = {}  # ETag and content by the file's path
        # One thread: visitors who are there already need the other core. zlib lets go of Python's lock.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="compression")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the app does, compressed where it is text that a browser asks for."""
        asked = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "gzip" in asked.get("Accept-Encoding", "") and not TAKES_GZIP.search(asked["Accept-Encoding"]):
            # It is refused (q=0): Starlette's middleware, which Streamlit has, looks for the word alone.
            scope = {**scope, "headers": [one for one in scope["headers"] if one[0] != b"accept-encoding"]}
        if scope["type"] != "http" or scope["method"] != "GET" or not TEXT.search(scope["path"]):
            await self.app(scope, receive, send)
            return
        if "range" not in asked and TAKES_GZIP.search(asked.get("Accept-Encoding", "")):
            scope = {**scope, "extensions": {**(scope.get("extensions") or {}), PATHSEND: {}}}
        await self.app(scope, receive, self._sender(send))

    def _sender(self, send: Send) -> Send:
        """Sends an answer on; the headers wait until it is known what follows them."""
        start: Message = {}

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                MutableHeaders(scope=start).add_vary_header("Accept-Encoding")
                return
            if message["type"] == PATHSEND:
                headers = MutableHeaders(scope=start)
                content = await self._compressed(message["path"], headers["ETag"])
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(content))
                # The same content in other bytes: a browser that lost the connection half-way must not join
                # the rest of the file itself to what it has.
                headers["Accept-Ranges"] = "none"
                headers["ETag"] = f"W/{headers['ETag']}"
                message = {"type": "http.response.body", "body": content}
            if start:
                await send({**start})
                start.clear()
            await send(message)

        return forward

    async def _compressed(self, path: str, etag: str) -> bytes:
        """The file, compressed once for all who ask; again where another file has taken its place."""
        made = self._made.get(path)
        if made is None or made[0] != etag:
            made = self._made[path] = etag, self._worker.submit(_compress, path)
        try:
            # A visitor who leaves must not take it from the others.
            return await asyncio.shield(asyncio.wrap_future(made[1]))
        except OSError:
            self._made.pop(path, None)  # the next one tries again
            raise


def _compress(path: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), LEVEL, mtime=0)

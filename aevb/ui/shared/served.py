"""What browsers fetch at a URL of its own, and keep: the URL holds a hash of what the content follows from.

The hash is cheap, so that a page can name a hundred URLs; the content is made when it is first fetched.
"""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aevb.checkpoints import CheckpointError
from aevb.data import DataError

FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Served:
    """One kind of content.

    Attributes:
        path: its folder on the server.
        make: the content by its key, a name that may have slashes in it.
        version: a hash, by its key, of what the content follows from. Both raise LookupError where there is
            nothing of that name.
        media_type: of the content.
    """

    path: str
    make: Callable[[str], bytes]
    version: Callable[[str], str]
    media_type: str = "application/octet-stream"

    def url(self, key: str) -> str:
        """Where the content is, relative to the app's root: whatever prefix a proxy adds or takes away, the
        browser resolves it against the page's own base."""
        return f"{self.path}/{key}/{self.version(key)}"

    def route(self) -> Route:
        """For `st.App`."""
        return Route(f"{base()}/{self.path}/{{key:path}}/{{hash}}", self.serve)

    def prepare(self, key: str) -> None:
        """Makes the content, for whoever asks first."""
        _content(self.path, key, self.version(key), self.make)

    def serve(self, request: Request) -> Response:
        """The content, to be kept for ever; under a hash that is not its own any more, 404."""
        key = request.path_params["key"]
        try:
            current = self.version(key)
            if request.path_params["hash"] != current:
                return Response("The content has changed: reload the page.", 404)
            content, squeezed = _content(self.path, key, current, self.make)
        except (LookupError, CheckpointError, DataError):
            return Response("There is no such content.", 404)
        return answer(request, content, squeezed, self.media_type)


def answer(request: Request, content: bytes, squeezed: bytes, media_type: str) -> Response:
    """Content that never changes, compressed where the browser takes it."""
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        content, headers["Content-Encoding"] = squeezed, "gzip"
    return Response(content, media_type=media_type, headers=headers)


@st.cache_resource(show_spinner=False)
def _content(path: str, key: str, version: str, _make: Callable[[str], bytes]) -> tuple[bytes, bytes]:
    """The content, plain and compressed, once: the server itself would compress it for every visitor."""
    content = _make(key)
    return content, gzip.compress(content, 6)


def digest(*parts: bytes) -> str:
    """A hash of these, short enough for a URL."""
    found = hashlib.sha256()
    for part in parts:
        found.update(hashlib.sha256(part).digest())
    return found.hexdigest()[:16]


def base() -> str:
    """The prefix that Streamlit itself serves under, `server.baseUrlPath`."""
    prefix = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}" if prefix else ""

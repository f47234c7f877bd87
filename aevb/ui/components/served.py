"""What browsers fetch at a URL of its own, and keep: the URL holds a hash of the content."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aevb.checkpoints import CheckpointError

FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Served:
    """One kind of content.

    Attributes:
        path: its folder on the server.
        make: the content by its key, a name that may have slashes in it. Raises LookupError where there is
            none of that name.
    """

    path: str
    make: Callable[[str], bytes]

    def url(self, key: str) -> str:
        """Where the content is, from the server's root."""
        return f"{_base()}/{self.path}/{key}/{_content(self.path, key, self.make)[0]}"

    def route(self) -> Route:
        """For `st.App`."""
        return Route(f"{_base()}/{self.path}/{{key:path}}/{{hash}}", self.serve)

    def serve(self, request: Request) -> Response:
        """The content, to be kept for ever; under a hash that is not its own any more, 404."""
        key = request.path_params["key"]
        try:
            current, content = _content(self.path, key, self.make)
        except (LookupError, CheckpointError):
            return Response("There is no such content.", 404)
        if request.path_params["hash"] != current:
            return Response("The content has changed: reload the page.", 404)
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            content, headers["Content-Encoding"] = _squeezed(self.path, key, current, content), "gzip"
        return Response(content, media_type="application/octet-stream", headers=headers)


@st.cache_resource(show_spinner="Preparing what the browser draws from …")
def _content(path: str, key: str, _make: Callable[[str], bytes]) -> tuple[str, bytes]:
    content = _make(key)
    return hashlib.sha256(content).hexdigest()[:16], content


@st.cache_resource(show_spinner=False)
def _squeezed(path: str, key: str, hash_: str, _content: bytes) -> bytes:
    """The content compressed, once: the server itself would do so for every visitor, at its highest level,
    which takes 20 s for the digits."""
    return gzip.compress(_content, 6)


def _base() -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""

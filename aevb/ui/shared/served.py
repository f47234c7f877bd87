"""Contents over HTTP: each at a URL that holds a hash of what it follows from, so that browsers keep it."""

import gzip
import re
from threading import Condition

import streamlit as st
from cachetools import LRUCache, cached
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.jobs import limits
from aevb.ui.shared import front_end
from aevb.ui.shared.contents import PARTS, WEIGHTS, Content, digest

TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
"""Of a header Accept-Encoding."""

FOREVER = "public, max-age=31536000, immutable"


def url(content: Content, key: str) -> str:
    """Where a content is, relative to the app's root: whatever prefix a proxy adds or takes away, the browser
    resolves it against the page's own base."""
    return f"{content.kind}/{key}/{version(content, key)}"


def version(content: Content, key: str) -> str:
    """The hash in a content's address: of what it is made from, and of the front end that reads it."""
    return digest(content.version(key).encode(), front_end.version().encode())


def prepare(content: Content, key: str) -> None:
    """Makes a content, for whoever asks first."""
    _made(content, key, version(content, key))


def prepare_weights(name: str) -> None:
    """Makes a checkpoint's weights.

    Raises:
        CheckpointError, DataError, LookupError, ValueError: where a browser cannot be sent them.
    """
    for part in PARTS:
        prepare(WEIGHTS, f"{name}/{part}")


def route(content: Content) -> Route:
    """For `st.App`: a content, to be kept for ever; under a hash that is not its own any more, 404."""

    def serve(request: Request) -> Response:
        key = request.path_params["key"]
        try:
            current = version(content, key)
            if request.path_params["hash"] != current:
                return Response("The content has changed: reload the page.", 404)
            made, squeezed = _made(content, key, current)
        except (LookupError, CheckpointError, DataError, ValueError):  # the last: what a model does not take
            return Response("There is no such content.", 404)
        return answer(request, made, squeezed, content.media_type)

    return Route(f"{base()}/{content.kind}/{{key:path}}/{{hash}}", serve)


def answer(request: Request, content: bytes, squeezed: bytes, media_type: str) -> Response:
    """Content that never changes, compressed where the browser takes it."""
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if TAKES_GZIP.search(request.headers.get("Accept-Encoding", "")):
        headers |= {"Content-Encoding": "gzip", "X-Plain-Length": str(len(content))}  # how much is to come
        content = squeezed
    return Response(content, media_type=media_type, headers=headers)


@cached(LRUCache(limits.CONTENTS, getsizeof=lambda made: sum(map(len, made))), condition=Condition())
def _made(content: Content, key: str, version: str) -> tuple[bytes, bytes]:
    """The content, plain and compressed, once: the server itself would compress it for every visitor."""
    made = content.make(key)
    return made, gzip.compress(made, 6)


def base() -> str:
    """The prefix that Streamlit itself serves under, `server.baseUrlPath`."""
    prefix = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}" if prefix else ""

"""The front end as the browser fetches it: the ES modules and style sheets of aevb/web/, under one hash.

The hash stands before the path, so that modules import one another by relative paths.
"""

import gzip
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aevb.ui.shared.served import answer, base, digest

ROOT = Path(__file__).parents[2] / "web"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@cache
def _files() -> dict[str, tuple[bytes, bytes, str]]:
    """Every module: its bytes, plain and compressed, and its kind, by its path within aevb/web/."""
    found = {}
    for path in sorted(ROOT.rglob("*")):
        if path.suffix in KINDS and path.is_file():
            content = path.read_bytes()
            name = path.relative_to(ROOT).as_posix()
            found[name] = content, gzip.compress(content, 9, mtime=0), KINDS[path.suffix]
    return found


@cache
def version() -> str:
    """A hash of all modules. Whatever else the browser keeps belongs to it: they change together."""
    return digest(*(name.encode() + content for name, (content, _, _) in _files().items()))


def url() -> str:
    """The modules' folder, relative to the app's root."""
    return f"web/{version()}/"


def serve(request: Request) -> Response:
    """A module, to be kept for ever; under another hash, 404."""
    file = _files().get(request.path_params["path"])
    if file is None or request.path_params["hash"] != version():
        return Response("There is no such module: reload the page.", 404)
    return answer(request, *file)


def route() -> Route:
    """For `st.App`."""
    return Route(f"{base()}/web/{{hash}}/{{path:path}}", serve)

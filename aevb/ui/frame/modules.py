"""The front end as the browser fetches it: the ES modules and style sheets of aevb/web/, under one hash.

The hash stands before the path, so that modules import one another by relative paths.
"""

import gzip
from collections.abc import Sequence
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aevb import web_bundle
from aevb.ui.frame import catalogue
from aevb.ui.shared import front_end
from aevb.ui.shared.served import answer, base


@cache
def squeezed() -> dict[str, bytes]:
    """Every module, compressed once for all visitors."""
    return {path: gzip.compress(content, 9, mtime=0) for path, content in front_end.files().items()}


def url() -> str:
    """The modules' folder, relative to the app's root."""
    return f"web/{front_end.version()}/"


@cache
def needed(*paths: str) -> list[str]:
    """Modules, all that they import, of which a browser would learn step by step, and style sheets."""
    scripts = web_bundle.modules(*(path for path in paths if path.endswith(".js")))
    return [*scripts, *(path for path in paths if path not in scripts)]


def needed_by(scenes: Sequence[catalogue.Scene]) -> dict[str, list[str]]:
    """What is needed before a scene is shown: of all under "", and of each beside that, by its name."""
    of_all = needed("hosts/streamlit.js", "style/base.css")
    found = {"": of_all}
    for scene in scenes:
        paths = [f"parts/{scene.part}/{scene.part}{kind}" for kind in (".js", ".css")]
        if scene.questions:
            paths += ["frame/ask.js", f"parts/{scene.part}/asks.js", "style/ask.css"]
        found[scene.id] = [path for path in needed(*paths) if path not in of_all]
    return found


def serve(request: Request) -> Response:
    """A module, to be kept for ever; under another hash, 404."""
    path = request.path_params["path"]
    content = front_end.files().get(path)
    if content is None or request.path_params["hash"] != front_end.version():
        return Response("There is no such module: reload the page.", 404)
    kind = front_end.KINDS[path[path.rindex(".") :]]
    return answer(request, content, squeezed()[path], kind)


def route() -> Route:
    """For `st.App`."""
    return Route(f"{base()}/web/{{hash}}/{{path:path}}", serve)

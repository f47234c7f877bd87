"""A page's scenes on another checkpoint than the shipped one, which its link names: what a browser asks for.

Runs and what visitors have brought are such checkpoints.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.frame import catalogue
from aevb.ui.shared import contents, loading, served
from aevb.ui.shared.sentences import sentence

EXPIRED = "There is no such checkpoint any more: it has expired, or the server was restarted."


def told(name: str, page: catalogue.Page) -> dict[str, Any]:
    """What a page's instruments are told of a checkpoint, `shared`, and what it is called, its `title`.

    Where they cannot look at it that is a `problem`, in a sentence, beside the `page` that can, if any does.
    """
    try:
        kind = loading.checkpoint(name).kind
        home = catalogue.home(kind)
        if home is None:
            return {"problem": "No page has scenes of such a model: Train shows its film and factors."}
        if kind not in page.checkpoints:
            return {
                "problem": f"This checkpoint is of another model: its page is {home.title}.",
                "page": {"name": home.name, "title": home.title},
            }
        served.prepare_weights(name)
        shared = contents.of(page.checkpoints, served.url, {kind: name})
        title = f"{name[:4]}… · {loading.test_images(loading.source(name)).title}"
        return {"shared": shared, "title": title}
    except LookupError:
        return {"problem": EXPIRED}
    except (CheckpointError, DataError, ValueError) as error:  # of weights that a browser cannot be sent
        return {"problem": sentence(str(error))}


def serve(request: Request) -> Response:
    """As `told`, of the checkpoint in the path, for the page in the query."""
    asked = request.query_params.get("page", "")
    found = [page for page in catalogue.MENU if page.name == asked and page.checkpoints]
    if not found:
        return Response("There is no such page.", 404)
    answer = told(request.path_params["name"], found[0])
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def route() -> Route:
    """For `st.App`."""
    return Route(f"{served.base()}/checkpoint/{{name}}", serve)

"""How the page Train is answered over HTTP.

Whatever cannot be done is `{"problem": "a sentence"}`. What changes something is posted from a page of this
server, with the name of the visitor who does it.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.jobs import limits, switches
from aevb.ui.jobs.queue import EXPIRED, Refused
from aevb.ui.jobs.switches import Switch
from aevb.ui.jobs.worker import UNWRITTEN
from aevb.ui.shared.sentences import sentence

log = logging.getLogger("aevb")

VISITOR = re.compile(r"[\w-]{8,64}")

Endpoint = Callable[[Request], Awaitable[Response]]


class Problem(Exception):
    """What is answered in the place of what was asked for."""

    def __init__(self, said: str, status: int = 400):
        super().__init__(said)
        self.status = status


def answering(work: Endpoint, *needed: Switch) -> Endpoint:
    """The endpoint, with whatever is refused told in a sentence.

    Args:
        needed: what has to be switched on for it, beside training.
    """

    async def endpoint(request: Request) -> Response:
        try:
            for switch in ("training", *needed):
                if not switches.on(switch):
                    raise Problem(switches.OFF[switch], 403)
            return await work(request)
        except Problem as problem:
            return json_response({"problem": str(problem)}, problem.status)
        except (LookupError, FileNotFoundError):  # it may expire while it is read
            return json_response({"status": "lost", "problem": EXPIRED}, 404)
        except (ValueError, CheckpointError, DataError) as error:
            return json_response({"problem": sentence(str(error))}, 400)
        except Refused as refused:
            return json_response({"problem": str(refused)}, 409)
        except OSError:
            log.exception("An answer could not be written down.")
            return json_response({"problem": UNWRITTEN}, 507)

    return endpoint


def json_response(value: Any, status: int = 200) -> Response:
    """JSON that is asked for anew each time."""
    return JSONResponse(value, status, headers={"Cache-Control": "no-store"})


async def posted(request: Request) -> dict[str, Any]:
    """The JSON object that a page of this server has posted."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem("Only JSON is taken here.", 415)
    require_own_page(request)
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.MAX_REQUEST:
            raise Problem(f"More than {limits.MAX_REQUEST:,} bytes are not taken here.", 413)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Problem("This is no JSON.") from error
    if not isinstance(value, dict):
        raise Problem("A JSON object is expected here.")
    return value


def require_own_page(request: Request) -> None:
    """Refuses what a page of another server asks."""
    if not _same_origin(request):
        raise Problem("Only the pages of this server may ask for this.", 403)


def _same_origin(request: Request) -> bool:
    """Whether a browser says that a page of this server asks; whoever is no browser may.

    Browsers tell of themselves in Sec-Fetch-Site, whatever a proxy makes of the host's name; over plain HTTP
    only in Origin.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host")


def visitor_in(asked: Mapping[str, Any]) -> str:
    """Who asks."""
    visitor = asked.get("visitor")
    if not isinstance(visitor, str) or not VISITOR.fullmatch(visitor):
        raise Problem("visitor must be 8 to 64 letters, digits, - or _.")
    return visitor

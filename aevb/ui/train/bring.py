"""What visitors bring along: files from their machines, checkpoints from the Hub, and images found again.

One file at a time of each visitor, a few at once in all. It lies in a folder of its own until a worker has
read it (`aevb.ui.jobs.reading`); then it is a data set (`uploads.py`), or a checkpoint among the runs.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from aevb.ui.frame import catalogue
from aevb.ui.jobs import archives, limits, reading, server, sources, uploads
from aevb.ui.jobs.queue import Refused
from aevb.ui.shared.sentences import sentence
from aevb.ui.shared.served import base
from aevb.ui.train import answers
from aevb.ui.train.answers import Problem, answering

PIECE = 2**20
"""Bytes that are written at once."""

_bringing: set[str] = set()


@contextmanager
def alone(visitor: str) -> Iterator[None]:
    """Held while a visitor brings or publishes something.

    Raises:
        Refused: where the visitor, or too many others, do so already, or the visitor does so too often.
    """
    if visitor in _bringing:
        raise Refused("One at a time: your last one is still being read.")
    if len(_bringing) >= limits.UNDER_WAY:
        raise Refused("Too many files are on their way to this server: try again in a minute.")
    server.queue().limit_rate("upload", visitor, limits.UPLOADS, "That was too often")
    _bringing.add(visitor)
    try:
        yield
    finally:
        _bringing.discard(visitor)


async def read(place: Path, title: str, visitor: str) -> dict[str, Any]:
    """What a worker finds in a folder, kept; as it is told to the page."""
    errand = server.queue().errand({"brought": str(place), "title": title}, limits.READING)
    found = await asyncio.wrap_future(errand)
    if found.get("lost"):
        raise Problem("This file takes more time or memory than this server has for one: bring less.")
    if "problem" in found:
        raise Problem(sentence(found["problem"]))
    return await run_in_threadpool(_kept, place, found, title, visitor)


def _kept(place: Path, found: dict[str, Any], title: str, visitor: str) -> dict[str, Any]:
    if "images" in found:
        size = (place / reading.KEPT / uploads.IMAGES).stat().st_size
        for most, of in ((limits.UPLOADED_BY_ONE, visitor), (2 * limits.UPLOADED, None)):
            if uploads.stored(of) + size > most:
                raise Refused("There is no room for more images on this server: come back tomorrow.")
        return upload_json(uploads.keep(place / reading.KEPT, found["images"], visitor))
    about = found["checkpoint"] | {"title": archives.tidy(title)}
    name = server.queue().shelve(place / reading.CHECKPOINT, visitor, about)
    home = catalogue.home(about["kind"])
    return {"checkpoint": name, "page": home and home.name, **about}


def upload_json(name: str) -> dict[str, Any]:
    """What a page is told of images that were brought: as of other data, and what was found.

    Raises:
        LookupError: where they are not here any more.
    """
    known, source = uploads.about(name), sources.find(name)
    shown = {key: known[key] for key in ("title", "images", "shape", "classes", "note")}
    return {"name": name, "count": source.trained_on, **shown}


async def _upload(request: Request) -> Response:
    answers.require_own_page(request)
    if request.headers.get("Content-Type", "") != "application/octet-stream":
        raise Problem("Only a file's bytes are taken here.", 415)
    visitor = answers.visitor_in({"visitor": request.headers.get("X-Visitor")})
    title = re.sub(r"\.(zip|npz)$", "", unquote(request.headers.get("X-Name", ""))[:1000])
    with alone(visitor), uploads.workplace() as place:
        await _receive(request, place / reading.FILE)
        return answers.json_response(await read(place, title, visitor))


async def _receive(request: Request, path: Path) -> None:
    """Writes what comes into a file, and counts it."""
    known = request.headers.get("Content-Length", "")
    taken = int(known) if known.isdecimal() and len(known) < 20 else 0
    waiting, received = bytearray(), 0
    with path.open("wb") as file:
        try:
            async with asyncio.timeout(limits.STALLED) as patience:
                begun = asyncio.get_running_loop().time()
                async for chunk in request.stream():
                    received += len(chunk)
                    if max(taken, received) > limits.MAX_UPLOAD:
                        most = f"{limits.MAX_UPLOAD / 1e6:,.0f} MB"
                        raise Problem(f"This file is larger than the {most} that this server takes.", 413)
                    longest = min(limits.RECEIVING, limits.STALLED + received / limits.SLOWEST)
                    patience.reschedule(begun + longest)
                    waiting += chunk
                    if len(waiting) >= PIECE:
                        await run_in_threadpool(file.write, bytes(waiting))
                        waiting.clear()
        except ClientDisconnect as error:
            raise Problem("The file did not arrive as a whole.") from error
        except TimeoutError as error:
            raise Problem(
                "The file did not arrive in time: bring a smaller one, or try over a faster connection.", 408
            ) from error
        file.write(waiting)


async def _look(request: Request) -> Response:
    """Images that were brought, for whoever has their name."""
    return answers.json_response(await run_in_threadpool(_found, request.path_params["name"]))


def _found(name: str) -> dict[str, Any]:
    try:
        return upload_json(name)
    except LookupError as error:
        raise Problem("These images are not here any more: bring them again.", 404) from error


async def _images(request: Request) -> Response:
    """The first of them, a byte for each pixel."""
    content = await run_in_threadpool(uploads.first, request.path_params["name"])
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def routes() -> list[Route]:
    """For `st.App`."""
    root = f"{base()}/training/upload"
    return [
        Route(root, answering(_upload, "uploads"), methods=["POST"]),
        Route(f"{root}/{{name}}", answering(_look)),
        Route(f"{root}/{{name}}/images", answering(_images)),
    ]

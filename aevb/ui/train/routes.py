"""Training over HTTP: what the page Train asks for, beside what `Served` serves.

Whatever cannot be done is `{"problem": "a sentence"}`. Whoever has a run's id may look at it; what changes
something is posted as JSON, from a page of this server, with the name of the visitor who has started the run.
"""

import asyncio
import gzip
import io
import json
import re
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aevb.ui.frame import errors
from aevb.ui.jobs import limits, queue, sources, turns
from aevb.ui.jobs.queue import Refused
from aevb.ui.shared.served import answer, base
from aevb.ui.train import specification
from aevb.ui.train.presets import PRESETS

TITLES = {
    "fa": "Factor analysis",
    "vae": "VAE",
    "cvae": "Conditional VAE",
    "gmvae": "Gaussian mixture VAE",
    "vrnn": "Variational RNN",
}

VISITOR = re.compile(r"[\w-]{8,64}")

ESTIMATE_SECONDS = 25.0
"""Until a page is told that there is no estimate: with thirty in training it waits for `limits.ROUND`."""

DOWNLOADED = ("model.safetensors", "config.json", "training.json")


class _Problem(Exception):
    """What is answered in the place of what was asked for."""

    def __init__(self, said: str, status: int = 400):
        super().__init__(said)
        self.status = status


Endpoint = Callable[[Request], Awaitable[Response]]


def _answering(work: Endpoint) -> Endpoint:
    """The endpoint, with whatever is refused told in a sentence."""

    async def endpoint(request: Request) -> Response:
        try:
            if not queue.switched_on():
                raise _Problem("Training is switched off on this server.", 403)
            return await work(request)
        except _Problem as problem:
            return _json({"problem": str(problem)}, problem.status)
        except (LookupError, FileNotFoundError):  # it may expire while it is read
            return _json({"status": "lost", "problem": queue.EXPIRED}, 404)
        except ValueError as error:
            return _json({"problem": str(error)}, 400)
        except Refused as refused:
            return _json({"problem": str(refused)}, 409)

    return endpoint


def _json(told: Any, status: int = 200) -> Response:
    return JSONResponse(told, status, headers={"Cache-Control": "no-store"})


async def _posted(request: Request) -> dict[str, Any]:
    """The JSON object that a page of this server has posted."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise _Problem("Only JSON is taken here.", 415)
    if not _same_origin(request):
        raise _Problem("Only the pages of this server may ask for this.", 403)
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.MAX_REQUEST:
            raise _Problem(f"More than {limits.MAX_REQUEST:,} bytes are not taken here.", 413)
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _Problem("This is no JSON.") from error
    if not isinstance(told, dict):
        raise _Problem("A JSON object is expected here.")
    return told


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


def _visitor(told: dict[str, Any]) -> str:
    visitor = told.get("visitor")
    if not isinstance(visitor, str) or not VISITOR.fullmatch(visitor):
        raise _Problem("visitor must be 8 to 64 letters, digits, - or _.")
    return visitor


async def _options(request: Request) -> Response:
    """What can be trained on what, with which presets; whether anything can at all."""
    if not queue.switched_on():
        return _json({"training": False})
    return _json(await run_in_threadpool(_told_options))


def _told_options() -> dict[str, Any]:
    there = sources.present()
    return {
        "training": True,
        "models": [
            {
                "name": name,
                "title": title,
                "arguments": specification.options(name),
                "presets": [preset.to_json() for preset in PRESETS[name]],
            }
            for name, title in TITLES.items()
        ],
        "data": [
            {"name": name, "title": source.title, "count": source.trained_on, "shape": list(source.shape)}
            for name, source in sources.SOURCES.items()
            if name in there
        ],
        "limits": {
            "steps": limits.MAX_STEPS,
            "batch_size": limits.MAX_BATCH,
            "learning_rate": specification.MAX_RATE,
            "beta": specification.MAX_BETA,
            "parameters": limits.MAX_PARAMETERS,
            "by_hand": limits.MAX_HAND,
        },
    }


async def _estimate(request: Request) -> Response:
    """How long a run would take here if nobody else trained: from a few steps, the first time."""
    told = await _posted(request)
    asked = await run_in_threadpool(specification.read, told.get("specification"))
    future = queue.of_server().estimate(asked.trial())
    try:
        # Shielded, since others may wait for the same.
        found = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), ESTIMATE_SECONDS)
    except TimeoutError as error:
        raise _Problem("The server is too busy to tell how long this takes.", 503) from error
    if "problem" in found:
        return _json({"problem": errors.sentence(found["problem"])})
    steps = asked.training["steps"] * found["step"]
    films = min(turns.FILMING * steps, limits.FRAMES * found["frame"])
    return _json(
        {
            "seconds": round(steps + films, 1),
            "step_ms": round(1000 * found["step"], 2),
            "parameters": int(found["parameters"]),
        }
    )


async def _start(request: Request) -> Response:
    told = await _posted(request)
    visitor = _visitor(told)
    asked = await run_in_threadpool(specification.read, told.get("specification"))
    name = await run_in_threadpool(queue.of_server().start, asked.to_json(), visitor)
    return _json({"id": name})


async def _look(request: Request) -> Response:
    """How a run stands, and its points from the n-th on."""
    first = request.query_params.get("from", "0")
    if not first.isdecimal() or len(first) > 9:
        raise _Problem("from must be a whole number.")
    return _json(await run_in_threadpool(_told_run, request.path_params["id"], int(first)))


def _told_run(name: str, first: int) -> dict[str, Any]:
    told = queue.of_server().look(name)
    folder = queue.of_server().folder(name)
    lines = _lines(folder / turns.POINTS)
    about = folder / turns.ABOUT
    marks = [json.loads(line) for line in lines if b'"mark": null' not in line]
    last = json.loads(lines[-1])["step"] if lines else 0
    return (
        told
        | {
            "problem": errors.sentence(told["problem"]),
            "step": max(told["step"], last),  # in the midst of a turn the points are ahead
            "points": [json.loads(line) for line in lines[first:]],
            "frames": len(list((folder / turns.FRAMES).glob("[0-9]*.bin"))),
            "marks": [{"step": point["step"], "mark": point["mark"]} for point in marks],
            "specification": turns.read_json(folder / turns.SPECIFICATION),
            "about": turns.read_json(about) if about.exists() and not first else None,
            "checkpoint": (folder / turns.CHECKPOINT / DOWNLOADED[-1]).exists(),
        }
    )


def _lines(path: Path) -> list[bytes]:
    """The whole lines of a file that is being written."""
    if not path.exists():
        return []
    return path.read_bytes().split(b"\n")[:-1]


async def _frame(request: Request) -> Response:
    number = request.path_params["k"]
    return await _file(request, f"{turns.FRAMES}/{number:04}.bin")


async def _images(request: Request) -> Response:
    return await _file(request, turns.IMAGES)


async def _file(request: Request, name: str) -> Response:
    """A file of the run that never changes once it is there."""
    path = queue.of_server().folder(request.path_params["id"]) / name
    if not path.is_file():
        raise _Problem("This is not recorded yet.", 404)
    content = await run_in_threadpool(path.read_bytes)
    return answer(request, content, gzip.compress(content, 6), "application/octet-stream")


async def _act(request: Request) -> Response:
    told = await _posted(request)
    visitor, do, values = _visitor(told), told.get("do"), None
    if do not in ("pause", "resume", "stop", "step", "e-steps", "m-steps", "set"):
        raise _Problem("do must be pause, resume, stop, step, e-steps, m-steps or set.")
    count = told.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= limits.MAX_HAND:
        raise _Problem(f"count must be a whole number from 1 to {limits.MAX_HAND}.")
    if do == "set":
        values = specification.changed(told.get("values"))
    name = request.path_params["id"]
    await run_in_threadpool(queue.of_server().act, name, visitor, do, count=count, values=values)
    return _json(await run_in_threadpool(queue.of_server().look, name))


async def _download(request: Request) -> Response:
    """The run's checkpoint in one zip, as a folder that `aevb.load` reads once it is unpacked."""
    name = request.path_params["id"]
    folder = queue.of_server().folder(name) / turns.CHECKPOINT
    if not (folder / DOWNLOADED[-1]).exists():
        raise _Problem("There is a checkpoint once the run is done or stopped.", 409)
    content = await run_in_threadpool(_zipped, folder)
    headers = {"Content-Disposition": f'attachment; filename="aevb-{name}.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


def _zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for file in DOWNLOADED:
            archive.write(folder / file, file)
    return packed.getvalue()


def routes() -> list[Route]:
    """For `st.App`."""
    root = f"{base()}/training"
    run = f"{root}/run/{{id}}"
    asked: list[tuple[str, Endpoint, str]] = [
        (f"{root}/estimate", _answering(_estimate), "POST"),
        (f"{root}/start", _answering(_start), "POST"),
        (run, _answering(_look), "GET"),
        (f"{run}/frame/{{k:int}}", _answering(_frame), "GET"),
        (f"{run}/images", _answering(_images), "GET"),
        (f"{run}/act", _answering(_act), "POST"),
        (f"{run}/download", _answering(_download), "GET"),
    ]
    return [
        Route(f"{root}/options", _options),
        *(Route(path, endpoint, methods=[method]) for path, endpoint, method in asked),
    ]

"""Training over HTTP: what the page Train asks for, beside contents.

Whoever has a run's id may look at it; it is steered with the name of the visitor who has started it.
"""

import asyncio
import gzip
import json
import zipfile
from pathlib import Path
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from aevb.models import REGISTRY
from aevb.stored.files import CONFIG, whole
from aevb.ui.frame import catalogue
from aevb.ui.jobs import limits, queue, server, sources, switches, turns
from aevb.ui.shared import contents, loading, served
from aevb.ui.shared.sentences import sentence
from aevb.ui.shared.served import answer, base
from aevb.ui.train import answers, points, specification
from aevb.ui.train.presets import PRESETS, TITLES

LOOKED_AT = {"fa": "factors"}
"""By the model's name, the scene of this page that looks at its runs, where no page of scenes does."""

DOWNLOADED = ("model.safetensors", "config.json", "training.json", "measures.json")

_packing = Lock()


async def _options(request: Request) -> Response:
    """What can be trained on what, with which presets; whether anything can at all."""
    if not switches.on("training"):
        return answers.json_response({"training": False})
    return answers.json_response(await run_in_threadpool(_told_options))


def _told_options() -> dict[str, Any]:
    there = sources.present()
    return {
        "training": True,
        "models": [
            {
                "name": name,
                "title": title,
                "conditional": REGISTRY[name].conditional,
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
        "uploads": switches.on("uploads"),
        "hub": switches.on("hub"),
        "limits": {
            "upload": limits.MAX_UPLOAD,
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
    told = await answers.posted(request)
    visitor = answers.visitor_in(told)
    asked = await run_in_threadpool(specification.read, told.get("specification"))
    future = await run_in_threadpool(server.queue().estimate, asked.trial(), visitor)
    try:
        # Shielded, since others may wait for the same.
        found = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), limits.ESTIMATING)
    except TimeoutError as error:
        raise answers.Problem(queue.BUSY, 503) from error
    if "problem" in found:
        return answers.json_response({"problem": sentence(found["problem"])})
    steps = asked.training["steps"] * found["step"]
    films = min(turns.FILMING * steps, limits.FRAMES * found["frame"])
    return answers.json_response(
        {
            "seconds": round(steps + films, 1),
            "step_ms": round(1000 * found["step"], 2),
            "parameters": int(found["parameters"]),
        }
    )


async def _start(request: Request) -> Response:
    told = await answers.posted(request)
    visitor = answers.visitor_in(told)
    asked = await run_in_threadpool(specification.read, told.get("specification"))
    name = await run_in_threadpool(server.queue().start, asked.to_json(), visitor)
    return answers.json_response({"id": name})


async def _look(request: Request) -> Response:
    """How a run stands, and its points from the n-th on."""
    first = request.query_params.get("from", "0")
    if not first.isdecimal() or len(first) > 9:
        raise answers.Problem("from must be a whole number.")
    return answers.json_response(await run_in_threadpool(_told_run, request.path_params["id"], int(first)))


def _told_run(name: str, first: int) -> dict[str, Any]:
    told = server.queue().look(name)
    folder = server.queue().folder(name)
    found = points.of(folder / turns.POINTS)
    found.follow()
    about = _read(folder / turns.ABOUT)
    kind = _kind(name)
    home = catalogue.home(kind) if kind else None
    images = about is None or len(about.get("shape", (0, 0))) == 2
    return (
        told
        | {
            "problem": sentence(told["problem"]),
            "step": max(told["step"], found.step),  # in the midst of a turn the points are ahead
            "points": [json.loads(line) for line in found.lines[first:]],
            "frames": len(list((folder / turns.FRAMES).glob("[0-9]*.bin"))),
            "marks": found.marks,
            "specification": _read(folder / turns.SPECIFICATION),
            "about": None if first else about,
            "checkpoint": kind is not None,
            "page": home.name if home and images else None,
            "scene": LOOKED_AT.get(kind) if kind and images else None,
        }
    )


def _read(path: Path) -> dict[str, Any] | None:
    return turns.read_json(path) if path.exists() else None


def _kind(name: str) -> str | None:
    """Which model a run's checkpoint is of; None before there is one."""
    try:
        folder = server.queue().checkpoint(name)
    except LookupError:
        return None
    return str(turns.read_json(folder / CONFIG)["model"])


async def _frame(request: Request) -> Response:
    number = request.path_params["k"]
    if not number.isdecimal() or len(number) > 9:  # as long as a name of a file, or longer than Python reads
        raise answers.Problem("There is no such frame.", 404)
    return await _file(request, f"{turns.FRAMES}/{int(number):04}.bin")


async def _images(request: Request) -> Response:
    return await _file(request, turns.IMAGES)


async def _file(request: Request, name: str) -> Response:
    """A file of the run that never changes once it is there."""
    path = await run_in_threadpool(server.queue().folder, request.path_params["id"]) / name
    if not path.is_file():
        raise answers.Problem("This is not recorded yet.", 404)
    content = await run_in_threadpool(path.read_bytes)
    return answer(request, content, gzip.compress(content, 6), "application/octet-stream")


async def _act(request: Request) -> Response:
    told = await answers.posted(request)
    visitor, do, values = answers.visitor_in(told), told.get("do"), None
    if do not in ("pause", "resume", "stop", "step", "e-steps", "m-steps", "set"):
        raise answers.Problem("do must be pause, resume, stop, step, e-steps, m-steps or set.")
    count = told.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= limits.MAX_HAND:
        raise answers.Problem(f"count must be a whole number from 1 to {limits.MAX_HAND}.")
    if do == "set":
        values = specification.changed(told.get("values"))
    name = request.path_params["id"]
    await run_in_threadpool(server.queue().act, name, visitor, do, count=count, values=values)
    return answers.json_response(await run_in_threadpool(server.queue().look, name))


async def _model(request: Request) -> Response:
    """Where a browser finds the weights that a run has ended with, and the test images that fit them."""
    name = request.path_params["id"]
    await run_in_threadpool(_learnt, name)
    return answers.json_response(await run_in_threadpool(_told_model, name))


def _told_model(name: str) -> dict[str, Any]:
    served.prepare_weights(name)
    found = contents.checkpoint(name, served.url)
    return {"digits": contents.digits(loading.source(name), served.url), "checkpoint": found}


async def _download(request: Request) -> Response:
    """The run's checkpoint in one zip, as a folder that `aevb.load` reads once it is unpacked."""
    name = request.path_params["id"]
    packed = await run_in_threadpool(_packed, name)
    return FileResponse(packed, filename=f"aevb-{name}.zip", headers={"Cache-Control": "no-store"})


def _learnt(name: str) -> Path:
    """The folder of a run's checkpoint."""
    server.queue().folder(name)
    try:
        return server.queue().checkpoint(name)
    except LookupError as error:
        raise answers.Problem("There is a checkpoint once the run is done or stopped.", 409) from error


def _packed(name: str) -> Path:
    """The zip beside the folder of a run's checkpoint, made for whoever asks first."""
    folder = _learnt(name)
    path = folder.with_name(turns.PACKED)
    with _packing:
        if not path.exists():
            with (
                whole(path) as unfinished,
                zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive,
            ):
                for file in DOWNLOADED:
                    if (folder / file).exists():
                        archive.write(folder / file, file)
    return path


def routes() -> list[Route]:
    """For `st.App`."""
    root = f"{base()}/training"
    run = f"{root}/run/{{id}}"
    asked: list[tuple[str, answers.Endpoint, str]] = [
        (f"{root}/estimate", answers.answering(_estimate), "POST"),
        (f"{root}/start", answers.answering(_start), "POST"),
        (run, answers.answering(_look), "GET"),
        (f"{run}/frame/{{k}}", answers.answering(_frame), "GET"),
        (f"{run}/images", answers.answering(_images), "GET"),
        (f"{run}/model", answers.answering(_model), "GET"),
        (f"{run}/act", answers.answering(_act), "POST"),
        (f"{run}/download", answers.answering(_download), "GET"),
    ]
    return [
        Route(f"{root}/options", _options),
        *(Route(path, endpoint, methods=[method]) for path, endpoint, method in asked),
    ]

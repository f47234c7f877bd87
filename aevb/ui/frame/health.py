"""/healthz: whether what this server shows is sound, for whoever looks after it.

Beside Streamlit's own /_stcore/health, which says that the server answers, this says what it has to answer
with. A file is read again only once it has changed.
"""

from collections.abc import Iterable
from pathlib import Path
from threading import Condition
from typing import Any

from cachetools import LRUCache, cached
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aevb import checkpoints, data
from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.models import REGISTRY
from aevb.ui.frame import catalogue
from aevb.ui.jobs import server, switches
from aevb.ui.shared.sentences import sentence
from aevb.ui.shared.served import base

OK = "ok"

State = tuple[tuple[str, int, int], ...]
"""Of files: their names, sizes, and when they were written, in ns."""


def route() -> Route:
    """For `st.App`."""
    return Route(f"{base()}/healthz", serve)


def serve(_: Request) -> Response:
    """What `health` tells: with status 200 where all of it is sound, else 503."""
    told = health()
    return JSONResponse(told, 200 if told["sound"] else 503, headers={"Cache-Control": "no-store"})


def health() -> dict[str, Any]:
    """How each of the pages' checkpoints is, "ok" or a sentence; MNIST, "whole", "sample" or a sentence; and
    how many processes there are to train, None where training is switched off."""
    found = {name: _checkpoint(name, _state(_files(name))) for name in catalogue.SHOWN}
    digits = _digits(_state(_images()))
    alive = server.queue().alive if switches.on("training") else None
    sound = all(said == OK for said in found.values()) and digits in ("whole", "sample") and alive != 0
    return {"sound": sound, "checkpoints": found, "data": digits, "workers": alive}


@cached(LRUCache(len(catalogue.SHOWN)), key=lambda name, state: (name, state), condition=Condition())
def _checkpoint(name: str, state: State) -> str:
    try:
        checkpoint = checkpoints.load(checkpoints.ROOT / name)
        checkpoint.expect(REGISTRY[name])
        _ = checkpoint.training, checkpoint.measures, checkpoint.maps  # each is read as it is asked for
    except CheckpointError as error:
        return sentence(str(error))
    return OK


@cached(LRUCache(1), condition=Condition())
def _digits(state: State) -> str:
    try:
        data.load_complete()
    except FileNotFoundError:
        return _sample()
    except DataError as error:
        return sentence(str(error))
    return "whole"


def _sample() -> str:
    try:
        data.load_sample()
    except DataError as error:
        return sentence(str(error))
    return "sample"


def _files(name: str) -> Iterable[Path]:
    return (checkpoints.ROOT / name / file for file in checkpoints.FILES)


def _images() -> Iterable[Path]:
    """The sample, and whatever may be MNIST where that is looked for."""
    root = data.folder()
    yield data.SAMPLE
    for place in (root / "MNIST" / "raw", root / "MNIST", root / "raw", root):
        yield from sorted(place.glob("*-ubyte*"))


def _state(paths: Iterable[Path]) -> State:
    found = []
    for path in paths:
        try:
            about = path.stat()
        except OSError:  # not there, or not to be looked at: reading it will tell
            continue
        found.append((str(path), about.st_size, about.st_mtime_ns))
    return tuple(found)

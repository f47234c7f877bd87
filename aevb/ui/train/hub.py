"""Checkpoints from the Hugging Face Hub, and to it.

Whatever is pulled is public, and is as little trusted as a file that was uploaded. A visitor's token is in
the memory of this process for as long as its push takes, and nowhere else.
"""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aevb import checkpoints
from aevb.checkpoints import CheckpointError
from aevb.stored import hub
from aevb.stored.files import CONFIG, MAX_BYTES, read_json
from aevb.ui.jobs import limits, reading, server, uploads
from aevb.ui.shared.sentences import sentence
from aevb.ui.shared.served import base
from aevb.ui.train import answers, bring
from aevb.ui.train.answers import Problem, answering

TOKEN = re.compile(r"[\w-]{1,200}", re.ASCII)
PIECE = 2**22
"""Bytes that are asked for at once: between two such questions the time is looked at."""


async def _pull(request: Request) -> Response:
    asked = await answers.posted(request)
    visitor, name = answers.visitor_in(asked), _repository(asked)
    with bring.alone(visitor), uploads.workplace() as place:
        await run_in_threadpool(_fetch, name, place / reading.CHECKPOINT)
        return answers.json_response(await bring.read(place, name, visitor))


def _fetch(name: str, folder: Path) -> None:
    """Downloads a checkpoint of a public repository, after a look at its config.json and its header."""
    until = time.monotonic() + limits.FETCHING
    with hub.reached("The Hugging Face Hub could not be reached"):
        repository = hub.Repository(name, None, token=False)
    reading.require_trainable(repository, read_json(repository, CONFIG))
    folder.mkdir()
    for file in reading.TAKEN:
        size = repository.size(file) or 0  # there need be no training.json
        if size > MAX_BYTES.get(file, limits.MAX_UPLOAD):
            raise CheckpointError(f"{repository.where(file)} is larger than any such file is.")
        if not size:
            continue
        with (folder / file).open("wb") as written:
            for start in range(0, size, PIECE):
                if time.monotonic() > until:
                    raise CheckpointError(f"{name} did not arrive within {limits.FETCHING:.0f} seconds.")
                written.write(repository.read(file, start, min(size, start + PIECE)))


async def _push(request: Request) -> Response:
    asked = await answers.posted(request)
    visitor, name = answers.visitor_in(asked), _repository(asked)
    run, token, private = asked.get("run"), asked.get("token"), asked.get("private", True)
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise Problem("A token of the Hugging Face Hub is one word, such as hf_abcdef: this is none.")
    if not isinstance(private, bool):
        raise Problem("private must be true or false.")
    folder = await run_in_threadpool(server.queue().checkpoint, run if isinstance(run, str) else "")
    with bring.alone(visitor):
        pushing = asyncio.create_task(asyncio.to_thread(_pushed, folder, name, token, private))
        try:
            url = await asyncio.wait_for(asyncio.shield(pushing), limits.FETCHING)
        except TimeoutError:
            pushing.add_done_callback(lambda task: task.cancelled() or task.exception())
            raise Problem(
                f"The Hugging Face Hub did not answer within {limits.FETCHING:.0f} seconds: look there "
                "whether the repository is complete."
            ) from None
        except Exception as error:
            # Without its cause, in which there may be anything that was sent.
            said = sentence(str(error)).replace(token, "…")
            raise Problem(
                said if isinstance(error, CheckpointError) else "This could not be pushed."
            ) from None
    return answers.json_response({"url": url})


def _pushed(folder: Path, name: str, token: str, private: bool) -> str:
    """Puts a run's checkpoint, with the library's card, into a repository; returns its address."""
    hub.require_writer(token)
    commit = checkpoints.load(folder).push_to_hub(name, private=private, token=token)
    return commit.partition("/commit/")[0]


def _repository(asked: dict[str, Any]) -> str:
    name = asked.get("repository")
    name = name.strip() if isinstance(name, str) else ""
    if not hub.REPOSITORY.fullmatch(name) or len(name) > 200:
        raise Problem("A repository is named by its owner and its name, such as someone/small-vae.")
    return name


def routes() -> list[Route]:
    """For `st.App`."""
    root = f"{base()}/training"
    return [
        Route(f"{root}/pull", answering(_pull, "hub"), methods=["POST"]),
        Route(f"{root}/push", answering(_push, "hub"), methods=["POST"]),
    ]

"""This server's runs: where they lie, and that they begin and end with the server."""

import logging
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

from aevb.data import Images
from aevb.ui.jobs import limits, sources, switches, turns, uploads
from aevb.ui.jobs.queue import Queue

log = logging.getLogger("aevb")

TEMPORARY = "aevb-runs-"
LOCK = ".server"

CLOSING = 5.0
"""Seconds that workers have to end their turns when the server ends: what ends it waits some ten."""


def require_settings() -> None:
    """Ends the server, with a sentence, where a switch is neither on nor off, $AEVB_WORKERS is no number of
    them, or runs have no folder that can be written and is not another server's."""
    try:
        switches.require_either()
        if not switches.on("training"):
            return
        limits.workers(os.environ.get("AEVB_WORKERS"))
    except ValueError as error:
        sys.exit(str(error))
    kept = os.environ.get("AEVB_RUNS")
    try:
        root = Path(kept).expanduser() if kept else Path(tempfile.gettempdir())
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
        if kept:
            _take(root.resolve())
    except Timeout:
        sys.exit(f"Another server that runs has AEVB_RUNS={kept}: end it, or give this one another folder.")
    except OSError as error:
        where = f"AEVB_RUNS={kept}" if kept else "any temporary folder"
        sys.exit(
            f"Nothing can be written in {where} ({error.strerror or error}): give the folder to the user who "
            "runs the server, name another by AEVB_RUNS, or switch training off (AEVB_TRAINING=off)."
        )


@cache
def _take(root: Path) -> FileLock:
    """Has a folder of runs for this process as long as it lives. A second server would take runs that are
    under way for those of an earlier one, and remove what they go on from.

    Raises:
        Timeout: where another process has it.
    """
    # No file whose mere presence locks: one that a killed server left would keep the next one out.
    taken = FileLock(root / LOCK, thread_local=False, fallback_to_soft=False)
    try:
        taken.acquire(timeout=0)
    except (Timeout, PermissionError):
        raise
    except (NotImplementedError, OSError):  # of a file system that knows no locks
        log.warning("Whether another server has %s cannot be told.", root)
    return taken


@cache
def queue() -> Queue:
    """The queue of this process, in $AEVB_RUNS, which is its alone, or else in a folder that goes with it."""
    kept = os.environ.get("AEVB_RUNS")
    if not kept:
        _clear_away()
    root = Path(kept).expanduser() if kept else Path(tempfile.mkdtemp(prefix=TEMPORARY))
    if not kept:
        _take(root)
    uploads.lie_in(uploads.below(root))
    return Queue(root)


def _clear_away() -> None:
    """Removes the temporary folders of this user's servers that were killed before they could."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    for path in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*/{LOCK}"):
        with suppress(OSError, NotImplementedError):  # a server has it, or whether one has cannot be told
            if path.parent.lstat().st_uid == user:
                with FileLock(path, timeout=0, fallback_to_soft=False):
                    pass
                shutil.rmtree(path.parent)


def checkpoint(name: str) -> Path:
    """What a run of this server has learnt, as `Queue.checkpoint`.

    Raises:
        LookupError: as that, and where nothing is trained.
    """
    if not switches.on("training"):
        raise LookupError(name)
    return queue().checkpoint(name)


def images(name: str) -> Images:
    """Those of a source; or those that a run of this server has trained on, by its id.

    Raises:
        LookupError: where there are none of that name, or not any more.
        DataError: where they cannot be read.
    """
    if switches.on("training") and not uploads.NAME.fullmatch(name):
        with suppress(LookupError, FileNotFoundError):
            name = turns.read_json(queue().folder(name) / turns.SPECIFICATION)["data"]
    return sources.find(name).read()


def start() -> None:
    """Starts the workers, so that the first visitor need not wait for their imports."""
    if switches.on("training"):
        queue()


def stop() -> None:
    """Ends what `start` has begun, and removes the runs, unless they lie in $AEVB_RUNS."""
    if queue.cache_info().currsize:
        runs = queue()
        runs.close()
        runs.join(CLOSING)
        if not os.environ.get("AEVB_RUNS"):
            _take(runs.root).release()
            shutil.rmtree(runs.root, ignore_errors=True)
        queue.cache_clear()

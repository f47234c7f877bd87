"""Long work, beside the app rather than in it.

A few worker processes (worker.py), at a low priority, run one generator each; a page follows a job by
polling, so that a visitor's drag stays quick while others train. Visitors who ask for the same thing
follow the same job, and a job whose last follower has left is cancelled at its next yield.
"""

import logging
import os
import pickle
import queue
import subprocess
import sys
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from aevb.ui.frame import errors

log = logging.getLogger("aevb")

WORKERS = max(1, min(4, (os.cpu_count() or 1) - 1))
MAX_QUEUED = 40  # in a lane
KEPT = 32  # finished jobs, for whoever asks for the same again

Status = Literal["queued", "running", "done", "failed", "cancelled"]
Lane = Literal["training", "download"]
"""Jobs wait only for those of their own lane. Downloads compute nothing, so theirs has one worker more."""


@dataclass(eq=False)
class Job:
    """A generator's run in a worker: what it has yielded so far, and how it stands.

    `error` is a sentence for the visitor where the status is "failed".
    """

    key: tuple
    function: Callable[..., Iterator[Any]]
    arguments: tuple
    lane: Lane = "training"
    status: Status = "queued"
    results: list[Any] = field(default_factory=list)
    error: str = ""
    followers: set[str] = field(default_factory=set)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ("done", "failed", "cancelled")


class Busy(RuntimeError):
    """Too many jobs are waiting."""


class Jobs:
    """The jobs of one server process and the workers that run them."""

    def __init__(self, workers: int = WORKERS):
        self._lock = threading.Lock()
        self._jobs: OrderedDict[tuple, Job] = OrderedDict()
        self._queues: dict[Lane, queue.SimpleQueue[Job]] = {}
        self._open("training", workers)

    def follow(
        self,
        follower: str,
        function: Callable[..., Iterator[Any]],
        *arguments: Any,
        lane: Lane = "training",
    ) -> Job:
        """The job of these (hashable) arguments, begun unless it is known, with one more follower.

        Raises:
            Busy: where too many are waiting already.
        """
        key = _key(function, arguments)
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.status in ("failed", "cancelled"):
                if len(self._waiting(lane)) >= MAX_QUEUED:
                    raise Busy("Too many trainings are waiting on this server: try again in a minute.")
                if lane not in self._queues:
                    self._open(lane, 1)
                job = self._jobs[key] = Job(key, function, arguments, lane)
                self._jobs.move_to_end(key)
                self._queues[lane].put(job)
            elif job.finished:  # forgotten last; the order of those that wait is the queue's
                self._jobs.move_to_end(key)
            job.followers.add(follower)
            finished = [key for key, job in self._jobs.items() if job.finished]
            for key in finished[:-KEPT]:
                del self._jobs[key]
        return job

    def leave(self, follower: str, job: Job) -> None:
        """One follower fewer; the last one's leaving cancels an unfinished job."""
        with self._lock:
            job.followers.discard(follower)
            if not job.followers and not job.finished:
                job.status = "cancelled"

    def forget(self, job: Job) -> None:
        """Whoever asks for the same as this finished job from now on has it done again."""
        with self._lock:
            if job.finished and self._jobs.get(job.key) is job:
                del self._jobs[job.key]

    def ahead(self, job: Job) -> int:
        """How many jobs are to be begun before a queued one."""
        with self._lock:
            waiting = self._waiting(job.lane)
        return waiting.index(job) if job in waiting else 0

    def _waiting(self, lane: Lane) -> list[Job]:
        return [job for job in self._jobs.values() if job.status == "queued" and job.lane == lane]

    def _open(self, lane: Lane, workers: int) -> None:
        self._queues[lane] = queue.SimpleQueue()
        for number in range(workers):
            name = f"jobs-{lane}-{number}"
            threading.Thread(target=self._work, args=(self._queues[lane],), name=name, daemon=True).start()

    def _begin(self, job: Job) -> bool:
        with self._lock:  # or a follower who leaves at this moment would not be heard
            if job.status == "queued":
                job.status = "running"
            return job.status == "running"

    def _end(self, job: Job, error: str) -> None:
        if error:
            log.warning("%s failed: %s", job.function.__qualname__, error)
        with self._lock:
            if job.status == "running":
                job.status, job.error = ("failed" if error else "done"), errors.sentence(error)

    def _work(self, waiting: "queue.SimpleQueue[Job]") -> None:
        worker: _Worker | None = None
        with suppress(OSError):  # now, so that the first job need not wait for it; tried again with that
            worker = _Worker()
        while True:
            job = waiting.get()
            if not self._begin(job):
                continue
            try:
                if worker is None or not worker.alive:
                    worker = _Worker()
                error = worker.run(job)
            except Exception:  # of any kind: this thread must live
                log.exception("A worker process failed.")
                if worker is not None:
                    worker.stop()
                error = "The process for this work did not start, or ended unexpectedly: try again."
            self._end(job, error)


def _key(function: Callable[..., Iterator[Any]], arguments: tuple) -> tuple:
    return (function.__module__, function.__qualname__, arguments)


class _Worker:
    """A process that runs one generator after another.

    A process of its own rather than multiprocessing's: that would run the page's script in it, which
    Streamlit makes the main module, and a fork of a process with threads can hang.
    """

    def __init__(self) -> None:
        root = Path(__file__).parents[3]
        path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aevb.ui.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def run(self, job: Job) -> str:
        """Runs a job to its end; returns its error, empty where it went well."""
        self._send((job.function, job.arguments))
        while True:
            # From our own process, whence also the noqa: nothing from outside is ever unpickled.
            kind, value = pickle.load(self.process.stdout)  # type: ignore[arg-type]  # noqa: S301
            if kind == "end":
                return value
            job.results.append(value)
            self._send(job.status == "running")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def _send(self, message: object) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)  # first, so that half of it is never sent
        self.process.stdin.write(data)  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]


@st.cache_resource(show_spinner=False)
def _jobs() -> Jobs:
    return Jobs()


class _Session:
    """What one visitor follows, by slot; left when the visitor leaves."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex
        self.slots: dict[str, Job] = {}

    def leave(self, slot: str) -> None:
        if job := self.slots.pop(slot, None):
            _jobs().leave(self.name, job)

    def leave_all(self) -> None:
        for slot in list(self.slots):
            self.leave(slot)


@st.cache_resource(scope="session", show_spinner=False, on_release=_Session.leave_all)
def _session() -> _Session:
    return _Session()


def start() -> None:
    """Starts the workers, so that the first visitor need not wait for their imports."""
    _jobs()


def follow(
    slot: str, function: Callable[..., Iterator[Any]], *arguments: Any, lane: Lane = "training"
) -> Job:
    """This visitor's job in `slot`, begun where needed; another one followed there before is left.

    Raises:
        Busy: where too many are waiting already.
    """
    session = _session()
    before = session.slots.get(slot)
    if before and before.key != _key(function, arguments):  # first: it must not keep its worker if Busy
        session.leave(slot)
    job = session.slots[slot] = _jobs().follow(session.name, function, *arguments, lane=lane)
    return job


def following(slot: str) -> Job | None:
    """This visitor's job in `slot`, if any."""
    return _session().slots.get(slot)


def leave(slot: str) -> None:
    """Stops following: the button "Stop"."""
    _session().leave(slot)


def forget(slot: str) -> None:
    """Stops following, and has a finished job done again when it is next asked for."""
    if job := following(slot):
        leave(slot)
        _jobs().forget(job)


def ahead(job: Job) -> int:
    """How many jobs are to be begun before this one."""
    return _jobs().ahead(job)

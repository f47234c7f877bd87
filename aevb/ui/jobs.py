"""Long work, beside the app rather than in it.

A few worker processes, at a low priority, run one generator each; a page follows a job by polling, so
that a visitor's drag stays quick while others train. Visitors who ask for the same thing follow the
same job, and a job whose last follower has left is cancelled.
"""

import multiprocessing
import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any, Literal

import streamlit as st

WORKERS = max(1, min(4, (os.cpu_count() or 1) - 1))
MAX_QUEUED = 40
KEPT = 32  # finished jobs, for whoever asks for the same again

Status = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(eq=False)
class Job:
    """A generator's run in a worker: what it has yielded so far, and how it stands.

    `error` is a sentence for the visitor where the status is "failed".
    """

    key: tuple
    function: Callable[..., Iterator[Any]]
    arguments: tuple
    status: Status = "queued"
    results: list[Any] = field(default_factory=list)
    error: str = ""
    followers: set[str] = field(default_factory=set)
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def finished(self) -> bool:
        return self.status in ("done", "failed", "cancelled")


class Busy(RuntimeError):
    """Too many jobs are waiting."""


class Jobs:
    """The jobs of one server process and the workers that run them."""

    def __init__(self, workers: int = WORKERS):
        self._lock = threading.Lock()
        self._jobs: OrderedDict[tuple, Job] = OrderedDict()
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for number in range(workers):
            threading.Thread(target=self._work, name=f"jobs-{number}", daemon=True).start()

    def follow(self, follower: str, function: Callable[..., Iterator[Any]], *arguments: Any) -> Job:
        """The job of these (hashable) arguments, begun unless it is known, with one more follower.

        Raises:
            Busy: where too many are waiting already.
        """
        key = (function.__module__, function.__qualname__, arguments)
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.status in ("failed", "cancelled"):
                if sum(other.status == "queued" for other in self._jobs.values()) >= MAX_QUEUED:
                    raise Busy("Too many trainings are waiting on this server: try again in a minute.")
                job = self._jobs[key] = Job(key, function, arguments)
                self._queue.put(job)
            job.followers.add(follower)
            self._jobs.move_to_end(key)
            finished = [key for key, job in self._jobs.items() if job.finished]
            for key in finished[:-KEPT]:
                del self._jobs[key]
        return job

    def leave(self, follower: str, job: Job) -> None:
        """One follower fewer; the last one's leaving cancels an unfinished job."""
        with self._lock:
            job.followers.discard(follower)
            if not job.followers and not job.finished:
                job.cancelled.set()
                job.status = "cancelled"

    def ahead(self, job: Job) -> int:
        """How many jobs are to be begun before a queued one."""
        with self._lock:
            waiting = [other for other in self._jobs.values() if other.status == "queued"]
        return waiting.index(job) if job in waiting else 0

    def _work(self) -> None:
        worker = None
        while True:
            job = self._queue.get()
            if job.cancelled.is_set():
                continue
            if worker is None or not worker.process.is_alive():
                worker = _Worker()
            job.status = "running"
            try:
                worker.run(job)
            except (EOFError, OSError):
                job.error = "The process that did this work ended unexpectedly: try again."
            with self._lock:
                if job.status == "running":
                    job.status = "failed" if job.error else "done"


class _Worker:
    """A process that runs one generator after another, and the two ends' agreement on how."""

    def __init__(self) -> None:
        # spawn: a fork of a process with threads, such as a server, can hang.
        context = multiprocessing.get_context("spawn")
        self.cancel = context.Event()
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.cancel), daemon=True)
        self.process.start()
        theirs.close()

    def run(self, job: Job) -> None:
        self.cancel.clear()
        self.connection.send((job.function, job.arguments))
        while True:
            if job.cancelled.is_set():
                self.cancel.set()
            if not self.connection.poll(0.2):
                continue
            kind, value = self.connection.recv()
            if kind == "result":
                job.results.append(value)
            else:
                job.error = value
                return


def _serve(connection: Connection, cancel: Event) -> None:
    """What runs in the worker's process."""
    import torch

    torch.set_num_threads(1)
    if hasattr(os, "nice"):
        os.nice(10)
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:  # the server has gone
            return
        error = ""
        try:
            for result in function(*arguments):
                if cancel.is_set():
                    break
                connection.send(("result", result))
        except Exception as failure:  # of any kind: the visitor must hear of it
            error = str(failure) or type(failure).__name__
        connection.send(("end", error))


@st.cache_resource
def _jobs() -> Jobs:
    return Jobs()


class _Session:
    """What one visitor follows, by slot; left when the visitor leaves."""

    def __init__(self, name: str):
        self.name = name
        self.slots: dict[str, Job] = {}

    def leave(self, slot: str) -> None:
        if job := self.slots.pop(slot, None):
            _jobs().leave(self.name, job)

    def leave_all(self) -> None:
        for slot in list(self.slots):
            self.leave(slot)


@st.cache_resource(scope="session", on_release=_Session.leave_all)
def _session() -> _Session:
    context = st.runtime.scriptrunner.get_script_run_ctx()
    return _Session(context.session_id if context else "")


def follow(slot: str, function: Callable[..., Iterator[Any]], *arguments: Any) -> Job:
    """This visitor's job in `slot`, begun where needed; another one followed there before is left.

    Raises:
        Busy: where too many are waiting already.
    """
    session = _session()
    job = _jobs().follow(session.name, function, *arguments)
    if session.slots.get(slot) not in (None, job):
        session.leave(slot)
    session.slots[slot] = job
    return job


def following(slot: str) -> Job | None:
    """This visitor's job in `slot`, if any."""
    return _session().slots.get(slot)


def leave(slot: str) -> None:
    """Stops following: the button "Stop"."""
    _session().leave(slot)


def ahead(job: Job) -> int:
    """How many jobs are to be begun before this one."""
    return _jobs().ahead(job)

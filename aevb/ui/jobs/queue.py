"""Who trains next: runs take short turns on a few worker processes, so that a class shares them fairly.

A run is a folder (turns.py) of which this process keeps the status; a visitor, a random name that a browser
keeps, steers the runs that it has started. What goes wrong in a turn, a crash, a hang, a kill for memory or
numbers that are not finite, costs that run alone and is told in a sentence.
"""

import json
import logging
import math
import os
import re
import secrets
import shutil
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from aevb.stored.files import CONFIG, whole
from aevb.ui.jobs import limits, turns, uploads
from aevb.ui.jobs.rates import RateLimiter
from aevb.ui.jobs.worker import Lost, Process

log = logging.getLogger("aevb")

STATUS = "status.json"
ID = re.compile("[0-9a-f]{16}")

Status = Literal["queued", "running", "paused", "done", "failed", "stopped", "lost"]
"""queued: before its first turn; lost: the server ended before the run did."""

UNFINISHED = ("queued", "running", "paused")

RESTARTED = "The server was restarted while this run was under way: start it again."
EXPIRED = "There is no such run any more: it has expired, or the server was restarted."
NOT_STARTED = "This server could not start a process for this: try again in a minute."
BUSY = "The server is too busy to tell how long this takes."


class Refused(RuntimeError):
    """What a visitor asked for is not done; the message says why, in a sentence."""


class Worker(Protocol):
    """Whatever answers requests as `aevb.ui.jobs.worker.Process` does."""

    def ready(self) -> None:
        """Waits until it can answer, or raises OSError."""

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer, or Lost."""

    @property
    def alive(self) -> bool:
        """Whether it is there to answer."""

    def give_up(self) -> None:
        """Ends it while it is asked something, which is Lost then."""

    def stop(self) -> None:
        """Ends it."""


@dataclass(frozen=True)
class ByHand:
    """Steps that are pressed for.

    Attributes:
        phase: what they move; None: what the schedule says.
        count: how many.
    """

    phase: str | None = None
    count: int = 0


@dataclass(eq=False)
class Job:
    """A run as this process knows it. Times are of `time.monotonic`, `created` and `ended` of the clock.

    Attributes:
        created: when it was started, and `ended` when it was finished, or 0.
        seen: when somebody last looked at it.
        away: whether it pauses because nobody does.
        served: when its last turn ended, or when it came.
        values: what it has been steered to since it began: each turn begins with them.
        hand: the steps by hand that are still to be taken, in the order in which they were pressed; `asked`:
            those that the present turn takes.
        ending: whether the next turn is to be the last.
        worker: who has its present turn, and `due`, when it should be back, where its visitor has ended it.
        attempts: how often no process could be started since it waits.
        pace: seconds for each step, all in all, as measured in the last turns.
        size: of its folder in bytes, once it is finished, with a download of what it has learnt.
    """

    id: str
    folder: Path
    visitor: str
    status: Status = "queued"
    problem: str = ""
    created: float = field(default_factory=time.time)
    ended: float = 0.0
    seen: float = field(default_factory=time.monotonic)
    served: float = field(default_factory=time.monotonic)
    away: bool = False
    in_turn: bool = False
    worker: Worker | None = None
    due: float = math.inf
    ending: bool = False
    turns: int = 0
    attempts: int = 0
    step: int = 0
    steps: int = 0
    pace: float = 0.0
    values: dict[str, Any] = field(default_factory=dict)
    hand: deque[ByHand] = field(default_factory=deque)
    asked: ByHand = ByHand()
    size: int = 0

    estimates = False

    @property
    def finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status not in UNFINISHED

    @property
    def over(self) -> bool:
        """Whether it is finished and its last turn is, too: nothing in its folder changes any more."""
        return self.finished and not (self.in_turn or self.ending)

    @property
    def moving(self) -> bool:
        """Whether it goes on by itself."""
        return self.status in ("queued", "running")

    @property
    def waits(self) -> bool:
        """Whether it could take a turn now."""
        return not self.in_turn and (self.moving or bool(self.hand) or self.ending)

    def press(self, phase: str | None, count: int) -> None:
        """More steps by hand, after those that were pressed for before: `limits.MAX_HAND` in all."""
        last = self.hand.pop() if self.hand and self.hand[-1].phase == phase else ByHand(phase)
        free = limits.MAX_HAND - sum(steps.count for steps in (*self.hand, last, self.asked))
        if more := last.count + min(count, max(0, free)):
            self.hand.append(ByHand(phase, more))

    def let_go(self) -> None:
        """Takes no more steps by hand."""
        self.hand.clear()
        self.asked = ByHand()

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """Its place in the line: what somebody waits to see first, then new runs, then by turns."""
        return (not (self.hand or self.ending), self.turns > 0, self.served)

    @contextmanager
    def made(self) -> Iterator[None]:
        """Makes its folder, to be filled within, and writes its status down: all of it or nothing.

        Raises:
            OSError: where there is no room for it.
        """
        self.folder.mkdir()
        try:
            yield
            self.write()
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def write(self) -> None:
        """Writes down what a restarted server must know of it.

        Raises:
            OSError: where there is no room for it, or no folder any more.
        """
        told = {name: getattr(self, name) for name in KEPT}
        if self.finished and not self.over:  # a server that ends before the last turn does has lost it
            told["status"] = "running"
        with whole(self.folder / STATUS) as unfinished:
            unfinished.write_text(json.dumps(told), encoding="utf-8")

    def keep(self) -> None:
        """As `write`, but where that fails it goes on here all the same."""
        try:
            self.write()
        except OSError:
            log.exception("The status of the run %s could not be kept.", self.id)

    def shrink(self) -> None:
        """Removes what its next turn would go on from, the most of its folder: there is none."""
        for name in (turns.STATE, f".{turns.STATE}", turns.INTERRUPT):
            with suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)


KEPT = ("id", "visitor", "status", "problem", "created", "ended", "step", "steps")


@dataclass(eq=False)
class Errand:
    """What a worker is asked beside turns, such as a few steps to tell how long they take.

    Attributes:
        request: as `aevb.ui.jobs.worker.answer` takes it.
        seconds: that the worker has for it.
        until: when nobody waits for it any more.
        attempts: how often no process could be started since it waits.
    """

    request: dict[str, Any]
    seconds: float = limits.SILENCE
    until: float = math.inf
    attempts: int = 0
    answer: Future[dict[str, Any]] = field(default_factory=Future)
    served: float = field(default_factory=time.monotonic)

    waits = True

    @property
    def estimates(self) -> bool:
        """Whether it tells how long a run takes, and waits among later turns; else it does among new runs."""
        return self.until < math.inf

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """As a run's that has had its first turn, or has not."""
        return (True, self.estimates, self.served)


class Queue:
    """The runs of one server process and the workers that train them.

    Args:
        root: the folder of the runs' folders; those that lie there already are found again.
        workers: how many processes train; as many as $AEVB_WORKERS says, if none is given.
        hire: starts one; raises OSError where that fails. `Process` does, if none is given.
    """

    def __init__(self, root: Path, workers: int | None = None, hire: Callable[[], Worker] | None = None):
        self.root, self._hire = root, hire or partial(Process, root)
        self.workers = workers or limits.workers(os.environ.get("AEVB_WORKERS"))
        self._changed = threading.Condition()
        self._removing = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._errands: deque[Errand] = deque()
        self._estimates: OrderedDict[str, Errand] = OrderedDict()
        self._estimated = False  # whether the last thing that a worker has begun is an estimate
        self._rates = RateLimiter(limits.REMEMBERED)
        self._staff: set[Worker] = set()
        self._closed = threading.Event()
        root.mkdir(parents=True, exist_ok=True)
        self._find()
        works = [(self._work, f"jobs-{number}") for number in range(self.workers)]
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in (*works, (self._sweep, "jobs-sweep"))
        ]
        for thread in self._threads:
            thread.start()

    # What a visitor asks

    def start(self, specification: Mapping[str, Any], visitor: str) -> str:
        """A new run, and its id. An unfinished run of the same visitor ends, once the new one is there.

        Raises:
            Refused: where too many are under way, or the visitor starts them too fast.
            OSError: where it cannot be written down.
        """
        with self._changed:
            said = "You start runs faster than they can be looked at"
            self.limit_rate("start", visitor, limits.STARTS, said)
            unfinished = [job for job in self._jobs.values() if not job.finished]
            former = [job for job in unfinished if job.visitor == visitor]
            others = len(unfinished) - len(former)
            if others >= limits.UNFINISHED:
                raise Refused(f"{others} runs are under way on this server: try again in a minute.")
            name = secrets.token_hex(8)
            job = Job(name, self.root / name, visitor, steps=specification["training"]["steps"])
            with job.made():
                text = json.dumps(specification)
                (job.folder / turns.SPECIFICATION).write_text(text, encoding="utf-8")
            for one in former:
                self._stop(one)
            self._jobs[name] = job
            self._changed.notify()
            return name

    def shelve(self, folder: Path, visitor: str, told: Mapping[str, Any]) -> str:
        """Takes a checkpoint that was brought along, as a finished run without a curve, and its id.

        Args:
            folder: the checkpoint's, sound by now. It is moved from where it is.
            told: what there is to say of it, in plain JSON; it stands in the run's about.json.
        Raises:
            OSError: where it cannot be moved; there is no such run then.
        """
        name = secrets.token_hex(8)
        job = Job(name, self.root / name, visitor, status="done", ended=time.time())
        with job.made():
            shutil.move(folder, job.folder / turns.CHECKPOINT)
            (job.folder / turns.ABOUT).write_text(json.dumps(dict(told)), encoding="utf-8")
        with self._changed:
            self._jobs[name] = job
        return name

    def estimate(self, specification: dict[str, Any], visitor: str) -> "Future[dict[str, Any]]":
        """What `turns.trial` finds, or a "problem", once a worker has had time for it. The same for all.

        Raises:
            Refused: where too many estimates are waited for, or the visitor asks for them too fast.
        """
        key = json.dumps(specification, sort_keys=True)
        with self._changed:
            self._drop()
            if key not in self._estimates:
                if len(self._errands) >= limits.ERRANDS:
                    said = "Too many estimates are waited for: start the run to see how long it takes."
                    raise Refused(said)
                said = "You ask for estimates faster than they are made"
                self.limit_rate("estimate", visitor, limits.TRIALS, said)
                self._estimates[key] = Errand({"specification": specification}, until=0.0)
                self._errands.append(self._estimates[key])
                if len(self._estimates) > limits.ESTIMATES:
                    self._estimates.popitem(last=False)
                self._changed.notify()
            self._estimates.move_to_end(key)
            self._estimates[key].until = time.monotonic() + limits.ESTIMATING
            return self._estimates[key].answer

    def limit_rate(self, what: str, visitor: str, most: tuple[int, float], said: str) -> None:
        """Counts what a visitor does, of which so many are allowed within so many seconds.

        Raises:
            Refused: beyond it, with what is `said` and how long to wait.
        """
        with self._changed:
            if wait := self._rates.wait(what, visitor, most):
                raise Refused(f"{said}: try again in {wait:.0f} seconds.")

    def errand(self, request: dict[str, Any], seconds: float) -> "Future[dict[str, Any]]":
        """What a worker answers, or a "problem", once it has had time for it; and whether it is "lost" by it.

        Raises:
            Refused: where too many errands are waited for.
        """
        with self._changed:
            self._drop()
            if len(self._errands) >= limits.ERRANDS:
                raise Refused("This server has too much to do at the moment: try again in a minute.")
            errand = Errand(request, seconds)
            self._errands.append(errand)
            self._changed.notify()
            return errand.answer

    def look(self, name: str) -> dict[str, Any]:
        """How a run stands, for whoever has its link: that somebody looks keeps it going.

        `place` is how many turns are before its next one; `wait_s` and `left_s` are estimates in seconds,
        None where there is none yet; `values` is what it has been steered to, recorded or not.

        Raises:
            LookupError: where there is no such run.
        """
        with self._changed:
            job = self._jobs[name]
            job.seen = time.monotonic()
            if job.away:
                job.away = False
                self._go_on(job)
            line = self._line()
            place = line.index(job) if job in line else 0
            left = (job.steps - job.step) * job.pace * max(1.0, self._busy / self.workers)
            return {
                "status": job.status,
                "problem": job.problem,
                "place": place,
                "wait_s": round(place / self.workers * self._turn(job), 1) if job.moving else None,
                "left_s": round(left, 1) if job.moving and job.pace else None,
                "step": job.step,
                "steps": job.steps,
                "values": job.values,
            }

    def folder(self, name: str) -> Path:
        """A run's folder.

        Raises:
            LookupError: where there is no such run.
        """
        with self._changed:
            return self._jobs[name].folder

    def checkpoint(self, name: str) -> Path:
        """The folder of what a run has learnt, once nothing in it changes any more.

        Raises:
            LookupError: where there is no such run, or it has no checkpoint, or none yet.
        """
        with self._changed:
            job = self._jobs[name]
            folder = job.folder / turns.CHECKPOINT
            if not job.over or not (folder / CONFIG).is_file():
                raise LookupError(name)
            return folder

    def act(
        self,
        name: str,
        visitor: str,
        do: Literal["pause", "resume", "stop", "step", "e-steps", "m-steps", "set"],
        *,
        count: int = 1,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Steers a run. What it does at the moment ends with its present gradient step.

        Steps by hand pause it, so that they can be looked at.

        Args:
            count: of steps by hand.
            values: what "set" changes, as `turns.take_turn` takes it.
        Raises:
            LookupError: where there is no such run.
            Refused: where it is another visitor's or finished, or the presses come too fast.
        """
        with self._changed:
            job = self._jobs[name]
            if not secrets.compare_digest(job.visitor.encode(), visitor.encode()):
                raise Refused("This run can be steered only in the browser that has started it.")
            self.limit_rate("act", visitor, limits.ACTS, "That was too fast")
            if job.finished:
                raise Refused("This run is finished: start another.")
            job.seen, job.away = time.monotonic(), False
            match do:
                case "pause":
                    job.status = "paused"
                    job.let_go()
                case "resume":
                    job.let_go()
                    self._go_on(job)
                case "stop":
                    self._stop(job)
                case "set":
                    job.values = {**job.values, **(values or {})}  # another: what was told is under way
                case "step" | "e-steps" | "m-steps":
                    job.status = "paused"
                    job.press({"step": None, "e-steps": "E", "m-steps": "M"}[do], count)
            if do != "resume":
                self._interrupt(job)
            if not job.finished:
                job.keep()
            self._changed.notify()

    def sweep(self) -> None:
        """Pauses and ends what nobody looks at any more, forgets old runs that are finished, and has workers
        replaced that have ended while there was nothing to do."""
        with self._changed:
            if self.alive < len(self._staff):
                self._changed.notify_all()
            for job in self._jobs.values():
                if job.worker and time.monotonic() > job.due:
                    job.worker.give_up()
            self._end_unwatched()
            self._rates.forget(limits.FORGOTTEN)
        with self._removing:  # and not while somebody starts or steers a run: a disk may be slow
            self._forget_old()

    @property
    def alive(self) -> int:
        """How many workers are there to answer."""
        return sum(worker.alive for worker in list(self._staff))

    def close(self) -> None:
        """Ends the workers once they have ended their turns."""
        with self._changed:
            self._closed.set()
            for job in self._jobs.values():
                self._interrupt(job)
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        """Waits so long for what `close` has begun to end, and then ends the workers in the midst of it."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for worker in list(self._staff):
            worker.stop()

    # Within the lock

    def _find(self) -> None:
        """The runs that an earlier process has left; those that it had not finished are lost, and of one that
        it was just making, or whose status is damaged, nothing is left."""
        for path in self.root.glob(f"*/{STATUS}"):
            try:
                told = json.loads(path.read_text(encoding="utf-8"))
                job = Job(folder=path.parent, **{name: told[name] for name in KEPT})
            except (ValueError, LookupError, TypeError):
                log.warning("%s is damaged.", path)
                continue
            if not job.finished:
                job.status, job.problem, job.ended = "lost", RESTARTED, time.time()
                job.keep()
            job.shrink()
            self._jobs[job.id] = job
        for path in self.root.iterdir():
            if ID.fullmatch(path.name) and path.name not in self._jobs:
                shutil.rmtree(path, ignore_errors=True)

    def _end_unwatched(self) -> None:
        """Pauses a run that nobody looks at any more, and ends it later."""
        now = time.monotonic()
        for job in [job for job in self._jobs.values() if not job.finished]:
            if now - job.seen > limits.ABANDONED:
                self._stop(job)
                job.problem = "Nobody looked at this run any more, so it was stopped."
                job.keep()
            elif now - job.seen > limits.LEFT and job.status != "paused":
                job.status, job.away = "paused", True
                self._interrupt(job)
                job.keep()

    def _go_on(self, job: Job) -> None:
        job.status = "running" if job.turns else "queued"
        self._changed.notify()

    def _stop(self, job: Job) -> None:
        """Ends a run with what it has learnt: its status at once, its checkpoint by one last turn."""
        job.status, job.ended = "stopped", time.time()
        job.let_go()
        job.ending = job.turns > 0 or job.in_turn
        if job.in_turn:
            job.due = time.monotonic() + limits.ENDING
        job.keep()
        self._interrupt(job)
        self._changed.notify()

    def _interrupt(self, job: Job) -> None:
        if job.in_turn:
            with suppress(OSError):  # then it ends a moment later
                (job.folder / turns.INTERRUPT).touch()

    def _turn(self, job: Job) -> float:
        """How many seconds its next turn should take: the shorter, the more runs are under way."""
        if not job.turns:
            return limits.FIRST_TURN
        fair = limits.ROUND * self.workers / max(1, self._busy)
        return min(limits.LONGEST_TURN, max(limits.SHORTEST_TURN, fair))

    @property
    def _busy(self) -> int:
        """How many runs share the workers."""
        return sum(job.moving for job in self._jobs.values())

    def _line(self) -> list[Job | Errand]:
        """What waits for a worker, in its order. After an estimate somebody's run has a turn."""
        self._drop()
        everything: list[Job | Errand] = [*self._jobs.values(), *self._errands]
        waiting = [one for one in everything if one.waits]
        return sorted(waiting, key=lambda one: (self._estimated and one.estimates, *one.rank))

    def _drop(self) -> None:
        """Makes no estimate any more for which nobody waits."""
        for errand in [one for one in self._errands if one.until < time.monotonic()]:
            self._errands.remove(errand)
            self._forget(errand)
            errand.answer.set_result({"problem": BUSY})

    def _forget(self, errand: Errand) -> None:
        """For whoever asks next it is tried again."""
        self._estimates = OrderedDict((key, one) for key, one in self._estimates.items() if one is not errand)

    # The threads, each with a worker of its own

    def _work(self) -> None:
        worker: Worker | None = None
        while not self._closed.is_set():
            try:  # before anybody waits for it
                worker = worker or self._hired()
            except OSError:
                self._try_later()
                continue
            if one := self._next(worker):
                self._ask(worker, *one)
            if worker not in self._staff:  # any more: it has ended
                worker = None
        if worker is not None:
            worker.stop()

    def _next(self, worker: Worker) -> tuple[Job | Errand, dict[str, Any], float] | None:
        """What a worker does next, once there is something: as `_taken` takes it out of the line.

        None: the server ends, or the worker has ended, and is none of the staff then.
        """
        with self._changed:
            while not (self._closed.is_set() or not worker.alive or (line := self._line())):
                self._changed.wait()
            if self._closed.is_set():
                return None
            if not worker.alive:  # while nobody asked it for anything: no run is to pay for that
                self._staff.discard(worker)
                return None
            return line[0], *self._taken(line[0])

    def _ask(self, worker: Worker, one: Job | Errand, request: dict[str, Any], most: float) -> None:
        """Has a worker do it, in so many seconds at most, and sees to what comes of it."""
        answer: dict[str, Any] = {}
        fault: dict[str, Any] = {}
        try:
            if isinstance(one, Job):
                one.worker = worker
            answer = worker.ask(request, most)
        except Lost as lost:
            self._staff.discard(worker)
            if self._closed.is_set():  # it was ended with the server: the next one tells of its run
                return
            fault = {"problem": str(lost), "lost": True}
        with self._changed:
            self._answered(one, answer or fault, known=not fault)

    def _try_later(self) -> None:
        """Waits where no process could be started: for a while, or for who comes."""
        came = False
        with self._changed:
            while not (self._closed.is_set() or (line := self._line())):
                self._changed.wait()
                came = True
            if self._closed.is_set() or came:
                return
            if not self._staff:
                self._wait_in_vain(line)
        self._closed.wait(limits.HIRING)

    def _hired(self) -> Worker:
        worker = None
        try:
            worker = self._hire()
            self._staff.add(worker)
            worker.ready()
        except OSError as error:
            log.warning("A worker could not be started: %s", error)
            self._staff -= {worker}
            raise
        return worker

    def _wait_in_vain(self, line: Sequence[Job | Errand]) -> None:
        """Counts that no process could be started for whoever waits; after some attempts that is told."""
        for one in line:
            one.attempts += 1
            if one.attempts >= limits.ATTEMPTS:
                self._taken(one)
                self._answered(one, {"problem": NOT_STARTED}, known=False)

    def _taken(self, one: Job | Errand) -> tuple[dict[str, Any], float]:
        """Takes it out of the line: what is asked of a worker, and how many seconds that has for it."""
        one.attempts, self._estimated = 0, one.estimates
        if isinstance(one, Errand):
            self._errands.remove(one)
            return one.request, one.seconds
        request = self._begin(one)
        return request, request["seconds"] + limits.SILENCE

    def _answered(self, one: Job | Errand, answer: dict[str, Any], *, known: bool) -> None:
        """What comes of it; where that is not `known`, an estimate is tried again for whoever asks next."""
        if isinstance(one, Job):
            self._end(one, answer)
        else:
            if not known:
                self._forget(one)
            one.answer.set_result(answer)

    def _begin(self, job: Job) -> dict[str, Any]:
        """What is asked of the worker: what is pressed for, under all that was changed."""
        with suppress(OSError):
            (job.folder / turns.INTERRUPT).unlink(missing_ok=True)
        job.asked = job.hand.popleft() if job.hand else ByHand()
        request = {
            "folder": str(job.folder),
            "seconds": self._turn(job),
            "values": job.values,
            "phase": job.asked.phase,
            "count": job.asked.count,
            "finish": job.ending,
        }
        job.in_turn, job.ending = True, False
        if job.status == "queued":
            job.status = "running"
        return request

    def _end(self, job: Job, answer: Mapping[str, Any]) -> None:
        job.in_turn, job.served, job.turns = False, time.monotonic(), job.turns + 1
        job.worker, job.due = None, math.inf
        if problem := answer.get("problem"):
            log.warning("The run %s failed: %s", job.id, problem)
            job.ending, job.problem = False, job.problem or problem
            if not job.finished:
                job.status, job.ended = "failed", time.time()
                job.let_go()
        else:
            job.step = answer["step"]
            if answer["taken"]:
                pace = answer["seconds"] / answer["taken"]
                job.pace = pace if not job.pace else 0.7 * job.pace + 0.3 * pace
            if job.asked.count and answer["left"]:  # else they are taken, or let go of by now
                job.hand.appendleft(ByHand(job.asked.phase, answer["left"]))
            job.asked = ByHand()
            if answer["done"]:
                job.ending = False
                job.let_go()
                if not job.finished:
                    job.status, job.ended = "done", time.time()
            elif answer["trained"] > limits.MAX_SECONDS and not job.finished:
                self._stop(job)
                job.problem = f"After {limits.MAX_SECONDS / 60:.0f} minutes of computing a run ends."
        job.keep()
        if job.over:
            job.shrink()
        self._changed.notify()

    def _sweep(self) -> None:
        while not self._closed.wait(2):
            try:
                self.sweep()
                uploads.sweep(self.root)
            except OSError:  # a disk that is full, for instance
                log.exception("The runs could not be swept.")

    def _forget_old(self) -> None:
        """Removes runs that have been over for long, and those beyond the limits, the oldest of who has most
        first."""
        with self._changed:
            ended = [job for job in self._jobs.values() if job.over]
        ended.sort(key=lambda job: -job.ended)
        due, size, clock = list[Job](), 0, time.time()
        for kept, job in enumerate(uploads.round_robin(ended, lambda job: job.visitor)):
            job.size = job.size or _size(job.folder)
            size += job.size
            old = clock - job.ended > limits.KEPT_SECONDS
            if old or kept >= limits.KEPT or size > limits.KEPT_BYTES:
                due.append(job)
        with self._changed:
            for job in due:
                del self._jobs[job.id]
        for job in due:
            shutil.rmtree(job.folder, ignore_errors=True)


def _size(folder: Path) -> int:
    """Bytes that a run's folder takes at most: its checkpoint twice, since it may be packed."""
    files = [path for path in folder.rglob("*") if path.name != turns.PACKED]
    return sum(path.stat().st_size for path in [*files, *(folder / turns.CHECKPOINT).glob("*")])

"""The line of runs: who is next, who steers, what a fault costs, what is kept; and a shared download.

The worker here is a desk at which the test itself answers, so that every turn is in its hands.
"""

import errno
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aevb
from aevb import checkpoints
from aevb.models import VAE
from aevb.ui.jobs import limits, server, turns
from aevb.ui.jobs.download import Download
from aevb.ui.jobs.queue import BUSY, EXPIRED, NOT_STARTED, RESTARTED, Queue, Refused
from aevb.ui.jobs.rates import RateLimiter
from aevb.ui.jobs.worker import Lost

SPECIFICATION = {"model": "vae", "training": {"steps": 100}}


class Desk:
    """Where requests lie until the test answers them."""

    def __init__(self) -> None:
        self.requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers: queue.Queue[dict[str, Any] | Exception] = queue.Queue()
        self.hired = 0
        self.alive = True
        self.limits: list[float] = []

    def hire(self) -> "Desk":
        self.hired += 1
        self.alive = True
        return self

    def ready(self) -> None:
        pass

    def ask(self, request, seconds: float) -> dict[str, Any]:
        self.limits.append(seconds)
        self.requests.put(dict(request))
        answer = self.answers.get(timeout=60)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stop(self) -> None:
        pass

    def give_up(self) -> None:
        self.answers.put(Lost("It hung."))

    def next(self) -> dict[str, Any]:
        """What is asked next."""
        return self.requests.get(timeout=60)

    def turn(self, **answer: Any) -> dict[str, Any]:
        """What is asked next, answered."""
        request = self.next()
        self.answer(**answer)
        return request

    def answer(self, **answer: Any) -> None:
        outcome = {"step": 1, "taken": 1, "seconds": 0.5, "trained": 0.5, "done": False, "left": 0}
        self.answers.put({**outcome, "problem": ""} | answer)

    @property
    def idle(self) -> bool:
        """Whether nothing lies here."""
        return self.requests.empty()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def runs(tmp_path: Path, desk: Desk) -> Iterator[Queue]:
    made = Queue(tmp_path, workers=1, hire=desk.hire)
    yield made
    made.close()
    desk.answer()  # for a turn that nobody has answered


def wait(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def start(runs: Queue, visitor: str = "ada") -> str:
    return runs.start(SPECIFICATION, visitor)


def name(request: dict[str, Any]) -> str:
    return Path(request["folder"]).name


def status(runs: Queue, run: str) -> str:
    return runs.look(run)["status"]


# Who is next


def test_runs_take_turns_and_a_new_one_goes_first(runs, desk):
    a = start(runs, "a")
    assert name(desk.next()) == a  # it is in its turn when the others come
    b, c = start(runs, "b"), start(runs, "c")
    desk.answer()
    order = [name(desk.turn()) for _ in range(5)]
    assert order == [b, c, a, b, c]
    desk.next()
    d = start(runs, "d")
    desk.answer()
    assert name(desk.next()) == d


def test_turns_grow_shorter_so_that_thirty_are_served_in_one_round(runs, desk):
    first = desk_first = start(runs, "visitor-0")
    request = desk.next()
    others = [start(runs, f"visitor-{number}") for number in range(1, 30)]
    desk.answer()
    requests = [request, *(desk.turn() for _ in range(29))]
    assert [name(request) for request in requests] == [first, *others]
    assert {request["seconds"] for request in requests} == {limits.FIRST_TURN}
    later = [desk.turn() for _ in range(30)]
    assert name(later[0]) == desk_first
    assert {request["seconds"] for request in later} == {limits.ROUND / 30}
    assert sum(request["seconds"] for request in later) <= limits.ROUND


def test_a_run_alone_has_long_turns_and_its_place_is_the_first(runs, desk):
    run = start(runs)
    desk.turn()
    assert desk.turn()["seconds"] == limits.LONGEST_TURN
    assert runs.look(run)["place"] == 0


def test_the_place_and_the_wait_are_told(runs, desk):
    start(runs, "a")
    desk.next()
    b, c = start(runs, "b"), start(runs, "c")
    assert [runs.look(run)["place"] for run in (b, c)] == [0, 1]
    assert runs.look(c)["wait_s"] == limits.FIRST_TURN
    assert status(runs, c) == "queued"


def test_the_time_left_counts_those_who_share_the_core(runs, desk):
    a = start(runs, "a")
    desk.turn(step=20, taken=20, seconds=2.0)
    wait(lambda: runs.look(a)["step"] == 20)
    assert runs.look(a)["left_s"] == 8.0
    start(runs, "b")
    assert runs.look(a)["left_s"] == 16.0


# Steering


def test_a_pause_ends_the_turn_and_a_resumed_run_goes_on(runs, desk):
    run = start(runs)
    folder = Path(desk.next()["folder"])
    runs.act(run, "ada", "pause")
    assert (folder / turns.INTERRUPT).exists() and status(runs, run) == "paused"
    desk.answer(step=3)
    wait(lambda: runs.look(run)["step"] == 3)
    assert desk.idle
    runs.act(run, "ada", "resume")
    desk.next()
    assert status(runs, run) == "running" and not (folder / turns.INTERRUPT).exists()


def test_a_stopped_run_ends_at_once_with_what_it_has_learnt(runs, desk):
    run = start(runs)
    desk.turn()
    desk.next()
    runs.act(run, "ada", "stop")
    assert status(runs, run) == "stopped"
    desk.answer()
    request = desk.next()
    assert name(request) == run and request["finish"]
    desk.answer(done=True)
    with pytest.raises(Refused, match="finished"):
        runs.act(run, "ada", "resume")


def test_a_run_that_is_stopped_before_its_first_turn_takes_none(runs, desk):
    start(runs, "a")
    desk.next()
    run = start(runs, "b")
    runs.act(run, "b", "stop")
    desk.answer(done=True)
    third = start(runs, "c")
    assert name(desk.next()) == third and status(runs, run) == "stopped"


def test_what_is_changed_holds_from_the_next_turn_on_and_is_told_before(runs, desk):
    run = start(runs)
    assert desk.next()["values"] == runs.look(run)["values"] == {}
    runs.act(run, "ada", "set", values={"beta": 2.0})
    runs.act(run, "ada", "set", values={"learning_rate": 0.1, "beta": 3.0})
    runs.act(run, "ada", "pause")
    desk.answer()
    steered = {"learning_rate": 0.1, "beta": 3.0}
    wait(lambda: not runs._jobs[run].in_turn)
    assert desk.idle and runs.look(run)["values"] == steered
    runs.act(run, "ada", "resume")
    assert desk.turn()["values"] == steered
    assert desk.next()["values"] == runs.look(run)["values"] == steered


def test_steps_by_hand_pause_the_run_and_go_on_over_several_turns(runs, desk):
    run = start(runs)
    desk.next()
    runs.act(run, "ada", "e-steps", count=50)
    desk.answer()
    request = desk.turn(left=20)
    assert (request["phase"], request["count"]) == ("E", 50)
    request = desk.next()
    assert (request["phase"], request["count"]) == ("E", 20)
    runs.act(run, "ada", "e-steps", count=5)  # pressed again meanwhile
    desk.answer(left=0, step=51)
    assert desk.turn(step=56)["count"] == 5
    wait(lambda: runs.look(run)["step"] == 56)
    assert desk.idle and status(runs, run) == "paused"


def test_steps_by_hand_are_taken_in_the_order_in_which_they_were_pressed(runs, desk, monkeypatch):
    run = start(runs)
    desk.turn()
    desk.next()
    runs.act(run, "ada", "step")
    runs.act(run, "ada", "e-steps", count=50)
    runs.act(run, "ada", "e-steps", count=10)
    runs.act(run, "ada", "m-steps", count=7)
    desk.answer()
    pressed = [desk.turn(left=0), desk.turn(left=45), desk.turn(left=0), desk.turn(left=0)]
    assert [(request["phase"], request["count"]) for request in pressed] == [
        (None, 1), ("E", 60), ("E", 45), ("M", 7)
    ]  # fmt: skip
    wait(lambda: not runs._jobs[run].in_turn)
    monkeypatch.setattr(limits, "MAX_HAND", 8)
    for do in ("e-steps", "m-steps", "step"):
        runs.act(run, "ada", do, count=5)
    pressed = [desk.turn(left=0), desk.turn(left=0)]
    assert [(request["phase"], request["count"]) for request in pressed] == [("E", 5), ("M", 3)]
    wait(lambda: runs.look(run)["status"] == "paused")
    assert desk.idle


def test_a_pause_drops_the_rest_of_the_steps_by_hand(runs, desk):
    run = start(runs)
    desk.turn()
    desk.next()
    runs.act(run, "ada", "m-steps", count=100)
    desk.answer()
    assert desk.next()["phase"] == "M"
    runs.act(run, "ada", "pause")
    desk.answer(left=90, step=11)
    wait(lambda: runs.look(run)["step"] == 11)
    assert desk.idle
    runs.act(run, "ada", "step")
    request = desk.next()
    assert (request["phase"], request["count"]) == (None, 1)


def test_whoever_has_the_link_may_look_but_not_steer(runs, desk):
    run = start(runs, "ada")
    desk.next()
    with pytest.raises(Refused, match="only in the browser that has started it"):
        runs.act(run, "eve", "stop")
    assert status(runs, run) == "running"


def test_a_visitor_has_one_run_under_way(runs, desk):
    first = start(runs, "ada")
    desk.next()
    second = start(runs, "ada")
    assert status(runs, first) == "stopped" and status(runs, second) == "queued"
    desk.answer()
    ends = desk.turn(done=True)
    assert name(ends) == first and ends["finish"]
    assert name(desk.next()) == second


def test_an_unknown_run_is_a_lookup_error(runs):
    for call in (
        lambda: runs.look("none"),
        lambda: runs.folder("none"),
        lambda: runs.act("none", "a", "stop"),
    ):
        with pytest.raises(LookupError):
            call()
    assert "expired" in EXPIRED


# Limits


def test_starts_and_presses_that_come_too_fast_are_refused(runs, desk, monkeypatch):
    monkeypatch.setattr(limits, "STARTS", (2, 60.0))
    monkeypatch.setattr(limits, "ACTS", (3, 10.0))
    start(runs, "ada")
    run = start(runs, "ada")
    with pytest.raises(Refused, match=r"faster than .* in (60|59) seconds"):
        start(runs, "ada")
    start(runs, "bob")
    for _ in range(3):
        runs.act(run, "ada", "pause")
    with pytest.raises(Refused, match="too fast"):
        runs.act(run, "ada", "pause")


def test_only_so_many_made_up_names_are_remembered():
    rates = RateLimiter(3)
    for number in range(9):
        assert rates.wait("upload", f"visitor-{number}", limits.UPLOADS) == 0
    assert [visitor for _, visitor in rates._times] == ["visitor-6", "visitor-7", "visitor-8"]


def test_only_so_many_runs_are_under_way(runs, desk, monkeypatch):
    monkeypatch.setattr(limits, "UNFINISHED", 2)
    start(runs, "a"), start(runs, "b")
    with pytest.raises(Refused, match="2 runs are under way on this server"):
        start(runs, "c")
    start(runs, "b")  # whose other run ends by it


@pytest.mark.parametrize("file", [turns.SPECIFICATION, ".status.json"])
def test_a_run_that_cannot_be_written_down_leaves_nothing_and_the_former_goes_on(
    runs, desk, monkeypatch, file
):
    former = start(runs)
    desk.next()
    write_text = Path.write_text

    def full(path: Path, *told: Any, **more: Any) -> int:
        if path.name == file:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write_text(path, *told, **more)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        start(runs)
    assert status(runs, former) == "running"
    assert [path.name for path in runs.root.iterdir()] == [former]


def test_a_run_that_is_refused_does_not_end_the_former(runs, desk, monkeypatch):
    former = start(runs, "ada")
    start(runs, "bob")
    monkeypatch.setattr(limits, "UNFINISHED", 1)
    with pytest.raises(Refused, match="1 runs are under way"):
        start(runs, "ada")
    assert not runs._jobs[former].finished


def test_a_run_that_has_had_its_time_ends_with_what_it_has_learnt(runs, desk):
    run = start(runs)
    desk.turn(trained=limits.MAX_SECONDS + 1)
    assert desk.turn(done=True)["finish"]
    assert runs.look(run)["problem"] == "After 60 minutes of computing a run ends."
    assert status(runs, run) == "stopped"


# Faults


def test_a_run_that_fails_says_why_and_costs_no_other(runs, desk):
    run = start(runs, "a")
    desk.next()
    other = start(runs, "b")
    desk.answers.put({"problem": "The ELBO is nan at step 3: lower the learning rate, which is 1."})
    assert name(desk.next()) == other
    told = runs.look(run)
    assert (told["status"], told["problem"][:15]) == ("failed", "The ELBO is nan")


def test_a_worker_that_is_lost_is_replaced_and_only_its_run_fails(runs, desk):
    run = start(runs, "a")
    desk.next()
    other = start(runs, "b")
    desk.answers.put(Lost("The server ended this training."))
    assert name(desk.next()) == other
    assert runs.look(run)["status"] == "failed"
    assert runs.look(run)["problem"] == "The server ended this training."
    assert desk.hired == 2
    assert desk.limits[0] == limits.FIRST_TURN + limits.SILENCE


def test_a_worker_that_ends_while_it_is_idle_is_replaced_before_anybody_asks(runs, desk):
    wait(lambda: desk.hired == 1)
    desk.alive = False
    runs.sweep()
    wait(lambda: desk.hired == 2)
    assert runs.alive == 1 and desk.idle


def test_a_worker_that_has_ended_is_asked_for_nothing(runs, desk, monkeypatch):
    def ask(request, seconds: float) -> dict[str, Any]:
        if not desk.alive:
            raise Lost("The server ended this training.")
        return Desk.ask(desk, request, seconds)

    monkeypatch.setattr(desk, "ask", ask)
    wait(lambda: desk.hired == 1)
    time.sleep(0.05)  # it stands in the line by now
    desk.alive = False
    run = start(runs)
    assert name(desk.next()) == run
    assert status(runs, run) == "running" and desk.hired == 2


def test_a_worker_that_hangs_under_a_run_that_was_ended_is_replaced(runs, desk):
    run = start(runs, "a")
    desk.next()
    other = start(runs, "b")
    runs.sweep()
    runs.act(run, "a", "stop")
    runs.sweep()
    assert desk.answers.empty(), "it has a moment to come back"
    runs._jobs[run].due -= limits.ENDING
    runs.sweep()
    assert name(desk.next()) == other
    assert runs.look(run)["status"] == "stopped" and runs.look(run)["problem"] == "It hung."


def test_a_run_waits_in_line_while_its_worker_starts(tmp_path, desk, monkeypatch):
    started = threading.Event()
    monkeypatch.setattr(desk, "ready", started.wait)
    runs = Queue(tmp_path, workers=1, hire=desk.hire)
    run = start(runs, "a")
    runs._jobs[run].due = 0  # no time of its turn goes by
    runs.sweep()
    assert desk.idle and status(runs, run) == "queued"
    started.set()
    assert name(desk.next()) == run
    desk.answer(done=True)
    wait(lambda: status(runs, run) == "done")
    runs.close()


def test_a_worker_that_cannot_start_for_a_moment_costs_no_run(tmp_path, desk, monkeypatch):
    monkeypatch.setattr(limits, "HIRING", 0.0)
    refusals = iter(range(limits.ATTEMPTS - 1))

    def hire() -> Desk:
        if next(refusals, None) is None:
            return desk.hire()
        raise OSError(errno.EMFILE, "Too many open files")

    runs = Queue(tmp_path, workers=1, hire=hire)
    first, second = start(runs, "a"), start(runs, "b")
    assert [name(desk.turn()), name(desk.turn())] == [first, second]
    runs.close()
    desk.answer()


def test_a_worker_that_cannot_start_fails_its_run_only(tmp_path, desk, caplog, monkeypatch):
    monkeypatch.setattr(limits, "HIRING", 0.0)
    refused = threading.Event()

    def hire() -> Desk:
        if not refused.is_set():
            raise OSError("Cannot allocate memory")
        return desk.hire()

    runs = Queue(tmp_path, workers=1, hire=hire)
    run = start(runs, "a")
    wait(lambda: status(runs, run) == "failed")
    assert runs.look(run)["problem"] == NOT_STARTED
    assert "A worker could not be started: Cannot allocate memory" in caplog.messages
    refused.set()
    other = start(runs, "b")
    assert name(desk.turn(done=True)) == other
    runs.close()


# Who leaves, and what is kept


def test_a_run_that_nobody_looks_at_pauses_until_somebody_does_and_ends_in_the_end(runs, desk):
    run = start(runs)
    desk.next()
    job = runs._jobs[run]
    job.seen -= limits.LEFT + 1
    runs.sweep()
    assert job.status == "paused" and (job.folder / turns.INTERRUPT).exists()
    desk.answer(step=5)
    wait(lambda: job.step == 5)
    assert desk.idle
    assert status(runs, run) == "running", "somebody looks again"
    desk.next()
    job.seen -= limits.ABANDONED + 1
    runs.sweep()
    desk.answer()
    assert desk.turn(done=True)["finish"]
    assert status(runs, run) == "stopped" and "Nobody looked" in runs.look(run)["problem"]


def test_a_run_that_was_paused_by_hand_stays_so(runs, desk):
    run = start(runs)
    desk.turn()
    runs.act(run, "ada", "pause")
    runs._jobs[run].seen -= limits.LEFT + 1
    runs.sweep()
    assert status(runs, run) == "paused"


@pytest.mark.parametrize(
    ("limit", "value", "left"), [("KEPT", 1, 1), ("KEPT_BYTES", 1500, 1), ("KEPT_SECONDS", 0.0, 0)]
)
def test_finished_runs_expire_by_count_size_and_age(runs, desk, monkeypatch, limit, value, left):
    made = []
    for number in range(2):
        run = start(runs, f"visitor-{number}")
        (runs.folder(run) / "weights").write_bytes(bytes(1000))
        desk.turn(done=True)
        wait(lambda run=run: status(runs, run) == "done")
        made.append(runs.folder(run))
    runs.sweep()
    assert all(folder.exists() for folder in made)
    monkeypatch.setattr(limits, limit, value)
    runs.sweep()
    assert [folder.exists() for folder in made] == ([False, True] if left else [False, False])


def test_nobody_waits_while_old_runs_are_removed(runs, desk, monkeypatch):
    old = start(runs, "a")
    desk.turn(done=True)
    wait(lambda: runs._jobs[old].over)
    folder, removing, removed = runs.folder(old), threading.Event(), threading.Event()
    remove = shutil.rmtree

    def slowly(*told: Any, **more: Any) -> None:
        removing.set()
        removed.wait(20)
        remove(*told, **more)

    monkeypatch.setattr(shutil, "rmtree", slowly)
    monkeypatch.setattr(limits, "KEPT", 0)
    sweeper = threading.Thread(target=runs.sweep, daemon=True)
    sweeper.start()
    assert removing.wait(60)
    new = threading.Thread(target=start, args=(runs, "b"), daemon=True)
    new.start()
    new.join(5)
    assert not new.is_alive() and folder.exists()
    removed.set()
    sweeper.join()
    assert not folder.exists()


def test_whoever_has_most_finished_runs_makes_room_for_others(runs, desk, monkeypatch):
    kept = {}
    for number, visitor in enumerate(["ada", "eve", "eve", "eve"]):
        run = start(runs, visitor)
        desk.turn(done=True)
        wait(lambda run=run: runs._jobs[run].over)
        runs._jobs[run].ended = time.time() - 100 + number
        kept[run] = (visitor, number)
    monkeypatch.setattr(limits, "KEPT", 2)
    runs.sweep()
    assert [kept[run] for run in runs._jobs] == [("ada", 0), ("eve", 3)]


def test_a_restarted_server_finds_finished_runs_and_tells_of_lost_ones(tmp_path, desk):
    before = Queue(tmp_path, workers=1, hire=desk.hire)
    done = start(before, "a")
    desk.turn(done=True, step=100)
    wait(lambda: status(before, done) == "done")
    running = start(before, "b")
    desk.next()
    before.close()

    after = Queue(tmp_path, workers=1, hire=Desk().hire)
    assert after.look(done)["status"] == "done" and after.look(done)["step"] == 100
    assert after.folder(done) == tmp_path / done
    told = after.look(running)
    assert (told["status"], told["problem"]) == ("lost", RESTARTED)
    after.close()
    desk.answer()
    assert json.loads((tmp_path / done / "status.json").read_text())["status"] == "done"


def test_a_run_that_is_stopped_is_lost_with_a_server_that_ends_before_its_last_turn(tmp_path, desk):
    before = Queue(tmp_path, workers=1, hire=desk.hire)
    run = start(before)
    desk.turn()
    desk.next()
    before.act(run, "ada", "stop")
    assert status(before, run) == "stopped"
    told = Queue(tmp_path, workers=0)._jobs[run]
    assert (told.status, told.problem) == ("lost", RESTARTED)
    desk.answer()
    desk.turn(done=True)
    wait(lambda: before._jobs[run].over)
    before.close()  # which waits until that is written down
    told = Queue(tmp_path, workers=0)._jobs[run]
    assert (told.status, told.problem) == ("stopped", "")


def test_what_nobody_goes_on_from_is_not_kept(tmp_path, desk):
    before = Queue(tmp_path, workers=1, hire=desk.hire)
    failed = start(before, "a")
    folder = Path(desk.next()["folder"])
    (folder / turns.STATE).write_bytes(b"weights and moments")
    desk.answers.put({"problem": "The ELBO is nan."})
    wait(lambda: not (folder / turns.STATE).exists())
    assert status(before, failed) == "failed"

    running = before.folder(start(before, "b"))
    desk.next()
    for name in (turns.STATE, f".{turns.STATE}"):
        (running / name).write_bytes(b"weights and moments")
    before.close()
    Queue(tmp_path, workers=0).close()
    assert {path.name for path in running.iterdir()} == {turns.SPECIFICATION, "status.json"}
    desk.answer()


def test_a_checkpoint_that_was_brought_along_stands_among_the_finished_runs(runs, tmp_path, monkeypatch):
    brought = tmp_path / "elsewhere"
    checkpoints.save(VAE(data_dim=4, latent_dim=1, hidden_dims=(2,)), brought)
    name = runs.shelve(brought, "ada", {"title": "mine"})
    assert not brought.exists() and aevb.load(runs.checkpoint(name)).kind == "vae"
    assert runs.look(name)["status"] == "done"
    assert turns.read_json(runs.folder(name) / turns.ABOUT) == {"title": "mine"}
    found = Queue(runs.root, workers=0)
    assert found.checkpoint(name) == runs.checkpoint(name)
    monkeypatch.setattr(limits, "KEPT_SECONDS", -1)
    found.sweep()
    with pytest.raises(LookupError):
        found.checkpoint(name)
    with pytest.raises(OSError, match="elsewhere"):
        runs.shelve(brought, "ada", {})
    assert [path.name for path in runs.root.glob("*/")] == []


def test_a_checkpoint_is_there_once_nothing_in_it_changes_any_more(runs, desk):
    run = start(runs)
    desk.turn()
    desk.next()
    folder = runs.folder(run) / turns.CHECKPOINT
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    runs.act(run, "ada", "stop")
    assert status(runs, run) == "stopped"
    with pytest.raises(LookupError):
        runs.checkpoint(run)
    desk.answer()  # the present turn, and the last
    desk.turn(done=True)
    wait(lambda: not runs._jobs[run].in_turn)
    assert runs.checkpoint(run) == folder


def test_a_damaged_folder_is_passed_over(tmp_path, desk):
    for number, text in enumerate(("", "{}", "[]", '{"id": 1}')):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "status.json").write_text(text)
    runs = Queue(tmp_path, workers=1, hire=desk.hire)
    assert runs._jobs == {}
    runs.close()


def test_a_server_s_runs_go_with_it_unless_a_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "Queue", lambda root: Queue(root, workers=1, hire=Desk().hire))
    monkeypatch.delenv("AEVB_RUNS", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server.start()
    assert server.queue().root.parent == tmp_path and server.queue().root.is_dir()
    server.stop()
    assert list(tmp_path.iterdir()) == []
    server.stop()  # where none was started there is nothing to be done
    monkeypatch.setattr(server, "CLOSING", 0.0)  # nobody answers
    monkeypatch.setenv("AEVB_RUNS", str(tmp_path / "kept"))
    run = server.queue().start(SPECIFICATION, "ada")
    server.stop()
    assert (tmp_path / "kept" / run).is_dir()


class Writer(Desk):
    """A worker whose turn lasts until it is interrupted, and writes something then."""

    def ask(self, request, seconds: float) -> dict[str, Any]:
        folder = Path(request["folder"])
        self.requests.put(request)
        wait(lambda: (folder / turns.INTERRUPT).exists())
        (folder / turns.STATE).write_bytes(b"weights and moments")
        self.answer()
        return Desk.ask(self, request, seconds)

    def stop(self) -> None:
        self.alive = False


def test_a_server_that_ends_waits_for_turns_and_leaves_nothing(tmp_path, monkeypatch):
    writer = Writer()
    monkeypatch.setattr(server, "Queue", lambda root: Queue(root, workers=1, hire=writer.hire))
    monkeypatch.delenv("AEVB_RUNS", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run = server.queue().start(SPECIFICATION, "ada")
    job = server.queue()._jobs[run]
    writer.next()
    server.stop()
    assert not writer.alive and (job.status, job.problem, job.step) == ("running", "", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_does_not_end_its_turn_is_ended_with_the_server_and_its_run_is_lost(tmp_path, desk):
    runs = Queue(tmp_path, workers=1, hire=desk.hire)
    run = start(runs)
    desk.next()
    runs.close()
    desk.stop = desk.give_up  # as a process that is killed
    runs.join(0.0)
    runs._threads[0].join()
    assert Queue(tmp_path, workers=0).look(run)["problem"] == RESTARTED


def test_what_a_server_has_left_that_was_killed_is_cleared_away(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "Queue", lambda root: Queue(root, workers=1, hire=Desk().hire))
    monkeypatch.delenv("AEVB_RUNS", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, alive, other = (tmp_path / f"aevb-runs-{name}" for name in ("killed", "alive", "other"))
    for folder in (killed, alive, other):
        folder.mkdir()
    (killed / ".server").touch()
    with server.FileLock(alive / ".server"):
        server.queue()
        assert alive.exists() and other.exists() and not killed.exists()
        server.stop()


def test_a_run_that_was_just_being_made_is_cleared_away(tmp_path):
    unmade, others = tmp_path / "0123456789abcdef", tmp_path / "uploads"
    for folder in (unmade, others):
        folder.mkdir()
        (folder / turns.SPECIFICATION).write_text("{}")
    Queue(tmp_path, workers=0)
    assert others.exists() and not unmade.exists()


def test_a_folder_of_runs_is_one_server_s_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("AEVB_RUNS", str(tmp_path))
    monkeypatch.setenv("AEVB_TRAINING", "on")
    first = subprocess.Popen(
        [sys.executable, "-c", "import app; print('up', flush=True); input()"],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert first.stdout is not None and first.stdout.readline() == b"up\n"
        with pytest.raises(SystemExit, match="Another server that runs has AEVB_RUNS="):
            server.require_settings()
    finally:
        first.kill()  # which leaves nothing behind that would keep the next one out
        first.wait()
    server.require_settings()
    server.require_settings()  # a process does not keep itself out
    server._take.cache_clear()


# Estimates


def test_an_estimate_is_made_once_for_all_who_ask_the_same(runs, desk):
    first = runs.estimate({"model": "vae", "data": "digits"}, "ada")
    assert runs.estimate({"data": "digits", "model": "vae"}, "ada") is first
    assert desk.next() == {"specification": {"model": "vae", "data": "digits"}}
    desk.answers.put({"step": 0.1})
    assert first.result(60) == {"step": 0.1}
    assert runs.estimate({"model": "vae", "data": "digits"}, "ada").result(0) == {"step": 0.1}


def test_an_errand_whose_worker_cannot_start_says_that_and_not_that_it_was_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "HIRING", 0.0)

    def hire() -> Desk:
        raise OSError("Cannot allocate memory")

    runs = Queue(tmp_path, workers=1, hire=hire)
    assert runs.errand({"brought": "a file"}, 30.0).result(60) == {"problem": NOT_STARTED}
    runs.close()


def test_an_estimate_whose_worker_is_lost_says_so_and_is_tried_again(runs, desk):
    first = runs.estimate({"model": "vae"}, "ada")
    desk.next()
    desk.answers.put(Lost("It was ended."))
    assert first.result(60) == {"problem": "It was ended.", "lost": True}
    again = runs.estimate({"model": "vae"}, "ada")
    assert again is not first
    desk.next()
    desk.answers.put({"step": 0.2})
    assert again.result(60) == {"step": 0.2}


def test_what_a_visitor_waits_for_goes_before_estimates_and_has_its_own_time(runs, desk):
    start(runs, "a")
    desk.next()
    runs.estimate({"model": "vae"}, "ada")
    read = runs.errand({"brought": "a file"}, 30.0)
    desk.answer()
    assert desk.next() == {"brought": "a file"} and desk.limits[-1] == 30.0
    desk.answers.put({"images": {}})
    assert read.result(60) == {"images": {}}


def test_after_an_estimate_a_run_has_a_turn(runs, desk):
    run = start(runs)
    desk.next()
    for number in range(3):
        runs.estimate({"number": number}, "eve")
    order = []
    for _ in range(5):
        desk.answer()
        request = desk.next()
        order.append(name(request) if "folder" in request else request["specification"]["number"])
    assert order == [0, run, 1, run, 2]


def test_an_estimate_for_which_nobody_waits_any_more_is_not_made(runs, desk, monkeypatch):
    run = start(runs)
    desk.next()
    kept = runs.estimate({"number": 0}, "ada")
    monkeypatch.setattr(limits, "ESTIMATING", -1.0)
    gone = runs.estimate({"number": 1}, "ada")
    desk.answer()
    assert desk.next() == {"specification": {"number": 0}}
    assert gone.result(60) == {"problem": BUSY}
    desk.answers.put({"step": 0.1})
    assert kept.result(60) == {"step": 0.1}
    assert name(desk.next()) == run


def test_a_visitor_asks_for_so_many_new_estimates(runs, desk, monkeypatch):
    monkeypatch.setattr(limits, "TRIALS", (1, 60.0))
    first = runs.estimate({"number": 0}, "ada")
    assert runs.estimate({"number": 0}, "ada") is first
    with pytest.raises(Refused, match="estimates faster than they are made: try again in"):
        runs.estimate({"number": 1}, "ada")
    runs.estimate({"number": 1}, "bob")


def test_a_new_run_waits_for_no_estimate(runs, desk):
    start(runs, "a")
    desk.next()
    runs.estimate({"model": "vae"}, "ada")
    run = start(runs, "b")
    desk.answer()
    assert name(desk.next()) == run


# The download


def fractions(go_on: threading.Event, ended: threading.Event) -> Iterator[float]:
    try:
        while True:
            yield 0.5
            go_on.wait(60)
    finally:
        ended.set()


def test_a_download_ends_when_its_last_follower_leaves():
    go_on, ended = threading.Event(), threading.Event()
    download = Download(lambda: fractions(go_on, ended))
    download.follow("a")
    download.follow("b")
    wait(lambda: download.fraction == 0.5)
    download.leave("a")
    go_on.set()
    assert download.running and download.attempts == 1 and not ended.is_set()
    download.leave("b")
    wait(lambda: not download.running)
    assert ended.wait(60) and download.problem == ""


def test_a_download_that_fails_says_why_and_can_be_tried_again():
    tries = iter([OSError("no room"), None])

    def fetch() -> Iterator[float]:
        yield 0.1
        if error := next(tries):
            raise error
        yield 1.0

    download = Download(fetch)
    download.follow("a")
    wait(lambda: not download.running)
    assert download.problem == "no room"
    download.follow("a")
    wait(lambda: not download.running)
    assert (download.problem, download.fraction, download.attempts) == ("", 1.0, 2)

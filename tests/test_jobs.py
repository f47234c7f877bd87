"""Jobs: shared, cancelled by the last follower, and never left hanging by a fault."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aevb.ui.jobs import queue as jobs
from aevb.ui.jobs.queue import Busy, Job, Jobs


def count(to: int, seconds: float = 0.0) -> Iterator[int]:
    for number in range(to):
        yield number
        time.sleep(seconds)


def write_when_stopped(path: str) -> Iterator[int]:
    try:
        yield from count(10_000, 0.01)
    finally:
        Path(path).write_text("stopped")


def fail(message: str) -> Iterator[int]:
    yield 1
    raise ValueError(message)


def chatter() -> Iterator[str]:
    print("this must not get between the results")
    os.write(1, b"nor this")
    yield "a result"


def process_id() -> Iterator[int]:
    yield os.getpid()
    time.sleep(60)


@pytest.fixture(scope="module")
def pool() -> Jobs:
    return Jobs(workers=1)


def wait(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def finish(job: Job) -> Job:
    wait(lambda: job.finished)
    return job


def test_results_arrive_in_order_and_stay(pool):
    job = finish(pool.follow("a", count, 100))
    assert job.status == "done"
    assert job.results == list(range(100))
    assert pool.follow("b", count, 100) is job


def test_the_same_work_is_done_once_and_other_work_apart(pool):
    first, second = pool.follow("a", count, 20, 0.01), pool.follow("b", count, 20, 0.01)
    other = pool.follow("b", count, 21, 0.01)
    assert first is second
    assert first is not other
    pool.leave("a", first)
    assert finish(first).status == "done", "b still follows it"
    assert finish(other).results == list(range(21))


def test_the_last_follower_stops_the_work_itself(pool, tmp_path):
    trace = tmp_path / "trace"
    job = pool.follow("a", write_when_stopped, str(trace))
    pool.follow("b", write_when_stopped, str(trace))
    wait(lambda: job.results)
    pool.leave("a", job)
    assert job.status == "running"
    pool.leave("b", job)
    assert job.status == "cancelled"
    wait(trace.exists)
    assert finish(pool.follow("a", count, 3)).results == [0, 1, 2], "the worker is free again"
    assert job.status == "cancelled"


def test_what_was_cancelled_begins_afresh(pool):
    job = pool.follow("a", count, 1000, 0.01)
    wait(lambda: job.results)
    pool.leave("a", job)
    again = pool.follow("a", count, 1000, 0.01)
    assert again is not job
    wait(lambda: again.results)
    pool.leave("a", again)


def test_a_failure_is_said_and_can_be_tried_again(pool):
    job = finish(pool.follow("a", fail, "The learning rate is too high."))
    assert (job.status, job.error, job.results) == ("failed", "The learning rate is too high.", [1])
    assert pool.follow("a", fail, "The learning rate is too high.") is not job


def test_a_process_that_dies_fails_its_job_only(pool):
    job = pool.follow("a", process_id)
    wait(lambda: job.results)
    os.kill(job.results[0], signal.SIGKILL)
    assert finish(job).status == "failed"
    assert "try again" in job.error
    assert finish(pool.follow("a", count, 4)).results == [0, 1, 2, 3]


def test_a_function_that_cannot_be_sent_fails_its_job_only(pool):
    assert finish(pool.follow("a", lambda: iter(()))).status == "failed"
    assert finish(pool.follow("a", count, 5)).status == "done"


def test_prints_do_not_corrupt_the_results(pool):
    assert finish(pool.follow("a", chatter)).results == ["a result"]


def test_the_queue_has_an_order_and_a_limit(pool, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_QUEUED", 2)
    running = pool.follow("a", count, 5000, 0.01)
    wait(lambda: running.status == "running")
    first, second = pool.follow("a", count, 51), pool.follow("a", count, 52)
    pool.follow("b", count, 51)
    assert [pool.ahead(job) for job in (running, first, second)] == [0, 0, 1]
    with pytest.raises(Busy, match="try again"):
        pool.follow("a", count, 53)
    pool.leave("a", second)
    assert second.status == "cancelled"
    pool.leave("a", running)
    assert finish(first).status == "done"
    assert second.results == []


def test_finished_jobs_are_forgotten_in_the_end(pool, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 2)
    old = finish(pool.follow("a", count, 1))
    for number in (2, 3, 4):
        finish(pool.follow("a", count, number))
    pool.follow("a", count, 4)
    assert pool.follow("a", count, 1) is not old


def test_a_job_that_is_forgotten_is_done_again(pool):
    job = finish(pool.follow("a", count, 6))
    assert pool.follow("a", count, 6) is job
    pool.forget(job)
    again = finish(pool.follow("a", count, 6))
    assert again is not job
    pool.forget(job)
    assert pool.follow("a", count, 6) is again, "another visitor's forgetting comes too late"
    unfinished = pool.follow("a", count, 1000, 0.01)
    pool.forget(unfinished)
    assert pool.follow("a", count, 1000, 0.01) is unfinished
    pool.leave("a", unfinished)


def test_a_download_waits_for_no_training(pool):
    running = pool.follow("a", count, 5001, 0.01)
    waiting = pool.follow("a", count, 7)
    download = pool.follow("a", count, 8, lane="download")
    assert pool.ahead(download) == 0
    assert finish(download).results == list(range(8))
    assert waiting.status == "queued"
    for job in (running, waiting):
        pool.leave("a", job)


def test_a_process_that_cannot_start_fails_its_job_only(monkeypatch):
    def fail_to_start(*_, **__):
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(jobs.subprocess, "Popen", fail_to_start)
    pool = Jobs(workers=1)
    assert finish(pool.follow("a", count, 1)).status == "failed"
    monkeypatch.undo()
    assert finish(pool.follow("a", count, 1)).status == "done"


def test_the_processes_ignore_ctrl_c(pool):
    job = pool.follow("a", process_id)
    wait(lambda: job.results)
    os.kill(job.results[0], signal.SIGINT)
    time.sleep(0.2)
    assert job.status == "running"
    os.kill(job.results[0], 0)
    os.kill(job.results[0], signal.SIGKILL)
    finish(job)


def test_a_visitors_old_job_gives_up_its_place_before_the_new_one_asks(pool, monkeypatch):
    session = jobs._Session()
    monkeypatch.setattr(jobs, "_jobs", lambda: pool)
    monkeypatch.setattr(jobs, "_session", lambda: session)
    old = jobs.follow("slot", count, 5002, 0.01)
    assert jobs.follow("slot", count, 5002, 0.01) is old
    monkeypatch.setattr(jobs, "MAX_QUEUED", 0)
    with pytest.raises(Busy):
        jobs.follow("slot", count, 9)
    assert old.status == "cancelled" and jobs.following("slot") is None
    monkeypatch.setattr(jobs, "MAX_QUEUED", 1)
    new = finish(jobs.follow("slot", count, 9))
    jobs.forget("slot")
    assert jobs.following("slot") is None
    assert jobs.follow("slot", count, 9) is not new

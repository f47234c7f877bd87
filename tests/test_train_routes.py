"""Training over HTTP, without a browser: a whole run by its routes, and what is refused."""

import errno
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import aevb
from aevb import data
from aevb.data import DataError
from aevb.ui.jobs import limits, server, sources, turns
from aevb.ui.jobs.queue import Queue
from aevb.ui.jobs.sources import Source
from aevb.ui.jobs.worker import UNEXPECTED, UNWRITTEN
from aevb.ui.shared import loading
from aevb.ui.train import routes
from tests.train_worker import Here

VISITOR = "0123456789abcdef"
SPECIFICATION = {
    "model": "vae",
    "arguments": {"latent_dim": 2, "hidden_dims": [16]},
    "data": "digits",
    "training": {"steps": 120},
}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    made = Queue(tmp_path / "runs", workers=1, hire=Here)
    monkeypatch.setattr(server, "queue", lambda: made)
    yield made
    made.close()


@pytest.fixture
def client(runs: Queue) -> TestClient:
    return TestClient(Starlette(routes=routes.routes()))


def start(client: TestClient, **asked: Any) -> str:
    answered = client.post(
        "/training/start", json={"specification": SPECIFICATION, "visitor": VISITOR} | asked
    )
    assert answered.status_code == 200, answered.text
    return answered.json()["id"]


def look(client: TestClient, run: str, first: int = 0) -> dict[str, Any]:
    return client.get(f"/training/run/{run}?from={first}").json()


def act(client: TestClient, run: str, **told: Any) -> Any:
    return client.post(f"/training/run/{run}/act", json={"visitor": VISITOR} | told)


def until(client: TestClient, run: str, *statuses: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while (told := look(client, run))["status"] not in statuses:
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
    return told


def test_a_run_from_its_start_to_its_checkpoint(client, runs, tmp_path, monkeypatch):
    run = start(client)
    told = until(client, run, "done")
    assert (told["step"], told["steps"], told["problem"], told["marks"]) == (120, 120, "", [])
    assert told["specification"]["training"]["batch_size"] == 100
    steps = [point["step"] for point in told["points"]]
    assert steps == list(range(1, 121))
    first, last = told["points"][0]["validation"]["elbo"], told["points"][-1]["validation"]["elbo"]
    assert last > first + 20, "it has learnt something"
    assert look(client, run, 100)["points"] == told["points"][100:]
    assert look(client, run, 100)["about"] is None and told["about"]["map"] == 161

    images = client.get(f"/training/run/{run}/images")
    assert len(images.content) == 16 * 64
    frame = client.get(f"/training/run/{run}/frame/{told['frames'] - 1}")
    assert "immutable" in frame.headers["cache-control"] and len(frame.content) == 2 * 16 * 64 + 161 * 4
    means = np.frombuffer(frame.content[2 * 16 * 64 :], "<f2")
    assert np.isfinite(means).all() and means.std() > 0.1
    assert client.get(f"/training/run/{run}/frame/{told['frames']}").status_code == 404

    monkeypatch.setattr(loading, "_folder", server.checkpoint)  # as the app finds runs
    model = client.get(f"/training/run/{run}/model").json()
    assert model["digits"]["count"] == len(data.read("digits").test) and model["digits"]["side"] == 8
    assert model["checkpoint"]["name"] == run and {"p", "q"} < model["checkpoint"].keys()

    zipped = client.get(f"/training/run/{run}/download")
    assert zipped.headers["content-disposition"] == f'attachment; filename="aevb-{run}.zip"'
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        assert archive.namelist() == ["model.safetensors", "config.json", "training.json", "measures.json"]
        archive.extractall(tmp_path / "unpacked")
    assert aevb.load(tmp_path / "unpacked").model.latent_dim == 2
    packed = server.checkpoint(run).with_name(turns.PACKED)
    made = packed.stat().st_ino
    assert client.get(f"/training/run/{run}/download").content == zipped.content == packed.read_bytes()
    assert packed.stat().st_ino == made, "it was made once"
    runs.sweep()
    taken = sum(path.stat().st_size for path in packed.parent.rglob("*"))
    assert taken - 1000 < runs._jobs[run].size < taken + 1000  # a zip has its own list


def test_the_wheel(client, runs):
    run = start(client, specification=SPECIFICATION | {"training": {"steps": 50_000}})
    for path in ("download", "model"):
        assert client.get(f"/training/run/{run}/{path}").status_code == 409
    assert act(client, run, do="pause").json()["status"] == "paused"
    deadline = time.monotonic() + 60
    while runs._jobs[run].in_turn:  # it ends with its present step
        assert time.monotonic() < deadline
        time.sleep(0.02)
    before = look(client, run)["step"]
    assert act(client, run, do="e-steps", count=5).status_code == 200
    while look(client, run)["step"] < before + 5 or runs._jobs[run].in_turn:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert look(client, run)["points"][-1]["phase"] == "E" and look(client, run)["status"] == "paused"
    assert act(client, run, do="set", values={"learning_rate": 1e-4}).status_code == 200
    assert act(client, run, do="resume").json()["status"] in ("queued", "running")
    while not look(client, run)["marks"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert look(client, run)["marks"] == [{"step": before + 6, "mark": "learning rate 0.0001"}]
    assert act(client, run, do="stop").json()["status"] == "stopped"
    while not look(client, run)["checkpoint"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert client.get(f"/training/run/{run}/download").status_code == 200
    assert act(client, run, do="resume").status_code == 409


def test_an_estimate_tells_the_time_and_the_size(client):
    assert client.post("/training/estimate", json={"specification": SPECIFICATION}).status_code == 400
    asked = {"specification": SPECIFICATION, "visitor": VISITOR}
    told = client.post("/training/estimate", json=asked).json()
    assert told["seconds"] > 0 and told["step_ms"] > 0
    assert told["parameters"] == sum(p.numel() for p in aevb.VAE(64, 2, (16,)).parameters())


def test_what_cannot_be_is_a_problem_and_starts_nothing(client, runs):
    impossible = {"model": "vae", "training": {"learning_rate": 7}}
    for path in ("estimate", "start"):
        answered = client.post(f"/training/{path}", json={"specification": impossible, "visitor": VISITOR})
        assert answered.status_code == 400
        assert answered.json() == {"problem": "learning_rate must be a number above 0 and at most 1, not 7."}
    assert not list(runs.root.iterdir())


def test_a_full_disk_is_told_as_the_server_s(client, runs, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runs, "start", full)
    answered = client.post("/training/start", json={"specification": SPECIFICATION, "visitor": VISITOR})
    assert (answered.status_code, answered.json()) == (507, {"problem": UNWRITTEN})


def test_a_run_that_fails_says_why_without_the_server_s_folders(client, runs, monkeypatch):
    def fail(*_, **__):
        raise ValueError(f"{Path.home()}/secret/weights is damaged.")

    monkeypatch.setattr(turns, "take_turn", fail)
    told = until(client, start(client), "failed")
    assert told["problem"] == "secret/weights is damaged."
    monkeypatch.setattr(turns, "take_turn", lambda *_, **__: 1 / 0)
    assert until(client, start(client), "failed")["problem"] == UNEXPECTED


def test_only_who_has_started_a_run_steers_it(client):
    run = start(client, specification=SPECIFICATION | {"training": {"steps": 50_000}})
    refused = act(client, run, visitor="another-visitor", do="stop")
    assert refused.status_code == 409 and "only in the browser" in refused.json()["problem"]
    assert VISITOR not in client.get(f"/training/run/{run}").text
    act(client, run, do="stop")


@pytest.mark.parametrize("run", ["none", "0123456789abcdef", "..", "%2e%2e", "a/b", "%00"])
def test_a_run_that_is_not_there_is_lost(client, run):
    for path in ("", "/images", "/frame/0", "/model", "/download"):
        assert client.get(f"/training/run/{run}{path}").status_code == 404
    told = client.get("/training/run/none")
    assert told.json()["status"] == "lost" and "expired" in told.json()["problem"]


@pytest.mark.parametrize("number", ["-1", "1e3", "x", "../status.json", "9" * 300, "9" * 5000])
def test_a_frame_that_is_none_is_not_there(client, number):
    run = start(client)
    assert client.get(f"/training/run/{run}/frame/{number}").status_code == 404


@pytest.mark.parametrize("first", ["-1", "x", "1.5", "9" * 30])
def test_a_place_in_the_points_that_is_none_is_refused(client, first):
    assert client.get(f"/training/run/{start(client)}?from={first}").status_code == 400


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"do": "explode"}, "do must be pause"),
        ({"do": ["stop"]}, "do must be pause"),
        ({"do": "step", "count": 0}, "count must be a whole number from 1 to 500."),
        ({"do": "step", "count": 501}, "count must be"),
        ({"do": "step", "count": True}, "count must be"),
        ({"do": "set"}, "Nothing was given to be changed"),
        ({"do": "set", "values": {"beta": "x"}}, "beta must be a number"),
        ({"do": "stop", "visitor": "no"}, "visitor must be 8 to 64"),
        ({"do": "stop", "visitor": None}, "visitor must be"),
    ],
)
def test_what_cannot_be_done_is_said(client, told, said):
    answered = act(client, start(client), **told)
    assert answered.status_code == 400 and said in answered.json()["problem"]


# Whence, in what, and how much


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://testserver"}, 200),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy.example"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_what_changes_something_is_json_from_a_page_of_this_server(client, headers, status):
    content = json.dumps({"specification": SPECIFICATION, "visitor": VISITOR})
    sent = {"Content-Type": "application/json"} | headers
    answered = client.post("/training/start", content=content, headers=sent)
    assert answered.status_code == status
    assert ("problem" in answered.json()) == (status != 200)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"[1]", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 10_000, 400),
        (b" " * (limits.MAX_REQUEST + 1), 413),
    ],
)
def test_a_body_that_is_none_or_too_long_is_refused(client, content, status):
    headers = {"Content-Type": "application/json"}
    answered = client.post("/training/start", content=content, headers=headers)
    assert answered.status_code == status and answered.json()["problem"].endswith(".")


# What is told of the server


def test_the_options_tell_what_can_be_trained_on_what(client):
    told = client.get("/training/options").json()
    assert told["training"] is True
    assert [model["name"] for model in told["models"]] == ["fa", "vae", "cvae", "gmvae", "vrnn"]
    assert {"digits", "sample"} <= {source["name"] for source in told["data"]}
    presets = {model["name"]: [preset["id"] for preset in model["presets"]] for model in told["models"]}
    three = ["quick", "tutorial", "break"]
    assert presets == dict.fromkeys(presets, three) | {"vae": [*three, "moons"]}


def test_a_class_that_comes_at_once_has_the_data_read_once(monkeypatch):
    class_of, two, reads = threading.Barrier(8), threading.Barrier(2), []

    def read() -> None:
        reads.append(threading.current_thread())
        with suppress(threading.BrokenBarrierError):  # nobody else reads
            two.wait(0.1)
        raise DataError("It is not here.")

    monkeypatch.setattr(sources, "SOURCES", {"mnist": Source("MNIST", 60_000, (28, 28), 10, read)})
    sources.present.cache_clear()
    visitors = [threading.Thread(target=lambda: (class_of.wait(), sources.present())) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    sources.present.cache_clear()
    assert len(reads) == 1


def test_training_can_be_switched_off(client, monkeypatch):
    monkeypatch.setenv("AEVB_TRAINING", "off")
    assert client.get("/training/options").json() == {"training": False}
    answered = client.post("/training/start", json={"specification": SPECIFICATION, "visitor": VISITOR})
    assert answered.status_code == 403
    assert answered.json() == {"problem": "Training is switched off on this server."}
    assert client.get("/training/run/none").status_code == 403


def test_a_server_that_does_not_train_starts_no_worker(monkeypatch):
    monkeypatch.setenv("AEVB_TRAINING", "off")
    monkeypatch.setattr(server, "queue", lambda: pytest.fail("it was started"))
    server.start()

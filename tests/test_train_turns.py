"""What a worker does with a run's folder: turns that add up to one run, what they record, their faults."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import aevb
from aevb.explore.record import record
from aevb.runs import divided, read_state, write_state
from aevb.training import Diverged
from aevb.ui.jobs import limits, turns, worker
from aevb.ui.jobs.queue import Queue
from aevb.ui.jobs.worker import Lost, Process

SMALL: dict[str, dict[str, Any]] = {
    "fa": {"latent_dim": 3},
    "vae": {"latent_dim": 2, "hidden_dims": [16], "dropout": 0.1},
    "cvae": {"latent_dim": 3, "hidden_dims": [16]},
    "gmvae": {"latent_dim": 3, "hidden_dims": [16, 16], "estimator": "gumbel analytic", "clusters": 4},
    "vrnn": {"latent_dim": 2, "hidden_dims": [8], "memory_dim": 8, "memory_layers": 1},
}


def specified(model: str = "vae", steps: int = 30, seed: int = 0, **training: Any) -> dict[str, Any]:
    return {
        "model": model,
        "arguments": SMALL[model],
        "data": "digits",
        "training": {"steps": steps, "batch_size": 50, **training},
        "seed": seed,
    }


def begin(folder: Path, specification: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / turns.SPECIFICATION).write_text(json.dumps(specification))
    return folder


def points(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / turns.POINTS).read_text().splitlines()]


def weights(folder: Path) -> bytes:
    return (folder / turns.CHECKPOINT / "model.safetensors").read_bytes()


@pytest.mark.parametrize("model", SMALL)
def test_many_short_turns_are_the_same_run_as_one(tmp_path, model):
    specification = specified(model, averaging=0.9, schedule=[3, 2], kl_warmup=10, rate="cosine")
    whole, parts = (begin(tmp_path / name, specification) for name in ("whole", "parts"))
    outcome = turns.take_turn(whole, seconds=600)
    assert outcome.done and outcome.step == outcome.taken == 30
    for step in range(1, 31):
        outcome = turns.take_turn(parts, seconds=0)
        assert (outcome.step, outcome.taken, outcome.done) == (step, 1, step == 30)
    assert weights(whole) == weights(parts)
    told = ("step", "phase", "elbo", "terms", "gradient", "rate", "beta")
    assert [[p[key] for key in told] for p in points(whole)] == [
        [p[key] for key in told] for p in points(parts)
    ]
    assert [point["phase"] for point in points(whole)[:5]] == ["E", "E", "E", "M", "M"]
    assert not (parts / turns.STATE).exists(), "a finished run keeps its checkpoint alone"


def test_a_finished_run_is_a_checkpoint_like_any_other(tmp_path):
    folder = begin(tmp_path, specified("vae"))
    turns.take_turn(folder, seconds=600)
    loaded = aevb.load(folder / turns.CHECKPOINT)
    assert loaded.model.config["latent_dim"] == 2 and loaded.shape == (8, 8)
    assert loaded.training["test"]["images"] == 179
    told = record(loaded)
    assert [point["epoch"] for point in told["curve"]] == [1, 2]
    assert told["facts"]["Epoch"] == "2: the last of 30 steps"


def test_a_finished_run_is_measured_for_its_page_where_that_asks_for_it(tmp_path):
    for model in SMALL:
        folder = begin(tmp_path / model, specified(model, steps=2))
        turns.take_turn(folder, seconds=600)
        found = aevb.load(folder / turns.CHECKPOINT)
        assert len(found.measures.get("use", [])) == (0 if model == "fa" else found.model.latent_dim)
        assert {"trained_on", "validated_on", "source"} <= set(found.training)
        assert record(found)["facts"]["Test ELBO"].endswith("of 179 images")


def test_of_a_vae_m_steps_open_the_gap_and_e_steps_close_it(tmp_path):
    folder = begin(tmp_path, specified("vae", 2000, learning_rate=3e-3, schedule=[500, 500]))
    turns.take_turn(folder, seconds=600)
    # The first E-steps meet a model that knows nothing yet: what counts is what follows.
    gaps = [(point["step"], point["validation"]["gap"]) for point in points(folder) if point["validation"]]
    opened = max(gap for step, gap in gaps if 500 < step <= 1000)
    before, closed, again = ([gap for step, gap in gaps if step <= end][-1] for end in (1000, 1500, 2000))
    assert gaps[0][1] < opened > 3
    assert closed < 0.6 * before and again > closed


def test_a_vae_finds_two_moons(tmp_path):
    arguments = {"latent_dim": 2, "hidden_dims": [64, 64], "likelihood": "gaussian"}
    specification = specified("vae", 2400, learning_rate=3e-3, batch_size=100)
    specification |= {"data": "moons", "arguments": arguments}
    folder = begin(tmp_path, specification)
    turns.take_turn(folder, seconds=600)
    # As nats: N(0, I), which knows the spread alone, has −2.84.
    assert points(folder)[-1]["validation"]["elbo"] > -2.5
    # Most of what it draws lies where data are, and not between the moons.
    data = np.frombuffer((folder / turns.IMAGES).read_bytes(), "<f2").reshape(-1, 2).astype(float)
    frame = sorted((folder / turns.FRAMES).iterdir())[-1].read_bytes()
    draws = np.frombuffer(frame, "<f2").reshape(3, -1, 2)[1].astype(float)
    nearest = np.linalg.norm(draws[:, None] - data, axis=2).min(1)
    assert np.mean(nearest < 0.3) > 0.8


def test_what_is_recorded_of_each_model(tmp_path):
    for model in SMALL:
        folder = begin(tmp_path / model, specified(model, steps=20))
        turns.take_turn(folder, seconds=600)
        about, recorded = turns.read_json(folder / turns.ABOUT), points(folder)
        assert [point["step"] for point in recorded][:3] == [1, 2, 3] and recorded[-1]["step"] == 20
        last = recorded[-1]
        validation = last["validation"]
        assert validation["elbo"] == pytest.approx(sum(validation["terms"].values()), rel=1e-4)
        assert validation["bound"] == pytest.approx(validation["elbo"] + validation["gap"], rel=1e-4)
        if model == "fa":  # whose log p(x) is exact
            assert validation["gap"] > 0
        assert last["gradient"].keys() == {"p", "q"}
        clustered = {"accuracy", "conditional_entropy", "sizes"} if model == "gmvae" else set()
        assert last["scores"].keys() == clustered
        frames = sorted((folder / turns.FRAMES).glob("*.bin"))
        assert last["frame"] == len(frames) - 1
        shown = 161 if model == "vae" else 0
        assert about["map"] == shown and about["shape"] == [8, 8]
        assert {len(frame.read_bytes()) for frame in frames} == {2 * 16 * 64 + 4 * shown}
        assert len((folder / turns.IMAGES).read_bytes()) == 16 * 64
    assert last["terms"].keys() == {"reconstruction", "minus_kl_z"}


VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "y conditions x alone": ("cvae", {"conditioned": "x"}),
    "y conditions z alone": ("cvae", {"conditioned": "z"}),
    "y summed over": ("gmvae", {"estimator": "marginal"}),
    "y relaxed": ("gmvae", {"estimator": "gumbel relaxed"}),
    "y relaxed, its KL exact": ("gmvae", {"estimator": "gumbel analytic"}),
    "y straight through": ("gmvae", {"estimator": "gumbel analytic", "straight_through": True}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_of_a_model_learns(tmp_path, variant):
    model, arguments = VARIANTS[variant]
    specification = specified(model, steps=200, learning_rate=0.003)
    folder = begin(tmp_path, specification | {"arguments": SMALL[model] | arguments})
    turns.take_turn(folder, seconds=600)
    first, last = points(folder)[0]["validation"], points(folder)[-1]["validation"]
    assert last["elbo"] > first["elbo"] + 10


@pytest.mark.parametrize("model", ["fa", "vae", "cvae", "gmvae"])
def test_points_of_the_plane_are_recorded_as_clouds(tmp_path, model):
    arguments = {"latent_dim": 2} | (
        {} if model == "fa" else {"likelihood": "gaussian", "hidden_dims": [16, 16]}
    )
    specification = specified(model, steps=20) | {"data": "moons", "arguments": arguments}
    turns.take_turn(begin(tmp_path, specification), seconds=600)
    about = turns.read_json(tmp_path / turns.ABOUT)
    choices = {"cvae": 2, "gmvae": 10}.get(model, 0)
    told = (about["shape"], about["shown"], about["map"], about["choices"])
    assert told == ([2], 500, 500, choices)
    data = np.fromfile(tmp_path / turns.IMAGES, "<f2").reshape(500, 2)
    assert np.abs(data.mean(0)).max() < 0.2 and np.abs(data.std(0) - 1).max() < 0.1  # standardised
    frame = np.fromfile(tmp_path / turns.FRAMES / "0000.bin", "<f2").reshape(3, 500, 2)
    assert np.isfinite(frame).all()
    assert aevb.load(tmp_path / turns.CHECKPOINT).shape == (2,)


def test_a_model_of_rows_says_that_it_draws_one_after_the_other(tmp_path):
    for model, rows in (("vae", False), ("vrnn", True)):
        folder = begin(tmp_path / model, specified(model, steps=1))
        turns.take_turn(folder, seconds=600)
        assert turns.read_json(folder / turns.ABOUT)["rows"] is rows


def test_neither_validation_nor_test_images_are_trained_on():
    seen = turns.see("digits", turns.build(specified()))
    train, validation = divided(seen.images.train)
    assert (len(train), len(validation)) == (1618 - 161, 161)
    assert torch.equal(seen.train.values.reshape(-1, 8, 8), train.images)
    assert torch.equal(seen.shown, validation.images[:16])


def test_a_long_run_is_recorded_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "POINTS", 40)
    monkeypatch.setattr(limits, "FRAMES", 10)
    folder = begin(tmp_path, specified("fa", steps=1000))
    turns.take_turn(folder, seconds=600)
    steps = [point["step"] for point in points(folder)]
    assert len(steps) <= 40 + 10 and steps[:3] == [1, 2, 3] and steps[-1] == 1000
    gaps = [after - before for before, after in itertools.pairwise(steps)]
    assert max(gaps[:3]) <= 3 and 30 <= max(gaps) <= 60
    assert len(list((folder / turns.FRAMES).iterdir())) <= 11


def test_what_is_changed_in_mid_run_is_marked_on_its_point(tmp_path):
    folder = begin(tmp_path, specified(steps=10_000, schedule="AEVB"))
    turns.take_turn(folder, seconds=0)
    changes = {"learning_rate": 1e-4, "beta": 4.0, "schedule": [2, 3]}
    turns.take_turn(folder, seconds=0, values=changes)
    turns.take_turn(folder, seconds=0)
    first, second, third = points(folder)
    assert [first["mark"], third["mark"]] == [None, None]
    assert second["mark"] == "learning rate 0.0001, β 4, E 2, M 3"
    assert (third["rate"], third["beta"]) == (1e-4, 4.0)
    assert (first["phase"], third["phase"]) == ("EM", "M"), "the change holds in later turns"


def test_steps_by_hand_move_what_they_say_and_the_last_is_recorded_with_a_frame(tmp_path):
    folder = begin(tmp_path, specified(steps=100_000))
    turns.take_turn(folder, seconds=0)
    before = read_state(folder / turns.STATE)[0]
    outcome = turns.take_turn(folder, seconds=600, phase="E", count=7)
    assert (outcome.step, outcome.left, outcome.done) == (8, 0, False)
    after = read_state(folder / turns.STATE)[0]
    moved = {name for name in before if name.startswith("model.") and not before[name].equal(after[name])}
    assert moved and all(name.startswith("model.q_") for name in moved)
    last = points(folder)[-1]
    filmed = len(list((folder / turns.FRAMES).glob("*.bin")))
    assert (last["step"], last["phase"], last["frame"]) == (8, "E", filmed - 1)
    assert turns.take_turn(folder, seconds=0, phase="M", count=7).left == 6


def test_an_interrupted_turn_ends_after_its_step(tmp_path):
    folder = begin(tmp_path, specified())
    (folder / turns.INTERRUPT).touch()
    assert turns.take_turn(folder, seconds=600).taken == 1


def test_a_run_can_be_ended_early(tmp_path):
    folder = begin(tmp_path, specified())
    turns.take_turn(folder, seconds=0)
    outcome = turns.take_turn(folder, seconds=600, finish=True)
    assert outcome.done and (outcome.step, outcome.taken) == (1, 0)
    assert aevb.load(folder / turns.CHECKPOINT).training["chosen"] == "the last of 1 steps"


def test_a_trial_leaves_nothing_and_tells_the_time(tmp_path):
    found = turns.trial(specified(steps=100_000))
    assert 0 < found["step"] < 1 and 0 < found["frame"] < 5
    assert found["parameters"] == sum(p.numel() for p in aevb.VAE(64, **SMALL["vae"]).parameters())


def test_a_trial_of_slow_steps_takes_one_and_looks_at_few_images(monkeypatch):
    looked, steps = [], []
    measure, advance = turns.measure, turns.Run.advance
    monkeypatch.setattr(turns, "TRIAL_SECONDS", 0.0)
    monkeypatch.setattr(turns, "measure", lambda m, seen: looked.append(seen) or measure(m, seen))
    monkeypatch.setattr(turns.Run, "advance", lambda run: steps.append(run) or advance(run))
    found = turns.trial(specified("gmvae", steps=100_000))
    assert len(steps) == 1 and found["step"] > 0 and found["frame"] > 0
    assert {len(looked[0].labels), *(len(part) for part in looked[0].validation)} == {16}, "of 161"


# Faults


def test_numbers_that_are_not_finite_end_a_turn_with_a_sentence(tmp_path):
    folder = begin(tmp_path, specified())
    turns.take_turn(folder, seconds=0)
    tensors, facts = read_state(folder / turns.STATE)
    for name in tensors:
        if name.startswith("model."):
            tensors[name].fill_(float("nan"))
    write_state(folder / turns.STATE, tensors, facts)
    with pytest.raises(Diverged, match="lower the learning rate"):
        turns.take_turn(folder, seconds=1)
    answer = worker.answer({"folder": str(folder), "seconds": 1})
    assert answer["problem"].startswith("The ELBO is nan at step 2: lower the learning rate")


def test_a_turn_that_crashes_says_so_and_not_where_its_files_are(tmp_path):
    folder = begin(tmp_path, specified())
    (folder / turns.STATE).write_bytes(b"no such state")
    assert worker.answer({"folder": str(folder), "seconds": 1}) == {"problem": worker.UNEXPECTED}


@pytest.mark.parametrize("name", [turns.STATE, turns.ABOUT])
def test_what_cannot_be_written_is_no_fault_of_the_settings(tmp_path, name):
    folder = begin(tmp_path, specified())
    (folder / f".{name}").mkdir()  # where the file is to be
    assert worker.answer({"folder": str(folder), "seconds": 0}) == {"problem": worker.UNWRITTEN}


def test_a_machine_without_memory_says_so(tmp_path, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr(turns, "take_turn", full)
    assert "memory of this server did not suffice" in worker.answer({"folder": ".", "seconds": 1})["problem"]


# In a process


def wait(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    made = Process(tmp_path_factory.mktemp("runs"))
    yield made
    made.stop()


def test_a_process_takes_turns(process, tmp_path):
    folder = begin(tmp_path, specified())
    answer = process.ask({"folder": str(folder), "seconds": 600}, 120)
    assert answer["done"] and answer["step"] == 30 and not answer["problem"]
    again = begin(tmp_path / "again", specified())
    turns.take_turn(again, seconds=600)
    assert weights(folder) == weights(again)


def test_a_process_ignores_ctrl_c(process, tmp_path):
    process.ask({"folder": str(tmp_path), "seconds": 0}, 120)  # it has started by then
    os.kill(process.process.pid, signal.SIGINT)
    assert process.ask({"folder": str(begin(tmp_path, specified())), "seconds": 0}, 120)["taken"] == 1


def test_a_process_that_hangs_is_ended_and_one_that_is_killed_is_told_from_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "random.py").write_text("raise SystemExit")  # no worker imports from where the server began
    hanging, killed = Process(tmp_path), Process(tmp_path)
    hanging.ready()
    killed.ready()
    os.kill(hanging.process.pid, signal.SIGSTOP)
    with pytest.raises(Lost, match="did not answer any more"):
        hanging.ask({}, 1)
    os.kill(killed.process.pid, signal.SIGKILL)
    with pytest.raises(Lost, match="memory was full"):
        killed.ask({}, 60)
    assert hanging.process.poll() is not None


def test_a_process_that_does_not_start_is_ended_and_said_to_be_no_run_s_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "STARTING", 0.01)
    slow = Process(tmp_path)
    with pytest.raises(OSError, match="did not start"):
        slow.ready()
    assert slow.process.poll() is not None


def test_a_process_that_is_killed_in_a_turn_costs_its_run_alone(tmp_path):
    hired: list[Process] = []

    def hire() -> Process:
        hired.append(Process(tmp_path))
        return hired[-1]

    runs = Queue(tmp_path, workers=1, hire=hire)
    first = runs.start(specified(steps=100_000), "visitor-a")
    wait(lambda: (runs.folder(first) / turns.POINTS).exists())
    second = runs.start(specified(), "visitor-b")
    os.kill(hired[0].process.pid, signal.SIGKILL)
    wait(lambda: runs.look(first)["status"] == "failed")
    assert "memory was full" in runs.look(first)["problem"]
    wait(lambda: runs.look(second)["status"] == "done")
    assert len(hired) == 2
    runs.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a process's data so")
def test_what_asks_for_more_memory_than_a_worker_may_have_is_told_so():
    script = """
from aevb.ui.jobs import turns, worker

worker.bound(2**31)
for take in ("torch.empty", "numpy.empty"):
    def trial(_):
        import numpy, torch
        return eval(take)(2**32)
    turns.trial = trial
    print(worker.answer({"specification": {}})["problem"])
"""
    root = Path(__file__).parent.parent
    found = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert found.stdout.count("The memory of this server did not suffice") == 2, found.stderr

"""A run of two processes: the same steps as one process takes, one voice, and what a lost one leaves."""

import csv
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from aevb import checkpoints, devices, distributed
from aevb.__main__ import main
from aevb.stored import models
from tests.small_models import make

ROOT = Path(__file__).parent.parent
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]


def torchrun(logs: Path, *arguments: str) -> tuple[int, list[str], list[str]]:
    """What two processes end with: torchrun's status, and what each has printed, and said on stderr."""
    started = [*TORCHRUN, f"--log-dir={logs}", "--redirects=3", *arguments]
    ended = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, timeout=300)
    told = [
        [
            "".join(p.read_text(encoding="utf-8") for p in logs.glob(f"*/attempt_0/{rank}/{name}.log"))
            for rank in "01"
        ]
        for name in ("stdout", "stderr")
    ]
    return ended.returncode, *told


# Over gloo, and over nccl where two GPUs are: it takes one for each process.
DEVICES = ["cpu", *(["cuda"] if torch.cuda.device_count() > 1 else [])]


@pytest.mark.parametrize("device", DEVICES)
def test_each_step_is_that_of_one_process_for_every_model_and_phase(tmp_path: Path, device: str) -> None:
    code, printed, said = torchrun(tmp_path, "-m", "tests.worker", "steps", device)
    assert printed == ["alike\n", ""], said
    assert code == 0


def curve(folder: Path) -> np.ndarray:
    with (folder / "curve.csv").open(newline="", encoding="utf-8") as file:
        return np.array(
            [[float(row["train_elbo"]), float(row["validation_elbo"])] for row in csv.DictReader(file)]
        )


def test_a_run_of_two_is_that_of_one_within_noise_and_goes_on_when_a_process_was_lost(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (400, 6, 6), dtype=np.uint8)
    np.savez(tmp_path / "tiny.npz", x=x, y=np.arange(400) % 3)
    train = [
        "train",
        "gmvae",
        "--data",
        str(tmp_path / "tiny.npz"),
        "--hidden-dims",
        "8",
        "8",
        "--epochs",
        "5",
    ]
    train += ["--batch-size", "20", "--alternate", "3", "2", "--averaging", "0.9", "--patience", "3"]
    train += ["--precision", "float32", "--device", "cpu", "--bounds", "--output"]

    assert main([*train, str(tmp_path / "one")]) == 0
    folder = tmp_path / "two"
    for rank, epoch, resume in (("1", "2", []), ("0", "4", ["--resume"])):
        lost = ["-m", "tests.worker", "lost", rank, epoch, *train, str(folder), *resume]
        code, printed, said = torchrun(tmp_path / f"logs of {rank}", *lost)
        assert code == 1 and printed == ["", ""]
        (line,) = (line for text in said for line in text.splitlines() if line.startswith("aevb: "))
        assert "has lost one of its processes" in line
        assert line.endswith(f"The same command goes on with --output {folder} --resume.")
        assert "Traceback" not in "".join(said)
    fewer = shutil.copytree(folder, tmp_path / "fewer")
    assert main([*train, str(fewer), "--resume"]) == 0
    code, printed, said = torchrun(tmp_path / "logs", "-m", "aevb", *train, str(folder), "--resume")
    assert code == 0, said
    assert '"elbo"' in printed[0] and "epoch 5" in said[0] and not printed[1] and not said[1]
    one = tmp_path / "one"
    assert sorted(p.name for p in one.iterdir()) == sorted(p.name for p in folder.iterdir())
    assert not np.array_equal(curve(one), curve(folder))
    for shared in (folder, fewer):
        np.testing.assert_allclose(curve(one), curve(shared), rtol=0.02)
    alone, together = (checkpoints.load(found).training for found in (one, folder))
    assert together["config"] == alone["config"] and together["start"] == alone["start"]


def test_who_is_told_to_end_while_a_model_is_built_does_not_say_that_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = make("gmvae")
    monkeypatch.setattr(nn.Linear, "__init__", lambda *_: signal.raise_signal(signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, distributed._told_to_end)
    try:
        with pytest.raises(distributed.Lost, match="was told to end"):
            models._arguments(model)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_cannot_be_shared_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = object.__new__(distributed._Several)
    workers.rank, workers.count = 1, 3
    with pytest.raises(ValueError, match=r"100 cannot be shared evenly by 3 processes: .* a multiple of 3"):
        workers.shard(torch.arange(100))
    assert workers.shard(torch.arange(6)).tolist() == [2, 3]
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert distributed._own_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch, "accelerator", SimpleNamespace(device_count=lambda: 1))
    monkeypatch.setattr(devices, "device", lambda name: torch.device("cuda:0"))
    with pytest.raises(ValueError, match="a device of its own: give --device cuda, not cuda:0"):
        distributed._own_device("cuda:0")
    with pytest.raises(
        ValueError, match=r"2 processes cannot share 1 of cuda: .* --nproc-per-node 1, or --device cpu"
    ):
        distributed._own_device("auto")

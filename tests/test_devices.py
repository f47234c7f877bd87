"""Where a model computes and how exactly: asked and timed on both kinds of processor; a second device."""

import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aevb import Examples, TrainingConfig, devices, train
from aevb.explore import maps
from aevb.models import REGISTRY
from tests.small_models import make, observe

every_model = pytest.mark.parametrize("name", REGISTRY)
CPU = torch.device("cpu")


def machine(monkeypatch: pytest.MonkeyPatch, *, multiplies: bool, speed: float) -> None:
    """A processor of that kind in the place of this one."""
    monkeypatch.setattr(devices, "multiplies", lambda device: multiplies)
    monkeypatch.setattr(devices, "speed", lambda device, product: speed)


# Precision


@pytest.mark.parametrize(
    ("multiplies", "speed", "chosen"),
    [
        (True, 3.0, "bfloat16"),  # AMX
        (True, 0.5, "float32"),  # AVX512_BF16 alone
        (True, 1.1, "float32"),  # not worth its three digits
        (False, 3.0, "float32"),
        (True, 0.0, "float32"),  # it has no LSTM
    ],
)
def test_auto_is_bfloat16_where_it_is_faster(monkeypatch, multiplies, speed, chosen):
    machine(monkeypatch, multiplies=multiplies, speed=speed)
    assert devices.precision("auto", CPU) == chosen
    assert devices.precision("float32", CPU) == "float32"


def test_bfloat16_is_used_where_it_is_asked_for_and_not_hopeless(monkeypatch):
    machine(monkeypatch, multiplies=True, speed=0.5)
    assert devices.precision("bfloat16", CPU) == "bfloat16"


@pytest.mark.parametrize(
    ("multiplies", "speed", "problem"),
    [
        (False, 1.0, r'^On this cpu bfloat16 is not supported in hardware: ask for precision "auto"'),
        (True, 0.0, r"^On this cpu bfloat16 is not supported in hardware"),
        (True, 0.01, r"^On this cpu bfloat16 is 100 times as slow as float32: ask for precision"),
    ],
)
def test_bfloat16_is_refused_before_the_first_step_where_it_is_hopeless(
    monkeypatch, multiplies, speed, problem
):
    machine(monkeypatch, multiplies=multiplies, speed=speed)
    model = make("vae")
    before = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(ValueError, match=problem):
        next(train(model, Examples(*observe(model, 20)), TrainingConfig(3, precision="bfloat16")))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("asked", ["half", "", None, True])
def test_other_precisions_are_refused(asked):
    with pytest.raises(ValueError, match="precision must be one of auto, float32, bfloat16, not"):
        TrainingConfig(3, precision=asked)
    with pytest.raises(ValueError, match="precision must be one of"):
        devices.precision(asked, CPU)


@pytest.mark.parametrize(
    ("found", "multiplies"),
    [
        ({"architecture": "x86_64", "avx2": True}, False),
        ({"architecture": "x86_64", "avx2": True, "avx512_f": True, "avx512_bf16": False}, False),
        ({"architecture": "x86_64", "avx512_bf16": True}, True),
        ({"architecture": "x86_64", "amx_bf16": True, "amx_tile": True}, True),
        ({"architecture": "arm64", "neon": True, "bf16": False}, False),
        ({"architecture": "arm64", "neon": True, "bf16": True}, True),
    ],
)
def test_torch_is_asked_what_the_processor_has(monkeypatch, found, multiplies):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert devices.multiplies(CPU) is multiplies


class Clock:
    """Passes only when a product is computed, by what it costs in the precision of the moment."""

    def __init__(self, float32: float, bfloat16: float):
        self.costs, self.now, self.products = {False: float32, True: bfloat16}, 0.0, 0

    def perf_counter(self) -> float:
        return self.now

    def linear(self, x: Tensor, weight: Tensor) -> Tensor:
        self.now += self.costs[torch.is_autocast_enabled("cpu")]
        self.products += 1
        return x @ weight.T


@pytest.mark.parametrize(("float32", "bfloat16", "gain"), [(0.003, 0.001, 3.0), (0.001, 0.1, 0.01)])
def test_a_product_is_timed_in_both(monkeypatch, float32, bfloat16, gain):
    clock = Clock(float32, bfloat16)
    monkeypatch.setattr(devices, "time", clock)
    monkeypatch.setattr(devices, "F", types.SimpleNamespace(linear=clock.linear))
    monkeypatch.setattr(devices.nn, "LSTM", lambda *sizes, device: nn.RNN(*sizes))
    assert devices.speed.__wrapped__(CPU, (3, 5, 7)) == pytest.approx(gain)
    assert clock.now < 1  # seconds, however slow the one is


def test_where_an_lstm_dies_there_is_no_bfloat16(monkeypatch):
    def dies(*arguments: object) -> None:
        raise RuntimeError(
            "could not create a primitive descriptor for an LSTM forward propagation primitive"
        )

    monkeypatch.setattr(devices.nn, "LSTM", lambda *sizes, device: dies)
    assert devices.speed.__wrapped__(CPU, (3, 5, 7)) == 0


def test_timing_leaves_no_trace():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    gain = devices.speed.__wrapped__(CPU, (10, 30, 20))
    assert gain >= 0 and torch.equal(torch.rand(4), expected)


@every_model
def test_this_processor_trains_whatever_it_has(name):
    """No stand-in: "auto" settles for something that works here, and says what."""
    model = make(name)
    x, *y = observe(model, 40)
    progress = list(train(model, Examples(x, labels=y[0] if y else None), TrainingConfig(3, batch_size=20)))
    assert {record.precision for record in progress} <= {"float32", "bfloat16"}
    assert {record.device for record in progress} == {"cpu"}


@pytest.mark.parametrize(("speed", "used"), [(3.0, "bfloat16"), (0.1, "float32")])
def test_products_run_in_what_was_chosen(monkeypatch, speed, used):
    machine(monkeypatch, multiplies=True, speed=speed)
    model, seen = make("vae"), set()
    model.q_z_given_x.loc.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    (progress,) = train(model, Examples(*observe(model, 20)), TrainingConfig(1))
    assert progress.precision == used and seen == {getattr(torch, used)}


def test_a_float64_model_is_never_narrowed(monkeypatch):
    machine(monkeypatch, multiplies=True, speed=3.0)
    model = make("vae").double()
    (progress,) = train(model, Examples(*observe(model, 20)), TrainingConfig(1, precision="bfloat16"))
    assert progress.precision == "float64"


def test_the_models_largest_product_is_timed(monkeypatch):
    machine(monkeypatch, multiplies=True, speed=1.0)
    asked = []
    monkeypatch.setattr(devices, "speed", lambda device, product: asked.append(product) or 1.0)
    model = make("vae")  # 12 numbers, layers of 16 and 8, 3 latent ones
    next(train(model, Examples(*observe(model, 20)), TrainingConfig(1, batch_size=10)))
    assert asked == [(10, 12, 16)] or asked == [(10, 16, 12)]


# Threads and streams


def test_threads_are_as_before_also_after_a_fault():
    before = torch.get_num_threads()
    try:
        with devices.threads_kept():
            torch.set_num_threads(before + 1)
            raise KeyError
    except KeyError:
        pass
    assert torch.get_num_threads() == before


def test_making_maps_leaves_as_many_threads_as_it_found(monkeypatch):
    before = torch.get_num_threads()

    def numba(means: np.ndarray) -> np.ndarray:
        torch.set_num_threads(before + 2)
        return means

    monkeypatch.setattr(maps, "METHODS", {"umap": numba})
    for _ in maps.make(np.zeros((3, 2), np.float32)):
        assert torch.get_num_threads() == before


def test_drawing_from_a_stream_goes_on_with_it_and_leaves_the_global_one():
    own = torch.Generator().manual_seed(5)
    expected = torch.rand(6, generator=torch.Generator().manual_seed(5))
    torch.manual_seed(8)
    outer = torch.rand(4)
    torch.manual_seed(8)
    with devices.drawing_from(own):
        first = torch.rand(3)
    try:
        with devices.drawing_from(own):
            second = torch.rand(3)
            raise KeyError
    except KeyError:
        pass
    assert torch.equal(torch.cat([first, second]), expected)
    assert torch.equal(torch.rand(4), outer)


def test_two_threads_that_draw_do_not_mix_their_streams():
    """All threads of a process have one global stream."""
    expected = [torch.rand(4, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    found = []

    def draw() -> None:
        with devices.drawing_from(torch.Generator().manual_seed(2)):
            found.append(torch.rand(4))

    other = threading.Thread(target=draw)
    with devices.drawing_from(torch.Generator().manual_seed(1)):
        first = torch.rand(2)
        other.start()
        other.join(0.3)  # it would be through by now
        found.append(torch.cat([first, torch.rand(2)]))
    other.join()
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


# Devices


def accelerator(monkeypatch: pytest.MonkeyPatch, name: str | None, count: int = 1) -> None:
    found = None if name is None else torch.device(name)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: found)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)


@pytest.mark.parametrize("name", ["cuda", "mps", None])
def test_auto_is_the_accelerator_of_this_machine(monkeypatch, name):
    accelerator(monkeypatch, name)
    assert devices.device() == torch.device(name or "cpu")
    assert devices.device("cpu") == CPU
    if name:
        assert devices.device(name) == torch.device(name)
        assert devices.device(f"{name}:0") == torch.device(name, 0)


@pytest.mark.parametrize(
    ("there", "asked", "problem"),
    [
        (None, "cuda", "This machine has no device cuda: give auto or cpu."),
        ("cuda", "mps", "This machine has no device mps: give auto or cpu or cuda."),
        ("cuda", "cuda:1", "This machine has no device cuda:1"),
        (None, "meta", "This machine has no device meta"),
        (None, "gpu", "The device must be auto, cpu, cuda or mps, not 'gpu'."),
        (None, "", "The device must be auto, cpu, cuda or mps, not ''."),
    ],
)
def test_devices_that_are_not_there_are_refused(monkeypatch, there, asked, problem):
    accelerator(monkeypatch, there)
    with pytest.raises(ValueError, match=problem):
        devices.device(asked)


# A second device


ACCELERATOR = torch.accelerator.current_accelerator(check_available=True)


@pytest.mark.parametrize("device", ["stand-in", *([ACCELERATOR.type] if ACCELERATOR else [])])
def test_every_check_on_a_second_device_passes(device):
    """Each in a process of its own: at its first gradients torch counts the devices, and counts no more."""
    checks = Path(__file__).parent / "second_device.py"
    named = "stand-in or stand_in" if device == "stand-in" else device  # with what is checked of the stand-in
    pytest_it = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-k",
        named,
        checks,
    ]
    process = subprocess.run(pytest_it, cwd=checks.parent.parent, capture_output=True, text=True, timeout=600)
    assert process.returncode == 0, process.stdout
    assert " passed" in process.stdout and "skipped" not in process.stdout

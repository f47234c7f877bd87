"""Where a model computes, and how exactly: asked of this machine and then measured, never assumed."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Literal, get_args

import torch
from torch import Generator, nn
from torch.nn import functional as F

Precision = Literal["auto", "float32", "bfloat16"]
"""Of matrix products: "auto" is bfloat16 where this machine is faster with it, and float32 elsewhere."""

Product = tuple[int, int, int]
"""A matrix product by its sizes (B, I, O): (B, I) times (I, O)."""

GAIN = 1.2  # times as fast bfloat16 must be to be worth its three digits
LOSS = 0.05  # times as fast below which it is emulated; on a busy machine a measurement may be off by three
ROUNDS = 20  # of timing, of which the fastest counts: other processes only ever slow one down
SECONDS = 0.5  # after which there are no further rounds


def device(name: str = "auto") -> torch.device:
    """The device of that name, as torch writes it: "cpu", "cuda", "cuda:1", "mps".

    "auto" is this machine's accelerator, and its processor where there is none.

    Raises:
        ValueError: for a name that is no device's, or a device that this machine does not have.
    """
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if name == "auto":
        return accelerator or torch.device("cpu")
    try:
        asked = torch.device(name)
    except RuntimeError:
        raise ValueError(f"The device must be auto, cpu, cuda or mps, not {name!r}.") from None
    count = torch.accelerator.device_count() if accelerator else 0
    there = ["auto", "cpu", *([accelerator.type] if accelerator else [])]
    if asked.type not in there or (asked.type != "cpu" and (asked.index or 0) >= count):
        raise ValueError(f"This machine has no device {name}: give {' or '.join(there)}.")
    return asked


def precision(
    asked: Precision, device: torch.device, product: Product = (100, 784, 500)
) -> Literal["float32", "bfloat16"]:
    """What matrix products are to run in on a device.

    Torch is asked whether the device multiplies bfloat16 in hardware; if so, a product is timed in both, once
    in a process. For being faster does not follow: a Xeon with AVX512_BF16 but without AMX is half as fast.

    Args:
        product: a typical product, such as the model's largest.
    Raises:
        ValueError: for another precision than those, or bfloat16 asked for where it is impossible or more
            than twenty times as slow as float32.
    """
    check(asked)
    if asked == "float32":
        return "float32"
    gain = speed(device, product) if multiplies(device) else 0.0
    if asked == "auto":
        return "bfloat16" if gain >= GAIN else "float32"
    if gain < LOSS:
        reason = f"{1 / gain:.0f} times as slow as float32" if gain else "not supported in hardware"
        raise ValueError(
            f'On this {device.type} bfloat16 is {reason}: ask for precision "auto" or "float32".'
        )
    return "bfloat16"


def check(asked: Precision) -> None:
    """Raises ValueError for what is no `Precision`."""
    if asked not in get_args(Precision):
        raise ValueError(f"precision must be one of {', '.join(get_args(Precision))}, not {asked!r}.")


def multiplies(device: torch.device) -> bool:
    """Whether torch says that a device multiplies bfloat16 in hardware. An emulation does not count."""
    if device.type == "cpu":
        # Intel's and AMD's two extensions, Arm's two.
        names = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
        return any(torch.cpu.get_capabilities().get(name, False) for name in names)
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return True  # nothing says so of the others, but the time will


@cache
def speed(device: torch.device, product: Product) -> float:
    """How many times as fast as in float32 a product and its gradients are in bfloat16, casts and all.

    0 where bfloat16 is impossible: some processors that multiply it have no LSTM of it.
    """
    rows, inputs, outputs = product
    x = torch.ones(rows, inputs, device=device, requires_grad=True)
    weight = torch.ones(outputs, inputs, device=device, requires_grad=True)
    with drawing_from(Generator(device)):
        lstm = nn.LSTM(8, 8, device=device)

    def seconds(bfloat16: bool) -> float:
        start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            y = F.linear(x, weight)
        y.sum().backward()
        if device.type != "cpu":
            torch.accelerator.synchronize(device)
        return time.perf_counter() - start

    try:
        with torch.autocast(device.type, torch.bfloat16):
            output, _ = lstm(torch.ones(2, 3, 8, device=device))
        output.sum().backward()
        seconds(bfloat16=True)
    except RuntimeError:
        return 0.0
    seconds(bfloat16=False)
    start, float32, bfloat16 = time.perf_counter(), [], []
    for _ in range(ROUNDS):  # in turn, so that what else the machine does weighs on both alike
        float32.append(seconds(bfloat16=False))
        bfloat16.append(seconds(bfloat16=True))
        if time.perf_counter() - start > SECONDS:
            break
    return min(float32) / min(bfloat16)


def autocast(device: torch.device, enabled: bool) -> AbstractContextManager[None]:
    """Inside the block products run in bfloat16, or as they come.

    Torch's autocast, left out where it would set what is set: that takes as long as ten small operations.
    """
    if not enabled and not torch.is_autocast_enabled(device.type):
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


@contextmanager
def threads_kept() -> Iterator[None]:
    """Restores torch's thread count, which numba and scikit-learn change."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


_ONE_AT_A_TIME = threading.RLock()  # all threads of a process have one global stream


@contextmanager
def drawing_from(own: Generator) -> Iterator[None]:
    """Inside the block torch's global stream, on the generator's device, is `own`, which goes on with it.

    Dropout and fresh weights can be given no generator. Outside, the global stream is as if nothing had been
    drawn. Another thread's block waits for the end of this one.
    """
    with _ONE_AT_A_TIME:
        shared = _global_generator(own.device)
        outer = shared.get_state()
        shared.set_state(own.get_state())
        try:
            yield
        finally:
            own.set_state(shared.get_state())
            shared.set_state(outer)


def _global_generator(device: torch.device) -> Generator:
    if device.type == "cpu":
        return torch.default_generator
    module = torch.get_device_module(device)
    if device.type == "mps":
        return module._get_default_mps_generator()
    index = module.current_device() if device.index is None else device.index
    return module.default_generators[index]

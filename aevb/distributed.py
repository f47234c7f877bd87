"""One training shared by several processes, which torchrun starts on one machine or on many.

Each takes an equal share of every mini-batch and their gradients are added up, so that after every step all
hold the same weights. DistributedDataParallel does no more, and its hooks need `backward`: a step takes its
gradients by `torch.autograd.grad`, of what its phase moves alone.

The first alone measures, writes and prints; what the others have to know of it they are told.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
import torch.distributed as dist
from torch import Generator, Tensor, nn
from torch.distributed.rendezvous import rendezvous

from aevb import devices

WAITING = timedelta(hours=1)
"""How long the others wait for what the first does alone: a start from clusters takes minutes."""


class Lost(BaseException):
    """Another process of the run has ended, or this one was told to end.

    No Exception, as KeyboardInterrupt is none: a signal raises it wherever the program stands, also inside
    a `try` that knows what its own errors mean.
    """


class Workers:
    """The processes that share a training: here one, to which everything belongs.

    Attributes:
        first: whether this is the one that measures, writes and prints.
        count: how many they are.
    """

    first = True
    count = 1

    def broadcast_weights(self, model: nn.Module) -> None:
        """Gives the model the weights that the first process has."""

    def shard(self, index: Tensor) -> Tensor:
        """This process's share of a mini-batch, given as the numbers of its examples, (B,).

        Raises:
            ValueError: where it cannot be shared evenly.
        """
        return index

    @contextmanager
    def noise(self, step: int, *streams: Generator) -> Iterator[None]:
        """Inside the block the streams, the same in all processes, draw this one's own noise of a step."""
        yield

    def all_reduce(self, gradients: Sequence[Tensor | None]) -> None:
        """Adds up what each process has found, in place."""

    def all_gather(self, values: Tensor) -> Tensor:
        """What all processes have found for their shares, (b, …) each, in one: (B, …)."""
        return values

    def broadcast(self, say: Callable[[], Any]) -> Any:
        """What `say` returns in the first process, which alone calls it: plain JSON."""
        return say()


ALONE = Workers()


class _Several(Workers):
    """Processes joined in torch's default group."""

    def __init__(self, device: torch.device):
        self.rank, self.count, self.device = dist.get_rank(), dist.get_world_size(), device
        self.first = self.rank == 0

    def broadcast_weights(self, model: nn.Module) -> None:
        for value in model.state_dict().values():
            dist.broadcast(value, 0)

    def shard(self, index: Tensor) -> Tensor:
        if len(index) % self.count:
            raise ValueError(
                f"A mini-batch of {len(index)} cannot be shared evenly by {self.count} processes: give a "
                f"--batch-size that is a multiple of {self.count}."
            )
        return index.view(self.count, -1)[self.rank]

    @contextmanager
    def noise(self, step: int, *streams: Generator) -> Iterator[None]:
        # From the seed, the step and the rank: there is nothing of it to keep, and a run may go on with
        # another number of processes.
        states = [stream.get_state() for stream in streams]
        for stream in streams:
            words = np.random.SeedSequence((stream.initial_seed(), step, self.rank)).generate_state(2)
            stream.manual_seed(int(words[0]) << 32 | int(words[1]))
        try:
            yield
        finally:
            for stream, state in zip(streams, states, strict=True):
                stream.set_state(state)

    def all_reduce(self, gradients: Sequence[Tensor | None]) -> None:
        there = [gradient for gradient in gradients if gradient is not None]
        together = torch.cat([gradient.flatten() for gradient in there])
        dist.all_reduce(together)
        for gradient, part in zip(there, together.split([g.numel() for g in there]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def all_gather(self, values: Tensor) -> Tensor:
        here = values.detach().contiguous()
        found = [torch.empty_like(here) for _ in range(self.count)]
        dist.all_gather(found, here)
        found[self.rank] = values  # with its gradient
        return torch.cat(found)

    def broadcast(self, say: Callable[[], Any]) -> Any:
        # Not by broadcast_object_list, which pickles.
        content = np.frombuffer(json.dumps(say()).encode() if self.first else b"", np.uint8)
        size = torch.tensor(len(content), device=self.device)
        dist.broadcast(size, 0)
        text = torch.zeros(int(size), dtype=torch.uint8)
        if self.first:
            text.copy_(torch.tensor(content))
        text = text.to(self.device)
        dist.broadcast(text, 0)
        return json.loads(bytes(text.cpu().numpy()))


@contextmanager
def joined(device: str = "auto") -> Iterator[tuple[Workers, torch.device]]:
    """Inside the block the processes that torchrun has started share a run; without torchrun there is one.

    Of several only the first prints. What ends one of them ends them all, and one says why.

    Args:
        device: as `aevb.devices.device` takes it; of several accelerators each process has its own.
    Yields:
        the processes, and where this one computes.
    Raises:
        Lost: in one of the processes, where another has ended; SystemExit in those that have nothing to say.
        ValueError: for a device that not all of them can have.
    """
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE, devices.device(device)
        return
    store, rank, count = next(rendezvous("env://", timeout=WAITING))
    before = signal.signal(signal.SIGTERM, _told_to_end)
    try:
        own = _own_device(device)
        with ExitStack() as quiet, losses():
            if rank:
                nowhere = quiet.enter_context(Path(os.devnull).open("w"))
                quiet.enter_context(redirect_stdout(nowhere))
                quiet.enter_context(redirect_stderr(nowhere))
            backend = dist.get_default_backend_for_device(own)
            dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=WAITING)
            yield _Several(own), own
            dist.destroy_process_group()
    except (Exception, KeyboardInterrupt, Lost):
        _end()
        with suppress(RuntimeError):  # the store may be gone too
            if store.add("said", 1) > 1:
                raise SystemExit(1) from None
        raise
    else:
        signal.signal(signal.SIGTERM, before)


def _own_device(name: str) -> torch.device:
    """The device of that name as this process has it."""
    here, place = (int(os.environ[key]) for key in ("LOCAL_WORLD_SIZE", "LOCAL_RANK"))
    device = devices.device(name)
    if device.type == "cpu":
        return device
    if here > 1 and name not in ("auto", device.type):
        raise ValueError(f"Each process has a device of its own: give --device {device.type}, not {name}.")
    if here > (there := torch.accelerator.device_count()):
        raise ValueError(
            f"{here} processes cannot share {there} of {device.type}: give torchrun --nproc-per-node "
            f"{there}, or --device cpu."
        )
    torch.accelerator.set_device_index(place)
    return torch.device(device.type, place)


@contextmanager
def losses() -> Iterator[None]:
    """Raises Lost for whatever torch raises inside the block once another process is gone."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error):  # gloo has no class of its own
            _end()
            raise Lost("The run has lost one of its processes.") from error
        raise


def _end() -> None:
    """Ignores torchrun's SIGTERM while this process reports its own error."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _told_to_end(*_: object) -> NoReturn:
    _end()
    raise Lost("The run was told to end, or has lost one of its processes.")

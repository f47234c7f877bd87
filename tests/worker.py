"""What test_distributed has torchrun start twice: `python -m tests.worker`.

steps DEVICE        checks every model's steps against one process that plays both, and prints "alike"
lost RANK EPOCH …   python -m aevb …, in which that process is killed after that epoch, and the other is told
                    to end once more as it is about to say why
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch
from torch import Generator, Tensor

from aevb import Alternating, Examples, Run, TrainingConfig, distributed, runs
from aevb.__main__ import main
from aevb.distributed import Workers
from aevb.models import LatentVariableModel
from tests.small_models import SMALL, make, observe


class Both(Workers):
    """One process in the place of two: of each share the terms under the noise that it would have."""

    @contextmanager
    def noise(self, step: int, *streams: Generator) -> Iterator[None]:
        self.step, self.streams = step, streams
        yield

    def of(self, model: LatentVariableModel) -> LatentVariableModel:
        """The model, whose training looks at the two shares of a mini-batch one after the other."""
        forward = model.forward

        def shared(*batch: Tensor, generator: Generator) -> Mapping[str, Tensor]:
            found = []
            for rank, share in enumerate(zip(*(part.chunk(2) for part in batch), strict=True)):
                with distributed._Several.noise(SimpleNamespace(rank=rank), self.step, *self.streams):
                    found.append(forward(*share, generator=generator))
            return {name: torch.cat([terms[name] for terms in found]) for name in found[0]}

        model.forward = shared
        return model


def stepped(
    name: str, workers: Workers, device: torch.device, broken_off: int = 0, **settings: Any
) -> tuple[list[tuple[Any, ...]], dict[str, Tensor]]:
    """What is seen of a run in which a weight is held for some steps, and broken off; and its state."""

    def begun() -> Run:
        model = make(name).to(device)
        x, *y = observe(model, 24)
        config = TrainingConfig(9, 12, 1e-2, precision="float32", **settings)
        model = workers.of(model) if isinstance(workers, Both) else model
        return Run(model, Examples(x, model.observation, *y), config, workers)

    run, seen = begun(), []
    while not run.finished:
        held = next(p for part, p in run.model.named_parameters() if part.startswith("p_"))
        held.requires_grad_(run.step not in (3, 4, 5, 6))
        if run.step == broken_off > 0:
            state = run.state()
            run = begun()
            run.restore(*state)
        progress = run.advance()
        seen.append((progress.phase, progress.elbo, *progress.gradient.values()))
    tensors, _ = run.state()
    return seen, {key: value for key, value in tensors.items() if key.startswith(("model", "average"))}


def steps(place: str) -> None:
    with distributed.joined(place) as (workers, device):
        for name in SMALL:
            for settings in (
                {"schedule": Alternating(2, 2), "clip": 1.0, "averaging": 0.5},
                {"beta": 2.0, "free_bits": 0.2} if name in ("vae", "gmvae") else {},
            ):
                ours = stepped(name, workers, device, 5, **settings)
                oracle = stepped(name, Both(), device, **settings)
                for one, other in zip(ours[0], oracle[0], strict=True):
                    assert one[0] == other[0]
                    torch.testing.assert_close(one[1:], other[1:], rtol=1e-3, atol=1e-3)
                torch.testing.assert_close(*(found[1] for found in (ours, oracle)), rtol=1e-3, atol=1e-4)
        print("alike")


def lost(rank: str, epoch: str, *arguments: str) -> int:
    shown = runs.shown

    def broken_off(events: Iterator[Any], steps: int) -> Iterator[Any]:
        for event in shown(events, steps):
            if os.environ["RANK"] == rank and isinstance(event, runs.Epoch) and event.epoch == int(epoch):
                os.kill(os.getpid(), signal.SIGKILL)
            yield event

    def told_once_more(*said: Any, **how: Any) -> None:
        if how.get("file") is sys.stderr:
            os.kill(os.getpid(), signal.SIGTERM)
        print(*said, **how)

    runs.shown = broken_off
    vars(sys.modules[main.__module__])["print"] = told_once_more
    return main(arguments)


if __name__ == "__main__":
    sys.exit({"steps": steps, "lost": lost}[sys.argv[1]](*sys.argv[2:]))

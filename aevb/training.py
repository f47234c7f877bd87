"""The only optimiser loop: stochastic gradient ascent on the ELBO, as a generator of progress.

A command line, a page and a test are each a `for` loop over `train`; to stop early, stop iterating.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from aevb.data import Examples
from aevb.models.base import LatentVariableModel, check_sizes, total

Phase = Literal["E", "M", "EM"]
"""What a gradient step moves: φ (approximate E-step), θ (approximate M-step), or both (AEVB)."""


@dataclass(frozen=True)
class Simultaneous:
    """φ and θ together at every step: AEVB (tutorial section 5.1)."""

    def phase(self, step: int) -> Phase:
        return "EM"


@dataclass(frozen=True)
class Alternating:
    """`e_steps` gradient steps in φ alone, then `m_steps` in θ alone, and again (Experiment 2).

    One of the two may be 0: then only the other parameters ever move.
    """

    e_steps: int = 1000
    m_steps: int = 1000

    def __post_init__(self) -> None:
        if min(self.e_steps, self.m_steps) < 0 or self.e_steps + self.m_steps == 0:
            raise ValueError(
                "An alternating schedule takes e_steps and m_steps of at least 0, not both 0, and not "
                f"{self.e_steps} and {self.m_steps}."
            )

    def phase(self, step: int) -> Phase:
        """The phase of a step, counted from 1."""
        return "E" if (step - 1) % (self.e_steps + self.m_steps) < self.e_steps else "M"


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Whole numbers are at least 1.

    Attributes:
        steps: gradient steps in all.
        batch_size: N_B.
        learning_rate: η of Adam, at the start.
        decay: whether η falls to 0 along a cosine or stays.
        schedule: which parameters each step moves.
        seed: of the shuffling, the dequantisation and the posterior samples.
        bfloat16: whether matrix products run in bfloat16 (several times faster on recent processors).
    """

    steps: int
    batch_size: int = 100
    learning_rate: float = 1e-3
    decay: bool = False
    schedule: Simultaneous | Alternating = Simultaneous()
    seed: int = 0
    bfloat16: bool = False

    def __post_init__(self) -> None:
        check_sizes(steps=self.steps, batch_size=self.batch_size)
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, not {self.learning_rate}.")


@dataclass(frozen=True)
class Progress:
    """One gradient step: its number from 1, its phase, and the mini-batch ELBO in terms before it."""

    step: int
    steps: int
    phase: Phase
    elbo: float
    terms: Mapping[str, float]
    seconds: float


class Diverged(RuntimeError):
    """The ELBO stopped being a finite number."""


def train(model: LatentVariableModel, examples: Examples, config: TrainingConfig) -> Iterator[Progress]:
    """Raises the ELBO of `examples` in the parameters of `model`, which is changed in place.

    The order of the examples, their noise and the posterior samples all come from one generator seeded
    with `config.seed`, so that a run can be repeated. Parameters that `requires_grad_(False)` holds
    fixed stand still until they are released, which may be between any two steps. The model is left in
    training mode.

    Yields:
        after every gradient step, its `Progress` (equations 3 and 4).
    Raises:
        Diverged: when the mini-batch ELBO is not finite any more.
        ValueError: when `requires_grad_(False)` holds all that a step is to move; for a parameter that is
            neither generative nor inferential, since no step would ever move it.
    """
    claimed = {id(p) for p in (*model.generative_parameters(), *model.inference_parameters())}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and id(parameter) not in claimed:
            raise ValueError(f"No step moves the parameter {name}: its name must begin with p_ or q_.")
    generator = torch.Generator().manual_seed(config.seed)
    optimizer = Adam(model.parameters(), lr=config.learning_rate, fused=True)
    scheduler: LRScheduler | None = CosineAnnealingLR(optimizer, config.steps) if config.decay else None
    batches = _endless(examples, config.batch_size, generator)
    start = time.perf_counter()
    for step in range(1, config.steps + 1):
        phase = config.schedule.phase(step)
        model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16):
            terms = model.terms(*next(batches), generator=generator)
        elbo = total(terms).mean()
        if not elbo.isfinite():
            raise Diverged(f"The ELBO is {elbo.item()} at step {step}: lower the learning rate.")
        moved = [
            *(model.inference_parameters() if "E" in phase else ()),
            *(model.generative_parameters() if "M" in phase else ()),
        ]
        if not moved:
            raise ValueError(f"Step {step} ({phase}) has nothing to move: all its parameters are held fixed.")
        # Adam passes over parameters without a gradient, so what a phase does not move stands still.
        optimizer.zero_grad(set_to_none=True)
        (-elbo).backward(inputs=moved)
        optimizer.step()
        if scheduler:
            scheduler.step()
        yield Progress(
            step=step,
            steps=config.steps,
            phase=phase,
            elbo=elbo.item(),
            terms={name: term.mean().item() for name, term in terms.items()},
            seconds=time.perf_counter() - start,
        )


def _endless(
    examples: Examples, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[torch.Tensor, ...]]:
    while True:
        yield from examples.epoch(batch_size, generator)

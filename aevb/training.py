"""The only optimiser loop: stochastic gradient ascent on the ELBO, as a generator of progress.

A command line, a page and a test are each a `for` loop over `train`; to stop early, stop iterating.
"""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from aevb import devices
from aevb.data import Examples
from aevb.devices import Precision
from aevb.models.base import LatentVariableModel, check_sizes, total

Phase = Literal["E", "M", "EM"]
"""What a gradient step moves: φ (approximate E-step), θ (approximate M-step), or both (AEVB)."""


@dataclass(frozen=True)
class Simultaneous:
    """φ and θ together at every step: AEVB (tutorial section 5.1)."""

    def phase(self, step: int) -> Phase:
        """The phase of a step, counted from 1: always both."""
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
        seed: of the shuffling, the dequantisation, the posterior samples and dropout.
        precision: what a float32 model's matrix products run in. "auto" is bfloat16 where this machine
            is faster with it (`aevb.devices.precision`).
    """

    steps: int
    batch_size: int = 100
    learning_rate: float = 1e-3
    decay: bool = False
    schedule: Simultaneous | Alternating = Simultaneous()
    seed: int = 0
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        steps, batch_size = check_sizes(steps=self.steps, batch_size=self.batch_size)
        object.__setattr__(self, "steps", steps)  # as Python's own, whichever library's they were
        object.__setattr__(self, "batch_size", batch_size)
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0 and finite, not {self.learning_rate}.")
        devices.check(self.precision)


@dataclass(frozen=True)
class Progress:
    """One gradient step: its number from 1, its phase, and the mini-batch ELBO in terms before it.

    Attributes:
        seconds: since the first step began.
        precision: what matrix products run in: "float32", "bfloat16", or the number type of another model.
        device: where they run.
    """

    step: int
    steps: int
    phase: Phase
    elbo: float
    terms: Mapping[str, float]
    seconds: float
    precision: str
    device: str


class Diverged(RuntimeError):
    """The ELBO stopped being a finite number, or fell out of all proportion."""


OUT_OF_PROPORTION = 100
"""Of an ELBO's fall below the first: in the first one's own size, and in nats for each number of x."""

PATIENCE = 10  # steps in a row


def train(model: LatentVariableModel, examples: Examples, config: TrainingConfig) -> Iterator[Progress]:
    """Raises the ELBO of `examples` in the parameters of `model`, which is changed in place.

    It runs where the model is. The order of the examples, their noise, the posterior samples and the masks of
    dropout all come from `config.seed`, so that a run can be repeated; torch's global stream is left alone.
    Parameters that `requires_grad_(False)` holds fixed stand still until they are released, which may be
    between any two steps. Between the steps, and after them, the model is in evaluation mode.

    Yields:
        after every gradient step, its `Progress` (equations 3 and 4).
    Raises:
        Diverged: when the mini-batch ELBO is not finite, or stays out of all proportion to the first.
        ValueError: for examples that the model does not take; for a precision that this machine does not
            have; when `requires_grad_(False)` holds all that a step is to move; for a parameter that is
            neither generative nor inferential, since no step would ever move it.
    """
    claimed = {id(p) for p in (*model.generative_parameters(), *model.inference_parameters())}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and id(parameter) not in claimed:
            raise ValueError(f"No step moves the parameter {name}: its name must begin with p_ or q_.")
    examples = examples.require(model)
    precision = _precision(model, config)
    generator, masks = (torch.Generator(model.device).manual_seed(config.seed + i) for i in range(2))
    optimizer = Adam(model.parameters(), lr=config.learning_rate, fused=True)
    scheduler: LRScheduler | None = CosineAnnealingLR(optimizer, config.steps) if config.decay else None
    batches = _endless(examples, config.batch_size, generator)
    check = _Proportion(config.learning_rate)
    start = time.perf_counter()
    for step in range(1, config.steps + 1):
        phase, batch = config.schedule.phase(step), next(batches)
        with (
            _training(model),
            devices.drawing_from(masks),
            torch.autocast(model.device.type, torch.bfloat16, enabled=precision == "bfloat16"),
        ):
            terms = model(*batch, generator=generator)
        elbo = total(terms).mean()
        check(step, elbo.item(), batch[0])
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
            precision=precision,
            device=str(model.device),
        )


class _Proportion:
    """Holds each step's ELBO against the first, and raises `Diverged`.

    An ascent that works never leaves a model far worse than it began. So a run has diverged whose ELBO lies,
    for `PATIENCE` steps in a row, below the first by `OUT_OF_PROPORTION` times its size and as many nats for
    each number of x. The margin is wide, since an ELBO near 0 is no measure of its own changes, and since one
    outlier under a narrow likelihood costs thousands of nats; the patience is for those that come alone.
    """

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate
        self.least = math.nan
        self.below = 0

    def __call__(self, step: int, elbo: float, x: Tensor) -> None:
        if not math.isfinite(elbo) and step == 1:
            low, high = (bound.item() for bound in x.aminmax())
            raise Diverged(
                f"The ELBO is {elbo} at step 1, on values from {low:g} to {high:g}: bring the data, or the "
                "model's weights, to a scale near 1."
            )
        if step == 1:
            self.least = elbo - OUT_OF_PROPORTION * (abs(elbo) + x[0].numel())
        self.below = 0 if elbo >= self.least else self.below + 1
        if not math.isfinite(elbo) or self.below == PATIENCE:
            raise Diverged(
                f"The ELBO is {elbo:.4g} at step {step}: lower the learning rate, which is "
                f"{self.learning_rate:g}."
            )


def _precision(model: LatentVariableModel, config: TrainingConfig) -> str:
    """What products run in: of a float32 model what was chosen, judged by its largest product."""
    if model.dtype != torch.float32:
        return str(model.dtype).removeprefix("torch.")
    weights = [parameter.flatten(1).shape for parameter in model.parameters() if parameter.ndim > 1]
    outputs, inputs = max(weights, key=math.prod, default=(1, 1))
    return devices.precision(config.precision, model.device, (config.batch_size, inputs, outputs))


def _endless(examples: Examples, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, ...]]:
    while True:
        yield from examples.epoch(batch_size, generator)


@contextmanager
def _training(model: LatentVariableModel) -> Iterator[None]:
    """Training mode inside the block, where dropout is on; evaluation mode after it."""
    model.train()
    try:
        yield
    finally:
        model.eval()

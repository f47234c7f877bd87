"""The only optimiser loop: stochastic gradient ascent on the ELBO, one step at a time.

A command line, a page and a test are each a `for` loop over `train`; to stop early, stop iterating. Whoever
wants to pause, to change something in mid-run or to go on in another process holds the `Run` itself.
"""

import dataclasses
import json
import math
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import SGD, Adam, Optimizer, RMSprop

from aevb import devices
from aevb.captured import Replayed, settings
from aevb.data import Examples
from aevb.devices import Precision
from aevb.distributed import ALONE, Workers
from aevb.models import shortcuts
from aevb.models.base import LatentVariableModel, check_sizes, plain, require_model, terms_of, total

Phase = Literal["E", "M", "EM"]
"""What a gradient step moves: φ (approximate E-step), θ (approximate M-step), or both (AEVB)."""

Rate = Literal["constant", "cosine"]
"""How the learning rate goes on once it is warm: it stays, or falls to 0 along half a cosine."""

MOST_SEED = 2**63
"""Seeds are below it: torch's generators take one more of them for dropout's masks."""

Optimiser = Literal["adam", "rmsprop", "sgd"]
"""What makes a step of a gradient: Adam (Kingma and Ba, 2015), RMSprop (Tieleman and Hinton, 2012), or plain
stochastic gradient ascent with a momentum of 0.9."""

OPTIMISERS: Mapping[Optimiser, Callable[..., Optimizer]] = {
    "adam": partial(Adam, fused=True),
    "rmsprop": RMSprop,
    "sgd": partial(SGD, momentum=0.9),
}


@dataclass(frozen=True)
class Simultaneous:
    """φ and θ together at every step: AEVB (tutorial section 5.1)."""

    def phase(self, step: int) -> Phase:
        """The phase of a step, counted from 1: always both."""
        return "EM"

    def to_json(self) -> Any:
        """As `read_schedule` reads it."""
        return "AEVB"


@dataclass(frozen=True)
class Alternating:
    """`e_steps` gradient steps in φ alone, then `m_steps` in θ alone, and again (Experiment 2).

    One of the two may be 0: then only the other parameters ever move.
    """

    e_steps: int = 1000
    m_steps: int = 1000

    def __post_init__(self) -> None:
        _set_plain(self)
        steps = (self.e_steps, self.m_steps)
        whole = all(isinstance(count, int) and not isinstance(count, bool) for count in steps)
        if not whole or min(steps) < 0 or sum(steps) == 0:
            raise ValueError(
                "An alternating schedule takes whole e_steps and m_steps of at least 0, not both 0, and not "
                f"{self.e_steps} and {self.m_steps}."
            )

    def phase(self, step: int) -> Phase:
        """The phase of a step, counted from 1."""
        return "E" if (step - 1) % (self.e_steps + self.m_steps) < self.e_steps else "M"

    def to_json(self) -> Any:
        """As `read_schedule` reads it."""
        return [self.e_steps, self.m_steps]


Schedule = Simultaneous | Alternating


def read_schedule(told: Any) -> Schedule:
    """A schedule from JSON: "AEVB", or the numbers [E, M] of steps in turn.

    Raises:
        ValueError: for anything else.
    """
    match told:
        case "AEVB":
            return Simultaneous()
        case [int(e_steps), int(m_steps)]:
            return Alternating(e_steps, m_steps)
    raise ValueError(f'A schedule is "AEVB" or two whole numbers [E, M], not {told!r}.')


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Whole numbers are at least 1, and those of a warm-up at least 0.

    `beta`, `kl_warmup` and `free_bits` change what is ascended, and need a model whose KL terms are named
    "minus_kl…"; the ELBO that is reported is always the ELBO.

    Attributes:
        steps: gradient steps in all.
        batch_size: N_B.
        learning_rate: η of the optimiser, once it is warm.
        rate: whether η then stays or falls to 0 along a cosine.
        rate_warmup: steps in which η rises in proportion to their number.
        schedule: which parameters each step moves.
        seed: of the shuffling, the dequantisation, the posterior samples and dropout; not of the initial
            weights, which come from torch's global stream where the model is made.
        precision: what a float32 model's matrix products run in. "auto" is bfloat16 where this machine
            is faster with it (`aevb.devices.precision`).
        beta: weight of the KL terms (Higgins et al., 2017); 1 is the ELBO.
        kl_warmup: steps in which that weight rises in proportion to their number (Sønderby et al., 2016).
        free_bits: nats below which a KL, averaged over the mini-batch, is not lowered further (Kingma et al.,
            2016): that of each latent number where the model has one for each (`kl_by_dimension`), else that
            of each KL term.
        clip: the norm to which the gradient of all that a step moves is shortened; None: however long it is.
        averaging: decay of an exponential moving average of the weights, which is what is then measured and
            saved; None: there is none. In the first steps t it is (1 + t) / (10 + t), where that is less.
        weight_decay: the share of each weight, times η, by which a step that moves it shrinks it
            (Loshchilov and Hutter, 2019).
        patience: measurements in a row without a better one after which a recorded run ends (`aevb.runs`);
            None: none ends it.
        optimiser: what makes a step of a gradient.
    """

    steps: int
    batch_size: int = 100
    learning_rate: float = 1e-3
    rate: Rate = "constant"
    rate_warmup: int = 0
    schedule: Schedule = Simultaneous()
    seed: int = 0
    precision: Precision = "auto"
    beta: float = 1.0
    kl_warmup: int = 0
    free_bits: float = 0.0
    clip: float | None = None
    averaging: float | None = None
    weight_decay: float = 0.0
    patience: int | None = None
    optimiser: Optimiser = "adam"

    def __post_init__(self) -> None:
        _set_plain(self)
        sizes: dict[str, int] = {"steps": self.steps, "batch_size": self.batch_size}
        sizes |= {name: size for name in ("rate_warmup", "kl_warmup") if (size := getattr(self, name)) != 0}
        if self.patience is not None:
            sizes["patience"] = self.patience
        check_sizes(**sizes)
        for name, kind in (("optimiser", Optimiser), ("rate", Rate)):
            if (value := getattr(self, name)) not in get_args(kind):
                raise ValueError(f"{name} must be one of {', '.join(get_args(kind))}, not {value!r}.")
        _check_above("learning_rate", self.learning_rate)
        for name in ("beta", "free_bits", "weight_decay"):
            _check_from_0(name, getattr(self, name))
        if self.clip is not None:
            _check_above("clip", self.clip)
        if self.averaging is not None and not 0 < self.averaging < 1:
            raise ValueError(f"averaging must be between 0 and 1, or None, not {self.averaging!r}.")
        _check_schedule(self.schedule)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < MOST_SEED:
            raise ValueError(f"seed must be a whole number from 0 to below 2**63, not {self.seed!r}.")
        devices.check(self.precision)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for `from_json`."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return plain | {"schedule": self.schedule.to_json()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "TrainingConfig":
        """The configuration that `to_json` told.

        Raises:
            ValueError: for what is none.
        """
        if unknown := sorted(told.keys() - {field.name for field in dataclasses.fields(cls)}):
            raise ValueError(f"A training has no setting {unknown[0]}.")
        try:
            return cls(**{**told, "schedule": read_schedule(told.get("schedule", "AEVB"))})
        except TypeError as error:  # a word in the place of a number, or no number of steps
            raise ValueError(f"The settings of a training are not as they should be: {error}.") from error


@dataclass(slots=True)  # another name is an AttributeError, no silent nothing
class Handle:
    """What may be changed between any two steps of a run, by setting it.

    Attributes:
        learning_rate: η where it is warm and has not begun to fall.
        beta: the weight of the KL terms, once it is warm.
        schedule: which parameters each step moves.
    """

    learning_rate: float
    beta: float
    schedule: Schedule

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets it.

        Raises:
            ValueError: for an impossible value.
        """
        value = plain(value)
        match name:
            case "learning_rate":
                _check_above(name, value)
            case "beta":
                _check_from_0(name, value)
            case "schedule":
                _check_schedule(value)
        object.__setattr__(self, name, value)  # a class with slots is made anew: its super() is another's

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"learning_rate": self.learning_rate, "beta": self.beta, "schedule": self.schedule.to_json()}


@dataclass(frozen=True)
class Progress:
    """One gradient step: its number from 1, its phase, and the mini-batch ELBO in terms before it.

    Attributes:
        seconds: which the steps so far have taken, without what passed between them.
        precision: what matrix products run in: "float32", "bfloat16", or the number type of another model.
        device: where they run.
        gradient: the norm of the gradient of θ as "p" and of φ as "q", of what the step moves, before it is
            clipped.
        rate: η of this step.
        beta: the weight of the KL terms in this step.
    """

    step: int
    steps: int
    phase: Phase
    elbo: float
    terms: Mapping[str, float]
    seconds: float
    precision: str
    device: str
    gradient: Mapping[str, float]
    rate: float
    beta: float


class Diverged(RuntimeError):
    """The ELBO stopped being a finite number, or fell out of all proportion."""


class ScaleWarning(UserWarning):
    """The data are on a scale that the model is not made for: it is not likely to learn them."""


OFF_SCALE = 10
"""Columns of sizes beyond it, or all with deviations below 1 / its square, are far from a scale near 1."""

OUT_OF_PROPORTION = 100
"""Of an ELBO's fall below the first: in the first one's own size, and in nats for each number of x."""

PATIENCE = 10  # steps in a row

KL = "minus_kl"
"""How the names of an ELBO's KL terms begin."""


def train(model: LatentVariableModel, examples: Any, config: TrainingConfig) -> Iterator[Progress]:
    """Raises the ELBO of `examples` in the parameters of `model`, which is changed in place.

    It runs where the model is. The order of the examples, their noise, the posterior samples and the masks of
    dropout all come from `config.seed`, so that a run can be repeated from the same weights; torch's global
    stream is left alone. A model's first weights come from that: `torch.manual_seed(0)` before `aevb.VAE()`.
    Parameters that `requires_grad_(False)` holds fixed stand still until they are released, which may be
    between any two steps. Between the steps, and after them, the model is in evaluation mode. After the last
    one it has the averaged weights, where the configuration asks for them.

    Args:
        examples: `Examples`, or whatever they are made of, seen as the model looks at it: a tensor, an array,
            a torch `Dataset`. Labels go with them, `Examples(x, labels=y)`.
    Yields:
        after every gradient step, its `Progress` (equations 3 and 4).
    Raises:
        Diverged: when the mini-batch ELBO is not finite, or stays out of all proportion to the first; when
            the weights are not finite after the last step.
        ValueError: for examples that the model does not take; for a precision that this machine does not
            have; when `requires_grad_(False)` holds all that a step is to move; for a parameter that is
            neither generative nor inferential, since no step would ever move it; for a weight of KL terms
            that the model does not have.
    Warns:
        ScaleWarning: at the first step, for columns of real numbers far from mean 0 and variance 1: a model
            that can `start` on their scale, as factor analysis, is not put there by a training; for others
            they are to be standardised.
    """
    run = Run(model, examples, config)
    while not run.finished:
        progress = run.advance()
        if progress.step == progress.steps:  # not after the record: who counts steps asks for no further one
            run.settle()
        yield progress


class Run:
    """A training under way, and all that its next step depends on.

    `state` is the whole of it: a run that restores it, in this process or another, goes on as if it had never
    stopped, on the same kind of processor bit for bit.

    Attributes:
        model: changed in place, as `train` says.
        examples: as the model takes them.
        step: how many steps have been taken.
        seconds: which they have taken.
        precision: what matrix products run in.
        handle: what may be changed between any two steps.
        changes: what has been, with the first step that it held for, as plain JSON: `{"step": 7, "beta": 4}`.
        workers: the processes that share it, each with a `Run` of its own (`aevb.distributed`).
    Raises:
        ValueError: as `train`.
    """

    def __init__(
        self,
        model: LatentVariableModel,
        examples: Any,
        config: TrainingConfig,
        workers: Workers = ALONE,
    ):
        require_model(model)
        if not isinstance(config, TrainingConfig):
            raise ValueError(
                f"config must be a TrainingConfig, not a {type(config).__name__}; labels are given with the "
                "examples, aevb.Examples(x, labels=y)."
            )
        claimed = {id(p) for p in (*model.generative_parameters(), *model.inference_parameters())}
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and id(parameter) not in claimed:
                raise ValueError(f"No step moves the parameter {name}: its name must begin with p_ or q_.")
        self.model, self.config, self.workers = model, config, workers
        self.examples = Examples.of(examples, model).require(model)
        self._checksum = _checksum(self.examples)
        self._require(workers.broadcast(self._identity), "All processes must train alike: the first's")
        workers.broadcast_weights(model)
        self.step, self.seconds = 0, 0.0
        self.precision = workers.broadcast(lambda: _precision(model, config.precision, config.batch_size))
        self.handle = Handle(config.learning_rate, config.beta, config.schedule)
        self.changes: list[dict[str, Any]] = []
        self._device = str(model.device)
        self._generator, self._masks = (Generator(model.device).manual_seed(config.seed + i) for i in (0, 1))
        self._parameters = list(model.parameters())
        self._optimizer = OPTIMISERS[config.optimiser](self._parameters)
        self._averages = _copied(model) if config.averaging else {}
        self._proportion = _Proportion()
        # Recorded steps by objective, moved parameters and batch shapes.
        self._replays: dict[tuple[Any, ...], Callable[..., Sequence[Tensor]]] = {}
        self._terms: tuple[str, ...] = ()
        self._begin_epoch()

    @property
    def finished(self) -> bool:
        """Whether all steps have been taken."""
        return self.step >= self.config.steps

    def advance(self, phase: Phase | None = None) -> Progress:
        """One gradient step.

        Args:
            phase: what it moves; None: what the schedule says.
        Raises:
            Diverged, ValueError: as `train`; the weights are then those of before, unless they themselves are
                no numbers after the last step.
        """
        start, step, model = time.perf_counter(), self.step + 1, self.model
        phase = phase or self.handle.schedule.phase(step)
        if phase not in get_args(Phase):
            raise ValueError(f"phase must be one of {', '.join(get_args(Phase))}, not {phase!r}.")
        self._note_changes()
        rate = self.handle.learning_rate * _rate_factor(self.config, step)
        beta = self.handle.beta * min(1.0, step / max(1, self.config.kl_warmup))
        moved = {
            "q": model.inference_parameters() if "E" in phase else [],
            "p": model.generative_parameters() if "M" in phase else [],
        }
        if not any(moved.values()):
            raise ValueError(f"Step {step} ({phase}) has nothing to move: all its parameters are held fixed.")
        share = self.workers.shard(self._next_index())
        with (
            _training(model),
            self.workers.noise(step, self._generator, self._masks),
            devices.drawing_from(self._masks),
        ):
            batch = self.examples.batch(share, self._generator)
            found = self._ascent(moved, beta, batch)
        self._proportion.check(step, found["elbo"], found["objective"], batch[0], rate)
        if step == 1 and self.workers.first:
            _check_scale(model, self.examples, found["elbo"])
        if self.config.weight_decay:
            self._decay(rate)
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()
        self.step = step
        self._average()
        if self.finished:  # else the next step would tell
            _check_weights(step, model, rate)
        self.seconds += time.perf_counter() - start
        return Progress(
            step=step,
            steps=self.config.steps,
            phase=phase,
            elbo=found["elbo"],
            terms={name: found[f"term {name}"] for name in self._terms},
            seconds=self.seconds,
            precision=self.precision,
            device=self._device,
            gradient={part: found[f"gradient {part}"] for part, parameters in moved.items() if parameters},
            rate=rate,
            beta=beta,
        )

    @contextmanager
    def averaged(self) -> Iterator[LatentVariableModel]:
        """Inside the block the model has the averaged weights, where there are any: to measure or save it."""
        own = _copied(self.model) if self._averages else {}
        self.settle()
        try:
            yield self.model
        finally:
            _set(self.model, own)

    def settle(self) -> None:
        """Leaves the averaged weights in the model, where there are any, once no further step is to come."""
        _set(self.model, self._averages)

    # What is kept of it

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that the next step depends on but the data: tensors on the CPU, by name, and plain JSON."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self._averages.items()}
        for name, parameter in self.model.named_parameters():
            for moment, value in self._optimizer.state.get(parameter, {}).items():
                tensors[f"moment.{moment}.{name}"] = value
        tensors |= {"generator": self._generator.get_state(), "masks": self._masks.get_state()}
        tensors["epoch"] = self._epoch
        facts = {
            **self._identity(),
            "precision": self.precision,
            "step": self.step,
            "seconds": self.seconds,
            "position": self._position,
            "handle": self.handle.to_json(),
            "changes": [dict(change) for change in self.changes],
            "held": [name for name, p in self.model.named_parameters() if not p.requires_grad],
            "proportion": vars(self._proportion).copy(),
        }
        # Copies, since the next step changes them, and since two names may stand for the same memory.
        return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}, facts

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Goes on from what `state` gave for a run of the same configuration, model and data.

        Raises:
            ValueError: for the state of another.
        """
        self._require(facts, "The state is of another run: its")
        named = dict(self.model.named_parameters())
        try:
            self.model.load_state_dict(_under("model.", tensors))
            _set(self.model, averages := _under("average.", tensors), into=self._averages)
            if averages.keys() != self._averages.keys():
                raise KeyError("average")
            self._optimizer.state.clear()
            for key, value in _under("moment.", tensors).items():
                moment, _, name = key.partition(".")
                moments = self._optimizer.state.setdefault(named[name], {})
                moments[moment] = value.to(self.model.device, copy=True)
            self._generator.set_state(tensors["epoch"])
            self._begin_epoch()
            self._generator.set_state(tensors["generator"])
            self._masks.set_state(tensors["masks"])
            self._position = facts["position"]
            self.step, self.seconds, self.precision = facts["step"], facts["seconds"], facts["precision"]
            told = facts["handle"]
            self.handle = Handle(told["learning_rate"], told["beta"], read_schedule(told["schedule"]))
            self.changes = [dict(change) for change in facts["changes"]]
            for name, parameter in named.items():
                parameter.requires_grad_(name not in facts["held"])
            vars(self._proportion).update(facts["proportion"])
        except (KeyError, TypeError, RuntimeError) as error:
            raise ValueError(f"The state is not one of this run: {error}.") from error

    def _identity(self) -> dict[str, dict[str, Any]]:
        """What a state can be restored to, as plain JSON."""
        model = {"name": type(self.model).name, **self.model.config}
        data = {"examples": len(self.examples), "checksum": self._checksum}
        place = {"device": self.model.device.type}
        identity = {"training": self.config.to_json(), "model": model, "data": data, "place": place}
        return json.loads(json.dumps(identity))  # in which a tuple is a list

    def _require(self, facts: Mapping[str, Any], whose: str) -> None:
        """Raises ValueError where the identity in `facts` is not this run's."""
        for part, here in self._identity().items():
            there = facts.get(part, {})
            for name in {**here, **there}:
                if here.get(name) != there.get(name):
                    raise ValueError(
                        f"{whose} {part} has {name} {there.get(name)}, and this one's {here.get(name)}."
                    )

    # The steps' parts

    def _begin_epoch(self) -> None:
        self._epoch = self._generator.get_state()  # from which its order can be drawn again
        self._order = self.examples.order(self.config.batch_size, self._generator)
        self._position = 0

    def _next_index(self) -> Tensor:
        if self._position == len(self._order):
            self._begin_epoch()
        self._position += 1
        return self._order[self._position - 1]

    def _ascent(
        self, moved: Mapping[str, list[nn.Parameter]], beta: float, batch: tuple[Tensor, ...]
    ) -> dict[str, float]:
        """The figures of a mini-batch, by name; the gradients of what the step moves are left with it."""
        # The ELBO is ascended itself, unless its KL terms weigh more or less, or some of them are free.
        plain = beta == 1 and not self.config.free_bits
        together = [parameter for parameters in moved.values() for parameter in parameters]
        key = (plain, *map(id, together), *(part.shape for part in batch))
        if key not in self._replays:

            def compute(*inputs: Tensor) -> list[Tensor]:
                return self._ascend(moved, *((None, inputs) if plain else (inputs[0], inputs[1:])))

            held = partial(settings, self.model)
            # What several processes say to each other is not recorded.
            alone = self.workers.count == 1
            self._replays[key] = Replayed(compute, self._generator, held) if alone else compute
        inputs = batch if plain else (torch.tensor(beta, device=self.model.device), *batch)
        figures, *gradients = self._replays[key](*inputs)
        # Parameters without a gradient are passed over, so what a phase does not move stands still.
        for parameter in self._parameters:
            parameter.grad = None
        for parameter, gradient in zip(together, gradients, strict=True):
            parameter.grad = gradient if gradient.numel() else None
        parts = [f"gradient {part}" for part, parameters in moved.items() if parameters]
        names = ["elbo", "objective", *(f"term {name}" for name in self._terms), *parts]
        return dict(zip(names, figures.cpu().tolist(), strict=True))  # the one wait for a GPU

    def _ascend(
        self, moved: Mapping[str, list[nn.Parameter]], beta: Tensor | None, batch: tuple[Tensor, ...]
    ) -> list[Tensor]:
        """The figures that `_ascent` names, (F,), and the gradient of each that is moved, empty for none."""
        with devices.autocast(batch[0].device, self.precision == "bfloat16"), shortcuts.taken():
            terms = terms_of(self.model, batch, self._generator)
            terms = {name: self.workers.all_gather(term) for name, term in terms.items()}
            elbo = total(terms).mean()
            objective = elbo if beta is None else self._weighed(terms, batch, beta)
        self._terms = tuple(terms)
        together = [parameter for parameters in moved.values() for parameter in parameters]
        down = torch.full_like(objective, -1)
        found = torch.autograd.grad(objective, together, down, allow_unused=True)
        laid_out = [g if g is None else _laid_out_as(p, g) for p, g in zip(together, found, strict=True)]
        self.workers.all_reduce(laid_out)
        norms, gradients = self._clipped(moved, laid_out)
        means = torch.stack([term.detach() for term in terms.values()]).mean(1)
        figures = torch.cat([torch.stack([elbo.detach(), objective.detach()]), means, torch.stack(norms)])
        none = figures[:0]
        return [figures, *(none if gradient is None else gradient for gradient in gradients)]

    def _weighed(self, terms: Mapping[str, Tensor], batch: tuple[Tensor, ...], beta: Tensor) -> Tensor:
        """The mini-batch's objective, (): the ELBO with β times its KLs, and none below what is free."""
        kl = {name: -term.mean(0, keepdim=True) for name, term in terms.items() if name.startswith(KL)}
        if not kl:
            raise ValueError(
                f"{type(self.model).__name__} has no KL term to weigh or to free: none of "
                f"{', '.join(terms)} begins with {KL}."
            )
        others = [term.mean() for name, term in terms.items() if name not in kl]
        if free := self.config.free_bits:
            if f"{KL}_z" in kl:
                # Where z is drawn for it, that is another draw than the terms': as good an estimate.
                with suppress(NotImplementedError):  # then it is free as a whole
                    each = self.model.kl_by_dimension(*batch, generator=self._generator)
                    kl[f"{KL}_z"] = self.workers.all_gather(each).mean(0)
            kl = {name: values.clamp(min=free) for name, values in kl.items()}
        return torch.stack([*others, *(-beta * values.sum() for values in kl.values())]).sum()

    def _clipped(
        self, moved: Mapping[str, list[nn.Parameter]], gradients: Sequence[Tensor | None]
    ) -> tuple[list[Tensor], Sequence[Tensor | None]]:
        """The norms of the gradients of what a step moves, by part, and the gradients, shortened."""
        rest = iter(gradients)
        parts = [[next(rest) for _ in parameters] for parameters in moved.values() if parameters]
        norms = [get_total_norm([gradient for gradient in part if gradient is not None]) for part in parts]
        if self.config.clip is None:
            return norms, gradients
        scale = (self.config.clip / (get_total_norm(norms) + 1e-6)).clamp(max=1)
        # Not in place: parameters that a net adds up have one gradient between them.
        return norms, [gradient if gradient is None else gradient * scale for gradient in gradients]

    @torch.no_grad()
    def _decay(self, rate: float) -> None:
        """Shrinks what the step moves, whatever the optimiser then makes of its gradient."""
        for parameter in self._parameters:
            if parameter.grad is not None:
                parameter.mul_(1 - rate * self.config.weight_decay)

    def _average(self) -> None:
        if self.config.averaging is not None:
            decay = min(self.config.averaging, (1 + self.step) / (10 + self.step))
            now = self.model.state_dict()
            averages = self._averages
            torch._foreach_lerp_(list(averages.values()), [now[name] for name in averages], 1 - decay)

    def _note_changes(self) -> None:
        now = self.handle.to_json()
        before = Handle(self.config.learning_rate, self.config.beta, self.config.schedule).to_json()
        for change in self.changes:
            before |= change
        if changed := {name: value for name, value in now.items() if value != before[name]}:
            self.changes.append({"step": self.step + 1, **changed})


class _Proportion:
    """Holds each step's ELBO against the first, and raises `Diverged`.

    An ascent that works never leaves a model far worse than it began. So a run has diverged whose ELBO lies,
    for `PATIENCE` steps in a row, below the first by `OUT_OF_PROPORTION` times its size and as many nats for
    each number of x. The margin is wide, since an ELBO near 0 is no measure of its own changes, and since one
    outlier under a narrow likelihood costs thousands of nats; the patience is for those that come alone.

    Where the objective is not the ELBO, both must fall: with little weight on the KL that is free to grow.
    """

    def __init__(self) -> None:
        self.least: float | None = None
        self.below = 0

    def check(self, step: int, elbo: float, objective: float, x: Tensor, rate: float) -> None:
        """Of a step's ELBO and objective, before it is taken."""
        finite = math.isfinite(elbo) and math.isfinite(objective)
        if self.least is None:
            if not finite:
                low, high = (bound.item() for bound in x.aminmax())
                raise Diverged(
                    f"The ELBO is {elbo} at step {step}, on values from {low:g} to {high:g}: bring the data, "
                    "or the model's weights, to a scale near 1."
                )
            self.least = elbo - OUT_OF_PROPORTION * (abs(elbo) + x[0].numel())
        self.below = 0 if max(elbo, objective) >= self.least else self.below + 1
        if not finite or self.below == PATIENCE:
            raise Diverged(f"The ELBO is {elbo:.4g} at step {step}: {_advice(x.dtype, rate)}.")


def _check_scale(model: LatentVariableModel, examples: Examples, elbo: float) -> None:
    """Warns where real numbers are far from the scale near 1 at which a model starts; `elbo` is its first."""
    if model.support != "real" or examples.grey:
        return
    some = examples.values[:: max(1, len(examples) // 10_000)]
    x = some.flatten(0, -2).cpu().double()  # of rows, each row
    deviations, sizes = x.std(0, correction=0), x.square().mean(0).sqrt()
    low, high = sizes.min().item(), sizes.max().item()
    if high <= OFF_SCALE and (deviations.max() >= 1 / OFF_SCALE**2 or not deviations.any()):
        return
    kind, found = type(model).__name__, f"The columns of x are of sizes from {low:.2g} to {high:.2g}"
    if not hasattr(model, "start"):
        found += f", and a {kind} starts at a scale near 1: standardise them, (x - x.mean(0)) / x.std(0)."
    elif elbo < -OUT_OF_PROPORTION * some[0].numel():
        found += f", and this {kind} is not on their scale: call model.start(x) before it is trained."
    else:
        return
    warnings.warn(found, ScaleWarning, stacklevel=4)  # the caller of `train`


def _check_weights(step: int, model: LatentVariableModel, rate: float) -> None:
    """Raises `Diverged` where a step has left weights that are not finite."""
    if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
        raise Diverged(f"Weights are not finite after step {step}, the last: {_advice(model.dtype, rate)}.")


def _advice(dtype: torch.dtype, rate: float) -> str:
    advice = f"lower the learning rate, which is {rate:g}"
    if dtype == torch.float16:  # in which the squares of gradients, and an epsilon of 1e-8, are 0
        advice += ", or convert the model by model.float() or model.bfloat16(): it is in float16"
    return advice


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """The gradient in the order of its parameter's memory, which the fused Adam takes for granted.

    A part of a larger tensor's gradient is a view of that.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


def _rate_factor(config: TrainingConfig, step: int) -> float:
    """What share of the learning rate a step has."""
    warm = config.rate_warmup
    if step <= warm:
        return step / warm
    if config.rate == "constant":
        return 1.0
    gone = min(1.0, (step - 1 - warm) / max(1, config.steps - warm))
    return (1 + math.cos(math.pi * gone)) / 2


def _precision(model: LatentVariableModel, asked: Precision, batch_size: int) -> str:
    """What products run in: of a float32 model what was chosen, judged by its largest product."""
    if model.dtype != torch.float32:
        return str(model.dtype).removeprefix("torch.")
    weights = [parameter.flatten(1).shape for parameter in model.parameters() if parameter.ndim > 1]
    outputs, inputs = max(weights, key=math.prod, default=(1, 1))
    return devices.precision(asked, model.device, (batch_size, inputs, outputs))


def _checksum(examples: Examples) -> int:
    """Of all values and labels, so that no run goes on with others of the same shape."""
    found = 0
    for part in (examples.values, examples.labels):
        if part is not None:
            found = zlib.crc32(part.cpu().contiguous().view(torch.uint8).numpy().data, found)
    return found


def _copied(model: LatentVariableModel) -> dict[str, Tensor]:
    """Copies of what is averaged of a model: its parameters, and what floats it keeps beside them."""
    return {name: v.detach().clone() for name, v in model.state_dict().items() if v.is_floating_point()}


def _set(
    model: LatentVariableModel, values: Mapping[str, Tensor], into: Mapping[str, Tensor] | None = None
) -> None:
    """Copies values by name into the model's own, or into those of another mapping."""
    targets = model.state_dict() if into is None else into
    with torch.no_grad():
        for name, value in values.items():
            targets[name].copy_(value)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _set_plain(settings: TrainingConfig | Alternating) -> None:
    """Makes numpy's numbers in a frozen dataclass Python's own, as which they are kept and compared."""
    for field in dataclasses.fields(settings):
        object.__setattr__(settings, field.name, plain(getattr(settings, field.name)))


def _check_schedule(value: Any) -> None:
    if not isinstance(value, Schedule):
        raise ValueError(f"schedule must be Simultaneous() or Alternating(…), not {value!r}.")


def _check_above(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0 and finite, not {value}.")


def _check_from_0(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be at least 0 and finite, not {value}.")


@contextmanager
def _training(model: LatentVariableModel) -> Iterator[None]:
    """Training mode inside the block, where dropout is on; evaluation mode after it."""
    model.train()
    try:
        yield
    finally:
        model.eval()

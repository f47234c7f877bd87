"""A recorded training run in a folder: measured on validation images every epoch, its best state kept.

model.safetensors, config.json   the best state so far, as `aevb.load` reads it (`aevb.checkpoints`)
training.json, curve.csv         how it went, whole and as a table
state.safetensors                while the run is not over: all that it takes to go on with it (`over`)
"""

import csv
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from aevb import checkpoints, stored
from aevb.checkpoints import CheckpointError
from aevb.data import Images, Split
from aevb.data.images import held_out
from aevb.distributed import ALONE, Workers
from aevb.evaluation import evaluate
from aevb.explore.clusters import scores
from aevb.models.base import LatentVariableModel
from aevb.stored.files import whole
from aevb.training import Diverged, Progress, Run, TrainingConfig

CURVE, STATE = "curve.csv", "state.safetensors"

VALIDATION = 5_000
"""Training images on which a run is measured while it goes on (`divided`)."""

MANY = 50_000
"""Training images of which so many can be spared: of fewer it is a tenth."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images, measured after it. ELBOs and terms are means in nats.

    Attributes:
        epoch: its number, from 1.
        step: after which it ended; the last may end early.
        validation_elbo: of the averaged weights, where there are any, like what follows.
        scores: `accuracy` and `conditional_entropy` of its clusters, where it has any.
    """

    epoch: int
    step: int
    train_elbo: float
    validation_elbo: float
    validation_terms: dict[str, float]
    scores: dict[str, float]

    def __str__(self) -> str:
        scored = "".join(f", {name} {value:.4f}" for name, value in self.scores.items())
        return (
            f"epoch {self.epoch}: train ELBO {self.train_elbo:.2f}, validation ELBO "
            f"{self.validation_elbo:.2f}{scored}"
        )


def record(
    model: LatentVariableModel,
    images: Images,
    config: TrainingConfig,
    folder: str | os.PathLike[str],
    facts: Mapping[str, Any],
    *,
    overwrite: bool = False,
    resume: bool = False,
    keep_state: bool = False,
    workers: Workers = ALONE,
) -> Iterator[Progress | Epoch]:
    """Trains `model`, writing a checkpoint into `folder` whenever the validation ELBO is the best so far.

    Every epoch's figures are written down at once, so that a run broken off keeps its best state and its
    whole curve, and goes on from there where it is resumed. It ends early where `config.patience` says so.
    The validation images are those that `divided` keeps; `images.test` is not looked at.

    Its `seconds` are those in which this thread computed: on idle cores the time by the clock, since the
    thread takes part in all of the work, but without what passed while the process was stopped or waited.

    Args:
        facts: what else training.json is to tell, such as the command; those of a run that is resumed are its
            own.
        overwrite: whether a checkpoint that is already in the folder may go.
        resume: whether the run in the folder goes on, as if it had never stopped: `model` and `config` are
            given as they were at its start.
        keep_state: whether the state stays at the end, since the caller has something left to do: then a run
            that was stopped in that is resumed there, with no more steps, until `over` is called.
        workers: the processes that share it, of which the first alone measures and writes; all read the
            folder of a run that is resumed.
    Yields:
        `Progress` after every step, `Epoch` after every epoch. What is changed in the model upon an `Epoch`,
        such as what is held fixed, belongs to the state from which it is resumed.
    Raises:
        CheckpointError: where one is there, and neither `overwrite` nor `resume` is given, or there is
            nothing to resume; nothing is trained then.
        Diverged: as `train` does, or when the validation ELBO is not a finite number.
        ValueError: for images that the model does not take, for another run than that to be resumed, and as
            `train` does.
    """
    folder = stored.place(folder)
    if workers.first and not (overwrite or resume):
        checkpoints.require_free(folder)
    splits = divided(images.train)
    examples, validation = (split.seen_by(model) for split in splits)
    observed, labels = validation.fixed(), splits[1].labels
    run, curve, before = Run(model, examples, config, workers), list[Epoch](), 0.0
    if resume:
        facts, curve, before = _resumed(run, images, folder)
    elif workers.first:
        over(folder)
    start, per_epoch = time.thread_time() - before, epoch_steps(len(examples), config.batch_size)
    elbos = list[float]()
    while not run.finished and _since_best(curve) != config.patience:
        progress = run.advance()
        elbos.append(progress.elbo)
        yield progress
        if progress.step % per_epoch and not run.finished:
            continue
        with run.averaged():
            measured = workers.broadcast(lambda: _measured(model, observed, labels))
            epoch = _epoch(progress.step, per_epoch, elbos, measured)
            curve.append(epoch)
            elbos.clear()
            training = _training(run, images, facts, curve, time.thread_time() - start)
            if workers.first and not _since_best(curve):
                checkpoints.save(model, folder, training, overwrite=True)
            elif workers.first:
                checkpoints.write_json(folder / "training.json", training)
        if workers.first:
            _write_curve(folder / CURVE, curve)
        try:
            yield epoch
        finally:  # with what was changed upon it, and also where that was to stop
            if workers.first:
                tensors, state = run.state()
                told = {"run": state, "data": images.note, "facts": dict(facts), "curve": training["curve"]}
                write_state(folder / STATE, tensors, told | {"seconds": time.thread_time() - start})
    run.settle()
    if workers.first and not keep_state:
        over(folder)


def over(folder: Path) -> None:
    """Takes a run's state away: there is nothing to go on with any more."""
    (folder / STATE).unlink(missing_ok=True)


def _resumed(run: Run, images: Images, folder: Path) -> tuple[dict[str, Any], list[Epoch], float]:
    """Has a run go on as the one in the folder: that one's facts, its curve so far and its seconds.

    Raises:
        CheckpointError: as `read_state`.
        ValueError: where that is another run, or on other images.
    """
    tensors, told = read_state(folder / STATE)
    if told["data"] != images.note:
        raise ValueError(f"The run in {folder} is on other data: {told['data']}")
    run.restore(tensors, told["run"])
    return told["facts"], [Epoch(**epoch) for epoch in told["curve"]], told["seconds"]


def _measured(
    model: LatentVariableModel, observed: tuple[Tensor, ...], labels: Tensor | None
) -> dict[str, Any]:
    """What an `Epoch` tells of the validation examples."""
    found = evaluate(model, *observed)
    scored = {}
    if labels is not None and math.isfinite(found.elbo):
        scored = scores(model, observed[0], labels)
    return {"validation_elbo": found.elbo, "validation_terms": found.terms, "scores": scored}


def _epoch(step: int, per_epoch: int, elbos: list[float], measured: dict[str, Any]) -> Epoch:
    """The epoch that ends after a step: the ELBOs of its steps, and what was `_measured` then.

    Raises:
        Diverged: where the validation ELBO is not a finite number.
    """
    if not math.isfinite(elbo := measured["validation_elbo"]):
        raise Diverged(f"The validation ELBO is {elbo} after step {step}: lower the learning rate.")
    return Epoch(math.ceil(step / per_epoch), step, sum(elbos) / len(elbos), **measured)


def _training(
    run: Run, images: Images, facts: Mapping[str, Any], curve: list[Epoch], seconds: float
) -> dict[str, Any]:
    """What training.json tells after an epoch."""
    return {
        **facts,
        **facts_of(run, images),
        "seconds": round(seconds, 1),
        "chosen": _chosen(curve, run.config.patience),
        "epoch": _best(curve).epoch,
        "curve": [asdict(epoch) for epoch in curve],
    }


def facts_of(run: Run, images: Images) -> dict[str, Any]:
    """What a training.json tells of any run: its data, its settings, and where it was."""
    held = validated_on(len(images.train))
    return {
        "data": images.note,
        "source": images.name,
        "shape": list(images.shape),
        "classes": list(images.classes),
        "trained_on": len(images.train) - held,
        "validated_on": held,
        "precision": run.precision,
        "device": str(run.model.device),
        "config": run.config.to_json(),
        "versions": checkpoints.versions(),
    }


def epoch_steps(count: int, batch_size: int) -> int:
    """Gradient steps in one pass over so many examples: a last, short batch is dropped."""
    return max(1, count // batch_size)


def validated_on(count: int) -> int:
    """How many of so many training images are kept for validation."""
    return VALIDATION if count >= MANY else max(1, count // 10)


def divided(train: Split) -> tuple[Split, Split]:
    """Training images as those to train on and those for validation: the last 5,000 of 50,000 or more.

    Of fewer a tenth, the same every time, under a permutation, since they may come class by class; so are the
    5,000 where the last ones lack a class, or no label tells whether they do.

    Raises:
        ValueError: where there is only one.
    """
    if len(train) < 2:
        raise ValueError("There must be at least two training examples, since one is kept for validation.")
    last = train[-VALIDATION:]
    if len(train) >= MANY and 0 < _classes(last) == _classes(train):
        return train[:-VALIDATION], last
    trained_on, validation = held_out(train, validated_on(len(train)))
    return trained_on, validation


def _classes(split: Split) -> int:
    return 0 if split.labels is None else len(split.labels.unique())


Event = TypeVar("Event", Progress, Progress | Epoch)


def shown(events: Iterator[Event], steps: int) -> Iterator[Event]:
    """Passes on what `record` or `aevb.train` yields, under a bar, in a terminal or in a notebook.

    >>> for progress in shown(aevb.train(model, examples, config), config.steps): ...
    """
    from tqdm.auto import tqdm  # imported late: it looks for the notebook's own

    with tqdm(total=steps, unit="step", mininterval=0.5) as bar:
        for event in events:
            if isinstance(event, Epoch):
                bar.write(str(event), file=sys.stderr)
            else:
                if not bar.n:
                    bar.initial = event.step - 1  # where it is resumed; the steps of before took no time
                bar.update(event.step - bar.n)
                bar.set_postfix(elbo=f"{event.elbo:.1f}", refresh=False)
            yield event


# The state


def write_state(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Keeps a run's state in one safetensors file, the facts as JSON in its header: whole or not at all."""
    arrays = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with whole(path) as unfinished:
        save_file(arrays, unfinished, metadata={"facts": json.dumps(facts)})


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_state` has kept.

    Raises:
        CheckpointError: where there is no such file, or it is damaged.
    """
    with _state(path) as file:
        # Copies: what lies in the file itself keeps Windows from removing or replacing it.
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        return tensors, json.loads(file.metadata()["facts"])


def read_facts(path: Path) -> dict[str, Any]:
    """The facts of a state alone, whose tensors stay on the disk.

    Raises:
        CheckpointError: as `read_state`.
    """
    with _state(path) as file:
        return json.loads(file.metadata()["facts"])


@contextmanager
def _state(path: Path) -> Iterator[Any]:
    if not path.exists():
        raise CheckpointError(f"{path.parent} holds no run to go on with: it is over, or never began.")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.") from error


# The curve


def _best(curve: list[Epoch]) -> Epoch:
    """The first of those with the highest ELBO."""
    return max(curve, key=lambda epoch: epoch.validation_elbo)


def _since_best(curve: list[Epoch]) -> int:
    """How many epochs have passed without a better one."""
    return len(curve) - 1 - curve.index(_best(curve)) if curve else 0


def _chosen(curve: list[Epoch], patience: int | None) -> str:
    """Which epoch's weights are kept, in words; and why there are no more, where patience has ended."""
    chosen = f"the epoch with the highest validation ELBO of {len(curve)}"
    if _since_best(curve) == patience:
        after = "one after it was" if patience == 1 else f"{patience} after it were"
        chosen += f", since the {after} no better"
    return chosen


def _write_curve(path: Path, curve: list[Epoch]) -> None:
    def row(epoch: Epoch) -> dict[str, Any]:
        plain = asdict(epoch)
        terms, scored = plain.pop("validation_terms"), plain.pop("scores")
        return plain | {f"validation_{name}": value for name, value in terms.items()} | scored

    with whole(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, row(curve[0]))
        table.writeheader()
        table.writerows(map(row, curve))

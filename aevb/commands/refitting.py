"""refit: a finished run's model once more, now also on the images by which the run was chosen."""

import argparse
import dataclasses
import math
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from aevb import checkpoints, devices, runs, stored
from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.commands import measuring, options, training
from aevb.commands.options import Commands
from aevb.data import Images, Split
from aevb.models.base import LatentVariableModel
from aevb.training import Run, TrainingConfig


def add(commands: Commands) -> None:
    """Adds `refit`."""
    added = options.add(commands, "refit", run)
    added.add_argument("checkpoint", help="the run's folder, or another checkpoint with a training.json")
    options.add_device(added)
    options.add_data(added, measuring.TRAINED_ON)
    options.add_output(added, None, "the new checkpoint's folder (a new one in runs/)")
    added.add_argument("--overwrite", action="store_true", help="write over a checkpoint that is there")
    options.add_bounds(added)
    added.set_defaults(resume=False)


def run(given: argparse.Namespace) -> None:
    """Trains a run's model anew on all of its training images, those that were kept for validation too.

    From the run's seed, in its settings and for as many epochs as it kept; the last step is what is saved,
    since no image is left to choose an earlier one by. The record keeps the run's own curve, which is what
    the settings were chosen by. A refit that was ended before its figures were there gets them by the same
    command.
    """
    checkpoint = checkpoints.load(given.checkpoint)
    images = options.read_for(checkpoint, given)
    print(images.note, file=sys.stderr)
    config, per_epoch = _settings(checkpoint, len(images.train))
    torch.manual_seed(config.seed)  # of the initial weights
    model = type(checkpoint.model)(**checkpoint.model.config).to(devices.device(given.device))
    training.require(model, images)
    given.model = checkpoint.kind
    folder = _unmeasured(given, checkpoint)
    if folder is None:
        path, made = training.folder_for(given)
        with training.not_left_empty(Path(path), made) as folder:
            facts = _fit(model, images, config, per_epoch, checkpoint.training)
            checkpoints.save(model, folder, facts | {"command": given.command_line}, overwrite=True)
    try:
        training.measure(folder, model.device, images, given.bounds)
    except KeyboardInterrupt:
        print(f"The model is in {folder}, not measured yet: the same command goes on there.", file=sys.stderr)
        raise


def _unmeasured(given: argparse.Namespace, checkpoint: Checkpoint) -> Path | None:
    """Where this command has left the run's model trained, and was ended while it was measured."""
    for folder in [given.output] if given.output else sorted(training.RUNS.glob(f"{given.model}*")):
        if not stored.holds(folder):
            continue
        with suppress(CheckpointError):  # one that is damaged is none of ours
            found = checkpoints.load(folder)
            told, own = found.training, checkpoint.training
            ours = (told.get("command"), told.get("chosen_by"), told.get("curve"))
            if ours != (given.command_line, own["command"], own["curve"]):
                continue
            if "test" not in told or (measuring.has_measures(found) and not found.measures):
                return folder
    return None


def _settings(checkpoint: Checkpoint, count: int) -> tuple[TrainingConfig, int]:
    """The run's settings, with as many epochs as it had of all `count` images, and the steps of an epoch.

    Raises:
        CheckpointError: where its record tells no such run.
        ValueError: for a model with nets of one's own, which its arguments do not rebuild.
    """
    if checkpoint.model.own_nets:
        raise ValueError("A model with nets of one's own cannot be built anew from its record.")
    told = checkpoint.training
    if not (checkpoint.path / "training.json").exists():
        raise CheckpointError(
            f"There is no training.json in {checkpoint.path}: only a run of `aevb train` can be trained anew."
        )
    try:
        config = TrainingConfig.from_json(told["config"])
        epochs = math.ceil(config.steps / runs.epoch_steps(told["trained_on"], config.batch_size))
        if not told["validated_on"] or not 1 <= int(told["epoch"]) <= epochs:
            raise KeyError("validated_on")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            "Its training.json does not tell a run that was chosen by validation images, as `aevb train` "
            f"leaves one: {error!r}."
        ) from error
    per_epoch = runs.epoch_steps(count, config.batch_size)
    return dataclasses.replace(config, steps=epochs * per_epoch), per_epoch


def _fit(
    model: LatentVariableModel,
    images: Images,
    config: TrainingConfig,
    per_epoch: int,
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Trains as far as the epoch that is `told`, and returns what training.json is to tell of it."""
    began, steps = time.thread_time(), int(told["epoch"]) * per_epoch
    held = (told.get("start") or {}).get("held_epochs")
    # As the run saw them, and then what was kept: of many images clusters are looked for among the first.
    ordered = Split.joined(runs.divided(images.train))
    start = training.start(model, ordered, images.name, config, held_epochs=held)
    training.hold(model, start)
    fit = Run(model, images.train.seen_by(model), config)
    for progress in runs.shown((fit.advance() for _ in range(steps)), steps):
        if held and progress.step == held * per_epoch:
            model.requires_grad_(True)
    fit.settle()
    before = {name: value for name, value in told.items() if name not in ("test", "fraction_bits", "note")}
    return before | {
        "chosen_by": told["command"],
        "start": start,
        **runs.facts_of(fit, images),
        "trained_on": len(images.train),
        "seconds": round(time.thread_time() - began, 1),
        "chosen": f"{told['chosen']}; then once more on all training images",
    }

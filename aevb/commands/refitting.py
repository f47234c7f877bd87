"""refit: a finished run's model once more, now also on the images by which the run was chosen."""

import argparse
import dataclasses
import json
import math
import sys
import time
from pathlib import Path

import torch

from aevb import checkpoints, devices, runs
from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.commands import measuring, options, training
from aevb.commands.options import Commands
from aevb.data import Images
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
    the settings were chosen by.
    """
    checkpoint = checkpoints.load(given.checkpoint)
    images = options.read_for(checkpoint, given)
    print(images.note, file=sys.stderr)
    config, steps = _settings(checkpoint, images)
    torch.manual_seed(config.seed)  # of the initial weights
    model = type(checkpoint.model)(**checkpoint.model.config).to(devices.device(given.device))
    given.model = checkpoint.kind
    path, _ = training.folder_for(given)
    folder = Path(path)
    began = time.thread_time()
    start = _fit(model, images, config, steps, checkpoint)
    told = checkpoint.training
    epoch = told["epoch"]
    facts = {name: value for name, value in told.items() if name not in ("test", "fraction_bits", "note")}
    facts |= {
        "command": given.command_line,
        "chosen_by": told["command"],
        "start": start,
        "data": images.note,
        "trained_on": len(images.train),
        "device": str(model.device),
        "config": config.to_json(),
        "versions": checkpoints.versions(),
        "seconds": round(time.thread_time() - began, 1),
        "chosen": f"the last step of {epoch} epochs on all training images, "
        f"their number and the settings by a run that kept {told['validated_on']:,} for validation",
    }
    checkpoints.save(model, folder, facts, overwrite=True)
    fitted = checkpoints.load(folder)
    fitted.model.to(model.device)
    measured = measuring.figures(fitted, images, given.bounds)
    checkpoints.write_json(folder / "training.json", fitted.training | {"test": measured})
    print(json.dumps(measured, indent=2))
    if measuring.has_measures(fitted):
        measuring.save_measures(fitted, images)
    print(f"The checkpoint is in {folder}.", file=sys.stderr)


def _settings(checkpoint: Checkpoint, images: Images) -> tuple[TrainingConfig, int]:
    """The run's settings, with as many epochs as it had on all of the images, and the step of its choice.

    Raises:
        CheckpointError: where its record tells no such run.
        ValueError: for a model with nets of one's own, which its arguments do not rebuild.
    """
    if checkpoint.model.own_nets:
        raise ValueError("A model with nets of one's own cannot be built anew from its record.")
    told = checkpoint.training
    try:
        config = TrainingConfig.from_json(told["config"])
        before = max(1, told["trained_on"] // config.batch_size)
        epochs, kept = math.ceil(config.steps / before), int(told["epoch"])
        if not told["validated_on"] or not 1 <= kept <= epochs:
            raise KeyError("validated_on")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            "Its training.json does not tell a run that was chosen by validation images, as `aevb train` "
            f"leaves one: {error!r}."
        ) from error
    each = max(1, len(images.train) // config.batch_size)
    return dataclasses.replace(config, steps=epochs * each), kept * each


def _fit(
    model: LatentVariableModel, images: Images, config: TrainingConfig, steps: int, checkpoint: Checkpoint
) -> dict:
    """Trains as far as `steps`, and returns where that started."""
    held = (checkpoint.training.get("start") or {}).get("held_epochs")
    start = training.start(model, images.train, images.name, config, held_epochs=held)
    training.hold(model, start)
    released = (held or 0) * max(1, len(images.train) // config.batch_size)
    fit = Run(model, images.train.seen_by(model), config)
    for progress in runs.shown((fit.advance() for _ in range(steps)), config.steps):
        if progress.step == released:
            model.requires_grad_(True)
    fit.settle()
    return start

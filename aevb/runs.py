"""A recorded training run on images: epoch by epoch measured on the test set, its best state on disk."""

import dataclasses
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aevb import checkpoints
from aevb.data import Images
from aevb.evaluation import evaluate
from aevb.explore.clusters import scores
from aevb.models.base import LatentVariableModel
from aevb.training import Diverged, Progress, TrainingConfig, train


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images, measured after it. ELBOs and terms are means in nats.

    Attributes:
        scores: `accuracy` and `conditional_entropy` of its clusters on the test set, where it has any.
    """

    epoch: int
    train_elbo: float
    test_elbo: float
    test_terms: dict[str, float]
    scores: dict[str, float]


def record(
    model: LatentVariableModel,
    images: Images,
    config: TrainingConfig,
    folder: Path,
    facts: dict[str, Any],
    *,
    overwrite: bool = False,
) -> Iterator[Progress | Epoch]:
    """Trains `model`, writing a checkpoint into `folder` whenever the test ELBO is the best so far.

    Every epoch's figures go into training.json at once, so that a run broken off keeps its best state
    and its whole curve. The test set takes part in nothing but that choice of an epoch, which
    training.json says.

    Its `seconds` are those in which this thread computed: on idle cores the time by the clock, since the
    thread takes part in all of the work, but without what passed while the process was stopped or waited.

    Args:
        facts: what else training.json is to tell, such as the command.
        overwrite: whether a checkpoint that is already in the folder may go.
    Yields:
        `Progress` after every step, `Epoch` after every epoch.
    Raises:
        CheckpointError: where one is there, and `overwrite` is not given; nothing is trained then.
        Diverged: as `train` does, or when the test ELBO is not a finite number.
        ValueError: for images that the model does not take, and as `train` does.
    """
    if not overwrite:
        checkpoints.require_free(folder)
    examples, test = (split.seen_by(model) for split in (images.train, images.test))
    observed = test.fixed()
    epoch_steps = max(1, len(examples) // config.batch_size)
    start, curve, best, sum_elbo = time.thread_time(), list[Epoch](), -float("inf"), 0.0
    for progress in train(model, examples, config):
        sum_elbo += progress.elbo
        yield progress
        if progress.step % epoch_steps:
            continue
        measured = evaluate(model, *observed)
        if not math.isfinite(measured.elbo):
            raise Diverged(
                f"The test ELBO is {measured.elbo} after step {progress.step}: lower the learning rate."
            )
        epoch, train_elbo = progress.step // epoch_steps, sum_elbo / epoch_steps
        labels = images.test.labels
        scored = {} if labels is None else scores(model, observed[0], labels)
        curve.append(Epoch(epoch, train_elbo, measured.elbo, measured.terms, scored))
        sum_elbo = 0.0
        improved = measured.elbo > best
        best = max(best, measured.elbo)
        training = facts | {
            "data": images.note,
            "source": images.name,
            "shape": list(images.shape),
            "classes": list(images.classes),
            "precision": progress.precision,
            "device": progress.device,
            "config": dataclasses.asdict(config) | {"schedule": repr(config.schedule)},
            "versions": checkpoints.versions(),
            "seconds": round(time.thread_time() - start, 1),
            "chosen": f"the epoch with the highest test ELBO of {len(curve)}",
            "epoch": max(curve, key=lambda epoch: epoch.test_elbo).epoch,
            "curve": [dataclasses.asdict(epoch) for epoch in curve],
        }
        if improved:
            checkpoints.save(model, folder, training, overwrite=True)
        else:
            checkpoints.write_json(folder / "training.json", training)
        yield curve[-1]

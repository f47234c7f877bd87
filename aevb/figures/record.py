"""How a checkpoint was trained: what its training.json tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.figures.curves import learning_curve, term_curves

TUTORIAL_ELBO = {"vae": 1788.4, "cvae": 1820.2, "vrnn": -78.3}
"""Nats on the test set, from the logs that come with the tutorial's code."""


@dataclass(frozen=True)
class Record:
    """The ELBO's curve, its terms' curves, and facts by their names."""

    elbo: go.Figure
    terms: go.Figure
    facts: dict[str, str]


def record(checkpoint: Checkpoint) -> Record:
    """How a checkpoint was trained.

    Raises:
        CheckpointError: where training.json is missing or not as `aevb.runs` writes it.
    """
    training, reference = checkpoint.training, TUTORIAL_ELBO.get(checkpoint.kind)
    name = checkpoint.path.name
    if not training:
        raise CheckpointError(f"The checkpoint {name} has no record of its training (training.json).")
    try:
        curve = training["curve"]
        return Record(
            learning_curve(curve, chosen=training["epoch"], reference=reference),
            term_curves(curve),
            _facts(training, curve),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"The training.json of the checkpoint {name} is damaged: {error!r}.") from error


def _facts(training: Mapping[str, Any], curve: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    best = max(point["test_elbo"] for point in curve)
    test = training.get("test") or {}
    facts = {"Test ELBO": f"{test.get('elbo', best):+,.1f} nats"}
    facts |= {f"Bound, K = {k}": f"{value:+,.1f} nats" for k, value in test.get("bound", {}).items()}
    return facts | {
        "Epoch": f"{training['epoch']}: {training['chosen']}",
        "Seed": f"{training['config']['seed']}",
        "Time": f"{training['seconds'] / 60:.0f} minutes",
        "Data": f"{training['data']}",
        "Command": f"{training['command']}",
    }

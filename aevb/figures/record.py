"""How a checkpoint was trained: the curves and facts of its training.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from aevb.checkpoints import Checkpoint
from aevb.explore import record as records
from aevb.figures.curves import clustering_curves, learning_curve


@dataclass(frozen=True)
class Record:
    """The ELBO's curve, facts by their names, and the ELBO's curve from a plain start."""

    elbo: go.Figure
    facts: dict[str, str]
    plain: go.Figure | None = None


def record(checkpoint: Checkpoint) -> Record:
    """How a checkpoint was trained.

    Raises:
        CheckpointError: as `aevb.explore.record.record`.
    """
    found = records.record(checkpoint)
    plain = _main_curve(found["plain"]) if "plain" in found else None
    return Record(_main_curve(found), found["facts"], plain)


def _main_curve(found: Mapping[str, Any]) -> go.Figure:
    """The ELBO's curve, with those of the clusters' scores where each epoch has them."""
    curve, reference = found["curve"], found["reference"]
    if not all(point["scores"] for point in curve):
        return learning_curve(curve, chosen=found["chosen"], reference=reference.get("elbo"))
    return clustering_curves(
        curve,
        chosen=found["chosen"],
        reference=reference.get("elbo"),
        reference_accuracy=reference.get("accuracy"),
        released=found["released"],
    )

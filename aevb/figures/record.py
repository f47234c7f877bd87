"""How a checkpoint was trained: what its training.json tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.figures.curves import clustering_curves, learning_curve, term_curves
from aevb.figures.style import with_sign

TUTORIAL_ELBO = {"vae": 1792.5, "cvae": 1820.2, "gmvae": -83.1, "vrnn": -78.3}
"""Nats on the test set, constants included: the VAE's and the CVAE's from the checkpoints that come with the
tutorial's code, measured again (its log says 1788.4 and 1820.1), the others' from its log."""
TUTORIAL_ACCURACY = 0.834
"""Of its Gaussian mixture VAE's clusters."""


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
            _main_curve(training, curve, reference),
            term_curves(curve),
            _facts(training, curve),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"The training.json of the checkpoint {name} is damaged: {error!r}.") from error


def _main_curve(
    training: Mapping[str, Any], curve: Sequence[Mapping[str, Any]], reference: float | None
) -> go.Figure:
    """The ELBO's curve, with those of the clusters' scores where each epoch has them."""
    if not all(point.get("scores") for point in curve):
        return learning_curve(curve, chosen=training["epoch"], reference=reference)
    return clustering_curves(
        curve,
        chosen=training["epoch"],
        reference=reference,
        reference_accuracy=TUTORIAL_ACCURACY,
        released=(training.get("start") or {}).get("held_epochs"),
    )


def _facts(training: Mapping[str, Any], curve: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    best = max(point["test_elbo"] for point in curve)
    test = training.get("test") or {}
    facts = {"Test ELBO": f"{with_sign(test.get('elbo', best))} nats"}
    facts |= {f"Bound, K = {k}": f"{with_sign(value)} nats" for k, value in test.get("bound", {}).items()}
    for point in curve:
        if point["epoch"] == training["epoch"] and (scores := point.get("scores")):
            facts["Clustering accuracy"] = f"{scores['accuracy']:.3f}"
            facts["Conditional entropy"] = f"{scores['conditional_entropy']:.3f} nats"
    facts |= _over_seeds(training.get("seeds") or {})
    return facts | {
        "Epoch": f"{training['epoch']}: {training['chosen']}",
        "Seed": f"{training['config']['seed']}",
        "Time": f"{training['seconds'] / 60:.0f} minutes",
        "Data": f"{training['data']}",
        "Command": f"{training['command']}",
    }


def _over_seeds(seeds: Mapping[str, Any]) -> dict[str, str]:
    """The mean and the standard deviation of the runs from each start, a fact for each."""
    facts = {}
    for start, title in {"clusters": "started from clusters", "plain": "plain initialisation"}.items():
        if start in seeds:
            (accuracy, spread), (elbo, elbo_spread) = seeds[start]["accuracy"], seeds[start]["elbo"]
            facts[f"{len(seeds[start]['runs'])} seeds, {title}"] = (
                f"accuracy {accuracy:.3f} ± {spread:.3f}, ELBO {with_sign(elbo)} ± {elbo_spread:.1f} nats"
            )
    return facts

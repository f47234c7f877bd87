"""How a checkpoint was trained: what its training.json tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.figures.curves import clustering_curves, learning_curve, term_curves
from aevb.ui import errors, loading

TUTORIAL_ELBO = {"vae": 1788.4, "cvae": 1820.2, "gmvae": -83.1, "vrnn": -78.3}
"""Nats on the test set, from the logs that come with the tutorial's code, constants included."""
TUTORIAL_ACCURACY = 0.834
"""Of its Gaussian mixture VAE's clusters."""


@dataclass(frozen=True)
class Record:
    """The ELBO's curve, its terms' curves, and facts as lines of Markdown."""

    elbo: go.Figure
    terms: go.Figure
    facts: list[str]


def show(name: str, elbo_caption: str, terms_caption: str) -> None:
    """Both curves over their captions, and the facts; a sentence where there is no sound record."""
    try:
        found = record(name)
    except CheckpointError as error:
        st.warning(errors.sentence(str(error)))
        return
    left, right = st.columns([3, 2], gap="large")
    left.plotly_chart(found.elbo, key="curve", alt="Training and test ELBO per epoch")
    left.caption(elbo_caption)
    right.plotly_chart(found.terms, key="terms", alt="The ELBO's terms per epoch")
    right.caption(terms_caption)
    st.markdown("\n".join(f"- {fact}" for fact in found.facts))


@st.cache_resource(show_spinner=False)
def record(name: str) -> Record:
    """How a checkpoint was trained.

    Raises:
        CheckpointError: where training.json is missing or not as `aevb.runs` writes it.
    """
    checkpoint = loading.checkpoint(name)
    training, reference = checkpoint.training, TUTORIAL_ELBO.get(checkpoint.kind)
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


def _facts(training: Mapping[str, Any], curve: Sequence[Mapping[str, Any]]) -> list[str]:
    best = max(point["test_elbo"] for point in curve)
    test = training.get("test") or {}
    facts = [f"**Test ELBO** {test.get('elbo', best):+,.1f} nats"]
    facts += [f"**Bound, K = {k}** {value:+,.1f} nats" for k, value in test.get("bound", {}).items()]
    for point in curve:
        if point["epoch"] == training["epoch"] and (scores := point.get("scores")):
            facts.append(
                f"**Clustering accuracy** {scores['accuracy']:.3f}, "
                f"**conditional entropy** {scores['conditional_entropy']:.3f} nats"
            )
    facts += _over_seeds(training.get("seeds") or {})
    facts += [
        f"**Epoch** {training['epoch']}: {training['chosen']}",
        f"**Seed** {training['config']['seed']}",
        f"**Time** {training['seconds'] / 60:.0f} minutes",
        f"**Data** {training['data']}",
        f"**Command** `{training['command']}`",
    ]
    return facts


def _over_seeds(seeds: Mapping[str, Any]) -> list[str]:
    """The mean and the standard deviation of the runs from each start, a fact for each."""
    facts = []
    for start, title in {"clusters": "started from clusters", "plain": "plain initialisation"}.items():
        if start in seeds:
            (accuracy, spread), (elbo, elbo_spread) = seeds[start]["accuracy"], seeds[start]["elbo"]
            facts.append(
                f"**{len(seeds[start]['runs'])} seeds, {title}** accuracy {accuracy:.3f} ± {spread:.3f}, "
                f"ELBO {elbo:+,.1f} ± {elbo_spread:.1f} nats"
            )
    return facts

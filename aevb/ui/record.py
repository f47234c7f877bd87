"""How a checkpoint was trained, from its training.json, as the pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.figures.curves import learning_curve, term_curves
from aevb.ui import loading


@dataclass(frozen=True)
class Record:
    """What training.json tells: the ELBO's curve, its terms' curves, and facts as lines of Markdown."""

    elbo: go.Figure
    terms: go.Figure
    facts: list[str]


@st.cache_resource(show_spinner=False)
def record(name: str, reference: float) -> Record:
    """How a checkpoint was trained; `reference` is the tutorial's own test ELBO, in nats.

    Raises:
        CheckpointError: where training.json is missing or not as `aevb.runs` writes it.
    """
    training = loading.checkpoint(name).training
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


def _facts(training: Mapping[str, Any], curve: Sequence[Mapping[str, Any]]) -> list[str]:
    best = max(point["test_elbo"] for point in curve)
    test = training.get("test") or {}
    facts = [f"**Test ELBO** {test.get('elbo', best):+,.1f} nats"]
    facts += [f"**Bound, K = {k}** {value:+,.1f} nats" for k, value in test.get("bound", {}).items()]
    facts += [
        f"**Epoch** {training['epoch']}: {training['chosen']}",
        f"**Seed** {training['config']['seed']}",
        f"**Time** {training['seconds'] / 60:.0f} minutes",
        f"**Data** {training['data']}",
        f"**Command** `{training['command']}`",
    ]
    return facts


def section(name: str, reference: float, figure: int) -> None:
    """The section "How it was trained": both curves and the facts, or what is wrong with the record.

    Args:
        reference: the tutorial's own test ELBO, in nats.
        figure: the number of the tutorial's figure that the curve is.
    """
    st.header("How it was trained", anchor="training", divider="gray")
    try:
        found = record(name, reference)
    except CheckpointError as error:
        st.warning(str(error))
        return
    left, right = st.columns([3, 2], gap="large")
    left.plotly_chart(found.elbo, key="curve", alt="Training and test ELBO per epoch")
    left.caption(f"ELBO per epoch: it climbs quickly, then levels off. (Figure {figure})")
    right.plotly_chart(found.terms, key="terms", alt="The ELBO's terms per epoch")
    right.caption("Its terms on the test set: a better likelihood is bought with more KL.")
    st.markdown("\n".join(f"- {fact}" for fact in found.facts))

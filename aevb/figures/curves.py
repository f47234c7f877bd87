"""How a training went: the ELBO and its terms, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from aevb.figures.style import DATA, ELBO, GENERATED, TRUE_MODEL, layout

TERMS = {"reconstruction": "log p(x | z)", "minus_kl_z": "−KL(q ‖ p)"}


def learning_curve(
    curve: Sequence[Mapping[str, Any]], *, chosen: int, reference: float | None = None
) -> go.Figure:
    """Training and test ELBO per epoch (the tutorial's Figure 5), in nats.

    Args:
        curve: an object for each epoch with `epoch`, `train_elbo` and `test_elbo` (`aevb.runs.Epoch`).
        chosen: the epoch whose state is the checkpoint; marked.
        reference: another's test ELBO, drawn across.
    """
    epochs = [point["epoch"] for point in curve]
    test = [point["test_elbo"] for point in curve]
    train = [point["train_elbo"] for point in curve]
    hover = "epoch %{x}: %{y:,.1f} nats"
    figure = go.Figure()
    figure.add_scatter(
        x=epochs, y=train, name="training", line={"color": DATA, "width": 2.5}, hovertemplate=hover
    )
    figure.add_scatter(x=epochs, y=test, name="test", line={"color": ELBO, "width": 3.5}, hovertemplate=hover)
    marked = {epoch: value for epoch, value in zip(epochs, test, strict=True) if epoch == chosen}
    figure.add_scatter(
        x=list(marked),
        y=list(marked.values()),
        name="this checkpoint",
        mode="markers",
        marker={"color": ELBO, "size": 13, "line": {"color": "white", "width": 2}},
        hovertemplate=hover,
    )
    if reference is not None:
        figure.add_hline(
            reference,
            line={"color": TRUE_MODEL, "width": 2, "dash": "dash"},
            annotation={"text": f"the tutorial's own: {reference:+,.1f}", "font_color": TRUE_MODEL},
            annotation_position="bottom right",
        )
    # The first epochs climb by hundreds of nats: to show them whole would flatten all that follows.
    levels = sorted([*train, *test])
    low, high = levels[len(levels) // 20], levels[-1]
    if reference is not None:
        low, high = min(low, reference), max(high, reference)
    margin = 0.1 * (high - low) + 1
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title="ELBO (nats)", tickformat=",", range=[low - margin, high + margin])
    return layout(figure, height=400)


def term_curves(curve: Sequence[Mapping[str, Any]]) -> go.Figure:
    """The test ELBO's terms per epoch, one above the other, in nats; `curve` as in `learning_curve`."""
    epochs = [point["epoch"] for point in curve]
    names = list(curve[0]["test_terms"])
    figure = make_subplots(
        rows=len(names), shared_xaxes=True, subplot_titles=[TERMS.get(name, name) for name in names]
    )
    for row, (name, color) in enumerate(zip(names, (GENERATED, DATA, ELBO), strict=False), start=1):
        figure.add_scatter(
            x=epochs,
            y=[point["test_terms"][name] for point in curve],
            line={"color": color, "width": 3.5},
            hovertemplate="epoch %{x}: %{y:,.1f} nats<extra></extra>",
            row=row,
            col=1,
        )
    figure.update_xaxes(title="epoch", row=len(names))
    figure.update_yaxes(tickformat=",", nticks=5)
    return layout(figure, height=400, showlegend=False)

"""How a training went: the ELBO and its terms, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from aevb.figures.palette import DATA, ELBO, TRUE_MODEL
from aevb.figures.style import layout
from aevb.nats import with_sign


def learning_curve(
    curve: Sequence[Mapping[str, Any]],
    *,
    chosen: int,
    reference: float | None = None,
) -> go.Figure:
    """The ELBO in training and on validation images per epoch (the tutorial's Figure 5), in nats.

    Args:
        curve: an object for each epoch with `epoch`, `train_elbo` and `elbo` (`aevb.explore.record`).
        chosen: the epoch whose state is the checkpoint; marked.
        reference: another's test ELBO, drawn across.
    """
    figure = go.Figure()
    _draw_elbo(figure, curve, chosen, reference)
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title="ELBO (nats)")
    return layout(figure, height=400)


def _draw_elbo(
    figure: go.Figure,
    curve: Sequence[Mapping[str, Any]],
    chosen: int,
    reference: float | None,
    **panel: int,
) -> None:
    """Adds the curves of `learning_curve` to a figure, or to its panel at `row` and `col`."""
    epochs = [point["epoch"] for point in curve]
    elbo = [point["elbo"] for point in curve]
    train = [point["train_elbo"] for point in curve]
    hover = "epoch %{x}: %{y:,.1f} nats"
    for values, name, color, width, dash in (
        (train, "training", DATA, 2.5, "dash"),
        (elbo, "validation", ELBO, 3.5, "solid"),
    ):
        line = {"color": color, "width": width, "dash": dash}
        figure.add_scatter(x=epochs, y=values, name=name, line=line, hovertemplate=hover, **panel)
    marked = {epoch: value for epoch, value in zip(epochs, elbo, strict=True) if epoch == chosen}
    figure.add_scatter(
        x=list(marked),
        y=list(marked.values()),
        name="this checkpoint's epoch",
        mode="markers",
        marker={"color": ELBO, "size": 13, "line": {"color": "white", "width": 2}},
        hovertemplate=hover,
        **panel,
    )
    if reference is not None:
        _draw_reference(figure, reference, with_sign(reference), **panel)
    # The first epochs climb by hundreds of nats: to show them whole would flatten all that follows.
    levels = sorted([*train, *elbo])
    low, high = levels[len(levels) // 20], levels[-1]
    if reference is not None:
        low, high = min(low, reference), max(high, reference)
    margin = 0.1 * (high - low) + 1
    figure.update_yaxes(tickformat=",", range=[low - margin, high + margin], **panel)


def _draw_reference(figure: go.Figure, height: float, text: str, **panel: int) -> None:
    figure.add_hline(
        height,
        line={"color": TRUE_MODEL, "width": 2, "dash": "dot"},
        annotation_text=f"the tutorial's own: {text}",
        annotation_position="top left",
        **panel,
    )


def clustering_curves(
    curve: Sequence[Mapping[str, Any]],
    *,
    chosen: int,
    reference: float | None = None,
    reference_accuracy: float | None = None,
    released: int | None = None,
) -> go.Figure:
    """ELBO, conditional entropy and clustering accuracy per epoch (the tutorial's Figure 10).

    Args:
        curve, chosen, reference: as in `learning_curve`; each epoch also has its `scores`,
            "accuracy" and "conditional_entropy".
        reference_accuracy: another's, drawn across.
        released: the epoch after which q(y | x), held until then, moved too; marked.
    """
    titles = ["ELBO (nats)", "conditional entropy H(q(y | x)) (nats)", "clustering accuracy"]
    figure = make_subplots(rows=3, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.09)
    _draw_elbo(figure, curve, chosen, reference, row=1, col=1)
    epochs = [point["epoch"] for point in curve]
    for row, score in ((2, "conditional_entropy"), (3, "accuracy")):
        values = [point["scores"][score] for point in curve]
        for kept in (False, True):
            shown = [(x, y) for x, y in zip(epochs, values, strict=True) if not kept or x == chosen]
            figure.add_scatter(
                x=[x for x, _ in shown],
                y=[y for _, y in shown],
                mode="markers" if kept else "lines",
                line={"color": ELBO, "width": 3.5},
                marker={"color": ELBO, "size": 13, "line": {"color": "white", "width": 2}},
                showlegend=False,
                hovertemplate="epoch %{x}: %{y:.3f}<extra></extra>",
                row=row,
                col=1,
            )
    if reference_accuracy is not None:
        _draw_reference(figure, reference_accuracy, f"{reference_accuracy:.3f}", row=3, col=1)
    figure.update_yaxes(rangemode="tozero", row=2)
    figure.update_yaxes(nticks=5)
    if released:
        line = {"color": TRUE_MODEL, "width": 2, "dash": "dot"}
        figure.add_vline(released, line=line, row="all", col=1)
        figure.add_annotation(
            x=released,
            y=0.03,
            yref="y2 domain",
            text="q(y | x) released",
            showarrow=False,
            xanchor="left",
            yanchor="bottom",  # below the curve, whose axis begins at 0
        )
    figure.update_xaxes(title="epoch", row=3)
    layout(figure, height=640)
    return figure.update_layout(legend_y=1.06, margin_t=70)  # clear of the first panel's title

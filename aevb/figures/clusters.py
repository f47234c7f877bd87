"""Clusters: which one an image is in, and which labels each holds."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from aevb.figures.style import DIGITS, MARK, TRUE_MODEL, layout

SHARES = [(0.0, "#1A2233"), (0.3, "#2F5585"), (1.0, "#3B78BF")]
"""Dark at 0, so that white counts stand out on every cell, on a light page and on a dark one."""

EDGE = 0.55
"""How far from the outer cells' middles the matrix ends: half a cell, and room for a frame."""


def cluster_bars(
    probabilities: np.ndarray, titles: Sequence[str], classes: Sequence[int], shown: int
) -> go.Figure:
    """Bars of q(y | x), (C,), each in the colour of its cluster's class.

    Args:
        titles, classes: of the clusters; a class of -1 is none.
        shown: the image's own label; its cluster has a frame.
    """
    figure = go.Figure()
    figure.add_bar(
        x=list(titles),
        y=probabilities,
        text=[f"{probability:.2f}" if probability >= 0.005 else "" for probability in probabilities],
        textposition="outside",
        textangle=0,
        constraintext="none",
        cliponaxis=False,
        marker={
            "color": [DIGITS[label % len(DIGITS)] if label >= 0 else TRUE_MODEL for label in classes],
            "line": {"color": MARK, "width": [4 if label == shown else 0 for label in classes]},
        },
        hovertemplate="cluster of %{x}: %{y:.6f}<extra></extra>",
    )
    figure.update_xaxes(title="cluster y", type="category", tickangle=0)
    figure.update_yaxes(title="q(y | x)", range=[0, 1.1], tickvals=[0, 0.25, 0.5, 0.75, 1])
    return layout(figure, height=330, showlegend=False, bargap=0.25)


def confusion_matrix(counts: np.ndarray, titles: Sequence[str], chosen: tuple[int, int]) -> go.Figure:
    """Counts (C, K) of examples by cluster and label: a cell for each, as bright as its share of its cluster.

    A cell can be selected: the point has its cluster's title as y and its label as x.

    Args:
        titles: of the clusters, from top to bottom.
        chosen: the row and the column of the cell that is framed.
    """
    labels = [str(label) for label in range(counts.shape[1])]
    # The square root: a few wrong ones among a thousand should be seen.
    shares = np.sqrt(counts / np.maximum(counts.sum(1, keepdims=True), 1))
    figure = go.Figure()
    figure.add_heatmap(
        x=labels,
        y=list(titles),
        z=shares,
        zmin=0,
        zmax=1,
        colorscale=SHARES,
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    # A heatmap's cells cannot be selected, but the points that carry the counts can.
    cells = list(np.ndindex(counts.shape))
    figure.add_scatter(
        x=[labels[column] for _, column in cells],
        y=[titles[row] for row, _ in cells],
        text=[str(counts[cell]) for cell in cells],
        mode="markers+text",
        marker={"symbol": "square", "size": 34, "opacity": 0},
        textfont={"color": "white"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}, "textfont": {"color": "white"}},
        hovertemplate="cluster of %{y}, label %{x}: %{text}<extra></extra>",
    )
    row, column = chosen
    figure.add_shape(
        type="rect",
        x0=column - 0.5,
        x1=column + 0.5,
        y0=row - 0.5,
        y1=row + 0.5,
        line={"color": MARK, "width": 4},
    )
    # Ranges of their own: plotly would leave room for the points' markers.
    common = {"type": "category", "showgrid": False, "ticks": ""}
    figure.update_xaxes(title="label", tickangle=0, range=[-EDGE, len(labels) - 1 + EDGE], **common)
    figure.update_yaxes(title="cluster", range=[len(titles) - 1 + EDGE, -EDGE], **common)
    return layout(figure, height=520, showlegend=False, hovermode="closest", dragmode=False)

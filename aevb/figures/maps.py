"""The test set in two dimensions (the tutorial's Figure 8)."""

import numpy as np
import plotly.graph_objects as go

from aevb.figures.palette import DIGITS
from aevb.figures.style import layout

# Flat steps: the colour axis runs from -0.5 to 9.5, so that each label owns an equal part.
COLORSCALE = [
    (edge / len(DIGITS), color) for place, color in enumerate(DIGITS) for edge in (place, place + 1)
]

HALO = "0 0 2px #10151F, 0 0 3px #10151F, 0 0 5px #10151F"
"""Around white letters, so that they stand out on any colour."""


def medians(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The median (10, 2) of each digit's points (N, 2); NaN for a digit that has none."""
    return np.stack(
        [
            np.median(points[labels == digit], axis=0) if (labels == digit).any() else (np.nan, np.nan)
            for digit in range(10)
        ]
    )


def digit_map(points: np.ndarray, labels: np.ndarray) -> go.Figure:
    """Points (N, 2) coloured by their labels (N,), each class's name at its median.

    The first trace holds all points in order, so that a point's number is its image's.
    """
    figure = go.Figure()
    figure.add_scattergl(
        x=points[:, 0].astype(np.float32),
        y=points[:, 1].astype(np.float32),
        mode="markers",
        marker={
            "size": 5,
            "color": labels.astype(np.int8),
            "colorscale": COLORSCALE,
            "cmin": -0.5,
            "cmax": 9.5,
        },
        hovertemplate="test digit %{pointNumber}: a %{marker.color}<extra></extra>",
    )
    # Annotations, because plotly draws a trace of text beneath the points.
    for digit, (x, y) in enumerate(medians(points, labels)):
        if np.isfinite(x):
            figure.add_annotation(
                x=x,
                y=y,
                text=f"<b>{digit}</b>",
                showarrow=False,
                font={"size": 28, "color": "white", "shadow": HALO},
            )
    # The axes of such maps mean nothing in themselves; only who is near whom does.
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden)
    return layout(figure, height=560, showlegend=False, dragmode="zoom", hovermode="closest")

"""The test set in two dimensions (the tutorial's Figure 8)."""

import numpy as np
import plotly.graph_objects as go

from aevb.figures.style import DIGITS, layout

# Ten flat steps: the colour axis runs from -0.5 to 9.5, so that each label owns a tenth of it.
COLORSCALE = [(edge / 10, color) for digit, color in enumerate(DIGITS) for edge in (digit, digit + 1)]


def medians(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The median (10, 2) of each digit's points (N, 2); NaN for a digit that has none."""
    return np.stack(
        [
            np.median(points[labels == digit], axis=0) if (labels == digit).any() else (np.nan, np.nan)
            for digit in range(10)
        ]
    )


def digit_map(points: np.ndarray, labels: np.ndarray, selected: int | None = None) -> go.Figure:
    """Points (N, 2) coloured by their labels (N,), each class's name at its median.

    The first trace holds all points in order, so that a point's number is its image's. `selected` is
    ringed. Once a visitor picks a point, plotly marks that itself and the ring gives way to it, with no
    need for another figure.
    """
    figure = go.Figure()
    figure.add_scattergl(
        x=points[:, 0].astype(np.float32),
        y=points[:, 1].astype(np.float32),
        mode="markers",
        marker={
            "size": 5,
            "opacity": 0.75,
            "color": labels.astype(np.uint8),
            "colorscale": COLORSCALE,
            "cmin": -0.5,
            "cmax": 9.5,
        },
        selected={"marker": {"size": 18, "opacity": 1, "color": "#000000"}},
        unselected={"marker": {"opacity": 0.75}},
        hovertemplate="test digit %{pointNumber}: a %{marker.color}<extra></extra>",
    )
    if selected is not None:
        figure.add_scatter(
            x=points[[selected], 0],
            y=points[[selected], 1],
            mode="markers",
            marker={
                "symbol": "circle-open-dot",
                "size": 22,
                "color": "#000000",
                "line": {"width": 4},
            },
            unselected={"marker": {"opacity": 0}},
            hoverinfo="skip",
        )
    centres = medians(points, labels)
    figure.add_scatter(
        x=centres[:, 0],
        y=centres[:, 1],
        mode="text",
        text=[f"<b>{digit}</b>" for digit in range(10)],
        textfont={"size": 30, "color": "#555555", "shadow": "auto"},
        unselected={"textfont": {"color": "#555555"}},
        hoverinfo="skip",
    )
    # The axes of such maps mean nothing in themselves; only who is near whom does.
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, scaleanchor="x")
    return layout(figure, height=640, showlegend=False, dragmode="zoom", hovermode="closest")

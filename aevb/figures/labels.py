"""Which label a model believes."""

import numpy as np
import plotly.graph_objects as go

from aevb.figures.style import DIGITS, MARK, layout


def label_bars(bounds: np.ndarray, shown: int) -> go.Figure:
    """Bars of each label's bound on log p(x | y), (C,) in nats, above the least likely label's.

    Over each stands what it lacks to the best. The digit's own label, `shown`, has a frame.
    """
    labels = range(len(bounds))
    lacking = bounds - bounds.max()
    figure = go.Figure()
    figure.add_bar(
        x=[str(label) for label in labels],
        y=bounds - bounds.min(),
        text=["best" if not lack else f"{lack:.0f}".replace("-", "−") for lack in lacking],
        textposition="outside",
        textangle=0,
        constraintext="none",
        cliponaxis=False,
        customdata=bounds,
        marker={
            "color": [DIGITS[label % len(DIGITS)] for label in labels],
            "opacity": [0.45 if lack else 1 for lack in lacking],
            "line": {"color": MARK, "width": [4 if label == shown else 0 for label in labels]},
        },
        hovertemplate="label %{x}: bound %{customdata:,.1f} nats<extra></extra>",
    )
    figure.update_xaxes(title="label y", type="category", tickangle=0)
    figure.update_yaxes(title="nats above the least likely", rangemode="tozero")
    return layout(figure, height=330, showlegend=False, bargap=0.25)

"""Factor analysis as plotly figures: the tutorial's Figures 1, 2 and 3."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from aevb.experiments import Trajectory
from aevb.figures import palette, style

PLANES = ((0, 1), (0, 2), (1, 2))
MAX_POINTS = 2000  # of a line; more cannot be told apart


def em_plot(trajectory: Trajectory, true_evidence: float) -> go.Figure:
    """Figures 2 and 3: ELBO and evidence over training with the E-steps shaded, and the gap below.

    Args:
        trajectory: a run.
        true_evidence: of the same test points under the true model, in nats.
    """
    last = len(trajectory) - 1
    steps = np.linspace(0, last, min(last + 1, MAX_POINTS)).round().astype(int)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.05)

    def line(name: str, y: np.ndarray, color: str, width: float, row: int = 1, dash: str = "solid") -> None:
        look = {"color": color, "width": width, "dash": dash}
        hover = "%{y:.3f}"
        figure.add_scatter(
            x=steps, y=y[steps], name=name, mode="lines", line=look, hovertemplate=hover, row=row, col=1
        )

    line("ELBO, one-sample estimate", trajectory.elbo_estimate, palette.ELBO_ESTIMATE, 1.5)
    line("ELBO", trajectory.elbo, palette.ELBO, 2.5, dash="9px,5px")
    line("evidence", trajectory.evidence, palette.EVIDENCE, 4)
    line("gap = KL(q ‖ posterior)", np.maximum(trajectory.gap, 1e-4), palette.GAP, 3, row=2)
    figure.add_hline(
        true_evidence, line={"color": palette.TRUE_MODEL, "width": 3, "dash": "dot"}, row=1, col=1
    )
    figure.add_scatter(
        x=[None],
        y=[None],
        name=f"evidence of the true model, {true_evidence:.3f}".replace("-", "−"),
        mode="lines",
        line={"color": palette.TRUE_MODEL, "width": 3, "dash": "dot"},
    )
    for begin, end, phase in trajectory.spans():
        if phase == "E":
            figure.add_vrect(
                begin, end, fillcolor=palette.E_STEP, line_width=0, layer="below", row="all", col=1
            )

    # The first steps' ELBO lies far below everything of interest: it enters the frame from below.
    worst, high = trajectory.evidence.min(), max(trajectory.evidence.max(), true_evidence)
    low = worst - 0.45 * (high - worst) - 0.1
    figure.update_yaxes(range=[low, high + 0.06 * (high - low)], title="nats per test point", row=1, col=1)
    figure.update_yaxes(type="log", title="gap, nats", dtick=1, row=2, col=1)
    figure.update_xaxes(title="gradient step", row=2, col=1)
    return style.layout(figure, height=620, hovermode="x unified", dragmode="zoom")


def planes(x: np.ndarray, generated: np.ndarray | None = None) -> go.Figure:
    """Figure 1: test points, and points that a model generated, if any, on the three planes.

    Args:
        x: (N, 3).
        generated: (M, 3).
    """
    figure = make_subplots(rows=1, cols=3, horizontal_spacing=0.08)
    reach = 1.05 * np.abs(x).max(axis=0)
    tick = 2 ** np.floor(np.log2(reach))  # one on either side of 0: more would touch on a phone
    for column, (a, b) in enumerate(PLANES, 1):
        for name, values, color, symbol, size in (
            ("test points", x, palette.DATA, "circle", 4),
            ("generated", generated, palette.GENERATED, "cross-thin-open", 6),
        ):
            if values is None:
                continue
            figure.add_scatter(
                x=values[:, a],
                y=values[:, b],
                name=name,
                mode="markers",
                marker={"color": color, "symbol": symbol, "size": size},
                showlegend=column == 1,
                row=1,
                col=column,
            )
        figure.update_xaxes(
            title=f"x{'₁₂₃'[a]}", range=[-reach[a], reach[a]], dtick=tick[a], row=1, col=column
        )
        figure.update_yaxes(range=[-reach[b], reach[b]], row=1, col=column)
        style.name_above(figure, f"x{'₁₂₃'[b]}", row=1, col=column)
    style.layout(figure, height=380)
    # Clear of the axes' names; and the points in it large enough to tell their colour.
    return figure.update_layout(legend={"y": 1.12, "itemsizing": "constant"})

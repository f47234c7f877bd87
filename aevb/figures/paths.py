"""Latent paths: z_t from row to row, one panel for each latent dimension."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from aevb.figures.posterior import name
from aevb.figures.style import DIGITS, GENERATED, MARK, TRUE_MODEL, layout, name_above

THIN = 5
"""Single paths shown of each group beside its mean."""


def latent_paths(
    paths: np.ndarray, labels: np.ndarray | None = None, *, chosen: np.ndarray | None = None
) -> go.Figure:
    """The mean path of each class over a few single ones.

    Args:
        paths: (N, T, L).
        labels: (N,) digits, one colour each; None for samples, which have none.
        chosen: (T, L), one path to stand out.
    """
    length, latent_dim = paths.shape[1:]
    figure = make_subplots(rows=1, cols=latent_dim)
    rows = np.arange(1, length + 1)
    groups = [("samples", paths, GENERATED)]
    if labels is not None:
        groups = [
            (str(digit), paths[labels == digit], color)
            for digit, color in enumerate(DIGITS)
            if (labels == digit).any()
        ]
    for title, group, color in groups:
        few = group[:THIN] if labels is not None else group
        # One trace for all thin lines: NaN lifts the pen between them.
        x = np.tile(np.append(rows, np.nan), len(few))
        for k in range(latent_dim):
            y = np.pad(few[:, :, k], ((0, 0), (0, 1)), constant_values=np.nan).ravel()
            common = {"legendgroup": title, "mode": "lines", "row": 1, "col": k + 1}
            figure.add_scatter(
                x=x,
                y=y,
                line={"color": color, "width": 1},
                opacity=0.25,
                showlegend=False,
                hoverinfo="skip",
                **common,
            )
            figure.add_scatter(
                x=rows,
                y=group[:, :, k].mean(axis=0),
                name=title if labels is not None else "mean of the samples",
                line={"color": color, "width": 4},
                showlegend=k == 0,
                hovertemplate=f"{title}, row %{{x}}: %{{y:.2f}}<extra></extra>",
                **common,
            )
    if chosen is not None:
        for k in range(latent_dim):
            figure.add_scatter(
                x=rows,
                y=chosen[:, k],
                name="this digit",
                legendgroup="this digit",
                mode="lines+markers",
                line={"color": MARK, "width": 3},
                marker={"size": 6},
                showlegend=k == 0,
                hovertemplate="this digit, row %{x}: %{y:.2f}<extra></extra>",
                row=1,
                col=k + 1,
            )
    figure.update_xaxes(title="row t", range=[0.5, length + 0.5])
    figure.update_yaxes(zeroline=True, zerolinecolor=TRUE_MODEL)
    for k in range(latent_dim):
        name_above(figure, name(k), row=1, col=k + 1)
    return layout(figure, height=430).update_layout(legend_y=1.1)  # clear of the axes' names

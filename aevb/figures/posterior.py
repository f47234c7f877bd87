"""What the latent dimensions hold: how much each is used, and one image's posterior over them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from aevb.figures.style import DATA, GENERATED, TRUE_MODEL, layout

UNUSED = 0.01
"""Nats of mean KL below which a dimension counts as unused (Burda et al. 2016 use a like threshold)."""

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def name(dimension: int, symbol: str = "z") -> str:
    """What a dimension, counted from 0, is called: z₁ and so on."""
    return symbol + str(dimension + 1).translate(SUBSCRIPTS)


def by_use(kl: np.ndarray) -> list[int]:
    """The dimensions by their mean KL: (L,), the most used first."""
    return np.argsort(-kl, kind="stable").tolist()


def dimension_use(kl: np.ndarray) -> go.Figure:
    """Bars of each dimension's mean KL: (L,) from posterior to prior, unused ones hatched and grey."""
    order = by_use(kl)
    used = [bool(kl[dimension] >= UNUSED) for dimension in order]
    figure = go.Figure()
    for wanted, label, color, pattern in ((True, "used", DATA, ""), (False, "unused", TRUE_MODEL, "/")):
        shown = [dimension for dimension, use in zip(order, used, strict=True) if use == wanted]
        figure.add_bar(
            x=_ticks(shown),
            customdata=[name(dimension) for dimension in shown],
            y=kl[shown],
            name=f"{label} ({len(shown)})",
            # Text stands where a bar of 0.002 nats would not be seen; among many it could not be read.
            text=[f"{kl[dimension]:.1f}" if wanted else "0" for dimension in shown]
            if len(kl) <= 30
            else None,
            textposition="outside",
            marker={"color": color, "pattern_shape": pattern},
            hovertemplate="%{customdata}: %{y:.3f} nats<extra></extra>",
        )
    figure.update_xaxes(**_places(order))
    figure.update_yaxes(title="mean KL (nats)", range=[0, 1.15 * float(kl.max())])
    # On a phone the text would shrink below what can be read.
    return layout(figure, height=360, bargap=0.25, uniformtext={"mode": "hide", "minsize": 12})


def posterior(loc: np.ndarray, scale: np.ndarray, order: Sequence[int]) -> go.Figure:
    """One image's q(z | x), mean ± scale (L,) each, against the prior's 0 ± 1, in the order given."""
    order = list(order)
    figure = go.Figure()
    figure.add_hrect(-1, 1, fillcolor="rgba(140, 140, 140, 0.18)", line_width=0, layer="below")
    figure.add_hline(0, line={"color": TRUE_MODEL, "width": 1}, layer="below")
    figure.add_scatter(
        x=_ticks(order),
        y=loc[order],
        error_y={"array": scale[order], "color": GENERATED, "thickness": 4, "width": 0},
        mode="markers",
        marker={"color": GENERATED, "size": 9},
        customdata=scale[order],
        hovertemplate="z %{x}: %{y:.2f} ± %{customdata:.2f}<extra></extra>",
    )
    figure.update_xaxes(**_places(order))
    reach = max(3.0, float((abs(loc) + scale).max()) + 0.3)
    figure.update_yaxes(title="μ ± σ", range=[-reach, reach], zeroline=False)
    return layout(figure, height=330, showlegend=False)


def _ticks(dimensions: Sequence[int]) -> list[str]:
    # Whole numbers: the subscripts of z₁ to z₂₀ are too small for the back row.
    return [str(dimension + 1) for dimension in dimensions]


def _places(order: Sequence[int]) -> dict[str, Any]:
    """The same places for the same dimensions, so that the two figures can stand one above the other."""
    return {
        "title": "dimension of z",
        "type": "category",
        "categoryarray": _ticks(order),
        "tickangle": 0,
        "range": [-0.6, len(order) - 0.4],
    }

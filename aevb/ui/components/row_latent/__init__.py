"""A digit that grows row by row in the browser, and a plane in which the z of each row can be moved."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from aevb.figures import style
from aevb.ui.components import source
from aevb.ui.components.packing import pack

_component = st.components.v2.component(
    "aevb_row_latent",
    html=source("row_latent/row_latent.html"),
    css=source("engine/engine.css", "player.css", "row_latent/row_latent.css"),
    js=source("engine/engine.js", "engine/live.js", "plot.js", "row_latent/row_latent.js"),
)


def row_latent(
    *, key: str, run: str, weights: str, seed: int, row: int, chosen: Sequence[Sequence[float]], reach: float
) -> dict[str, Any] | None:
    """Mounts the digit that a seed grows, from a VRNN with L = 2.

    Args:
        key: the element's.
        run: names the digit: while it stays the same, so do the visitor's row and choices.
        weights: the URL of the model's weights.
        seed: of the noise, which stays the same whatever the visitor chooses.
        row: the row at first, from 1.
        chosen: the rows whose noise was chosen, at first, each (row from 1, ε₁, ε₂), where
            z = μ(h) + σ(h) ε.
        reach: how far the plane goes, in standard deviations of the row's prior.
    Returns:
        the state {"run", "row", "chosen"} that the visitor has last let go of, None before.
    """
    header = {
        "run": run,
        "weights": weights,
        "seed": seed,
        "row": row,
        "reach": reach,
        "colors": {"prior": style.TRUE_MODEL, "drawn": style.GENERATED, "chosen": style.MARK},
    }
    data = pack(header, chosen=np.array(chosen, dtype=np.float32))
    return _component(key=key, data=data, on_view_change=lambda: None).view

"""Gumbel-Softmax samples of three categories, moved by the temperature, live."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from aevb.figures import style
from aevb.ui.components import source
from aevb.ui.components.packing import pack

SAMPLES = 500
TEMPERATURES = (0.1, 10.0)
LEAST = 2
"""Percent that a category has at least."""

_component = st.components.v2.component(
    "aevb_gumbel",
    html=source("gumbel/gumbel.html"),
    css=source("player.css", "gumbel/gumbel.css"),
    js=source("plot.js", "gumbel/gumbel.js"),
)


def gumbel(*, key: str, run: str, temperature: float, percent: Sequence[int]) -> dict[str, Any] | None:
    """Mounts the demonstration. Every temperature shows the same Gumbel noise.

    Args:
        key: the element's.
        run: while it stays the same, so do the visitor's temperature and probabilities.
        temperature: τ at first.
        percent: the three categories' probabilities at first, which add up to 100.
    Returns:
        the state {"run", "temperature", "percent"} that the visitor has last let go of, None before.
    """
    header = {
        "run": run,
        "temperature": temperature,
        "temperatures": TEMPERATURES,
        "percent": list(percent),
        "least": LEAST,
        "colors": [style.DATA, style.GENERATED, style.EVIDENCE],
    }
    data = pack(header, gumbels=np.random.default_rng(5).gumbel(size=(SAMPLES, 3)))
    return _component(key=key, data=data, on_view_change=lambda: None).view

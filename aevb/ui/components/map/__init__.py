"""A map of 10,000 digits, drawn in the browser: pan, zoom, load, compare, and decode between the points."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from aevb.figures.style import DIGITS, MARK, NO_CLASS
from aevb.ui.components import digits, source
from aevb.ui.components.packing import pack

_component = st.components.v2.component(
    "aevb_map",
    html=source("map/map.html"),
    css=source("engine/engine.css", "map/map.css"),
    js=source(
        "engine/engine.js",
        "engine/live.js",
        "digits/digits.js",
        "plot.js",
        "map/points.js",
        "map/scatter.js",
        "map/map.js",
    ),
)


def live_map(
    *,
    key: str,
    urls: Mapping[str, str],
    digit: int,
    x: np.ndarray,
    decoded: np.ndarray,
    by: str,
    labelled: bool,
    styles: bool,
    alt: str,
    on_digit: Callable[[], None],
) -> None:
    """Mounts a map.

    Args:
        key: the element's, and that of its trigger {"digit": number}, a point that was clicked.
        urls: where the "points", their "latents" and the model's "weights" are.
        digit: the chosen one.
        x, decoded: it, and what the model makes of it, (D,) each.
        by: what the points' colours stand for, "digit" or "cluster".
        labelled: whether the model decodes under a label.
        styles: whether the latents are its ε, rather than z.
        alt: what the map shows, for who cannot see it.
        on_digit: called when a point was clicked.
    """
    header: dict[str, Any] = {
        "urls": {**urls, "digits": digits.url()},
        "digit": digit,
        "by": by,
        "labelled": labelled,
        "styles": styles,
        "alt": alt,
        "colors": [*DIGITS, NO_CLASS],
        "mark": MARK,
    }
    _component(key=key, data=pack(header, x=x, decoded=decoded), on_digit_change=on_digit)

"""An SVG drawing in the page itself, in the theme's colours; `st.html` would strip it, `st.image` dye it."""

import streamlit as st

from aevb.ui.components import source

_component = st.components.v2.component(
    "aevb_drawing",
    html="<div></div>",
    css="div { color: var(--st-text-color); display: flex; justify-content: center; }",
    js=source("drawing/drawing.js"),
)


def drawing(svg: str, key: str) -> None:
    """Shows SVG text made by `aevb.figures.drawings`."""
    _component(key=key, data=svg)

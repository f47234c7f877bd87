"""A canvas to draw on, and what the models say of the drawing while it is drawn."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from aevb.figures import style
from aevb.ui.components import source
from aevb.ui.components.packing import pack

LONGEST = 2000
"""Characters of a link that a drawing may take."""

COLORS = {"posterior": style.DATA, "generated": style.GENERATED, "mark": style.MARK, "digits": style.DIGITS}

SCRIPTS = (
    "engine/engine.js",
    "engine/live.js",
    "plot.js",
    "digits/digits.js",
    "draw/ink.js",
    "draw/answers.js",
)
"""All but the component's own."""

_component = st.components.v2.component(
    "aevb_draw",
    html=source("draw/draw.html"),
    css=source("player.css", "engine/engine.css", "draw/draw.css"),
    js=source(*SCRIPTS, "draw/draw.js"),
)


def draw(
    *,
    key: str,
    run: str,
    strokes: str,
    digit: int | None,
    keep: int,
    urls: Mapping[str, str],
    problems: Mapping[str, str],
    about: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Mounts the canvas and its panels.

    Args:
        key: the element's.
        run: names the drawing that is given: while it stays the same, the visitor's own stays.
        strokes: the drawing, as `write` in ink.js has it, at most `LONGEST` characters.
        digit: a test digit in its place; with neither, an example is shown until a visitor draws.
        keep: how many rows of a whole digit the VRNN is given.
        urls: where the browser finds the models by name, the test "digits", and their "means" under the VAE.
        problems: a sentence for each model that is not there.
        about: what the panels need to know of the models: the VAE's `order` of dimensions, the
            GMVAE's `clusters` in the order shown and their `titles`.
    Returns:
        the state {"run", "strokes", "digit", "keep"} since a stroke has last ended, or the visitor has chosen
        something else; None before. No strokes stand for a drawing that is longer than `LONGEST`.
    """
    header = {
        "run": run,
        "strokes": strokes,
        "digit": digit,
        "keep": keep,
        "longest": LONGEST,
        "urls": dict(urls),
        "problems": dict(problems),
        "colors": COLORS,
        **about,
    }
    return _component(key=key, data=pack(header), on_view_change=lambda: None).view

"""What the Draw page shows: the models that are there, and the drawing that its link holds."""

import re
from typing import Any

import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.models import REGISTRY
from aevb.ui import errors, gmvae, latents, loading, maps, widgets
from aevb.ui.components import digits
from aevb.ui.components.draw import LONGEST, draw
from aevb.ui.components.engine import weights

KEEP = 14
"""Rows of a whole digit that the VRNN is given, unless the visitor says otherwise."""

NAMES = ("vae", "cvae", "gmvae", "vrnn")
"""The models that answer."""

PARAMS = ("strokes", "digit", "keep")

STROKES = re.compile(r"([0-9a-f]{4})+(-([0-9a-f]{4})+)*")


def sound(text: str) -> bool:
    """Whether it is a drawing as links hold it: four hexadecimal digits for each point, 256 each way from the
    top left, a hyphen between strokes; at most `LONGEST` characters."""
    return len(text) <= LONGEST and STROKES.fullmatch(text) is not None


@st.fragment
def show() -> None:
    """The canvas and its panels; the drawing stands in the URL."""
    opening = widgets.opening("draw", None, PARAMS, _linked)
    strokes, digit, keep = opening.start
    urls, problems = {"digits": digits.url()}, {}
    for name in NAMES:
        try:
            loading.model(name, REGISTRY[name])
            urls[name] = weights.url(name)
        except CheckpointError as error:
            problems[name] = errors.sentence(str(error))
    about: dict[str, Any] = {}
    if "vae" in urls:
        urls["means"], about["order"] = maps.LATENTS.url("vae/means"), latents.order("vae")
    if "gmvae" in urls:
        about |= {"clusters": gmvae.scored("gmvae").order, "titles": gmvae.titles("gmvae")}
    run = f"{opening.number}"
    view = draw(
        key="draw",
        run=run,
        strokes=strokes,
        digit=digit,
        keep=keep,
        urls=urls,
        problems=problems,
        about=about,
    )
    if view and view["run"] == run:
        strokes, digit, keep = (view[param] for param in PARAMS)
        links = {
            "strokes": strokes or None,
            "digit": None if digit is None else f"{digit}",
            "keep": None if keep == KEEP else f"{keep}",
        }
        widgets.keep("draw", links)


def _linked(strokes: str | None, *_: str | None) -> tuple[str, int | None, int]:
    """The strokes, the test digit and the rows to keep of a link; what cannot be read is noted."""
    last_digit, rows = len(loading.digits().test.labels) - 1, loading.digits().test.images.shape[1]
    widgets.expect("strokes", strokes is None or sound(strokes))
    widgets.expect_number("digit", 0, last_digit)
    widgets.expect_number("keep", 0, rows)
    drawing = strokes if strokes and sound(strokes) else ""
    digit = None if drawing else widgets.linked("digit", last_digit)
    keep = widgets.linked("keep", rows)
    return drawing, digit, KEEP if keep is None else keep

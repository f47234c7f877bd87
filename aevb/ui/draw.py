"""What the Draw page shows: the models that are there, and the drawing that its link holds."""

import re
from typing import Any

import numpy as np
import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.models import REGISTRY
from aevb.ui import errors, gmvae, latents, loading, widgets
from aevb.ui.components import digits
from aevb.ui.components.draw import LONGEST, draw
from aevb.ui.components.engine import weights
from aevb.ui.components.served import Served

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


def _pack_means(name: str) -> bytes:
    """The test images' posterior means (10,000, L) as float16, then a byte for each label."""
    labels = loading.digits().test.labels.numpy()
    return loading.test_means(name).astype("<f2").tobytes() + labels.astype(np.uint8).tobytes()


means = Served("means", _pack_means)


def show() -> None:
    """The canvas and its panels; the drawing stands in the URL."""
    run, strokes, digit, keep = _opening()
    urls, problems = {"digits": digits.url()}, {}
    for name in NAMES:
        try:
            loading.model(name, REGISTRY[name])
            urls[name] = weights.url(name)
        except CheckpointError as error:
            problems[name] = errors.sentence(str(error))
    about: dict[str, Any] = {}
    if "vae" in urls:
        urls["means"], about["order"] = means.url("vae"), latents.order("vae")
    if "gmvae" in urls:
        about |= {"clusters": gmvae.scored("gmvae").order, "titles": gmvae.titles("gmvae")}
    draw(
        key="draw",
        run=run,
        strokes=strokes,
        digit=digit,
        keep=keep,
        urls=urls,
        problems=problems,
        about=about,
        on_change=_remember,
    )


def _opening() -> tuple[str, str, int | None, int]:
    """The run, and the strokes, the test digit and the rows to keep with which it opens.

    Read on arrival, and where the browser's Back or Forward has changed the link; not where the component
    has, since its data must not change with what it reports.
    """
    link = _link()
    if "draw_opening" not in st.session_state or link != st.session_state["draw_link"]:
        strokes, _, _ = link
        last_digit, rows = len(loading.digits().test.labels) - 1, loading.digits().test.images.shape[1]
        widgets.expect("strokes", strokes is None or sound(strokes))
        widgets.expect_number("digit", 0, last_digit)
        widgets.expect_number("keep", 0, rows)
        drawing = strokes if strokes and sound(strokes) else ""
        digit = None if drawing else widgets.linked("digit", last_digit)
        keep = widgets.linked("keep", rows)
        run = st.session_state.get("draw_run", 0) + 1
        st.session_state["draw_run"], st.session_state["draw_link"] = run, link
        st.session_state["draw_opening"] = str(run), drawing, digit, KEEP if keep is None else keep
    return st.session_state["draw_opening"]


def _remember() -> None:
    state = st.session_state["draw"]
    values: dict[str, str | int | None] = {}
    if drawing := state.get("drawing"):
        values |= {"strokes": drawing["strokes"] or None, "digit": drawing["digit"]}
    if (keep := state.get("keep")) is not None:
        values["keep"] = None if keep == KEEP else keep
    for name, value in values.items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = str(value)
    st.session_state["draw_link"] = _link()


def _link() -> tuple[str | None, ...]:
    return tuple(st.query_params.get(name) for name in PARAMS)

"""What the Draw page shows: the models that are there, and the drawing that its link holds."""

import re
from typing import Any

import numpy as np
import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.models import CVAE, GMVAE, VAE, VRNN
from aevb.ui import errors, gmvae, latents, loading, vrnn, widgets
from aevb.ui.components import digits
from aevb.ui.components.draw import LONGEST, draw
from aevb.ui.components.engine import weights
from aevb.ui.components.served import Served

KEEP = 14
"""Rows of a whole digit that the VRNN is given, unless the visitor says otherwise."""

KINDS = {"vae": VAE, "cvae": CVAE, "gmvae": GMVAE, "vrnn": VRNN}

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
    about: dict[str, Any] = {}
    for name, kind in KINDS.items():
        try:
            loading.model(name, kind)
            if name == "vrnn":
                vrnn.model(name)
            urls[name] = weights.url(name)
        except CheckpointError as error:
            problems[name] = errors.sentence(str(error))
    if "vae" in urls:
        urls["means"] = means.url("vae")
        order = latents.order("vae")
        about |= {"order": order, "latentDim": len(order)}
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
    """The run, and the strokes, the digit and the rows to keep with which it opens.

    Read when the page is opened, and when the browser's Back or Forward has changed the link; not when
    the component has, whose data must not change with what it reports.
    """
    link = tuple(st.query_params.get(name) for name in ("strokes", "digit", "keep"))
    known = st.session_state.get("draw_opening")
    if known is None or link != st.session_state["draw_link"]:
        strokes, digit, keep = link
        most = len(loading.digits().test.labels) - 1
        rows = 28
        widgets.expect("strokes", strokes is None or sound(strokes))
        widgets.expect_number("digit", 0, most)
        widgets.expect_number("keep", 0, rows)
        drawing = strokes if strokes is not None and sound(strokes) else ""
        number = None if drawing else widgets.linked("digit", most)
        kept = widgets.linked("keep", rows)
        run = str(1 + int(known[0]) if known else 0)
        known = run, drawing, number, KEEP if kept is None else kept
        st.session_state["draw_opening"], st.session_state["draw_link"] = known, link
    return known


def _remember() -> None:
    state = st.session_state["draw"]
    drawing = state.get("drawing")
    if drawing is not None:
        _link("strokes", drawing["strokes"] if sound(drawing["strokes"]) else None)
        _link("digit", drawing["digit"])
    if (keep := state.get("keep")) is not None:
        _link("keep", keep if keep != KEEP else None)
    st.session_state["draw_link"] = tuple(st.query_params.get(name) for name in ("strokes", "digit", "keep"))


def _link(name: str, value: str | int | None) -> None:
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(value)

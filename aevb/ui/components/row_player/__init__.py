"""Images that grow row by row, played, paused and scrubbed in the browser; what each row was drawn from."""

from typing import Any

import streamlit as st
from torch import Tensor

from aevb.figures import style
from aevb.sequences import ObservedRows, Rows
from aevb.ui.components import source
from aevb.ui.components.packing import pack

_component = st.components.v2.component(
    "aevb_row_player",
    html=source("row_player/row_player.html"),
    css=source("player.css", "row_player/row_player.css"),
    js=source("plot.js", "row_player/row_player.js"),
)

COLORS = {
    "kl": style.DATA,
    "likelihood": style.GENERATED,
    "prior": style.TRUE_MODEL,
    "posterior": style.ELBO,
    "sample": style.GENERATED,
}


def row_player(
    rows: Rows,
    *,
    key: str,
    run: str,
    opening: int,
    start: int,
    image: int,
) -> dict[str, Any] | None:
    """Mounts a player of what images went through.

    With `ObservedRows` of one image: the digit with bars of each row's terms, and both the prior and the
    posterior of the row in the latent plane. With other `Rows`: a gallery of images that grow, and the
    prior of the chosen one.

    Args:
        rows: of at least two latent dimensions, of which the first two are shown.
        key: the element's.
        run: names the rows; samples that come after others grow at once.
        opening: while it stays the same, so do the visitor's row and image.
        start, image: the row and the image at first, from 1.
    Returns:
        the state {"opening", "row", "image"} that the visitor has last let go of, None before.
    """
    length, images, width = rows.x.shape
    header = {
        "run": run,
        "opening": opening,
        "length": length,
        "images": images,
        "width": width,
        "latentDim": rows.z.shape[-1],
        "start": start,
        "image": image,
        "colors": COLORS,
    }
    arrays: dict[str, Tensor] = {
        "x": rows.x,
        "probs": rows.probs,
        "z": rows.z,
        "prior_loc": rows.prior.mean,
        "prior_scale": rows.prior.stddev,
    }
    if isinstance(rows, ObservedRows):
        arrays |= {
            "posterior_loc": rows.posterior.mean,
            "posterior_scale": rows.posterior.stddev,
            "kl": -rows.terms["minus_kl_z"],
            "surprise": -rows.terms["reconstruction"],
        }
    data = pack(header, **{name: array.numpy() for name, array in arrays.items()})
    return _component(key=key, data=data, on_view_change=lambda: None).view

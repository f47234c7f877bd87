"""A checkpoint's latent dimensions: how much each is used, and live sliders for all of them.

Where the sliders stand is in the URL, under a name that the page gives.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

from aevb import maps
from aevb.evaluation import dimension_kl
from aevb.figures import posterior
from aevb.models import CVAE, GMVAE, VAE
from aevb.ui import loading, widgets
from aevb.ui.components.engine import weights
from aevb.ui.components.latent import Dial, latent

REACH = 5.0
"""Where the sliders end: hardly a latent mean of the test set lies beyond ±5."""

MOST_USED = 20
"""Sliders at most that are not folded away."""

FEW = 3
"""Unused dimensions at most that are shown with the others."""

DIRECTIONS = 4
"""Principal directions that the plane offers."""

Latents = Sequence[float] | np.ndarray | Tensor


@st.cache_data(show_spinner="Measuring the latent dimensions …")
def use(name: str) -> np.ndarray:
    """Each dimension's mean KL over the test set, (L,)."""
    model = loading.checkpoint(name).model
    assert isinstance(model, VAE | CVAE | GMVAE)
    return dimension_kl(model, *loading.test_set(name)).numpy()


@st.cache_resource(show_spinner="Measuring the latent dimensions …")
def use_figure(name: str) -> go.Figure:
    """Bars of each dimension's mean KL."""
    return posterior.dimension_use(use(name))


def order(name: str) -> list[int]:
    """The dimensions, the most used first."""
    return posterior.by_use(use(name))


def name(dimension: int, symbol: str = "z") -> str:
    """What a dimension, counted from 0, is called."""
    return posterior.name(dimension, symbol)


def chooser(label: str, key: str, checkpoint: str) -> int:
    """The choice of one dimension, counted from 0; the most used one at first."""
    dimensions = order(checkpoint)
    widgets.expect_choice(key, [name(dimension) for dimension in dimensions])
    number = st.selectbox(
        label,
        [dimension + 1 for dimension in dimensions],
        format_func=lambda number: name(number - 1),
        key=key,
        bind="query-params",
        width=200,
    )
    return number - 1


@st.cache_resource(show_spinner="Finding the principal directions …")
def directions(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The centre (L,) and principal directions (P, L) of the test set's styles. Shared: not to be changed."""
    return maps.directions(loading.test_styles(name), DIRECTIONS)


def show(
    checkpoint: str,
    digit: int,
    param: str,
    image: Tensor,
    places: Mapping[str, Latents],
    dial: Dial | None = None,
    *,
    own: int = 0,
) -> None:
    """Live sliders of a checkpoint's latent dimensions, and a dial of its labels or clusters.

    They open at the first of the `places`, {title: (L,)}, and at the choice `own`, or where a link says.
    The URL has the values as `param`, the choice by what it is of, and the directions of the plane, where
    they are not these.
    """
    centre, principal = directions(checkpoint)
    put = {title: np.array(rounded(values)) for title, values in places.items()}
    start = next(iter(put.values()))

    axes = _axes(checkpoint)

    def read(values: str | None, *others: str | None) -> tuple[np.ndarray, float, list[int]]:
        position = _linked_position(others[0], dial, own) if dial else 0
        return _linked_values(param, values, start), position, _linked_plane(others[-1], axes)

    params = [param, dial.of] if dial else [param]
    opening = widgets.opening(param, (checkpoint, digit), params, read, lasting=["plane"])
    values, position, plane = opening.start
    kl = use(checkpoint)
    used = max(2, int((kl >= posterior.UNUSED).sum()))
    symbol = "z" if dial is None else "ε"
    run = f"{checkpoint} {digit} {opening.number}"
    view = latent(
        key=f"{param}_sliders",
        run=run,
        weights=weights.url(checkpoint),
        image=image.numpy(),
        caption=f"digit {digit}, a {loading.test_label(digit)}",
        names=[name(dimension, symbol) for dimension in range(len(kl))],
        order=posterior.by_use(kl),
        shown=min(MOST_USED, used if len(kl) - used > FEW else len(kl)),
        kl=kl,
        reach=REACH,
        values=values,
        position=position,
        places=put,
        centre=centre,
        directions=principal,
        plane=plane,
        dial=dial,
    )
    if view and view["run"] == run:
        chosen = [int(axis) for axis in view["plane"]]
        links = {param: _values_link(view["z"], start), "plane": _plane_link(chosen, axes)}
        if dial:
            links[dial.of] = _position_link(float(view["choice"]), dial, own)
        widgets.keep(param, links)


def _linked_values(param: str, link: str | None, start: np.ndarray) -> np.ndarray:
    if link is None:
        return start
    if (values := parse(link, len(start))) is not None:
        return np.array(values)
    st.warning(
        f"The {param} in this link is not {len(start)} numbers within ±{REACH:g}; "
        "the sliders start at the mean."
    )
    return start


def _axes(checkpoint: str) -> list[str]:
    """What links call the directions of the plane: the principal ones, then the dimensions by number."""
    return [
        *(f"pca{number}" for number in range(1, DIRECTIONS + 1)),
        *(str(dimension + 1) for dimension in order(checkpoint)),
    ]


def _linked_plane(link: str | None, axes: Sequence[str]) -> list[int]:
    chosen = link.split(",") if link else axes[:2]
    sound = len(set(chosen)) == len(chosen) == 2 and set(chosen) <= set(axes)
    widgets.expect("plane", sound)
    return [axes.index(axis) for axis in (chosen if sound else axes[:2])]


def _plane_link(plane: Sequence[int], axes: Sequence[str]) -> str | None:
    return None if list(plane) == [0, 1] else ",".join(axes[axis] for axis in plane)


def _linked_position(link: str | None, dial: Dial, own: int) -> float:
    if link is None:
        return own
    if link in dial.titles:
        return dial.titles.index(link)
    try:
        position = round(float(link), 2)
    except ValueError:
        position = math.nan
    sound = dial.between and 0 <= position <= len(dial.titles) - 1
    widgets.expect(dial.of, sound)
    return position if sound else own


def _values_link(values: Latents, start: np.ndarray) -> str | None:
    z = rounded(values)
    return None if z == start.tolist() else ",".join(f"{value:g}" for value in z)


def _position_link(position: float, dial: Dial, own: int) -> str | None:
    if position == own:
        return None
    return dial.titles[int(position)] if position.is_integer() else f"{position:g}"


def parse(text: str, count: int) -> tuple[float, ...] | None:
    """`count` numbers within ±`REACH`, commas between them; None for any other text."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        return None
    sound = len(values) == count and all(math.isfinite(v) and abs(v) <= REACH for v in values)
    return values if sound else None


def rounded(values: Latents) -> list[float]:
    """Values as the sliders can show them."""
    return [round(min(REACH, max(-REACH, float(value))), 2) + 0.0 for value in values]  # no minus zero

"""A checkpoint's latent dimensions: how much each is used, and sliders for all of them.

Where the sliders stand is in the URL, under a name that the page gives.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Tensor

from aevb.evaluation import dimension_kl
from aevb.figures import posterior
from aevb.models import CVAE, GMVAE, VAE
from aevb.ui import loading, widgets

REACH = 5.0
"""Where the sliders end: hardly a latent mean of the test set lies beyond ±5."""

Latents = Sequence[float] | np.ndarray | Tensor


@st.cache_data(show_spinner="Measuring the latent dimensions …")
def use(name: str) -> np.ndarray:
    """Each dimension's mean KL over the test set, (L,)."""
    model = loading.checkpoint(name).model
    assert isinstance(model, VAE | CVAE | GMVAE)
    return dimension_kl(model, *loading.test_set(name)).numpy()


@st.cache_resource(show_spinner=False)
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


def slider(param: str, dimension: int) -> str:
    """The key of a dimension's slider, among those whose values stand in the URL as `param`."""
    return f"{param}_slider_{dimension}"


def starts(param: str, places: Mapping[str, tuple[str, Callable[[], Latents]]]) -> None:
    """Buttons that put the sliders at a place, {title: (icon, its values (L,))}.

    The values are asked for when a button is pressed, not when it is drawn: another fragment may have
    changed them in between.
    """

    def put(place: Callable[[], Latents]) -> None:
        move_sliders(param, place())

    with st.container(horizontal=True):
        for title, (icon, place) in places.items():
            st.button(title, icon=f":material/{icon}:", on_click=put, args=(place,))


def sliders(param: str, dimensions: Sequence[int], symbol: str = "z", *, key: str = "sliders") -> None:
    """A slider for each of the dimensions, as many to a line as there is room for.

    `key` is of the element, and one of those in the shell's style sheet.
    """
    with st.container(key=key):
        for dimension in dimensions:
            st.slider(name(dimension, symbol), -REACH, REACH, step=0.05, key=slider(param, dimension))


def place_sliders(param: str, start: np.ndarray, digit: int) -> None:
    """Puts the sliders, before they are drawn, where a visitor expects them.

    At the values of the link on arrival, at `start`, (L,), when the digit has changed, else where they
    are. Says so where the link's values are of no use.
    """
    link, arrived = st.query_params.get(param), _arrived(param, len(start))
    if not arrived and st.session_state.get(f"{param}_of") == digit:
        return
    st.session_state[f"{param}_of"] = digit
    linked = parse(link, len(start)) if arrived and link is not None else None
    move_sliders(param, start if linked is None else linked)
    if arrived and link is not None and linked is None:
        st.warning(
            f"The {param} in this link is not {len(start)} numbers within ±{REACH:g}; "
            "the sliders start at the mean."
        )


def _arrived(param: str, count: int) -> bool:
    """Whether the URL, not the page, put its values there: a link, or the browser's Back and Forward.

    After a slider has moved, the URL may be that of the move before, on its way still; it is the
    sliders that count then.
    """
    if slider(param, 0) not in st.session_state:
        return True
    link, values = st.session_state.get(f"{param}_seen", (None, None))
    return st.query_params.get(param) != link and _values(param, count) == values


def move_sliders(param: str, values: Latents) -> None:
    """Puts the sliders at values (L,)."""
    for dimension, value in enumerate(rounded(values)):
        st.session_state[slider(param, dimension)] = value


def read_sliders(param: str, start: np.ndarray) -> Tensor:
    """Where the sliders stand, (L,); the URL says so too where that is not `start`."""
    values = _values(param, len(start))
    link = None if values == rounded(start) else ",".join(f"{value:g}" for value in values)
    if link is None:
        st.query_params.pop(param, None)
    elif st.query_params.get(param) != link:
        st.query_params[param] = link
    st.session_state[f"{param}_seen"] = link, values
    return torch.tensor(values)


def _values(param: str, count: int) -> list[float]:
    return [float(st.session_state[slider(param, dimension)]) for dimension in range(count)]


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

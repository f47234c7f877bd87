"""The map of the test set: choose a projection, click a point, and its digit is loaded.

Each page that shows one has its digit under the key "digit".
"""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from aevb import maps
from aevb.checkpoints import CheckpointError
from aevb.figures.maps import digit_map
from aevb.ui import errors, loading
from aevb.ui.widgets import expect_choice

METHODS = {"tsne": "t-SNE", "umap": "UMAP", "pca": "PCA"}
STYLES = {"style": "PCA of ε"}
"""For a CVAE: the styles of the test set, that is, its latent means less what their labels say of them."""


def show(
    name: str,
    digit: int,
    picture: Callable[[], None],
    *,
    of: str,
    styles: bool = False,
    clusters: np.ndarray | None = None,
) -> str:
    """The choice of a projection, the map, and at its side a picture of the chosen digit.

    Args:
        of: what the points are, for who cannot see them.
        styles: whether to offer those of a CVAE.
        clusters: the class (10,000,) of the cluster that each image is in, -1 for none, where the points
            may be coloured by it.
    Returns:
        The projection, a key of `METHODS` or `STYLES`.
    """
    methods = METHODS | STYLES if styles else METHODS
    by = "digit"
    with st.container(horizontal=True):
        expect_choice("map", list(methods.values()))
        method = st.segmented_control(
            "Projection",
            list(methods),
            format_func=lambda method: methods[method],
            default="tsne",
            required=True,
            key="map",
            bind="query-params",
        )
        if clusters is not None:
            choices = ["cluster", "digit"]
            expect_choice("colour", choices)
            by = st.segmented_control(
                "Colour by", choices, default="cluster", required=True, key="colour", bind="query-params"
            )
    _, problem = points(name, method)
    if problem:
        st.warning(problem)
    chart, chosen = st.columns([4, 1], vertical_alignment="center")
    with chosen:
        picture()
    chart.plotly_chart(
        _figure(name, method, _ringed(name, digit), by, clusters),
        key="points",
        on_select=lambda: _pick(name),
        selection_mode="points",
        alt=f"{methods[method]} of {of} of the 10,000 test images, coloured by {by}",
    )
    return method


def points(name: str, method: str) -> tuple[np.ndarray, str]:
    """The test set's map (10,000, 2), and a sentence where PCA had to stand in for the method."""
    if method in STYLES:
        return _pca_of_styles(name), ""
    problem = f"The checkpoint {name} has no {METHODS[method]} map"
    try:
        found = loading.checkpoint(name).maps.get(method)
    except CheckpointError as error:
        found, problem = None, errors.sentence(str(error)).rstrip(".")
    if found is not None and not _is_map(found):
        found, problem = None, f"The {METHODS[method]} map of the checkpoint {name} is damaged"
    if found is not None:
        return found, ""
    return _pca(name), "" if method == "pca" else f"{problem}: PCA is shown in its place."


def _is_map(found: np.ndarray) -> bool:
    return found.shape == (len(_labels()), 2) and found.dtype.kind == "f" and bool(np.isfinite(found).all())


@st.cache_resource(show_spinner="Computing PCA …")
def _pca(name: str) -> np.ndarray:
    return maps.pca(loading.test_means(name))


@st.cache_resource(show_spinner="Computing PCA …")
def _pca_of_styles(name: str) -> np.ndarray:
    return maps.pca(loading.test_styles(name))


def _labels() -> np.ndarray:
    return loading.digits().test.labels.numpy()


@st.cache_resource(max_entries=100, show_spinner=False)
def _figure(name: str, method: str, ringed: int, by: str, _clusters: np.ndarray | None) -> go.Figure:
    if by == "cluster" and _clusters is not None:
        said = "in the cluster of %{marker.color}s"
        return digit_map(points(name, method)[0], _clusters, ringed, said=said)
    return digit_map(points(name, method)[0], _labels(), ringed)


def _ringed(name: str, digit: int) -> int:
    """The digit that the map's figure is to ring: the last one that was not chosen in the map itself.

    A point that a visitor picks there is marked by the browser, so the figure need not change; a changed
    one would be sent again with its 10,000 points and lose the visitor's zoom.
    """
    ringed, picked = f"{name}_ringed", f"{name}_picked"  # each page remembers its own
    if digit != st.session_state.get(picked):
        st.session_state[ringed], st.session_state[picked] = digit, None
    return st.session_state.setdefault(ringed, digit)


def _pick(name: str) -> None:
    """Loads the digit whose point was picked in the map."""
    found = st.session_state["points"].selection.point_indices
    picked = int(found[0]) if found else None
    st.session_state[f"{name}_picked"] = picked
    if picked is not None:
        st.session_state["digit"] = picked

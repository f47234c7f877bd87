"""The map of the test set: choose a projection, click a point, and its digit is loaded.

Each page that shows one has its digit under the key "digit". What the browser draws it from, it fetches
once: `POINTS` and `LATENTS`.
"""

import numpy as np
import streamlit as st
from torch import Tensor

from aevb import checkpoints, maps
from aevb.checkpoints import CheckpointError
from aevb.models import CVAE, GMVAE, LatentVariableModel
from aevb.ui import errors, gmvae, loading
from aevb.ui.components.engine import weights
from aevb.ui.components.map import live_map
from aevb.ui.components.served import Served
from aevb.ui.widgets import expect_choice

METHODS = {"tsne": "t-SNE", "umap": "UMAP", "pca": "PCA"}
STYLES = {"style": "PCA of ε"}
"""For a CVAE: the styles of the test set, that is, its latent means less what their labels say of them."""

KEY = "points"
NONE = 255
"""Stands for the class of a cluster that has none."""


def show(name: str, digit: int, x: Tensor, decoded: Tensor, *, of: str) -> str:
    """The choice of a projection, and the map.

    Args:
        x, decoded: the chosen digit and what the model makes of it, (D,) each.
        of: what the points are, for who cannot see them.
    Returns:
        The projection, a key of `METHODS` or `STYLES`.
    """
    model = loading.checkpoint(name).model
    methods = METHODS | STYLES if isinstance(model, CVAE) else METHODS
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
        if isinstance(model, GMVAE):
            choices = ["cluster", "digit"]
            expect_choice("colour", choices)
            by = st.segmented_control(
                "Colour by", choices, default="cluster", required=True, key="colour", bind="query-params"
            )
    _, problem = points(name, method)
    if problem:
        st.warning(problem)
    live_map(
        key=KEY,
        urls={
            "points": POINTS.url(f"{name}/{method}"),
            "latents": LATENTS.url(f"{name}/{'styles' if method in STYLES else 'means'}"),
            "weights": weights.url(name),
        },
        digit=digit,
        x=x.numpy(),
        decoded=decoded.numpy(),
        by=by,
        labelled=model.conditional,
        styles=method in STYLES,
        alt=f"{methods[method]} of {of} of the 10,000 test images, coloured by {by}",
        on_digit=_pick,
    )
    return method


def _pick() -> None:
    """Loads the digit whose point was clicked in the map."""
    picked = st.session_state[KEY].digit
    if isinstance(picked, int) and 0 <= picked < len(_labels()):
        st.session_state["digit"] = picked


# Where the points are


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


# What the browser fetches


def pack_points(key: str) -> bytes:
    """The map of "name/method": two float32 for each point, then all labels, then all classes of clusters.

    Labels and classes are a byte each; the class is that of the point's cluster, `NONE` where there is none.
    """
    name, _, method = key.partition("/")
    model = _model(name)
    found = points(name, method)[0].astype("<f4")
    none = np.full(len(found), -1)
    clusters = gmvae.classes_of_clusters(name) if isinstance(model, GMVAE) else none
    marked = np.where(clusters < 0, NONE, clusters)
    return found.tobytes() + _labels().astype(np.uint8).tobytes() + marked.astype(np.uint8).tobytes()


def pack_latents(key: str) -> bytes:
    """The latent "name/means" of the test images, or "name/styles", (10,000, L) in float16."""
    name, _, kind = key.partition("/")
    _model(name)
    found = {"means": loading.test_means, "styles": loading.test_styles}[kind](name)
    return found.astype("<f2").tobytes()


def _model(name: str) -> LatentVariableModel:
    if name not in checkpoints.shipped():
        raise LookupError(name)
    return loading.checkpoint(name).model


POINTS, LATENTS = Served("map", pack_points), Served("latents", pack_latents)

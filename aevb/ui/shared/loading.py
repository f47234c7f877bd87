"""What every visitor shares: data, checkpoints and what follows from them, loaded once, by plain names."""

import numpy as np
import streamlit as st

from aevb import checkpoints, data
from aevb.checkpoints import CheckpointError
from aevb.data import Images
from aevb.evaluation import posterior_means, responsibilities
from aevb.explore import codes, maps


@st.cache_resource(show_spinner=False)
def digits() -> Images:
    """MNIST, whole or the bundled sample."""
    return data.read()


@st.cache_resource(show_spinner=False)
def checkpoint(name: str) -> checkpoints.Checkpoint:
    """A shipped checkpoint. Shared: not to be changed.

    Raises:
        CheckpointError: where it is missing or damaged.
    """
    return checkpoints.load(checkpoints.ROOT / name)


@st.cache_resource(show_spinner=False)
def test_means(name: str) -> np.ndarray:
    """The posterior means (10,000, L) of the test images under a checkpoint's model. Shared."""
    model = checkpoint(name).model
    return posterior_means(model, *digits().test.seen_by(model).fixed()).numpy()


@st.cache_resource(show_spinner=False)
def test_styles(name: str) -> np.ndarray:
    """As `codes.styles`, of the test images, (10,000, L). Shared."""
    model = checkpoint(name).model
    return codes.styles(model, *digits().test.seen_by(model).fixed()).numpy()


def test_shares(name: str) -> np.ndarray | None:
    """q(y | x) of the test images, (10,000, C); None under a model that infers no choice y."""
    model = checkpoint(name).model
    shares = responsibilities(model, digits().test.seen_by(model).fixed()[0])
    return None if shares is None else shares.numpy()


def test_map(name: str, method: str) -> np.ndarray:
    """The map (10,000, 2) of the test images, one of `methods`.

    Raises:
        LookupError: where there is no such map.
    """
    if method not in methods(name):
        raise LookupError(method)
    recorded = _recorded(name)
    if method in recorded:
        return recorded[method]
    return maps.pca(test_styles(name) if method == "style" else test_means(name))


def methods(name: str) -> list[str]:
    """The maps that can be shown of a checkpoint: those recorded with it, and PCA, of its "style"s too."""
    recorded = [method for method in ("tsne", "umap") if method in _recorded(name)]
    return [*recorded, "pca", *(["style"] if checkpoint(name).model.conditional else [])]


def _recorded(name: str) -> dict[str, np.ndarray]:
    """The maps that were recorded and are sound: PCA stands in for the others."""
    try:
        found = checkpoint(name).maps
    except CheckpointError:
        return {}
    shape = (len(digits().test), 2)
    sound = {method: points.shape == shape and points.dtype.kind == "f" for method, points in found.items()}
    return {method: points for method, points in found.items() if sound[method] and np.isfinite(points).all()}

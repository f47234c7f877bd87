"""What every visitor shares: data and checkpoints, loaded once, keyed on plain names.

Of cached functions that call one another, Streamlit shows the outermost one's spinner alone: whatever takes
long, or calls what does, says what it is at.
"""

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from aevb import checkpoints, clustering, data, explore
from aevb.checkpoints import Model
from aevb.data import Digits, Examples
from aevb.evaluation import posterior_means
from aevb.models import CVAE, GMVAE


@st.cache_resource(show_spinner="Loading the digits …")
def digits() -> Digits:
    """MNIST, whole or the bundled sample."""
    return data.load()


@st.cache_resource(show_spinner="Preparing the test images …")
def test_images(observation: str) -> Tensor:
    """The 10,000 test images as a model of that observation sees them. Shared: not to be changed."""
    return Examples(digits().test.images, observation).fixed()[0]


def test_image(observation: str, digit: int) -> Tensor:
    """A test image as a model of that observation sees it, (784,)."""
    return test_images(observation)[digit]


def test_label(digit: int) -> int:
    """What a test image shows."""
    return int(digits().test.labels[digit])


@st.cache_resource(show_spinner="Loading the model …")
def checkpoint(name: str) -> checkpoints.Checkpoint:
    """A shipped checkpoint. Shared: not to be changed."""
    return checkpoints.load(checkpoints.ROOT / name)


def model(name: str, kind: type[Model]) -> Model:
    """A checkpoint's model, which must be of that kind.

    Raises:
        CheckpointError: where it holds another model, or is missing or damaged.
    """
    return checkpoint(name).expect(kind)


def test_set(name: str) -> tuple[Tensor, ...]:
    """What a checkpoint's model observes of the test set: (x,), or (x, y) if it is conditional."""
    loaded = checkpoint(name).model
    x = test_images(loaded.observation)
    return (x, digits().test.labels) if loaded.conditional else (x,)


@st.cache_resource(show_spinner="Encoding the test images …")
def test_means(name: str) -> np.ndarray:
    """The posterior means (10,000, L) of the test images under a checkpoint's model."""
    return posterior_means(checkpoint(name).model, *test_set(name)).numpy()


@st.cache_resource(show_spinner="Encoding the test images …")
def test_styles(name: str) -> np.ndarray:
    """Those means as they lie in their priors, ε (10,000, L): of their labels, or most probable clusters.

    For a VAE, of one prior N(0, I) for all, the means themselves. Shared: not to be changed.
    """
    loaded, means = checkpoint(name).model, torch.from_numpy(test_means(name))
    if isinstance(loaded, CVAE):
        return explore.style(loaded, means, digits().test.labels).numpy()
    if isinstance(loaded, GMVAE):
        found = clustering.responsibilities(loaded, *test_set(name)).argmax(1)
        return clustering.place(loaded, means, found).numpy()
    return means.numpy()

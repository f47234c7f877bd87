"""What every visitor shares: data and checkpoints, loaded once, keyed on plain names."""

import numpy as np
import streamlit as st
from torch import Tensor

from aevb import checkpoints, data
from aevb.data import Digits, Examples
from aevb.evaluation import posterior_means


@st.cache_resource(show_spinner="Loading the digits …")
def digits() -> Digits:
    """MNIST, whole or the bundled sample."""
    return data.load()


@st.cache_resource(show_spinner=False)
def test_images(observation: str) -> Tensor:
    """The 10,000 test images as a model of that observation sees them. Shared: not to be changed."""
    return Examples(digits().test.images, observation).fixed()[0]


@st.cache_resource(show_spinner="Loading the model …")
def checkpoint(name: str) -> checkpoints.Checkpoint:
    """A shipped checkpoint. Shared: not to be changed."""
    return checkpoints.load(checkpoints.ROOT / name)


@st.cache_resource(show_spinner="Encoding the test images …")
def test_means(name: str) -> np.ndarray:
    """The posterior means (10,000, L) of the test images under a checkpoint's model."""
    model = checkpoint(name).model
    return posterior_means(model, test_images(model.observation)).numpy()

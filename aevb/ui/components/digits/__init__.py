"""The test set in the browser, fetched once for all components by digits.js."""

import numpy as np

from aevb.ui import loading
from aevb.ui.components.served import Served


def _pack(key: str) -> bytes:
    """All test images one after the other, a byte for each pixel; then all labels, a byte each."""
    found = {"test": loading.digits().test}[key]
    return found.images.numpy().tobytes() + found.labels.numpy().astype(np.uint8).tobytes()


served = Served("digits", _pack)


def url() -> str:
    """Where the test images and their labels are, from the server's root."""
    return served.url("test")

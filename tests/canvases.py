"""What tests in a real browser read from canvases."""

import numpy as np
from playwright.sync_api import Locator


def pixels(canvas: Locator) -> np.ndarray:
    """What a canvas shows, (H, W, 4), as soon as something is painted."""
    canvas.and_(canvas.page.locator("[data-painted]")).wait_for()
    width, height, values = canvas.evaluate(
        """canvas => {
            const { width, height } = canvas;
            return [width, height, [...canvas.getContext("2d").getImageData(0, 0, width, height).data]];
        }"""
    )
    return np.array(values).reshape(height, width, 4)


def image(canvas: Locator) -> np.ndarray:
    """Its grey levels, (H · W,) in [0, 1], as a model's parameters are drawn."""
    return pixels(canvas)[..., 0].ravel() / 255

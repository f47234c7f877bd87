"""What tests in a real browser read from canvases."""

from base64 import b64decode
from io import BytesIO

import numpy as np
from PIL import Image
from playwright.sync_api import Locator


def pixels(canvas: Locator) -> np.ndarray:
    """What a canvas shows, (H, W, 4), as soon as something is painted."""
    canvas.and_(canvas.page.locator("[data-painted]")).wait_for()
    return picture(canvas.evaluate("canvas => canvas.toDataURL()"))


def picture(url: str) -> np.ndarray:
    """What a canvas's data URL shows, (H, W, 4)."""
    return np.array(Image.open(BytesIO(b64decode(url.partition(",")[2]))).convert("RGBA"))


def image(canvas: Locator) -> np.ndarray:
    """Its grey levels, (H · W,) in [0, 1], as a model's parameters are drawn."""
    return pixels(canvas)[..., 0].ravel() / 255

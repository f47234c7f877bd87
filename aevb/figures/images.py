"""Images as arrays of pixels, or as HTML, enlarged without blurring."""

import math
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO

import numpy as np
from PIL import Image
from torch import Tensor

GAP = 2
"""Mid-grey pixels between neighbours, before they are enlarged."""


def tile(images: np.ndarray, columns: int, *, scale: int = 3) -> np.ndarray:
    """Images in a grid, row by row, with crisp pixels.

    Args:
        images: (N, H, W) in [0, 1].
        columns: images in a row; the last row may be short.
        scale: how many pixels wide each becomes.
    Returns:
        (height, width) uint8.
    Raises:
        ValueError: for no images or no columns.
    """
    if images.ndim != 3 or not len(images) or columns < 1:
        raise ValueError(f"tile takes (N, H, W) images and at least one column, not {images.shape}.")
    count, height, width = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    canvas = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), 0.5)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + GAP), (index % columns) * (width + GAP)
        canvas[top : top + height, left : left + width] = image
    return enlarge(canvas, scale)


def sheet(images: Tensor, columns: int) -> Image.Image:
    """Square images (…, S²) in [0, 1] as one picture, which notebooks show, tiled as by `tile`."""
    side = math.isqrt(images.shape[-1])
    return Image.fromarray(tile(images.reshape(-1, side, side).cpu().numpy(), columns))


def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
    """An image (H, W) in [0, 1] as (H·scale, W·scale) uint8, by nearest neighbour."""
    pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


def image_tag(image: np.ndarray, alt: str, *, scale: int = 8) -> str:
    """An image (H, W) in [0, 1] as an HTML <img> that holds its own pixels."""
    file = BytesIO()
    # Enlarged before it is sent: a browser that smooths all the same has little left to smooth.
    Image.fromarray(enlarge(image, scale)).save(file, "PNG", compress_level=1)
    pixels = b64encode(file.getvalue()).decode()
    style = "image-rendering: pixelated; width: 100%"
    return f'<img alt="{escape(alt)}" style="{style}" src="data:image/png;base64,{pixels}">'


def table(images: np.ndarray, rows: Sequence[str]) -> str:
    """Images (R, N, H, W) in [0, 1] as HTML: R lines of N, each headed by its title in `rows`.

    A title also says what the line shows to those who cannot see it.
    """
    count = images.shape[1]
    lines = "".join(
        f'<b style="text-align: right">{escape(title)}</b>'
        + image_tag(tile(line, count, scale=1) / 255, f"{title}: {count} images", scale=4)
        for line, title in zip(images, rows, strict=True)
    )
    return (
        '<section style="display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 10px; '
        f'align-items: center; width: 100%; max-width: {100 * count}px; font-size: 17px">{lines}</section>'
    )

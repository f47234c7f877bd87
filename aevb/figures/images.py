"""Images as arrays of pixels, enlarged without blurring."""

import numpy as np


def tile(images: np.ndarray, columns: int, *, gap: int = 2, scale: int = 3) -> np.ndarray:
    """Images in a grid, row by row, with crisp pixels.

    Args:
        images: (N, H, W) in [0, 1].
        columns: images in a row; the last row may be short.
        gap: mid-grey pixels between neighbours, before enlarging.
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
    canvas = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), 0.5)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return enlarge(canvas, scale)


def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
    """An image (H, W) in [0, 1] as (H·scale, W·scale) uint8, by nearest neighbour."""
    pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)

"""What the page Draw makes of strokes, as MNIST's images were made: the twin of aevb/web/engine/ink.js."""

import math
from collections.abc import Sequence

import numpy as np

Stroke = np.ndarray
"""Points (P, 2), across and down, in any unit: a stroke of one point is a dot."""

PEN = 2.9
"""The pen, in pixels of an image."""

FRAME, BOX = 28, 20
"""Of an image, and of the square that a digit is scaled to in it, in pixels."""

FINE = 4
"""Numbers of ink to a pixel, each way."""


def prepare(strokes: Sequence[Stroke], least: float = 64) -> np.ndarray:
    """Strokes as an image (28, 28) of numbers in [0, 1]: scaled to a box of 20 pixels, centred by their mass.

    The pen is as wide in the end, however large the drawing.

    Args:
        least: the size below which a drawing is not scaled up to the box; the pad, 256 units wide, has 64.
    """
    points = np.concatenate(strokes)
    corner, size = points.min(0), np.ptp(points, axis=0)
    scale, margin = FINE * (BOX - PEN) / max(least, *size), FINE * PEN / 2 + 1
    return _normalise(_trace([(stroke - corner) * scale + margin for stroke in strokes]))


def _trace(strokes: Sequence[Stroke]) -> np.ndarray:
    """Ink (S, S) of a round pen, smooth at its edges, along points in the grid's own units."""
    side = FINE * BOX + 2
    down, across = np.mgrid[:side, :side] + 0.5
    distance = np.full((side, side), np.inf)
    for stroke in strokes:
        for (ax, ay), (bx, by) in zip(np.concatenate([stroke[:1], stroke[:-1]]), stroke, strict=True):
            dx, dy = bx - ax, by - ay
            along = ((across - ax) * dx + (down - ay) * dy) / (dx * dx + dy * dy or 1)
            along = along.clip(0, 1)
            distance = np.minimum(distance, np.hypot(across - ax - along * dx, down - ay - along * dy))
    return (FINE * PEN / 2 + 0.5 - distance).clip(0, 1)


def _normalise(ink: np.ndarray) -> np.ndarray:
    """Ink in MNIST's frame: what is inked, or a whole box where it is smaller, as means over 20 × 20 cells,
    and moved by whole pixels until the centre of mass is in the frame's middle."""
    rows, columns = np.nonzero(ink)
    size = [int(np.ptp(inked)) + 1 for inked in (rows, columns)]
    cell = max(FINE * BOX, *size) / BOX
    boxed = _shares(rows.min(), cell, len(ink)) @ ink @ _shares(columns.min(), cell, len(ink)).T
    image, middles = np.zeros((FRAME, FRAME)), np.arange(BOX) + 0.5
    masses = boxed.sum(1), boxed.sum(0)
    down, right = (
        max(0, min(FRAME - _above(long / cell), _above(FRAME / 2 - mass @ middles / mass.sum())))
        for long, mass in zip(size, masses, strict=True)
    )
    image[down : down + BOX, right : right + BOX] = boxed[: FRAME - down, : FRAME - right]
    return image


def _shares(start: float, cell: float, side: int) -> np.ndarray:
    """Along one axis, how much of each of 20 cells each of `side` numbers covers, (20, side)."""
    first, number = start + cell * np.arange(BOX)[:, None], np.arange(side)
    return (np.minimum(number + 1, first + cell) - np.maximum(number, first)).clip(0) / cell


def _above(value: float) -> int:
    return math.ceil(value - 1e-6)

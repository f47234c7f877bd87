"""Two hundred drawings of what is no digit, with the pen of the page Draw: ten of each of twenty kinds.

The verdict "unlike any digit" (`aevb.explore.likeness`) is measured on them, and was chosen by others, such
as hearts, houses and hash signs. What may be read as a digit is left out: upright bars, round rings, and
letters such as B, I, O, S and Z.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from aevb.explore.ink import Stroke, prepare

SEED, EACH = 20_220_809, 10

Kind = Callable[[Generator], list[Stroke]]
"""Strokes in a square from 0 to 1, across and down, some of them drawn at random."""


def drawings() -> np.ndarray:
    """The 200 drawings, (200, 28, 28) in 0…255."""
    return (255 * np.array([prepare(strokes) for strokes in drawn()])).round().astype(np.uint8)


def drawn() -> list[list[Stroke]]:
    """The strokes of each on a pad of 256 units, ten after ten in the order of `KINDS`: always the same."""
    random = np.random.default_rng(SEED)
    return [_by_hand(kind(random), random) for kind in KINDS.values() for _ in range(EACH)]


def _by_hand(strokes: list[Stroke], random: Generator) -> list[Stroke]:
    """Strokes turned, stretched and scaled a little, by a hand that trembles."""
    angle, stretch, size = random.normal(0, 0.12), random.uniform(0.8, 1.2), random.uniform(100, 200)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    placed = [size * stroke * (stretch, 1 / stretch) @ turn for stroke in strokes]
    return [stroke + random.normal(0, 1.5, stroke.shape) for stroke in placed]


def _polygons(*corners: str) -> Kind:
    """Straight strokes by their corners on a grid of 0…4, "02 42" for a dash."""
    strokes = [np.array([[*map(int, corner)] for corner in stroke.split()]) / 4 for stroke in corners]
    return lambda _: strokes


def _dot(random: Generator) -> list[Stroke]:
    return [random.uniform(0, 0.08, (random.integers(1, 5), 2))]


def _flat_ring(random: Generator) -> list[Stroke]:
    turn = np.linspace(0, 2 * np.pi, 40)[:, None]
    return [0.5 * np.hstack([np.cos(turn), random.uniform(0.2, 0.35) * np.sin(turn)])]


def _zigzag(random: Generator) -> list[Stroke]:
    corners = random.integers(6, 10)
    return [np.stack([np.linspace(0, 1, corners), 0.4 * (np.arange(corners) % 2)], 1)]


def _spiral(random: Generator) -> list[Stroke]:
    turn = np.linspace(0, 2 * np.pi * random.uniform(2.5, 3.5), 90)[:, None]
    return [turn / turn[-1] / 2 * np.hstack([np.cos(turn), random.choice([-1, 1]) * np.sin(turn)])]


def _scribble(random: Generator) -> list[Stroke]:
    """A smooth way to and fro: waves of several lengths."""
    time, waves = np.linspace(0, 1, 120)[:, None], random.uniform(1, 6, (2, 4))
    shifts = random.uniform(0, 2 * np.pi, (2, 4))
    swings = np.sin(2 * np.pi * time * waves[:, None] + shifts[:, None])
    return [swings.mean(2).T]


def _blob(random: Generator) -> list[Stroke]:
    """A disc of uneven outline, filled by a spiral."""
    turn = np.linspace(0, 2 * np.pi * 8, 200)[:, None]
    uneven = 1 + 0.15 * np.sin(random.integers(2, 5) * turn + random.uniform(0, 6))
    return [turn / turn[-1] / 2 * uneven * np.hstack([np.cos(turn), np.sin(turn)])]


KINDS: Mapping[str, Kind] = {
    "dash": _polygons("02 42"),
    "dot": _dot,
    "flat ring": _flat_ring,
    "plus": _polygons("20 24", "02 42"),
    "cross": _polygons("00 44", "40 04"),
    "zigzag": _zigzag,
    "spiral": _spiral,
    "scribble": _scribble,
    "square": _polygons("00 40 44 04 00"),
    "triangle": _polygons("20 44 04 20"),
    "star": _polygons("14 20 34 01 41 14"),
    "arrow": _polygons("02 42", "20 42 24"),
    "blob": _blob,
    "equals sign": _polygons("01 41", "03 43"),
    "A": _polygons("04 20 44", "12 32"),
    "E": _polygons("40 00 04 44", "02 32"),
    "H": _polygons("00 04", "40 44", "02 42"),
    "K": _polygons("00 04", "40 02 44"),
    "M": _polygons("04 00 22 40 44"),
    "W": _polygons("00 14 21 34 40"),
}

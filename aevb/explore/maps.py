"""Two-dimensional maps of latent means: t-SNE, UMAP and PCA (the tutorial's Figure 8).

t-SNE and UMAP take a minute on 10,000 points, so a checkpoint carries its own, made by
`python -m aevb map`; importing umap alone can take as long, hence the late imports.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from aevb import devices

SEED = 0
FEWEST = 4
"""Points below which there are no neighbourhoods to keep: their map is PCA's."""


def tsne(means: np.ndarray) -> np.ndarray:
    """scikit-learn's t-SNE of (N, L), as (N, 2) float32; its perplexity, 30, is at most a third of N."""
    from sklearn.manifold import TSNE

    if _without_neighbourhoods(means):
        return pca(means)
    # From positions on a line it would never leave it.
    init = "pca" if means.shape[1] > 1 else "random"
    perplexity = min(30.0, (len(means) - 1) / 3)
    fitted = TSNE(n_components=2, init=init, perplexity=perplexity, random_state=SEED)
    return fitted.fit_transform(means).astype(np.float32)


def umap(means: np.ndarray) -> np.ndarray:
    """UMAP of (N, L), as (N, 2) float32; its neighbours, 15, are at most all others. On one core, so that
    it is the same every time.
    """
    from umap import UMAP

    if _without_neighbourhoods(means):
        return pca(means)
    neighbours = min(15, len(means) - 1)
    init = "spectral" if len(means) > 2 * FEWEST else "random"  # the spectrum has fewer places than points
    fitted = UMAP(n_components=2, n_neighbors=neighbours, init=init, random_state=SEED, n_jobs=1)
    return fitted.fit_transform(means).astype(np.float32)


def pca(means: np.ndarray) -> np.ndarray:
    """The first two principal components of (N, L), as (N, 2) float32; 0 where there are fewer.

    They are scikit-learn's, signs and all, without the three seconds that its import takes.

    Raises:
        ValueError: for numbers that are not finite.
    """
    if not np.isfinite(means).all():
        raise ValueError(
            "Codes that are not finite numbers have no principal components: the model has diverged."
        )
    points = np.zeros((len(means), 2), np.float32)
    count = min(2, *means.shape)
    if np.ptp(means, axis=0).any():
        centred = means - means.mean(0, dtype=np.float64)
        axes = np.linalg.eigh(centred.T @ centred)[1][:, : -count - 1 : -1]  # the largest variance first
        largest = np.take_along_axis(axes, np.abs(axes).argmax(0, keepdims=True), 0)
        points[:, :count] = centred @ (axes * np.sign(largest))
    return points


def _without_neighbourhoods(means: np.ndarray) -> bool:
    return len(np.unique(means, axis=0)) < FEWEST


METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"tsne": tsne, "pca": pca, "umap": umap}
"""UMAP last: where it is not installed, the others are made all the same."""


def make(means: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Each map of latent means (N, L) by its name, (N, 2) float32, as soon as it is made.

    Raises:
        ValueError: for no points, or means that are not finite numbers.
    """
    if not len(means) or not np.isfinite(means).all():
        raise ValueError("A map shows at least one point, and finite numbers alone.")
    for name, method in METHODS.items():
        with devices.threads_kept():
            points = method(means)
        yield name, points


def save(maps: dict[str, np.ndarray], folder: Path) -> None:
    """Writes maps.npz into a checkpoint's folder: whole, or not at all."""
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as staging:
        unfinished = Path(staging) / "maps.npz"
        np.savez_compressed(unfinished, **maps)  # type: ignore[arg-type]
        unfinished.replace(folder / "maps.npz")


def directions(means: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean (L,) of (N, L), and its first principal directions, (count, L) unit vectors."""
    centre = means.mean(0)
    rows = np.linalg.svd(means - centre, full_matrices=False)[2][:count]
    largest = np.abs(rows).argmax(1)  # which is made positive: a direction has no sign of its own
    return centre, rows * np.sign(rows[np.arange(len(rows)), largest])[:, None]

"""Two-dimensional maps of latent means: t-SNE, UMAP and PCA (the tutorial's Figure 8).

t-SNE and UMAP take a minute on 10,000 points, so a checkpoint carries its own, made by
`python -m aevb map`; importing umap alone can take as long, hence the late imports.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

SEED = 0


def tsne(means: np.ndarray) -> np.ndarray:
    """scikit-learn's t-SNE of (N, L), as (N, 2) float32."""
    from sklearn.manifold import TSNE

    return TSNE(n_components=2, init="pca", random_state=SEED).fit_transform(means).astype(np.float32)


def umap(means: np.ndarray) -> np.ndarray:
    """UMAP of (N, L), as (N, 2) float32. Deterministic, hence on one core."""
    from umap import UMAP

    return UMAP(n_components=2, random_state=SEED, n_jobs=1).fit_transform(means).astype(np.float32)


def pca(means: np.ndarray) -> np.ndarray:
    """The first two principal components of (N, L), as (N, 2) float32."""
    from sklearn.decomposition import PCA

    return PCA(n_components=2, random_state=SEED).fit_transform(means).astype(np.float32)


def directions(means: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean (L,) of (N, L), and its first principal directions, (count, L) unit vectors."""
    centre = means.mean(0)
    rows = np.linalg.svd(means - centre, full_matrices=False)[2][:count]
    largest = np.abs(rows).argmax(1)  # which is made positive: a direction has no sign of its own
    return centre, rows * np.sign(rows[np.arange(len(rows)), largest])[:, None]


METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"tsne": tsne, "umap": umap, "pca": pca}


def save(maps: dict[str, np.ndarray], folder: Path) -> None:
    """Writes maps.npz into a checkpoint's folder."""
    np.savez_compressed(folder / "maps.npz", **maps)  # type: ignore[arg-type]

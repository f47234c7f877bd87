"""Maps of few points, of one dimension and of points that are all alike; and how they are kept."""

import itertools

import numpy as np
import pytest
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from aevb import cluster_start
from aevb.explore import maps


@pytest.fixture(autouse=True)
def one_thread():
    """For so few points threads cost more than they bring."""
    with threadpool_limits(1):
        yield


def means(count: int, dimensions: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, dimensions)).astype(np.float32)


def test_any_points_have_a_map_by_every_method() -> None:
    """All of UMAP in one test, since it is compiled for twenty seconds in every process that it is in."""
    for count, dimensions in itertools.product((1, 3, 4, 30), (1, 5)):
        made = dict(maps.make(means(count, dimensions)))
        assert list(made) == ["tsne", "pca", "umap"]  # which may not be installed
        for name, points in made.items():
            told = (name, count, dimensions)
            assert points.shape == (count, 2) and points.dtype == np.float32, told
            assert np.isfinite(points).all(), told
            assert len(np.unique(points, axis=0)) == count, told
    for name, method in maps.METHODS.items():
        assert not method(np.ones((20, 3), np.float32)).any(), f"by {name} all alike lie in one place"
    line = np.sort(means(40, 1), axis=0)
    for name in ("tsne", "umap"):
        points = maps.METHODS[name](line)
        apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
        assert np.median(np.diagonal(apart, 1)) < 0.3 * np.median(apart), f"by {name} neighbours stay so"
    _sees_clusters_in_five_dimensions()


def _sees_clusters_in_five_dimensions() -> None:
    """As a GMVAE's start looks for them."""
    apart = means(60, 3) + 20 * np.eye(3, dtype=np.float32)[np.arange(60) % 3]
    points = cluster_start._embed(apart, seed=0)
    assert points.shape == (60, 5) and np.array_equal(points, cluster_start._embed(apart, seed=0))
    centres = np.stack([points[cluster::3].mean(0) for cluster in range(3)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=-1).argmin(1)
    assert np.array_equal(nearest, np.arange(60) % 3)


def test_one_dimension_is_its_own_principal_component() -> None:
    line = means(9, 1)
    points = maps.pca(line)
    np.testing.assert_allclose(np.abs(points[:, 0]), np.abs(line - line.mean())[:, 0], rtol=1e-5)
    assert not points[:, 1].any()


@pytest.mark.parametrize(("count", "dimensions"), [(200, 20), (50, 3), (5, 20), (2, 5)])
def test_principal_components_are_those_of_scikit_learn(count: int, dimensions: int) -> None:
    points = means(count, dimensions) * np.linspace(0.5, 3, dimensions, dtype=np.float32) + 5
    known = PCA(2, svd_solver="full").fit_transform(points.astype(np.float64))
    np.testing.assert_allclose(maps.pca(points), known, atol=1e-5)


def test_what_cannot_be_shown_is_refused() -> None:
    for given in (means(0, 3), np.full((4, 2), np.nan)):
        with pytest.raises(ValueError, match="at least one point, and finite numbers"):
            next(maps.make(given))


def test_each_map_is_kept_as_soon_as_it_is_made(tmp_path, monkeypatch) -> None:
    def broken(_: np.ndarray) -> np.ndarray:
        raise RuntimeError("out of memory")

    monkeypatch.setitem(maps.METHODS, "pca", broken)
    making = maps.make(means(8, 2))
    made = dict([next(making)])
    maps.save(made, tmp_path)
    with pytest.raises(RuntimeError, match="out of memory"):
        next(making)
    with np.load(tmp_path / "maps.npz") as kept:
        assert kept.files == ["tsne"]
        np.testing.assert_array_equal(kept["tsne"], made["tsne"])


def test_a_map_that_cannot_be_written_leaves_the_one_before(tmp_path) -> None:
    maps.save({"pca": means(4, 2)}, tmp_path)
    before = (tmp_path / "maps.npz").read_bytes()

    class Unwritable:
        def __array__(self, *_: object, **__: object) -> np.ndarray:
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        maps.save({"tsne": means(4, 2), "pca": Unwritable()}, tmp_path)
    assert (tmp_path / "maps.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["maps.npz"]

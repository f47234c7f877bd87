"""Maps of few points, of one dimension and of points that are all alike; and how they are kept."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("dimensions", [1, 5])
@pytest.mark.parametrize("count", [1, 3, 4, 30])
def test_any_points_have_a_map_by_every_method(count: int, dimensions: int) -> None:
    made = dict(maps.make(means(count, dimensions)))
    assert list(made) == ["tsne", "pca", "umap"]  # which may not be installed
    for name, points in made.items():
        assert points.shape == (count, 2) and points.dtype == np.float32, name
        assert np.isfinite(points).all(), name
        assert len(np.unique(points, axis=0)) == count, name


@pytest.mark.parametrize("method", maps.METHODS)
def test_points_that_are_all_alike_lie_in_one_place(method: str) -> None:
    assert not maps.METHODS[method](np.ones((20, 3), np.float32)).any()


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_in_one_dimension_neighbours_stay_neighbours(method: str) -> None:
    line = np.sort(means(40, 1), axis=0)
    points = maps.METHODS[method](line)
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    next_to = np.diagonal(apart, 1)
    assert np.median(next_to) < 0.3 * np.median(apart)


def test_the_start_of_a_gmvae_sees_its_clusters_in_five_dimensions() -> None:
    """Beside the maps, since UMAP is compiled anew in every process."""
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

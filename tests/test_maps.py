"""Where the test images lie on a map, and which cluster each is in, as browsers fetch them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aevb import CVAE, GMVAE, VAE
from aevb.evaluation import responsibilities
from aevb.explore import maps
from aevb.models import LatentVariableModel
from aevb.ui.shared import contents, loading, served

Make = Callable[[LatentVariableModel], Path]


def fetch(url: object) -> bytes:
    kinds = (contents.POINTS, contents.LATENTS, contents.CLUSTERS)
    answer = TestClient(Starlette(routes=[served.route(kind) for kind in kinds])).get(f"/{url}")
    assert answer.status_code == 200
    return answer.content


def clusters(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The most probable cluster of each test image, and its probability, as kit/clusters.js reads them."""
    content = fetch(contents.checkpoint(name, served.url)["clusters"])
    count = len(content) // 5
    return np.frombuffer(content, np.uint8, offset=4 * count), np.frombuffer(content, "<f4", count)


def test_clusters_travel_with_their_probabilities(make_checkpoint: Make) -> None:
    make_checkpoint(GMVAE(clusters=12, latent_dim=4, hidden_dims=(8, 8)))
    model, test = loading.checkpoint("gmvae").model, loading.digits().test
    shares = responsibilities(model, *test.seen_by(model).fixed())
    assert shares is not None
    found, probabilities = clusters("gmvae")
    np.testing.assert_array_equal(found, shares.argmax(1).numpy())
    np.testing.assert_array_equal(probabilities, shares.max(1).values.numpy())


def test_the_clusters_are_those_that_were_measured() -> None:
    labels, measures = loading.digits().test.labels.numpy(), loading.checkpoint("gmvae").measures
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (clusters("gmvae")[0], labels), 1)
    np.testing.assert_array_equal(counts, measures["confusion"])


@pytest.mark.parametrize("model", [VAE, CVAE])
def test_a_model_that_infers_no_choice_has_no_clusters(make_checkpoint: Make, model: type) -> None:
    make_checkpoint(model(latent_dim=4, hidden_dims=(8,)))
    name = model.__name__.lower()
    assert "clusters" not in contents.checkpoint(name, served.url)
    with pytest.raises(LookupError):
        contents.CLUSTERS.make(name)


def test_only_a_conditional_model_has_a_map_of_its_styles(make_checkpoint: Make) -> None:
    make_checkpoint(CVAE(latent_dim=4, hidden_dims=(8,)))
    assert loading.methods("cvae") == ["tsne", "umap", "pca", "style"]
    told = contents.checkpoint("cvae", served.url)
    points = np.frombuffer(fetch(told["maps"]["style"]), "<f4").reshape(-1, 2)  # type: ignore[index]
    np.testing.assert_array_equal(points, maps.pca(loading.test_styles("cvae")))
    make_checkpoint(VAE(latent_dim=4, hidden_dims=(8,)))
    assert loading.methods("vae") == ["tsne", "umap", "pca"]
    for key in ("vae/style", "vae/globe", "vae"):
        with pytest.raises(LookupError):
            contents.POINTS.make(key)


@pytest.mark.parametrize(
    "damaged",
    [np.zeros((9_999, 2), np.float32), np.zeros((10_000, 2), np.int64), np.full((10_000, 2), np.nan)],
    ids=["too few", "no fractions", "not finite"],
)
def test_a_damaged_map_is_not_offered_and_pca_stands_in(make_checkpoint: Make, damaged: np.ndarray) -> None:
    folder = make_checkpoint(VAE(latent_dim=4, hidden_dims=(8,)))
    np.savez(folder / "maps.npz", tsne=damaged, pca=damaged)
    assert loading.methods("vae") == ["pca"]
    np.testing.assert_array_equal(loading.test_map("vae", "pca"), maps.pca(loading.test_means("vae")))


def test_maps_that_are_no_archive_are_not_offered(make_checkpoint: Make) -> None:
    (make_checkpoint(VAE(latent_dim=4, hidden_dims=(8,))) / "maps.npz").write_bytes(b"no archive")
    assert loading.methods("vae") == ["pca"]

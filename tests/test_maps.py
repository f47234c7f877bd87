"""What the browser draws the map of the test set from: bytes at URLs that hold a hash of them."""

import gzip
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
import torch
from starlette.requests import Request
from starlette.responses import Response
from streamlit.testing.v1 import AppTest

from aevb import CVAE, GMVAE, VAE, explore
from aevb.models import LatentVariableModel
from aevb.ui import gmvae, loading, maps
from aevb.ui.components import digits
from aevb.ui.components.engine import weights
from aevb.ui.components.served import Served
from tests.pages import mounted

Make = Callable[[LatentVariableModel], Path]


def fetch(served: Served, url: str, encoding: str = "") -> Response:
    """The server's answer to a request for a URL of this kind."""
    kind, *key, hash_ = url.strip("/").split("/")
    assert kind == served.path
    headers = [(b"accept-encoding", encoding.encode())]
    params = {"key": "/".join(key), "hash": hash_}
    return served.serve(Request({"type": "http", "headers": headers, "path_params": params}))


def unpack(content: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (N, 2), labels (N,) and classes of clusters (N,) of what `pack_points` packed."""
    count, rest = divmod(len(content), 10)
    assert rest == 0
    points = np.frombuffer(content, "<f4", 2 * count).reshape(-1, 2)
    return points, *np.frombuffer(content, np.uint8, offset=8 * count).reshape(2, count)


def test_a_map_travels_as_points_labels_and_clusters(make_checkpoint: Make) -> None:
    folder = make_checkpoint(GMVAE(clusters=12, latent_dim=4, hidden_dims=(8, 8)))
    for method in ("umap", "pca"):
        points, labels, clusters = unpack(maps.pack_points(f"gmvae/{method}"))
        np.testing.assert_array_equal(points, maps.points("gmvae", method)[0])
        np.testing.assert_array_equal(labels, loading.digits().test.labels.numpy())
        expected = gmvae.classes_of_clusters("gmvae")
        np.testing.assert_array_equal(np.where(clusters == maps.NONE, -1, clusters.astype(int)), expected)
    np.testing.assert_array_equal(
        unpack(maps.pack_points("gmvae/umap"))[0], np.load(folder / "maps.npz")["umap"]
    )


def test_a_model_without_clusters_has_none(make_checkpoint: Make) -> None:
    make_checkpoint(VAE(latent_dim=4, hidden_dims=(8,)))
    _, _, clusters = unpack(maps.pack_points("vae/tsne"))
    assert set(clusters.tolist()) == {maps.NONE}


def test_latents_travel_in_half_precision(make_checkpoint: Make) -> None:
    make_checkpoint(CVAE(latent_dim=4, hidden_dims=(8,)))
    for kind, latents in (("means", loading.test_means("cvae")), ("styles", loading.test_styles("cvae"))):
        found = np.frombuffer(maps.pack_latents(f"cvae/{kind}"), "<f2").reshape(10_000, 4)
        np.testing.assert_array_equal(found, latents.astype(np.float16))


@pytest.mark.parametrize(
    ("served", "key"),
    [
        (maps.POINTS, "../vae/tsne"),
        (maps.POINTS, "vrnn/tsne"),
        (maps.POINTS, "vae/globe"),
        (maps.POINTS, "vae/style"),
        (maps.POINTS, "vae"),
        (maps.LATENTS, "vae/styles"),
        (maps.LATENTS, "vae/noise"),
        (weights.served, ".."),
        (digits.served, "train"),
    ],
)
def test_what_is_not_there_is_not_found(make_checkpoint: Make, served: Served, key: str) -> None:
    make_checkpoint(VAE(latent_dim=4, hidden_dims=(8,)))
    answer = fetch(served, f"/{served.path}/{key}/0123456789abcdef")
    assert answer.status_code == 404 and "Cache-Control" not in answer.headers


def test_content_is_kept_for_ever_and_compressed_where_that_is_understood(make_checkpoint: Make) -> None:
    make_checkpoint(VAE(latent_dim=4, hidden_dims=(8,)))
    test = loading.digits().test
    for encoding in ("", "br, gzip;q=0.9"):
        answer = fetch(digits.served, digits.url(), encoding)
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers.get("Content-Encoding") == ("gzip" if encoding else None)
        body = gzip.decompress(answer.body) if encoding else answer.body
        images, labels = np.split(np.frombuffer(body, np.uint8), [10_000 * 784])
        np.testing.assert_array_equal(images, test.images.numpy().ravel())
        np.testing.assert_array_equal(labels, test.labels.numpy())
    assert len(fetch(digits.served, digits.url(), "gzip").body) < 2_000_000


def test_another_map_has_another_url(make_checkpoint: Make) -> None:
    folder = make_checkpoint(VAE(latent_dim=4, hidden_dims=(8,)))
    before = maps.POINTS.url("vae/tsne")
    np.savez_compressed(folder / "maps.npz", tsne=np.ones((10_000, 2), np.float32))
    st.cache_resource.clear()
    after = maps.POINTS.url("vae/tsne")
    assert before.rsplit("/", 1)[0] == after.rsplit("/", 1)[0] and before != after
    assert fetch(maps.POINTS, before).status_code == 404
    assert (unpack(fetch(maps.POINTS, after).body)[0] == 1).all()


def test_the_page_hands_over_the_digit_and_what_the_model_makes_of_it(
    open_app: Callable[..., AppTest], make_checkpoint: Make
) -> None:
    make_checkpoint(CVAE(latent_dim=4, hidden_dims=(8,)))
    app = open_app("cvae", digit=42, map="PCA of ε")
    assert not app.exception
    header, numbers = mounted(app, "aevb_map")
    assert header["digit"] == 42 and header["styles"] and header["labelled"]
    assert header["urls"]["points"] == maps.POINTS.url("cvae/style")
    assert header["urls"]["latents"] == maps.LATENTS.url("cvae/styles")
    x = loading.test_image(CVAE.observation, 42)
    mean, label = torch.from_numpy(loading.test_means("cvae")[42]), torch.tensor(loading.test_label(42))
    decoded = explore.decode_as(loading.model("cvae", CVAE), mean, label)
    np.testing.assert_allclose(numbers, torch.cat([x, decoded]).numpy(), atol=1e-5)


@pytest.mark.parametrize(("clicked", "shown"), [(77, 77), (0, 0), (10_000, 5), (-1, 5), ("7", 5), (None, 5)])
def test_only_a_digit_that_exists_is_loaded(
    monkeypatch: pytest.MonkeyPatch, clicked: object, shown: int
) -> None:
    state = {maps.KEY: SimpleNamespace(digit=clicked), "digit": 5}
    monkeypatch.setattr(st, "session_state", state)
    maps._pick()
    assert state["digit"] == shown

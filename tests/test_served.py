"""What browsers fetch: modules, digits, weights, what is known of a checkpoint, at URLs that hold a hash."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aevb import checkpoints
from aevb.data import mnist
from aevb.explore.packing import pack
from aevb.models import GMVAE, VAE, LatentVariableModel
from aevb.ui.frame import catalogue, modules
from aevb.ui.shared import contents, front_end, loading, served

Make = Callable[[LatentVariableModel], Path]
FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def client() -> TestClient:
    """The routes alone, as `app.py` gives them to the server."""
    routes = [modules.route(), *(served.route(one) for one in (*contents.CONTENTS, *catalogue.CONTENTS))]
    return TestClient(Starlette(routes=routes))


def test_modules_stand_under_one_hash_and_may_be_kept_for_ever(client: TestClient) -> None:
    url = f"/{modules.url()}hosts/streamlit.js"
    answer = client.get(url)
    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == (front_end.ROOT / "hosts" / "streamlit.js").read_bytes()
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.content == answer.content


@pytest.mark.parametrize("path", ["hosts/none.js", "../ui/frame/shell.py", "README.md", "%2e%2e/app.py"])
def test_nothing_but_modules_is_served_among_them(client: TestClient, path: str) -> None:
    assert client.get(f"/{modules.url()}{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["web/0123456789abcdef/hosts/streamlit.js", "digits/mnist/3/0", "weights/vae/p/0"]
)
def test_under_another_hash_there_is_nothing(client: TestClient, path: str) -> None:
    assert client.get(f"/{path}").status_code == 404


def test_the_first_pages_ring_is_what_the_decoder_makes_of_it(client: TestClient) -> None:
    (start, *_) = catalogue.MENU[0].scenes
    told = catalogue.told(catalogue.MENU[0], start, served.url)
    ring = np.frombuffer(client.get("/" + told["options"]["ring"]).content, np.uint8)
    images = ring.reshape(10, told["options"]["steps"], 784) / 255
    vae, labels = loading.checkpoint("vae").model, loading.digits().test.known_labels
    means = torch.from_numpy(loading.test_means("vae")).float()
    for label in range(10):  # where it passes a class, it is the image of one of its codes
        decoded = vae.decode(means[labels == label]).numpy()
        assert np.abs(decoded - images[label, 0]).max(1).min() <= 0.5 / 255 + 1e-6


def test_digits_come_by_the_hundred_and_are_the_test_set(client: TestClient) -> None:
    test = loading.digits().test
    told = contents.digits("mnist", served.url)
    chunk = client.get("/" + str(told["images"]).replace("{chunk}", "42"))
    pixels = np.frombuffer(chunk.content, np.uint8).reshape(100, 28, 28)
    assert (pixels == test.images[4200:4300].numpy()).all()
    assert len(gzip.compress(chunk.content, 6)) < 25_000
    labels = client.get(f"/{told['labels']}")
    assert (np.frombuffer(labels.content, np.uint8) == test.labels.numpy()).all()
    for key in ("100", "-1", "x", "99999999999999999999"):
        assert client.get("/" + str(told["images"]).replace("{chunk}", key)).status_code == 404


def test_weights_are_the_checkpoint_s_and_nothing_is_lost_on_the_way(client: TestClient) -> None:
    model = loading.checkpoint("vae").model
    for part in contents.PARTS:
        answer = client.get("/" + served.url(contents.WEIGHTS, f"vae/{part}"))
        assert answer.content == pack(model, part)  # type: ignore[arg-type]
        assert len(gzip.compress(answer.content, 6)) < 0.88 * len(answer.content)
    for parameter in model.parameters():
        assert torch.equal(parameter, parameter.half().float())


def test_what_is_known_of_a_checkpoint_is_json(client: TestClient) -> None:
    for name in ("vae", "cvae", "gmvae", "vrnn"):
        about = client.get("/" + served.url(contents.ABOUT, name)).json()
        assert about["name"] == about["kind"] == name and len(about["measures"]["use"]) == about["latentDim"]
        assert about["record"]["curve"] and about["record"]["facts"]["Test ELBO"]


def test_maps_and_latents_are_there_for_every_url_that_a_page_is_told(client: TestClient) -> None:
    for name in ("vae", "cvae", "gmvae"):
        told = contents.checkpoint(name, served.url)
        for method, url in told["maps"].items():  # type: ignore[attr-defined]
            points = np.frombuffer(client.get(f"/{url}").content, "<f4")
            assert points.shape == (20_000,) and np.isfinite(points).all(), method
        latents = np.frombuffer(client.get(f"/{told['means']}").content, "<f2")
        assert len(latents) == 10_000 * loading.checkpoint(name).model.latent_dim


def test_tours_are_under_their_one_name(client: TestClient) -> None:
    """Any other would be kept beside it."""
    assert client.get("/" + served.url(catalogue.TOURS, "all")).json()["tours"]
    with pytest.raises(LookupError):
        served.url(catalogue.TOURS, "none")
    assert client.get("/tours/none/x").status_code == 404


def test_what_no_page_shows_is_not_computed_for_whoever_asks(client: TestClient) -> None:
    told = contents.checkpoint("vrnn", served.url)
    assert told["maps"] == {} and "means" not in told
    for content, key in (
        (contents.POINTS, "vrnn/pca"),
        (contents.LATENTS, "vrnn/means"),
        (contents.RING, "vrnn"),
        (contents.RING, "cvae"),
    ):
        assert client.get("/" + served.url(content, key)).status_code == 404


def test_what_cannot_be_made_of_a_checkpoint_is_not_there() -> None:
    def refuse(_: str) -> bytes:
        raise ValueError("A browser takes no such model.")

    one = contents.Content("odd", refuse, lambda _: "0")
    client = TestClient(Starlette(routes=[served.route(one)]))
    assert client.get("/" + served.url(one, "vae")).status_code == 404


def test_every_scene_s_mathematics_is_served(client: TestClient) -> None:
    for page in catalogue.MENU:
        for scene in page.scenes:
            if scene.mathematics:
                url = served.url(catalogue.MATHEMATICS, f"{page.key}/{scene.id}")
                html = client.get(f"/{url}").json()["html"]
                assert html.count("<h3>") == len(scene.mathematics) and "<math" in html
    assert client.get("/mathematics/vae/none/0").status_code == 404


def test_a_scene_s_words_are_where_a_page_was_told_after_a_restart_and_behind_any_proxy(
    client: TestClient,
) -> None:
    """At an address that follows from what they say; nginx makes one slash of two."""
    urls = [served.url(catalogue.NOTES, f"{page.key}/notes") for page in catalogue.MENU]
    for page in catalogue.MENU:
        for scene in page.scenes:
            told = catalogue.told(page, scene, served.url)
            urls += [told[name] for name in ("mathematics", "cell") if name in told]
    assert {"mathematics/overview", "cell/overview"} <= {url.rsplit("/", 2)[0] for url in urls}
    kinds = {one.kind: one for one in catalogue.CONTENTS}
    for url in urls:
        assert "//" not in url
        kind, key = url.partition("/")[0], url.partition("/")[2].rpartition("/")[0]
        assert kinds[kind].version(key) == contents.digest(client.get(f"/{url}").content)


# Damage


def test_a_checkpoint_without_its_record_or_maps_costs_those_scenes_alone(
    client: TestClient, make_checkpoint: Make
) -> None:
    path = make_checkpoint(VAE(latent_dim=20, hidden_dims=(8,)))
    (path / "maps.npz").unlink()
    (path / "training.json").write_text("{}")
    told = contents.checkpoint("vae", served.url)
    assert list(told["maps"]) == ["pca"]  # type: ignore[call-overload]
    about = client.get(f"/{told['about']}").json()
    assert "training.json" in about["record"]["problem"] and str(path) not in json.dumps(about)


@pytest.mark.parametrize("missing", ["model.safetensors", "config.json"])
def test_a_missing_checkpoint_is_told_on_its_page_and_nowhere_else(
    make_checkpoint: Make, open_app, missing: str
) -> None:
    (make_checkpoint(VAE(latent_dim=20, hidden_dims=(8,))) / missing).unlink()
    data = mounted(open_app("vae"))
    assert "vae" in data["problem"] and str(checkpoints.ROOT) not in data["problem"]
    assert data["scenes"] and data["shared"] == {}
    assert mounted(open_app())["problem"] == ""
    drawing = mounted(open_app("draw"))
    assert drawing["problem"] == "" and drawing["shared"]["checkpoints"]["vae"]["problem"]


def test_a_checkpoint_of_another_model_is_refused(make_checkpoint: Make, open_app) -> None:
    path = make_checkpoint(GMVAE(latent_dim=8, hidden_dims=(8, 8)))
    path.rename(path.with_name("vae"))
    assert mounted(open_app("vae"))["problem"] == "The checkpoint vae does not hold a VAE."


def test_without_any_images_a_sentence_stands_on_the_pages_that_need_them_alone(
    open_app, tmp_path: Path, monkeypatch
) -> None:
    def forget() -> None:
        for kept in (loading.digits, loading.test_images):
            kept.cache_clear()  # type: ignore[attr-defined]

    monkeypatch.setenv("AEVB_DATA", str(tmp_path))
    monkeypatch.setattr(mnist, "SAMPLE", tmp_path / "sample.npz")
    forget()
    try:
        for page in catalogue.MENU:
            app = open_app(page.script.stem)
            data = mounted(app)
            assert not app.exception and data["scenes"] and len(app.warning) == 1
            assert bool(data["problem"]) == bool(page.checkpoints), page.name
    finally:
        forget()


@pytest.mark.parametrize("page", catalogue.MENU, ids=lambda page: page.name or "overview")
def test_a_page_is_told_its_scenes_and_relative_urls(open_app, page: catalogue.Page) -> None:
    app = open_app(page.script.stem)
    assert not app.exception
    data = mounted(app)
    assert data["page"] == page.name and [scene["id"] for scene in data["scenes"]] == [
        scene.id for scene in page.scenes
    ]
    urls = [data["web"], *(scene["mathematics"] for scene in data["scenes"] if "mathematics" in scene)]
    urls += re.findall(r'"((?:digits|weights|about|latents|map|clusters)/[^"]+)"', json.dumps(data["shared"]))
    assert all(re.fullmatch(r"\w[\w/{}-]*", url) for url in urls), urls  # whatever a proxy adds in front
    assert len(urls) > 9 * bool(page.checkpoints)


def mounted(app) -> dict:
    """What the page's one element was told."""
    (proto,) = [element.proto for element in app.get("bidi_component")]
    return json.loads(proto.json)

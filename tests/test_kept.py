"""Checkpoints beside the shipped ones: where they are found, what they are looked at with, which stay."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aevb import checkpoints, data
from aevb.data import DataError, Images, Split
from aevb.models import CVAE, GMVAE, VAE, VRNN, FactorAnalysis, LatentVariableModel
from aevb.ui.frame import catalogue, kept
from aevb.ui.jobs import limits
from aevb.ui.shared import contents, loading, served

NAME, OTHER = "0" * 16, "1" * 16
Keep = Callable[..., Path]


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Where checkpoints are found, by name; and images of one source that a visitor has brought."""
    found: dict[str, Path] = {}
    grey = torch.arange(20 * 36, dtype=torch.float).view(20, 6, 6).remainder(256).to(torch.uint8)
    brought = Images(Split(grey), Split(grey), (), True, "My images: 20.", "upload-1")
    monkeypatch.setattr(loading, "_folder", found.__getitem__)
    monkeypatch.setattr(loading, "_images", {"upload-1": brought}.__getitem__)
    return found


@pytest.fixture
def keep(folders: dict[str, Path], tmp_path: Path) -> Keep:
    """`keep(model, name=NAME, **training)`: saves a model among them."""

    def save(model: LatentVariableModel, name: str = NAME, **training: Any) -> Path:
        folders[name] = tmp_path / name
        checkpoints.save(model, tmp_path / name, training or None)
        return tmp_path / name

    return save


@pytest.fixture
def client() -> TestClient:
    routes = [kept.route(), *map(served.route, contents.CONTENTS)]
    return TestClient(Starlette(routes=routes))


def small(**arguments: Any) -> VAE:
    torch.manual_seed(0)
    return VAE(**{"data_dim": 64, "latent_dim": 2, "hidden_dims": (8,)} | arguments)


def asked(client: TestClient, name: str = NAME, page: str = "vae") -> dict[str, Any]:
    return client.get(f"/checkpoint/{name}?page={page}").json()


def test_a_page_is_told_where_a_checkpoint_s_parts_and_its_own_digits_are(keep: Keep, client) -> None:
    keep(small(), source="digits")
    told = asked(client)
    digits, checkpoint = told["shared"]["digits"], told["shared"]["checkpoint"]
    assert told["title"] == "0000… · scikit-learn's digits"
    assert (digits["count"], digits["side"]) == (179, 8) and digits["classes"] == list("0123456789")
    chunk = client.get("/" + digits["images"].replace("{chunk}", "1")).content
    assert chunk == data.read("digits").test.images[100:].numpy().tobytes()
    about = client.get(f"/{checkpoint['about']}").json()
    assert about["latentDim"] == 2 and len(about["measures"]["use"]) == 2
    means = np.frombuffer(client.get(f"/{checkpoint['means']}").content, "<f2")
    assert means.shape == (2 * 179,) and list(checkpoint["maps"]) == ["pca"]


def test_draw_has_it_in_its_kind_s_place_with_the_digits_that_it_was_measured_on(keep: Keep, client) -> None:
    keep(small(), source="digits")
    shared = asked(client, page="draw")["shared"]
    assert [one["name"] for one in shared["checkpoints"].values()] == [NAME, "cvae", "gmvae", "vrnn"]
    assert shared["digits"]["side"] == 28 and shared["checkpoints"]["vae"]["digits"]["side"] == 8
    assert "digits" not in shared["checkpoints"]["cvae"]


@pytest.mark.parametrize(
    ("model", "recorded", "source"),
    [
        (small(), None, "digits"),  # whatever fits
        (small(data_dim=784), "digits", "mnist"),  # what it names does not
        (small(data_dim=784), "../mnist", "mnist"),
        (small(data_dim=784), ["mnist"], "mnist"),
        (small(data_dim=36), "upload-1", "upload-1"),
        (VRNN(data_dim=8, length=8, latent_dim=2, hidden_dims=(8,), memory_dim=8), None, "digits"),
        (GMVAE(data_dim=64, latent_dim=2, hidden_dims=(8, 8), clusters=7), "mnist", "digits"),
    ],
)
def test_it_is_looked_at_with_the_images_of_its_training_or_else_with_what_fits(
    keep: Keep, model: LatentVariableModel, recorded: Any, source: str
) -> None:
    keep(model, source=recorded)
    assert loading.source(NAME) == source


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (small(data_dim=25), r"images of 5 × 5 pixels, and there are none here"),
        (CVAE(data_dim=784, classes=3, latent_dim=2, hidden_dims=(8,)), r"28 × 28 pixels, 3 classes"),
        (VRNN(data_dim=16, length=49, latent_dim=2, hidden_dims=(8,), memory_dim=8), r"49 × 16 pixels"),
    ],
)
def test_where_no_images_fit_that_is_said(keep: Keep, client, model: LatentVariableModel, said: str) -> None:
    keep(model)
    with pytest.raises(DataError, match=said):
        loading.source(NAME)
    page = catalogue.home(checkpoints.load(loading.folder(NAME)).kind)
    assert page is not None
    assert "there are none here to look at it with" in asked(client, page=page.name)["problem"]


def test_of_colours_it_is_said_that_no_scene_shows_them(keep: Keep) -> None:
    keep(small(data_dim=75), source="upload-1", shape=[3, 5, 5])
    with pytest.raises(DataError, match="of images in colour, and scenes show grey ones alone"):
        loading.source(NAME)


def test_images_without_labels_say_so_and_all_their_labels_are_0(keep: Keep, client) -> None:
    keep(GMVAE(data_dim=36, latent_dim=2, hidden_dims=(8, 8), clusters=3), source="upload-1")
    told = asked(client, page="gmvae")
    assert told["title"] == "0000… · My images"
    assert told["shared"]["digits"]["classes"] == []
    assert client.get("/" + told["shared"]["digits"]["labels"]).content == bytes(20)
    measures = client.get("/" + told["shared"]["checkpoint"]["about"]).json()["measures"]
    assert "use" in measures and "confusion" not in measures


def test_what_cannot_be_shown_is_a_sentence(keep: Keep, client, folders: dict[str, Path]) -> None:
    assert "There is no such checkpoint any more" in asked(client)["problem"]
    keep(small())
    elsewhere = asked(client, page="gmvae")
    assert "its page is VAE" in elsewhere["problem"] and elsewhere["page"] == {"name": "vae", "title": "VAE"}
    keep(FactorAnalysis(64, 2), OTHER)
    assert "No page has scenes of such a model" in asked(client, OTHER)["problem"]
    (keep(small(), "2" * 16) / "model.safetensors").write_bytes(b"damaged")
    assert "damaged" in asked(client, "2" * 16)["problem"]
    extreme = small()
    with torch.no_grad():
        next(extreme.parameters())[0] = 1e5
    keep(extreme, "3" * 16)
    assert "beyond the range of float16" in asked(client, "3" * 16)["problem"]
    assert client.get(f"/checkpoint/{NAME}?page=train").status_code == 404
    # Once it has expired it is not found, though it is still in memory.
    url = asked(client)["shared"]["checkpoint"]["p"]
    assert client.get(f"/{url}").status_code == 200
    del folders[NAME]
    assert client.get(f"/{url}").status_code == 404
    assert "There is no such checkpoint any more" in asked(client)["problem"]


def test_a_shipped_checkpoint_needs_no_looking_up(folders: dict[str, Path]) -> None:
    assert loading.folder("vae") == checkpoints.ROOT / "vae" and loading.source("vae") == "mnist"
    for name in ("../vae", "none", ""):
        with pytest.raises(LookupError):
            loading.checkpoint(name)


def test_only_the_last_visitors_checkpoints_stay_in_memory(
    folders: dict[str, Path], keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, read = small(), list[str]()
    for number in range(limits.CHECKPOINTS + 1):
        keep(model, f"{number:016x}")
    load = checkpoints.load
    monkeypatch.setattr(checkpoints, "load", lambda folder: read.append(folder.name) or load(folder))
    names = [*folders, "vae"]
    for name in names:
        loading.checkpoint(name)
    read.clear()
    for name in reversed(names):
        loading.checkpoint(name)
    assert read == [f"{0:016x}"]


def test_what_many_ask_for_at_once_is_made_once(folders: dict[str, Path], tmp_path: Path) -> None:
    folders[NAME] = tmp_path
    made, begun, go = [], threading.Barrier(9), threading.Event()

    @loading.once
    def answer(name: str) -> int:
        go.wait(60)
        made.append(name)
        return len(made)

    def ask() -> None:
        begun.wait(60)
        found.append(answer(NAME))

    found: list[int] = []
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    begun.wait(60)
    go.set()
    for thread in threads:
        thread.join(60)
    assert found == [1] * 8 and made == [NAME]

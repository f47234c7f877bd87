"""/healthz: sound or not, what is not, and that it costs nothing to ask."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aevb import checkpoints, data
from aevb.ui.frame import health
from aevb.ui.jobs import server
from tests.damage import write

NAMES = ("cvae", "gmvae", "vae", "vrnn")
Ask = Callable[[], tuple[int, dict]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Asks a server whose checkpoints may be damaged, which has only the sample, and two workers."""
    for name in NAMES:  # links, which a test replaces by what it damages
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        for file in checkpoints.FILES:
            if (checkpoints.ROOT / name / file).is_file():
                (tmp_path / "checkpoints" / name / file).symlink_to(checkpoints.ROOT / name / file)
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path / "checkpoints")
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("AEVB_TRAINING", raising=False)
    monkeypatch.setattr(server, "queue", lambda: SimpleNamespace(alive=2))
    client = TestClient(Starlette(routes=[health.route()]))

    def answer() -> tuple[int, dict]:
        found = client.get("/healthz")
        assert found.headers["cache-control"] == "no-store" and str(tmp_path) not in found.text
        return found.status_code, found.json()

    yield answer
    health._checkpoint.cache_clear()  # type: ignore[attr-defined]
    health._digits.cache_clear()  # type: ignore[attr-defined]


def damage(name: str, file: str, content: bytes) -> None:
    path = checkpoints.ROOT / name / file
    path.unlink()
    path.write_bytes(content)


def test_what_is_sound(ask: Ask) -> None:
    told = {"sound": True, "checkpoints": dict.fromkeys(NAMES, "ok"), "data": "sample", "workers": 2}
    assert ask() == (200, told)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("model.safetensors", "checkpoints/vae/model.safetensors is damaged"),
        ("config.json", "checkpoints/vae/config.json is damaged"),
        ("training.json", "checkpoints/vae/training.json is damaged"),
        ("measures.json", "checkpoints/vae/measures.json is damaged"),
        ("maps.npz", "checkpoints/vae/maps.npz is damaged"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_others_stay_sound(ask: Ask, file: str, said: str) -> None:
    damage("vae", file, b"damaged")
    status, told = ask()
    assert status == 503 and not told["sound"]
    assert told["checkpoints"].pop("vae").startswith(said)
    assert set(told["checkpoints"].values()) == {"ok"}


def test_another_model_s_checkpoint_is_not_sound_and_neither_is_none(ask: Ask) -> None:
    shutil.rmtree(checkpoints.ROOT / "vae")
    shutil.rmtree(checkpoints.ROOT / "vrnn")
    (checkpoints.ROOT / "cvae").rename(checkpoints.ROOT / "vae")
    _, told = ask()
    assert told["checkpoints"] == {
        "cvae": "There is no checkpoint folder checkpoints/cvae.",
        "gmvae": "ok",
        "vae": "The checkpoint vae does not hold a VAE.",
        "vrnn": "There is no checkpoint folder checkpoints/vrnn.",
    }


def test_a_file_is_read_again_only_once_it_has_changed(ask: Ask, monkeypatch) -> None:
    read = list[str]()
    load = checkpoints.load
    monkeypatch.setattr(checkpoints, "load", lambda path: read.append(path.name) or load(path))
    assert ask() == ask()
    assert read == list(NAMES)
    damage("gmvae", "measures.json", b"{}")
    assert ask()[0] == 200 and read == [*NAMES, "gmvae"]
    os.utime(checkpoints.ROOT / "gmvae" / "measures.json", (1, 1))
    assert ask()[0] == 200 and read == [*NAMES, "gmvae", "gmvae"]


def test_mnist_is_whole_or_damaged(ask: Ask, monkeypatch) -> None:
    raw = data.folder() / "MNIST" / "raw"
    raw.mkdir(parents=True)
    assert ask()[1]["data"] == "sample"
    monkeypatch.setattr(data, "load_complete", lambda: None)
    write(b"new")(raw / "train-images-idx3-ubyte")
    status, told = ask()
    assert status == 200 and told["data"] == "whole"


def test_damaged_images_are_told(ask: Ask) -> None:
    raw = data.folder() / "MNIST" / "raw"
    raw.mkdir(parents=True)
    write(b"damaged")(raw / "train-images-idx3-ubyte")
    status, told = ask()
    assert status == 503 and told["data"].startswith("MNIST is not complete: train-labels-idx1-ubyte")


def test_a_damaged_sample_is_told(ask: Ask, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(data.mnist, "SAMPLE", tmp_path / "sample.npz")
    status, told = ask()
    assert status == 503 and told["data"].endswith("is missing or damaged: reinstall aevb.")


def test_nobody_trains_where_it_is_switched_off_and_none_left_is_not_sound(ask: Ask, monkeypatch) -> None:
    monkeypatch.setattr(server, "queue", lambda: SimpleNamespace(alive=0))
    assert ask()[0] == 503
    monkeypatch.setenv("AEVB_TRAINING", "off")
    status, told = ask()
    assert status == 200 and told["workers"] is None

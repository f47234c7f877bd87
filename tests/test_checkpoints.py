"""The file format: round trips, damage of every kind, the Hub, and what is shipped."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import aevb
from aevb import VAE, CheckpointError, FactorAnalysis, LatentVariableModel, checkpoints, data, evaluate
from aevb.explore.clusters import scores
from aevb.models import CVAE, REGISTRY
from tests.small_models import make, observe, seeded

ROOT = Path(__file__).parent.parent
every_model = pytest.mark.parametrize("name", REGISTRY)


def same(a: LatentVariableModel, b: LatentVariableModel) -> bool:
    observed = observe(a, 5)
    return torch.equal(a.elbo(*observed, generator=seeded()), b.elbo(*observed, generator=seeded()))


@pytest.fixture
def folder(tmp_path) -> Path:
    """A sound checkpoint of a small VAE, with all five files."""
    path = tmp_path / "small"
    checkpoints.save(make("vae"), path, {"curve": []})
    np.savez(path / "maps.npz", tsne=np.zeros((4, 2), np.float32), pca=np.ones((4, 2), np.float32))
    checkpoints.write_json(path / "measures.json", {"use": [1.5, 0.25, 0.0]})
    return path


# Round trips


def halved(model):
    """The model with its weights as float16 holds them, in float32."""
    return model.half().float()


def test_weights_are_kept_in_half_and_computed_with_in_single_precision(tmp_path):
    model = make("vae")
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    checkpoints.save(model, tmp_path)
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())
    stored = load_file(tmp_path / "model.safetensors")
    assert {array.dtype for array in stored.values()} == {torch.float16}
    loaded = checkpoints.load(tmp_path).model
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    assert same(halved(model), loaded)


@pytest.mark.parametrize("value", [1e6, float("nan")])
def test_weights_that_float16_cannot_hold_are_refused(tmp_path, value):
    model = make("vae")
    torch.nn.init.constant_(model.p_x_given_z.logits.bias, value)
    with pytest.raises(ValueError, match="float16"):
        checkpoints.save(model, tmp_path)
    assert not list(tmp_path.iterdir())


@every_model
def test_a_checkpoint_comes_back_as_it_was(name, tmp_path):
    model = halved(make(name)).train()
    checkpoints.save(model, tmp_path / "here", {"seconds": 1.5})
    loaded = checkpoints.load(tmp_path / "here")
    assert type(loaded.model) is type(model) and loaded.kind == name
    assert not loaded.model.training
    assert same(model.eval(), loaded.model)
    assert loaded.training == {"seconds": 1.5} and loaded.maps == {}
    assert sorted(path.name for path in loaded.path.iterdir()) == [
        "config.json",
        "model.safetensors",
        "training.json",
    ]


@every_model
def test_from_pretrained_reads_the_same_folder(name, tmp_path):
    model = halved(make(name))
    checkpoints.save(model, tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    assert not loaded.training and same(model, loaded)
    assert json.loads(json.dumps(loaded.config)) == json.loads(json.dumps(model.config))
    # And what was loaded so can be saved again.
    checkpoints.save(loaded, tmp_path / "again")
    assert same(model, checkpoints.load(tmp_path / "again").model)


def test_the_configuration_names_format_and_model(folder):
    config = json.loads((folder / "config.json").read_text())
    assert config["format"] == checkpoints.FORMAT and config["model"] == "vae"
    assert config["hidden_dims"] == [16, 8] and config["data_dim"] == 12


def test_a_folder_may_be_named_by_a_string(tmp_path):
    model = halved(make("vae"))
    aevb.save(model, str(tmp_path / "mine"))
    assert same(model, aevb.load(str(tmp_path / "mine")).model)


def test_a_model_of_another_class_is_refused_by_name(tmp_path):
    class Own(VAE):
        pass

    with pytest.raises(ValueError, match="The class Own is none of fa, vae, cvae, gmvae, vrnn"):
        checkpoints.save(Own(12, 3, [4]), tmp_path / "own")
    assert not (tmp_path / "own").exists()


def test_a_second_save_replaces_the_first(folder):
    model = halved(make("vae", seed=1))
    checkpoints.save(model, folder, {"curve": [1]})
    loaded = checkpoints.load(folder)
    assert same(model, loaded.model) and loaded.training == {"curve": [1]}
    assert not loaded.maps and not loaded.measures  # those of before showed other weights
    assert len(list(folder.iterdir())) == 3


def test_a_save_broken_off_leaves_the_files_of_before(folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def broken_off(self, path, **_):
        (Path(path) / "model.safetensors").write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(VAE, "save_pretrained", broken_off)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(make("vae", seed=1), folder, {})
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_everyone_may_read_the_files(folder):
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in folder.iterdir())


def test_maps_are_read_by_method(folder):
    maps = checkpoints.load(folder).maps
    assert maps.keys() == {"tsne", "pca"} and maps["pca"].tolist() == [[1, 1]] * 4


def test_measures_are_read(folder):
    assert checkpoints.load(folder).measures == {"use": [1.5, 0.25, 0.0]}
    (folder / "measures.json").unlink()
    assert checkpoints.load(folder).measures == {}


def test_json_has_a_line_for_each_key_and_for_each_list_of_numbers(tmp_path):
    value = {
        "a": 1,
        "curve": [{"epoch": 1, "scores": {}}, {"epoch": 2, "scores": {"ü": None}}],
        "b": [[1, 2.5], []],
    }
    checkpoints.write_json(tmp_path / "some.json", value)
    text = (tmp_path / "some.json").read_text()
    assert json.loads(text) == value
    assert text.splitlines()[-2:] == ['  "b": [[1, 2.5], []]', "}"] and '\n      "epoch": 2,\n' in text


# Damage


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def edit(**changes: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def write(content: str | bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("model.safetensors", truncate, "damaged"),
        ("model.safetensors", write(b""), "damaged"),
        ("model.safetensors", write(b"\x80\x04nothing of ours"), "damaged"),
        ("model.safetensors", Path.unlink, "is missing"),
        ("config.json", Path.unlink, "is missing"),
        ("config.json", truncate, "damaged"),
        ("config.json", write("{"), "damaged"),
        ("config.json", write("[1, 2]"), "does not hold a JSON object"),
        ("config.json", write(b"\xff\xfe"), "damaged"),
        ("config.json", edit(format=99), "not of format 1"),
        ("config.json", edit(model="oracle"), "names no known model"),
        ("config.json", edit(model=["vae"]), "names no known model"),
        ("config.json", edit(latent_dim=0), "latent_dim must be a positive whole number"),
        ("config.json", edit(latent_dim="many"), "latent_dim must be a positive whole number"),
        ("config.json", edit(hidden_dims=3), "damaged"),
        ("config.json", edit(dropout="much"), "damaged"),
        ("config.json", edit(colour="red"), "colour"),
        ("training.json", write("{"), "damaged"),
        ("training.json", write("null"), "does not hold a JSON object"),
    ],
)
def test_damage_is_named(folder, file, damage, message):
    damage(folder / file)
    with pytest.raises(CheckpointError) as raised:
        checkpoints.load(folder)
    assert str(folder / file) in str(raised.value) and message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("changes", [{"latent_dim": 4}, {"hidden_dims": [16, 9]}, {"hidden_dims": [16]}])
def test_weights_that_do_not_fit_are_refused(folder, changes):
    edit(**changes)(folder / "config.json")
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged or does not fit"):
        checkpoints.load(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"no archive"])
def test_damaged_maps_are_named_when_they_are_asked_for(folder, content):
    (folder / "maps.npz").write_bytes(content)
    checkpoint = checkpoints.load(folder)  # the model can be used all the same
    with pytest.raises(CheckpointError, match=r"maps\.npz is damaged"):
        _ = checkpoint.maps


@pytest.mark.parametrize("content", ["{", "[1, 2]"])
def test_damaged_measures_are_named_when_they_are_asked_for(folder, content):
    (folder / "measures.json").write_text(content)
    checkpoint = checkpoints.load(folder)
    with pytest.raises(CheckpointError, match=r"measures\.json is damaged"):
        _ = checkpoint.measures


def test_pickled_maps_are_refused(folder):
    np.savez(folder / "maps.npz", tsne=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(CheckpointError, match=r"maps\.npz is damaged"):
        _ = checkpoints.load(folder).maps


@pytest.mark.parametrize("name", ["no-such-checkpoint", "./nowhere", "checkpoints/nowhere", "a/b/c"])
def test_a_missing_folder_is_named_without_asking_the_hub(name, monkeypatch):
    monkeypatch.setattr(checkpoints, "HfApi", None)
    with pytest.raises(CheckpointError, match=f"no checkpoint folder {name}"):
        checkpoints.load(name)


def test_from_pretrained_is_strict(folder, tmp_path):
    """Weights of another model must not pass as this one's, some of them left at random."""
    with pytest.raises(RuntimeError):
        CVAE.from_pretrained(folder)
    checkpoints.save(make("fa"), tmp_path / "fa")
    with pytest.raises(RuntimeError):
        VAE.from_pretrained(tmp_path / "fa")
    assert isinstance(FactorAnalysis.from_pretrained(tmp_path / "fa"), FactorAnalysis)


# The Hub, by a stand-in on this machine. huggingface_hub reads its address once, hence the processes.

LOADING = """
import sys, time
from aevb import CheckpointError, load
start = time.monotonic()
try:
    checkpoint = load("someone/small")
    print("loaded", checkpoint.kind, sorted(path.name for path in checkpoint.path.iterdir()))
except CheckpointError as error:
    print(error)
print(round(time.monotonic() - start, 1))
"""


def load_from(endpoint: str, home: Path, script: str = LOADING) -> list[str]:
    environment = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "OMP_NUM_THREADS": "1"}
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


def refused_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "http://127.0.0.1:{1}".format(*listener.getsockname())


@pytest.fixture
def hub(folder) -> Iterator[str]:
    """Serves `folder` as the repository someone/small, and knows no other."""
    sha = "0123456789abcdef0123456789abcdef01234567"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    files["unrelated.bin"] = b"not asked for"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0].replace("/resolve/main/", f"/resolve/{sha}/")
            resolved = f"/someone/small/resolve/{sha}/"
            if path in ("/api/models/someone/small", "/api/models/someone/small/revision/main"):
                siblings = [{"rfilename": name} for name in files]
                self.answer(json.dumps({"id": "someone/small", "sha": sha, "siblings": siblings}).encode())
            elif path == f"/api/models/someone/small/tree/{sha}":
                entries = [
                    {"type": "file", "path": name, "size": len(content), "oid": self.etag(content)}
                    for name, content in files.items()
                ]
                self.answer(json.dumps(entries).encode())
            elif path.startswith(resolved) and path.removeprefix(resolved) in files:
                content = files[path.removeprefix(resolved)]
                self.answer(content, ETag=f'"{self.etag(content)}"', **{"X-Repo-Commit": sha})
            else:
                self.answer(b"", 404, **{"X-Error-Code": "RepoNotFound"})

        do_HEAD = do_GET  # noqa: N815

        @staticmethod
        def etag(content: bytes) -> str:
            return hashlib.sha1(content, usedforsecurity=False).hexdigest()

        def answer(self, content: bytes, status: int = 200, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_checkpoint_loads_from_the_hub_and_then_without_it(hub, tmp_path):
    files = sorted(checkpoints.FILES)
    assert load_from(hub, tmp_path / "home")[0] == f"loaded vae {files}"
    assert load_from(refused_address(), tmp_path / "home")[0] == f"loaded vae {files}"


def test_from_pretrained_takes_a_hub_name(hub, tmp_path):
    script = "from aevb import VAE; print(VAE.from_pretrained('someone/small').config['hidden_dims'])"
    assert load_from(hub, tmp_path / "home", script) == ["[16, 8]"]


def test_an_unknown_repository_is_named(hub, tmp_path):
    message, _ = load_from(hub, tmp_path / "home", LOADING.replace("someone/small", "someone/else"))
    assert message == "There is no folder someone/else, and no such repository on the Hub."


def test_a_hub_that_refuses_says_so_within_ten_seconds(tmp_path):
    message, seconds = load_from(refused_address(), tmp_path / "home")
    assert "Hub could not be reached" in message and "refused" in message
    assert float(seconds) < 10


def test_a_hub_that_never_answers_is_given_up_within_ten_seconds(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "http://127.0.0.1:{1}".format(*listener.getsockname())
        message, seconds = load_from(address, tmp_path / "home")
    assert "Hub could not be reached" in message and "timed out" in message
    assert float(seconds) < 10


# What is shipped


def test_something_is_shipped():
    assert checkpoints.shipped()


@pytest.mark.parametrize("name", checkpoints.shipped())
def test_a_shipped_checkpoint_reaches_its_recorded_elbo(name):
    checkpoint = checkpoints.load(name)
    observed = data.load_sample().test.seen_by(checkpoint.model).fixed()
    assert len(observed[0]) == 10_000
    recorded = checkpoint.training["test"]
    measured = evaluate(checkpoint.model, *observed)
    assert recorded["images"] == measured.examples
    assert measured.elbo == pytest.approx(recorded["elbo"], abs=0.05)
    assert measured.terms == pytest.approx(recorded["terms"], abs=0.05)
    measured_scores = scores(checkpoint.model, observed[0], data.load_sample().test.labels)
    assert measured_scores == pytest.approx(recorded["scores"], abs=0.001)


@pytest.mark.parametrize("name", checkpoints.shipped())
def test_a_shipped_checkpoint_is_complete(name):
    checkpoint = checkpoints.load(name)
    training = checkpoint.training
    assert {"command", "config", "versions", "seconds", "curve", "test"} <= training.keys()
    assert training["command"].startswith("python -m aevb train") and "seed" in training["config"]
    assert "60,000" in training["data"]
    assert [epoch["epoch"] for epoch in training["curve"]] == list(range(1, len(training["curve"]) + 1))
    assert "10" in training["test"]["bound"]
    assert all(path.stat().st_size < 10_000_000 for path in checkpoint.path.iterdir())
    if checkpoint.maps:
        assert {"tsne", "umap", "pca"} <= checkpoint.maps.keys()
        for points in checkpoint.maps.values():
            assert points.shape == (10_000, 2) and np.isfinite(points).all()


@pytest.mark.parametrize(
    ("name", "elbo", "bound"),
    [("vae", 1820, 1829), ("cvae", 1824, 1833), ("gmvae", -76.5, None), ("vrnn", -60.5, None)],
)
def test_the_shipped_checkpoints_are_at_least_as_good_as_was_asked_for(name, elbo, bound):
    recorded = checkpoints.load(name).training["test"]
    assert recorded["elbo"] >= elbo
    assert bound is None or recorded["bound"]["100"] >= bound


def test_the_shipped_clusters_are_digits_and_how_they_were_chosen_is_said():
    training = checkpoints.load("gmvae").training
    assert training["test"]["scores"]["accuracy"] >= 0.93
    assert training["start"]["kind"] == "clusters" and "no label" in training["chosen"]
    for start in training["seeds"].values():
        assert len(start["runs"]) >= 5
        for name in ("elbo", "accuracy"):
            values = [run[name] for run in start["runs"]]
            assert start[name] == pytest.approx([np.mean(values), np.std(values, ddof=1)])
    runs = training["seeds"]["clusters"]["runs"]
    assert max(runs, key=lambda run: run["elbo"])["seed"] == training["config"]["seed"]


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae"])
def test_the_shipped_maps_are_there(name):
    assert checkpoints.load(name).maps.keys() >= {"tsne", "umap"}

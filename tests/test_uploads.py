"""What visitors bring along, without a browser: what becomes of it, and all that is thrown at it."""

import asyncio
import errno
import io
import json
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aevb import VAE, checkpoints
from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.jobs import limits, server, turns, uploads
from aevb.ui.jobs.queue import Queue
from aevb.ui.jobs.worker import UNWRITTEN, Lost
from aevb.ui.shared import loading
from aevb.ui.train import bring, routes
from tests.damage import DEEP, edit, header, truncate, write
from tests.small_models import make
from tests.train_worker import Here

VISITOR = "0123456789abcdef"
WEIGHTS, CONFIG, TRAINING = "model.safetensors", "config.json", "training.json"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    made = Queue(tmp_path / "runs", workers=1, hire=Here)
    monkeypatch.setattr(server, "queue", lambda: made)
    monkeypatch.setattr(limits, "UPLOADS", (100, 1.0))
    uploads.lie_in(uploads.below(made.root))
    yield made
    made.close()


@pytest.fixture
def client(runs: Queue) -> TestClient:
    return TestClient(Starlette(routes=[*routes.routes(), *bring.routes()]))


def send(client: TestClient, content: bytes, name: str = "mine.zip", **headers: str) -> Any:
    sent = {"Content-Type": "application/octet-stream", "X-Visitor": VISITOR, "X-Name": name} | headers
    return client.post("/training/upload", content=content, headers=sent)


def zipped(entries: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def packed(**arrays: Any) -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, **arrays)
    return made.getvalue()


def png(pixels: np.ndarray) -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "PNG")
    return made.getvalue()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def in_parts() -> dict[str, bytes]:
    return pictures(205, name="train/{kind}/{k}.png") | pictures(9, name="test/{kind}/{k}.png")


def pictures(count: int = 200, shape: tuple[int, ...] = (8, 8), name: str = "{k}.png") -> dict[str, bytes]:
    return {name.format(k=k, kind="abc"[k % 3]): png(noise(*shape)) for k in range(count)}


@pytest.mark.parametrize("kind", [ValueError, CheckpointError, DataError])
def test_no_message_names_the_folder_in_which_the_runs_lie(client, runs, monkeypatch, kind):
    def fail(*_):
        raise kind(f"{runs.root}/0123/state.safetensors is damaged, in {runs.root}.")

    monkeypatch.setattr(runs, "limit_rate", fail)
    answered = send(client, b"")
    assert answered.status_code == 400
    assert answered.json() == {"problem": "0123/state.safetensors is damaged, in a folder of the server."}


@pytest.mark.parametrize("name", ["write", "workplace"])
def test_a_full_disk_is_no_fault_of_the_file(client, monkeypatch, name):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(uploads, name, full)
    answered = send(client, packed(x=noise(250, 8, 8)))
    assert answered.json() == {"problem": UNWRITTEN}


# Images


def test_an_npz_becomes_data_that_a_run_trains_on(client, runs, monkeypatch):
    images, labels = noise(250, 8, 8), np.arange(250) % 3
    told = send(client, packed(x=images, y=labels), "my%20digits.npz").json()
    assert (told["title"], told["images"], told["shape"]) == ("my digits", 250, [8, 8])
    assert told["classes"] == ["0", "1", "2"] and told["note"].startswith("my digits: 225 training and 25")
    assert client.get(f"/training/upload/{told['name']}").json() == told
    with monkeypatch.context() as patched:
        patched.setattr(np, "load", lambda *_, **__: pytest.fail("all of them are read to show a few"))
        shown = np.frombuffer(client.get(f"/training/upload/{told['name']}/images").content, np.uint8)
    assert {image.tobytes() for image in shown.reshape(16, 8, 8)} <= {image.tobytes() for image in images}
    # Every image is still the one that it was, with its label.
    found = uploads.read(told["name"])
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for split in (found.train, found.test):
        for image, label in zip(split.images.numpy(), split.known_labels.tolist(), strict=True):
            assert known.pop(image.tobytes()) == label
    assert not known
    asked = {"model": "cvae", "arguments": {"latent_dim": 2, "hidden_dims": [8]}, "data": told["name"]}
    run = start(client, asked | {"training": {"steps": 3, "batch_size": 20}})
    finished(client, run)
    record = json.loads((runs.folder(run) / turns.CHECKPOINT / TRAINING).read_text())
    assert record["source"] == uploads.BROUGHT and record["classes"] == ["0", "1", "2"]


def test_the_name_of_images_stays_on_the_server_that_shows_a_run_with_them(client, runs, monkeypatch):
    told = send(client, packed(x=noise(250, 8, 8))).json()
    asked = {"model": "vae", "arguments": {"latent_dim": 2, "hidden_dims": [8]}, "data": told["name"]}
    run = start(client, asked | {"training": {"steps": 1, "batch_size": 20}})
    finished(client, run)
    for path in runs.checkpoint(run).iterdir():  # what is downloaded and published
        assert told["name"].encode() not in path.read_bytes(), path
    monkeypatch.setattr(loading, "_folder", server.checkpoint)
    monkeypatch.setattr(loading, "_images", server.images)
    own = uploads.read(told["name"]).test
    assert torch.equal(loading.test_images(loading.source(run)).split.images, own.images)
    content = client.get(f"/training/run/{run}/download").content
    again = send(client, content).json()["checkpoint"]
    assert loading.source(again) == "digits", "whose images fit"


def start(client: TestClient, specification: Mapping[str, Any]) -> str:
    answered = client.post("/training/start", json={"specification": specification, "visitor": VISITOR})
    assert answered.status_code == 200, answered.text
    return answered.json()["id"]


def finished(client: TestClient, run: str) -> dict[str, Any]:
    while (told := client.get(f"/training/run/{run}").json())["status"] in ("queued", "running"):
        pass
    assert told["status"] == "done", told
    return told


def test_a_zip_s_folders_are_classes_whatever_they_are_called(client):
    names = ["قطط", "two\nlines", "zzz"]
    entries = {f"all of them/{names[k % 3]}/{k}.png": png(noise(8, 8)) for k in range(210)}
    told = send(client, zipped(entries | {"all of them/notes.txt": b"!", "__MACOSX/._1.png": b"?"})).json()
    assert told["classes"] == ["two lines", "zzz", "قطط"] and told["images"] == 210
    assert "1 other file was passed over" in told["note"]


def test_a_zip_that_windows_has_packed_has_classes_too(client):
    """By .NET and PowerShell 5, which part folders by backslashes."""
    told = send(client, zipped(pictures(210, name="all\\{kind}\\{k}.png"))).json()
    assert told["classes"] == ["a", "b", "c"] and told["images"] == 210


def test_labels_of_arrays_have_names_that_can_be_shown(client):
    names = np.array(["two\nlines", "\ud800", "c" * 500])[np.arange(240) % 3]
    told = send(client, packed(x=noise(240, 8, 8), y=names)).json()
    assert told["classes"] == ["c" * 39 + "…", "two lines", "?"]


def test_images_without_labels_train_what_needs_none(client):
    told = send(client, zipped(pictures())).json()
    assert told["classes"] == []
    asked = {"arguments": {"latent_dim": 2, "hidden_dims": [8, 8]}, "data": told["name"]}
    asked |= {"training": {"steps": 2, "batch_size": 20}}
    refused = client.post(
        "/training/start", json={"specification": asked | {"model": "cvae"}, "visitor": VISITOR}
    )
    assert refused.json() == {
        "problem": "These images have no labels, which this model is given: choose another model."
    }
    for model in ("vae", "gmvae"):
        found = finished(client, start(client, asked | {"model": model}))
        scores = found["points"][-1]["scores"]
        assert found["about"]["labels"] == [] and "accuracy" not in scores
        assert (sum(scores["sizes"]) == 18) if model == "gmvae" else not scores


@pytest.mark.parametrize(
    ("content", "side", "said"),
    [
        (lambda: zipped(pictures(shape=(40, 48))), 32, "cropped around their middle and scaled to 32 × 32"),
        (lambda: zipped(pictures(shape=(80, 80))), 32, "scaled to 32 × 32"),
        (lambda: packed(x=noise(200, 40, 48)), 32, "scaled to 32 × 32 pixels"),
        (lambda: zipped(pictures(150) | pictures(150, (9, 9), "{k}-large.png")), 32, "32 × 32"),
        (lambda: zipped(pictures(shape=(8, 8, 3))), 8, "its colours became grey levels"),
        (lambda: zipped(in_parts()), 8, "205 training and 9 test"),
        (lambda: zipped(pictures() | {"no.png": b"\x89PNG not"}), 8, "1 damaged image was passed over"),
        (lambda: packed(x_train=noise(200, 9, 9), x_test=noise(20, 9, 9)), 9, "200 training and 20 test"),
        (lambda: packed(images=noise(220, 49)), 7, "7 × 7"),
        (lambda: packed(x=noise(220, 9, 9) / 255.0), 9, "9 × 9"),
        (lambda: packed(x=noise(220, 9, 9, 3), other=np.zeros(3)), 9, "its array other was passed over"),
        (lambda: packed(x=noise(220, 9, 9), y=np.arange(220)), 9, "its labels, which tell no classes apart"),
    ],
)  # fmt: skip
def test_images_become_grey_and_square_and_it_is_said(client, content, side, said):
    told = send(client, content()).json()
    assert told["shape"] == [side, side] and said in told["note"]
    assert uploads.read(told["name"]).train.images.dtype == torch.uint8


# Thrown at it: none of it becomes anything, and each is told in a sentence

LINK = zipfile.ZipInfo("link.png")
LINK.external_attr = (stat.S_IFLNK | 0o777) << 16


def linked() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(LINK, "/etc/passwd")
    return made.getvalue()


def zeros() -> bytes:
    """10 GB of them, as the zip's list says; the file itself is small."""
    content = bytearray(zipped({"x.npy": b"\0" * 1000}))
    where = content.rindex(b"PK\1\2")
    content[where + 24 : where + 28] = (10_000_000_000 % 2**32).to_bytes(4, "little")
    return bytes(content)


def declared(shape: tuple[int, ...]) -> bytes:
    """An array of that shape, of which only the header is there."""
    made = io.BytesIO()
    np.lib.format.write_array_header_1_0(made, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return zipped({"x.npy": made.getvalue()})


def vast(side: int) -> bytes:
    """A PNG of a few bytes that says of itself that it is large."""
    content = png(noise(1, 1))
    told = b"IHDR" + side.to_bytes(4, "big") * 2 + content[24:29]
    return content[:12] + told + zlib.crc32(told).to_bytes(4, "big") + content[33:]


def flagged() -> bytes:
    """A zip that says that it is locked."""
    content = bytearray(zipped({"a.png": b"x"}))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


DARK = png(noise(32, 32) // 3)
BLACK = png(np.zeros((7000, 8000), np.uint8))
WHOLE = zipped(pictures(5))
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "This is neither"),
    "no zip": (lambda: b"\x80\x04K\x01." * 99, "This is neither"),
    "an image": (lambda: png(noise(8, 8)), "This is neither"),
    "truncated": (lambda: WHOLE[:-30], "cut off or damaged"),
    "torn inside": (lambda: WHOLE[:60] + bytes(40) + WHOLE[100:], "This file is damaged"),
    "empty zip": (lambda: zipped({}), "holds no image"),
    "a zip of zips": (lambda: zipped({"a.zip": WHOLE, "b.zip": WHOLE}), "holds other zips"),
    "images that are none": (lambda: zipped({f"{k}.png": b"GIF89a?" for k in range(300)}), "can be read"),
    "few": (lambda: zipped(pictures(199)), "There are 199 images in this file, and at least 200"),
    "upwards": (lambda: zipped({"../../a.png": b""}), "names a place outside"),
    "upwards by backslashes": (lambda: zipped({"a\\..\\..\\b.png": b""}), "names a place outside"),
    "from the root": (lambda: zipped({"/etc/a.png": b""}), "names a place outside"),
    "from a drive": (lambda: zipped({"C:/a.png": b""}), "names a place outside"),
    "a link": (linked, "is a link, and no file"),
    "locked": (flagged, "locked by a password"),
    "10 GB of zeros": (zeros, "this server unpacks up to 268 MB"),
    "a bomb": (lambda: zipped({"x.npy": bytes(2**28 + 1)}), "this server unpacks up to 268 MB"),
    "pixels": (lambda: zipped({f"{k}.png": BLACK for k in range(10)}), "have 560 million pixels"),
    "a vast image": (lambda: zipped({"a.png": vast(20_000)}), "has more than 89,478,485 pixels"),
    "a large image": (lambda: zipped({"a.png": vast(9_500)}), "has more than 89,478,485 pixels"),
    "a vast array": (lambda: declared((10**6, 1000, 1000)), "take 3,000.0 GB"),
    "an array that is not there": (lambda: declared((300, 8, 8)), "This file is damaged, or holds objects"),
    "objects": (lambda: packed(x=np.array([{}, None], dtype=object)), "which are never unpickled"),
    "not finite": (lambda: packed(x=np.full((300, 8, 8), np.nan)), "not finite numbers"),
    "dark": (lambda: packed(x=noise(300, 8, 8) // 3), "run from 0 to 85 here, which hardly reaches into"),
    "dark pictures": (lambda: zipped({f"{k}.png": DARK for k in range(300)}), "run from 0 to 85 here"),
    "other names": (lambda: packed(pixels=noise(300, 8, 8)), "call the images x_train"),
    "rows that are no squares": (lambda: packed(x=noise(300, 50)), "rows of 50 numbers"),
    "mis-shaped": (lambda: packed(x=noise(300, 8, 8, 2)), "one channel or three, not 2"),
    "of one pixel": (lambda: packed(x=noise(300, 1, 1)), "4 × 4 pixels at least"),
    "labels of another number": (lambda: packed(x=noise(300, 8, 8), y=np.zeros(9)), "300 images but 9"),
    "weights alone": (lambda: (checkpoints.ROOT / "vae" / WEIGHTS).read_bytes(), "This is neither"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_images_is_refused_in_a_sentence(client, runs, name):
    make_it, said = HOSTILE[name]
    refused(send(client, make_it(), "%D9%82%0A../../evil%00.npz"), said, runs)


def refused(answered: Any, said: str, runs: Queue) -> None:
    problem = answered.json()["problem"]
    assert answered.status_code == 400 and said in problem, problem
    assert problem.endswith(".") and len(problem) < 400 and "\n" not in problem and "aevb." not in problem
    assert str(runs.root) not in problem and uploads.below(runs.root).name + "/" not in problem
    assert not list(uploads.below(runs.root).iterdir()), "nothing is left of it"
    assert not list(runs.root.glob("*/status.json"))


# Checkpoints


def checkpoint(tmp_path: Path, file: str = "", damage: Callable[[Path], object] | None = None) -> bytes:
    """A zip of one, as the page makes it, of which a file is damaged."""
    folder = tmp_path / "brought"
    checkpoints.save(make("vae"), folder, {"curve": [], "data": "mine"}, overwrite=True)
    if damage:
        damage(folder / file)
    return zipped({path.name: path.read_bytes() for path in folder.iterdir()})


@pytest.mark.parametrize("folder", ["", "vae-7/", "vae-7\\", "./"])
def test_a_checkpoint_is_shelved_among_the_runs(client, runs, tmp_path, folder):
    with zipfile.ZipFile(io.BytesIO(checkpoint(tmp_path))) as archive:
        entries = {f"{folder}{name}": archive.read(name) for name in archive.namelist()}
    told = send(
        client, zipped(entries | {f"{folder}measures.json": b"{", "README.md": b"#"}), "mine.zip"
    ).json()
    assert (told["kind"], told["title"]) == ("vae", "mine")
    place = runs.checkpoint(told["checkpoint"])
    assert {path.name for path in place.iterdir()} == {WEIGHTS, CONFIG, TRAINING}
    found = checkpoints.load(place)
    assert isinstance(found.model, VAE) and found.training["data"] == "mine"
    assert not list(uploads.below(runs.root).iterdir())


def test_a_run_comes_back_as_it_was_downloaded(client, runs):
    asked = {"model": "vae", "arguments": {"latent_dim": 2, "hidden_dims": [8]}, "data": "digits"}
    run = start(client, asked | {"training": {"steps": 2}})
    finished(client, run)
    content = client.get(f"/training/run/{run}/download").content
    told = send(client, content, f"aevb-{run}.zip").json()
    ours, theirs = (checkpoints.load(runs.checkpoint(name)).model for name in (run, told["checkpoint"]))
    for name, weight in ours.state_dict().items():
        assert torch.equal(weight, theirs.state_dict()[name])


def test_a_record_that_is_damaged_is_left_out(client, runs, tmp_path):
    told = send(client, checkpoint(tmp_path, TRAINING, write("{"))).json()
    assert not (runs.checkpoint(told["checkpoint"]) / TRAINING).exists()


def foreign(path: Path) -> None:
    """The weights of another model."""
    checkpoints.save(make("gmvae"), path.parent / "other")
    path.write_bytes((path.parent / "other" / WEIGHTS).read_bytes())
    for file in (path.parent / "other").iterdir():
        file.unlink()
    (path.parent / "other").rmdir()


def unsound(path: Path) -> None:
    """All of the weights' numbers are not a number."""
    content = path.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    path.write_bytes(content[:begin] + b"\xff" * (len(content) - begin))


FLOAT8 = {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [0, 3]}
VAST = {"dtype": "F32", "shape": [10**5, 10**5], "data_offsets": [0, 4 * 10**10]}
DAMAGED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no weights": (WEIGHTS, Path.unlink, "model.safetensors is missing."),
    "no config": (CONFIG, Path.unlink, "config.json is missing."),
    "truncated": (WEIGHTS, truncate, "its arrays are not the"),
    "not finite": (WEIGHTS, unsound, "not all numbers of"),
    "another model's": (WEIGHTS, foreign, "does not fit its config.json"),
    "another model": (CONFIG, edit(model="cvae"), "config.json"),
    "no model": (CONFIG, edit(model="resnet\n\u202egpj"), "names no known model"),
    "another size": (CONFIG, edit(latent_dim=4), "does not fit its config.json"),
    "a vast size": (CONFIG, edit(data_dim=10**9), "config.json is damaged"),
    "float8": (WEIGHTS, header(q_z_given_x__loc__bias=FLOAT8), "is of type F8_E4M3"),
    "a vast array": (WEIGHTS, header(q_z_given_x__loc__bias=VAST), "its arrays are not the"),
    "a pickle": (WEIGHTS, write(b"\x80\x04\x95" + bytes(99)), "does not begin as a safetensors file does"),
    "nested": (CONFIG, write(DEEP[6000:14000]), "config.json is damaged"),
    "a long config": (CONFIG, write(b" " * 9000), "config.json is damaged: it is larger"),
    "a long record": (TRAINING, write(b" " * (2**24 + 1)), "training.json is damaged: it is larger"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_checkpoint_that_is_none_is_refused_in_a_sentence(client, runs, tmp_path, name):
    file, damage, said = DAMAGED[name]
    refused(send(client, checkpoint(tmp_path, file, damage)), said, runs)


def test_a_checkpoint_of_more_parameters_than_train_here_is_refused(client, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PARAMETERS", 100)
    refused(send(client, checkpoint(tmp_path)), "parameters, and this server takes up to 100.", runs)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"latent_dim": 300}, "config.json says 300 of latent_dim, and this server takes up to 256."),
        ({"hidden_dims": [4096]}, "4096 of a width of hidden_dims, and this server takes up to 2,048."),
        ({"hidden_dims": [1] * 7}, "7 of the number of hidden_dims, and this server takes up to 6."),
    ],
)
def test_a_checkpoint_whose_sizes_are_beyond_those_of_runs_is_refused(client, runs, tmp_path, told, said):
    sizes = {"data_dim": 1, "latent_dim": 1, "hidden_dims": [1]} | told
    checkpoints.save(VAE(**sizes), tmp_path / "brought")
    content = {name: (tmp_path / "brought" / name).read_bytes() for name in (WEIGHTS, CONFIG)}
    refused(send(client, zipped(content)), said, runs)


# How much, how often, from where


def test_a_file_that_is_too_large_is_given_up_while_it_comes(client, runs, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UPLOAD", 10_000)

    assert send(client, bytes(10_001)).status_code == 413  # its header says so
    assert received(client, [bytes(1000)] * 10 + [b"!"]) == (413, 11)  # where none does, its bytes
    assert not list(uploads.below(runs.root).iterdir())


def test_a_file_that_breaks_off_leaves_nothing(client, runs):
    assert received(client, [bytes(1000)] * 3) == (400, 3)
    assert not list(uploads.below(runs.root).iterdir())


@pytest.mark.parametrize("limit", ["RECEIVING", "STALLED"])
def test_a_file_that_takes_too_long_or_comes_too_slowly_is_given_up(client, runs, monkeypatch, limit):
    monkeypatch.setattr(limits, limit, 0.05)
    monkeypatch.setattr(limits, "SLOWEST", 1e6)
    assert received(client, [bytes(1000)] * 3, breaks_off=False) == (408, 3)
    assert not list(uploads.below(runs.root).iterdir())
    assert "This is neither" in send(client, b"").json()["problem"], "there is room for another"


def received(client: TestClient, pieces: list[bytes], breaks_off: bool = True) -> tuple[int, int]:
    """What is answered to a file of unknown length that comes in pieces and then breaks off, or stands still;
    and how many of them were taken."""
    taken, answers = 0, []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/training/upload",
        "query_string": b"",
        "headers": [
            (b"content-type", b"application/octet-stream"),
            (b"x-visitor", VISITOR.encode()),
        ],
    }

    async def receive() -> dict[str, Any]:
        nonlocal taken
        if taken == len(pieces) and not breaks_off:
            await asyncio.Event().wait()
        if taken == len(pieces):
            return {"type": "http.disconnect"}
        taken += 1
        return {"type": "http.request", "body": pieces[taken - 1], "more_body": True}

    async def send(message: Mapping[str, Any]) -> None:
        answers.append(message)

    asyncio.run(client.app(scope, receive, send))
    return answers[0]["status"], taken


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"Content-Type": "application/zip"}, 415, "Only a file's bytes"),
        ({"Origin": "http://elsewhere.example"}, 403, "Only the pages of this server"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "Only the pages of this server"),
        ({"X-Visitor": "no"}, 400, "visitor must be"),
    ],
)
def test_a_file_comes_from_a_page_of_this_server(client, headers, status, said):
    answered = send(client, b"", **headers)
    assert answered.status_code == status and said in answered.json()["problem"]


def test_a_visitor_brings_one_file_at_a_time_and_a_few_in_ten_minutes(client, monkeypatch):
    with bring.alone(VISITOR):
        answered = send(client, b"")
        assert answered.status_code == 409 and "One at a time" in answered.json()["problem"]
        assert send(client, b"", **{"X-Visitor": "another-visitor"}).status_code == 400
        monkeypatch.setattr(limits, "UNDER_WAY", 1)
        assert "Too many files" in send(client, b"", **{"X-Visitor": "another-visitor"}).json()["problem"]
    monkeypatch.setattr(limits, "UPLOADS", (2, 600.0))
    for said in (
        "This is neither",
        "This is neither",
        "That was too often: try again",
    ):
        assert said in send(client, b"", **{"X-Visitor": "third-visitor"}).json()["problem"]


def test_there_is_room_for_so_much(client, monkeypatch):
    assert send(client, packed(x=noise(200, 8, 8))).status_code == 200
    monkeypatch.setattr(limits, "UPLOADED_BY_ONE", 20_000)  # one takes 13 kB
    refused = send(client, packed(x=noise(200, 8, 8)))
    assert refused.status_code == 409 and "no room for more images" in refused.json()["problem"]
    assert send(client, packed(x=noise(200, 8, 8)), **{"X-Visitor": "another-visitor"}).status_code == 200
    monkeypatch.setattr(uploads, "sweep", lambda runs: None)  # which would make room every two seconds
    monkeypatch.setattr(limits, "UPLOADED", 10_000)
    assert send(client, packed(x=noise(200, 8, 8)), **{"X-Visitor": "third-visitor"}).status_code == 409


def test_the_oldest_images_go_for_newer_ones_unless_a_run_refers_to_them(client, runs, monkeypatch):
    used, old, new = (send(client, packed(x=noise(200, 8, 8))).json()["name"] for _ in range(3))
    asked = {"model": "vae", "arguments": {"hidden_dims": [8]}, "data": used}
    finished(client, start(client, asked | {"training": {"steps": 1, "batch_size": 20}}))
    monkeypatch.setattr(limits, "UPLOADED", 20_000)  # one takes 13 kB
    uploads.sweep(runs.root)
    assert {path.name for path in uploads.below(runs.root).iterdir()} == {used, new} and old != new


def test_who_has_brought_most_makes_room(client, runs, monkeypatch):
    other = send(client, packed(x=noise(200, 8, 8)), **{"X-Visitor": "another-visitor"}).json()["name"]
    mine = [send(client, packed(x=noise(200, 8, 8))).json()["name"] for _ in range(2)]
    monkeypatch.setattr(limits, "UPLOADED", 30_000)
    uploads.sweep(runs.root)
    assert {path.name for path in uploads.below(runs.root).iterdir()} == {other, mine[1]}


def test_a_worker_that_is_lost_costs_the_file_alone(client, runs, monkeypatch):
    def lost(*_: Any) -> dict[str, Any]:
        raise Lost("gone")

    monkeypatch.setattr(Here, "ask", lost)
    answered = send(client, packed(x=noise(200, 8, 8)))
    assert answered.status_code == 400 and "more time or memory" in answered.json()["problem"]
    assert not list(uploads.below(runs.root).iterdir())
    monkeypatch.undo()


# How long


def test_images_expire_unless_a_run_refers_to_them(client, runs, monkeypatch):
    mine, used = (send(client, packed(x=noise(200, 8, 8))).json()["name"] for _ in range(2))
    (uploads.below(runs.root) / ".left").mkdir()
    asked = {"model": "vae", "arguments": {"hidden_dims": [8]}, "data": used}
    finished(client, start(client, asked | {"training": {"steps": 1, "batch_size": 20}}))
    uploads.sweep(runs.root)
    assert len(list(uploads.below(runs.root).iterdir())) == 3
    monkeypatch.setattr(limits, "KEPT_SECONDS", -1.0)
    monkeypatch.setattr(limits, "LOST", -1.0)
    uploads.sweep(runs.root)
    assert [path.name for path in uploads.below(runs.root).iterdir()] == [used]
    for answered in (client.get(f"/training/upload/{mine}"), client.get("/training/upload/upload-0")):
        assert answered.status_code == 404
        assert answered.json() == {"problem": "These images are not here any more: bring them again."}
    asked |= {"data": mine}
    answered = client.post("/training/start", json={"specification": asked, "visitor": VISITOR})
    assert answered.json() == {"problem": "These images are not here any more: bring them again."}


def test_what_is_still_received_or_read_is_not_taken_for_lost(runs, monkeypatch):
    monkeypatch.setattr(limits, "LOST", -1.0)
    with uploads.workplace() as place:
        uploads.sweep(runs.root)
        assert place.is_dir()
    assert not place.exists()


def test_uploads_can_be_switched_off(client, monkeypatch):
    assert client.get("/training/options").json()["uploads"] is True
    monkeypatch.setenv("AEVB_UPLOADS", "off")
    assert client.get("/training/options").json()["uploads"] is False
    answered = send(client, packed(x=noise(200, 8, 8)))
    assert answered.status_code == 403
    assert answered.json() == {"problem": "Uploads are switched off on this server."}


@pytest.mark.parametrize("name", ["upload-../../runs", "upload-%2e%2e", "..", "upload-" + "g" * 16, "digits"])
def test_no_name_leads_elsewhere(client, name):
    assert client.get(f"/training/upload/{name}").status_code == 404
    assert client.get(f"/training/upload/{name}/images").status_code == 404

"""The data: how the models look at images, the bundled sample, damaged files, downloads good and bad."""

import gzip
import hashlib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from torchvision.datasets import MNIST

from aevb import data
from aevb.__main__ import main
from aevb.data import DataError, Examples, as_rows, binarize, dequantize

IMAGES = torch.randint(0, 256, (20, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
EDGES = torch.tensor([[[0, 1, 127, 128, 254, 255]]], dtype=torch.uint8)


# How the models look at images


def test_dequantised_values_stay_in_their_pixels_bin():
    x = dequantize(IMAGES)
    assert x.shape == (20, 784) and x.dtype == torch.float32
    excess = 256 * x.double() - IMAGES.flatten(1)
    assert excess.min() >= 0 and excess.max() <= 1
    assert excess.mean().item() == pytest.approx(0.5, abs=0.02)


def test_dequantising_leaves_the_images_alone():
    pixels = IMAGES.float()
    dequantize(pixels)
    assert torch.equal(pixels, IMAGES.float())


def test_noise_is_fresh_every_epoch_of_training():
    images = torch.arange(10, dtype=torch.uint8)[:, None, None].expand(10, 2, 2)
    examples, generator = Examples(images, "continuous"), torch.Generator().manual_seed(0)
    epochs = [torch.cat([x for (x,) in examples.epoch(5, generator)]) for _ in range(2)]
    for x in epochs:
        assert sorted((256 * x[:, 0]).long().tolist()) == list(range(10))
    order = [(256 * x[:, 0]).long().argsort() for x in epochs]
    assert not torch.equal(*order)
    assert not (epochs[0][order[0]] == epochs[1][order[1]]).any()


def test_noise_is_the_same_at_every_test():
    examples = Examples(IMAGES, "continuous")
    (first,) = examples.fixed()
    list(examples.epoch(10, torch.Generator().manual_seed(1)))
    assert torch.equal(first, *examples.fixed())
    assert torch.equal((256 * first).long(), IMAGES.flatten(1).long())


@pytest.mark.parametrize("u", [0.0, 0.25, 0.5, 1 - 2**-30])
def test_binarising_is_thresholding_at_one_half_whatever_the_noise(u):
    for images in (IMAGES, EDGES):
        dequantised = (images.flatten(1).double() + u) / 256
        assert torch.equal(binarize(images), (dequantised >= 0.5).float())


def test_rows_are_the_binary_image_from_top_to_bottom():
    rows = as_rows(IMAGES)
    assert rows.shape == (20, 28, 28)
    assert torch.equal(rows[3, 5], binarize(IMAGES)[3, 5 * 28 : 6 * 28])


def test_an_epoch_drops_the_last_short_batch():
    examples = Examples(torch.arange(10.0).unsqueeze(1))
    batches = [x for (x,) in examples.epoch(4, torch.Generator().manual_seed(0))]
    assert [len(batch) for batch in batches] == [4, 4]
    assert len(torch.cat(batches).unique()) == 8


def test_a_batch_larger_than_the_data_is_all_of_them():
    ((x,),) = Examples(torch.arange(3.0).unsqueeze(1)).epoch(100, torch.Generator())
    assert sorted(x.flatten().tolist()) == [0, 1, 2]


def test_impossible_examples_are_refused():
    with pytest.raises(ValueError, match=r"observation.*grey"):
        Examples(IMAGES, "grey")
    with pytest.raises(ValueError, match="no examples"):
        Examples(IMAGES[:0])
    with pytest.raises(ValueError, match="20 examples but 3 labels"):
        Examples(IMAGES, "binary", torch.zeros(3))


@pytest.mark.parametrize("observation", ["continuous", "binary", "rows"])
@pytest.mark.parametrize("scale", [1, 255])
def test_images_of_floats_are_refused(observation, scale):
    """In [0, 1] they would pass for black, dequantised or thresholded as if they were in 0…255."""
    with pytest.raises(ValueError, match=r"as uint8, not torch\.float32"):
        Examples(scale * torch.rand(5, 28, 28), observation)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_refused(value):
    x = torch.zeros(5, 3)
    x[2, 1] = value
    with pytest.raises(ValueError, match="not finite numbers"):
        Examples(x)


def test_labels_stay_with_their_images():
    images = torch.arange(10, dtype=torch.uint8)[:, None, None].expand(10, 2, 2)
    examples = Examples(images, "continuous", labels=torch.arange(10))
    for x, y in [*examples.epoch(4, torch.Generator().manual_seed(0)), examples.fixed()]:
        assert torch.equal((256 * x[:, 0]).long(), y)


# The bundled sample


def test_the_sample_is_what_its_readme_says():
    digits = data.load_sample()
    assert not digits.complete and "sample" in digits.note
    for split in (digits.train, digits.test):
        assert split.images.shape == (10_000, 28, 28) and split.images.dtype == torch.uint8
        assert split.labels.shape == (10_000,) and split.labels.dtype == torch.int64
        assert split.labels.unique().tolist() == list(range(10))
    assert digits.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    readme = (data.SAMPLE.parent / "README.md").read_text(encoding="utf-8")
    assert all(checksum in readme for checksum in data.SHA256.values())


def test_the_sample_is_at_most_four_megabytes():
    assert sum(path.stat().st_size for path in data.SAMPLE.parent.iterdir()) <= 4_000_000


def test_a_damaged_sample_is_named_and_not_used(tmp_path, monkeypatch):
    damaged = tmp_path / data.SAMPLE.name
    damaged.write_bytes(data.SAMPLE.read_bytes()[:-1] + b"?")
    monkeypatch.setattr(data, "SAMPLE", damaged)
    with pytest.raises(DataError, match=damaged.name):
        data.load_sample()
    damaged.unlink()
    with pytest.raises(DataError, match=damaged.name):
        data.load_sample()


def test_the_whole_of_mnist_packs_into_the_sample(tmp_path):
    try:
        digits = data.load_complete()
    except FileNotFoundError:
        pytest.skip(
            "THE WHOLE OF MNIST IS NOT HERE (AEVB_DATA): that the sample comes from it went untested."
        )
    assert digits.complete and "60,000" in digits.note
    assert (len(digits.train), len(digits.test)) == (60_000, 10_000)
    checksum = data.pack_sample(tmp_path / "packed.npz")
    assert checksum == data.SHA256[data.SAMPLE.name]
    assert (tmp_path / "packed.npz").read_bytes() == data.SAMPLE.read_bytes()


def test_the_command_packs_the_sample(monkeypatch, capsys):
    monkeypatch.setattr(data, "pack_sample", lambda: "0123")
    assert main(["data", "--pack-sample"]) == 0
    assert "0123" in capsys.readouterr().out


# Files in torchvision's layout: a stand-in of MNIST with 30 training and 10 test images


def idx(array: np.ndarray) -> bytes:
    """MNIST's own file format."""
    header = np.array([0x0800 + array.ndim, *array.shape], dtype=">i4")
    return header.tobytes() + array.astype(np.uint8).tobytes()


@pytest.fixture
def stand_in(tmp_path, monkeypatch) -> dict[str, bytes]:
    """The four files by name; aevb and torchvision hold them for MNIST, and AEVB_DATA is an empty folder."""
    noise = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 30), ("t10k", 10)):
        files[f"{part}-images-idx3-ubyte"] = idx(noise.integers(0, 256, (count, 28, 28)))
        files[f"{part}-labels-idx1-ubyte"] = idx(noise.integers(0, 10, count))
    for name, content in files.items():
        monkeypatch.setitem(data.SHA256, name, hashlib.sha256(content).hexdigest())
    archives = [(f"{name}.gz", gzip.compress(content, mtime=0)) for name, content in files.items()]
    resources = [
        (name, hashlib.md5(content, usedforsecurity=False).hexdigest()) for name, content in archives
    ]
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "data"))
    return files


def write(files: dict[str, bytes]) -> Path:
    raw = data.folder() / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    return raw


def test_the_sample_is_used_where_there_is_nothing_else(stand_in):
    digits = data.load()
    assert not digits.complete and len(digits.train) == 10_000
    with pytest.raises(FileNotFoundError):
        data.load_complete()


def test_files_that_are_present_are_read(stand_in):
    write(stand_in)
    digits = data.load()
    assert digits.complete
    assert digits.train.images.shape == (30, 28, 28) and digits.test.images.shape == (10, 28, 28)
    assert digits.train.images.numpy().tobytes() == stand_in["train-images-idx3-ubyte"][16:]
    assert digits.test.labels.tolist() == list(stand_in["t10k-labels-idx1-ubyte"][8:])


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("damage", ["changed", "truncated", "empty"])
def test_a_damaged_file_is_named_and_not_used(stand_in, part, damage):
    name = list(stand_in)[part]
    content = stand_in[name]
    changed = content[:-1] + bytes([content[-1] ^ 1])
    raw = write(stand_in | {name: {"changed": changed, "truncated": content[:-1], "empty": b""}[damage]})
    with pytest.raises(DataError, match=f"{name} is damaged"):
        data.load_complete()
    digits = data.load()
    assert not digits.complete and str(raw / name) in digits.note


def test_torchvisions_older_files_are_not_used_instead(stand_in):
    """Nobody has seen their checksums, and reading them would be unpickling."""
    write(stand_in)
    processed = data.folder() / "MNIST" / "processed"
    processed.mkdir()
    for name in (MNIST.training_file, MNIST.test_file):
        (processed / name).write_bytes(b"anything")
    assert len(data.load().train) == 30


def test_without_aevb_data_the_users_cache_folder_is_used(monkeypatch):
    monkeypatch.delenv("AEVB_DATA", raising=False)
    assert data.folder().name == "aevb" and data.folder().is_absolute()


# Downloads, from servers on this machine


@pytest.fixture
def mirror(stand_in) -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server's address and the archives that it serves, which a test may change."""
    archives = {f"/{name}.gz": gzip.compress(content, mtime=0) for name, content in stand_in.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = archives.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if self.command == "GET" and content:
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", archives
        server.shutdown()
        thread.join()


@pytest.fixture
def silent_address() -> Iterator[str]:
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield "http://127.0.0.1:{1}/".format(*listener.getsockname())


@pytest.fixture
def unreachable_address() -> Iterator[str]:
    """An address where connections are neither accepted nor refused: the queue of them is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield "http://127.0.0.1:{1}/".format(*listener.getsockname())


def refused_address() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "http://127.0.0.1:{1}/".format(*listener.getsockname())


def assert_nothing_left_behind() -> None:
    assert [path for path in data.folder().rglob("*") if not path.is_dir()] == []
    assert list(data.folder().glob(".download-*")) == []
    assert not data.load().complete


def assert_fails(match: str, within: float = 10) -> None:
    start, timeout = time.monotonic(), socket.getdefaulttimeout()
    with pytest.raises(DataError, match=match):
        list(data.download())
    assert time.monotonic() - start < within
    assert socket.getdefaulttimeout() == timeout
    assert_nothing_left_behind()


def test_a_download_arrives(mirror, monkeypatch):
    address, archives = mirror
    monkeypatch.setattr(MNIST, "mirrors", [address])
    monkeypatch.setattr(data, "ARCHIVE_BYTES", sum(map(len, archives.values())))
    fractions = list(data.download())
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] == 1
    assert data.load().complete
    assert sorted(path.name for path in data.folder().iterdir()) == ["MNIST"]


def test_a_second_mirror_serves_where_the_first_does_not(mirror, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [mirror[0] + "elsewhere/", mirror[0]])
    list(data.download())
    assert data.load().complete


def test_a_damaged_download_is_refused(mirror, monkeypatch):
    address, archives = mirror
    monkeypatch.setattr(MNIST, "mirrors", [address])
    archives["/t10k-labels-idx1-ubyte.gz"] = gzip.compress(b"something else")
    assert_fails("t10k-labels-idx1-ubyte")


def test_a_download_with_other_contents_than_ours_is_refused(mirror, monkeypatch):
    """torchvision's checksums are MD5, ours are SHA-256: both must hold."""
    monkeypatch.setattr(MNIST, "mirrors", [mirror[0]])
    monkeypatch.setitem(data.SHA256, "train-labels-idx1-ubyte", "0" * 64)
    assert_fails("train-labels-idx1-ubyte is damaged")


def test_a_refused_connection_says_so(stand_in, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [refused_address()])
    assert_fails("refused")


def test_a_silent_server_is_given_up_within_ten_seconds(stand_in, silent_address, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [silent_address] * 2)  # as many as torchvision knows
    assert_fails("timed out")


def test_what_is_given_up_does_not_come_back(stand_in, unreachable_address, monkeypatch):
    """The thread that still waits for a server must not make its folder anew."""
    monkeypatch.setattr(MNIST, "mirrors", [unreachable_address] * 4)
    monkeypatch.setattr(data, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(data, "STALL_SECONDS", 0.7)
    assert_fails("sent nothing")
    time.sleep(1.5)  # the third and fourth attempts would begin
    assert_nothing_left_behind()


def test_a_consumer_that_stops_leaves_nothing_behind(stand_in, silent_address, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [silent_address])
    downloading = data.download()
    next(downloading)
    downloading.close()
    assert_nothing_left_behind()


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "file" / "data"))
    with pytest.raises(DataError, match="cannot be kept in"):
        list(data.download())


def test_the_command_falls_back_to_the_sample(stand_in, monkeypatch, capsys):
    monkeypatch.setattr(MNIST, "mirrors", [refused_address()])
    assert main(["data", "--download"]) == 1
    said = capsys.readouterr()
    assert "could not be downloaded" in said.err and "refused" in said.err
    assert "bundled sample" in said.out + said.err
    assert "Traceback" not in said.err

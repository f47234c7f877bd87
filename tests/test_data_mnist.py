"""MNIST and its like: the bundled sample, where the files lie, damaged ones, downloads good and bad."""

import dataclasses
import gzip
import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from torchvision import datasets
from torchvision.datasets import MNIST

from aevb import data
from aevb.__main__ import main
from aevb.data import DataError, mnist
from aevb.ui.frame import errors

SAID = "The bundled sample of MNIST: all 10,000 test images, 10,000 of the 60,000 training images."


# The bundled sample


def test_the_sample_is_what_its_readme_says():
    digits = data.load_sample()
    assert not digits.complete and digits.note == SAID
    assert digits.shape == (28, 28) and digits.classes == tuple("0123456789") and digits.name == "mnist"
    for split in (digits.train, digits.test):
        assert split.images.shape == (10_000, 28, 28) and split.images.dtype == torch.uint8
        assert split.labels.shape == (10_000,) and split.labels.dtype == torch.int64
        assert split.labels.unique().tolist() == list(range(10))
    assert digits.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    readme = (data.SAMPLE.parent / "README.md").read_text(encoding="utf-8")
    checksums = [mnist.SAMPLE_SHA256, *mnist.SETS["mnist"].sha256.values()]
    assert len(checksums) == 5 and all(checksum in readme for checksum in checksums)


def test_the_sample_is_at_most_four_megabytes():
    assert sum(path.stat().st_size for path in data.SAMPLE.parent.iterdir()) <= 4_000_000


def test_a_damaged_sample_is_named_and_not_used(tmp_path, monkeypatch):
    damaged = tmp_path / data.SAMPLE.name
    damaged.write_bytes(data.SAMPLE.read_bytes()[:-1] + b"?")
    monkeypatch.setattr(mnist, "SAMPLE", damaged)
    with pytest.raises(DataError, match=rf"{damaged.name} is missing or damaged: reinstall aevb\.$"):
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
    assert checksum == mnist.SAMPLE_SHA256
    assert (tmp_path / "packed.npz").read_bytes() == data.SAMPLE.read_bytes()


def test_the_command_packs_the_sample(monkeypatch, capsys):
    monkeypatch.setattr(data, "pack_sample", lambda: "0123")
    assert main(["data", "--pack-sample"]) == 0
    assert "0123" in capsys.readouterr().out


# Files: stand-ins of the sets with 30 training and 10 test images


def idx(array: np.ndarray) -> bytes:
    """MNIST's own file format."""
    header = np.array([0x0800 + array.ndim, *array.shape], dtype=">i4")
    return header.tobytes() + array.astype(np.uint8).tobytes()


def four_files(seed: int) -> dict[str, bytes]:
    noise = np.random.default_rng(seed)
    files = {}
    for part, count in (("train", 30), ("t10k", 10)):
        files[f"{part}-images-idx3-ubyte"] = idx(noise.integers(0, 256, (count, 28, 28)))
        files[f"{part}-labels-idx1-ubyte"] = idx(noise.integers(0, 10, count))
    return files


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def stand_ins(tmp_path, monkeypatch) -> dict[str, dict[str, bytes]]:
    """Each set's files by name; aevb and torchvision hold them for it, and AEVB_DATA is an empty folder."""
    made = {source: four_files(seed) for seed, source in enumerate(mnist.SETS)}
    for source, files in made.items():
        archives = {name: gzip.compress(content, mtime=0) for name, content in files.items()}
        known = mnist.SETS[source]
        monkeypatch.setitem(
            mnist.SETS,
            source,
            dataclasses.replace(
                known,
                counts=(30, 10),
                archive_bytes=sum(map(len, archives.values())),
                sha256={name: hashlib.sha256(files[name]).hexdigest() for name in known.sha256},
                md5={name: md5(archives[name]) for name in known.md5},
            ),
        )
        resources = [(f"{name}.gz", md5(content)) for name, content in archives.items()]
        monkeypatch.setattr(getattr(datasets, known.name), "resources", resources)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "data"))
    return made


@pytest.fixture
def stand_in(stand_ins) -> dict[str, bytes]:
    return stand_ins["mnist"]


def write(files: dict[str, bytes], place: Path | None = None, name: Callable[[str], str] = str) -> Path:
    raw = data.folder() / "MNIST" / "raw" if place is None else place
    raw.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        packed = name(file).endswith(".gz")
        (raw / name(file)).write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return raw


@pytest.mark.parametrize(
    "name",
    [
        str,
        lambda file: f"{file}.gz",
        lambda file: file.replace("-idx", ".idx"),
        lambda file: file.replace("-idx", ".idx") + ".gz",
    ],
    ids=["plain", "gz", "kaggle", "kaggle-gz"],
)
@pytest.mark.parametrize("place", ["MNIST/raw", "MNIST", "raw", "."])
def test_mnist_is_found_wherever_it_lies_under_all_its_names(stand_in, place, name):
    write(stand_in, data.folder() / place, name)
    digits = data.read()
    assert digits.complete and digits.note == "All of MNIST: 30 training and 10 test images."
    assert digits.train.images.shape == (30, 28, 28) and digits.test.images.shape == (10, 28, 28)
    assert digits.train.images.numpy().tobytes() == stand_in["train-images-idx3-ubyte"][16:]
    assert digits.test.labels.tolist() == list(stand_in["t10k-labels-idx1-ubyte"][8:])
    assert digits.test.labels.dtype == torch.int64


def test_folders_of_a_files_name_are_passed_over(stand_in):
    """As the archive most fetched from Kaggle has them, beside the files."""
    write(stand_in, data.folder(), lambda file: file.replace("-idx", ".idx"))
    for name in stand_in:
        (data.folder() / name).mkdir()
    assert data.read().complete


def test_a_tilde_in_aevb_data_is_the_users_home(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AEVB_DATA", "~/data")
    write(stand_in)
    assert data.folder() == tmp_path / "data" and data.read().complete


def test_without_aevb_data_the_users_cache_folder_is_used(monkeypatch):
    monkeypatch.delenv("AEVB_DATA", raising=False)
    assert data.folder().name == "aevb" and data.folder().is_absolute()


def test_where_nobody_pointed_and_nothing_is_there_is_nothing_to_explain(stand_in, tmp_path, monkeypatch):
    monkeypatch.delenv("AEVB_DATA")
    monkeypatch.setattr(mnist.platformdirs, "user_cache_dir", lambda *a, **k: str(tmp_path / "data"))
    (data.folder() / "MNIST" / "raw").mkdir(parents=True)
    digits = data.read()
    assert not digits.complete and digits.note == SAID
    with pytest.raises(FileNotFoundError):
        data.load_complete()
    (write(stand_in) / "t10k-images-idx3-ubyte").unlink()
    assert "t10k-images-idx3-ubyte is missing in" in data.read().note


# Why the whole is not used: six situations, six sentences


def said() -> str:
    digits = data.read()
    assert not digits.complete and len(digits.train) == 10_000
    assert digits.note.startswith(SAID)
    return digits.note.removeprefix(SAID).strip()


def test_a_folder_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "nowhere"))
    assert said() == f"AEVB_DATA is {tmp_path / 'nowhere'}, which is not there."


def test_what_is_no_folder_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "file"))
    assert said() == f"AEVB_DATA is {tmp_path / 'file'}, which is not a folder."


def test_a_folder_with_nothing_of_mnist_tells_what_was_looked_for_where(stand_in):
    assert said() == (
        f"AEVB_DATA is {data.folder()}, but no file such as train-images-idx3-ubyte, plain or as .gz, is in "
        "MNIST/raw, MNIST or raw or the folder itself."
    )


@pytest.mark.parametrize("present", [1, 3])
def test_the_files_that_are_missing_are_named(stand_in, present):
    raw = write(dict(list(stand_in.items())[:present]))
    missing = {
        1: "train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte are",
        3: "t10k-labels-idx1-ubyte is",
    }[present]
    assert said() == f"MNIST is not complete: {missing} missing in {raw}."


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("damage", ["changed", "truncated", "empty"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_named_and_not_used(stand_in, part, damage, packed):
    raw = write(stand_in, name=lambda file: f"{file}{'.gz' * packed}")
    path = sorted(raw.iterdir())[part]
    content = path.read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes({"changed": changed, "truncated": content[:-1], "empty": b""}[damage])
    with pytest.raises(DataError, match=rf"{path.name} is damaged \(.+\); it is not used\. Delete it\.$"):
        data.load_complete()
    assert said().startswith(f"The file {path} is damaged")


@pytest.mark.parametrize("at", ["read_bytes", "iterdir"])
def test_what_another_user_keeps_to_himself_is_named(stand_in, monkeypatch, at):
    raw = write(stand_in)
    free = getattr(Path, at)

    def guarded(self: Path):
        if raw == self or raw in self.parents:
            raise PermissionError(13, "Permission denied", str(self))
        return free(self)

    monkeypatch.setattr(Path, at, guarded)
    told = said()
    assert told.endswith(": Permission denied.") and str(raw) in told


@pytest.mark.parametrize("told", ["x" * 5000, "loop", "~nobody-of-this-name/data"])
def test_a_folder_that_no_system_can_look_into_takes_nothing_down(tmp_path, monkeypatch, told):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("AEVB_DATA", told if told.startswith("~") else str(tmp_path / told))
    assert said() and errors.sentence(said())


def test_torchvisions_older_files_are_not_used_instead(stand_in):
    """Nobody has seen their checksums, and reading them would be unpickling."""
    write(stand_in)
    processed = data.folder() / "MNIST" / "processed"
    processed.mkdir()
    for name in (MNIST.training_file, MNIST.test_file):
        (processed / name).write_bytes(b"anything")
    assert len(data.read().train) == 30


# Fashion-MNIST and KMNIST


@pytest.mark.parametrize(("source", "name"), [("fashion", "FashionMNIST"), ("kmnist", "KMNIST")])
def test_the_sets_in_its_likeness_are_read_where_torchvision_keeps_them(stand_ins, source, name):
    files = stand_ins[source]
    raw = write(files, data.folder() / name / "raw", lambda file: f"{file}.gz")
    write(files, raw)  # unpacked beside the archives, which are what can be checked
    found = data.read(source)
    assert found.complete and found.name == source and found.shape == (28, 28)
    assert found.classes == mnist.SETS[source].classes and len(found.classes) == 10
    assert found.note.endswith(": 30 training and 10 test images.")
    assert found.train.images.numpy().tobytes() == files["train-images-idx3-ubyte"][16:]
    archive = raw / "t10k-images-idx3-ubyte.gz"
    archive.write_bytes(archive.read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match=rf"{archive.name} is damaged \(its checksum is wrong\)"):
        data.read(source)


def test_unpacked_files_without_a_known_checksum_are_checked_for_their_structure_and_the_note_says_so(
    stand_ins,
):
    raw = write(stand_ins["fashion"], data.folder() / "FashionMNIST" / "raw")
    note = data.read("fashion").note
    assert "only the structure was checked" in note and "t10k-labels-idx1-ubyte" in note
    (raw / "t10k-labels-idx1-ubyte").write_bytes(idx(np.arange(9)))
    with pytest.raises(DataError, match=r"does not hold Fashion-MNIST: .* \(10, 28, 28\) and \(9,\)"):
        data.read("fashion")
    (raw / "t10k-labels-idx1-ubyte").write_bytes(b"anything else")
    with pytest.raises(DataError, match="is not in MNIST's format"):
        data.read("fashion")


def test_mnists_files_are_not_taken_for_another_set(stand_in, stand_ins, monkeypatch):
    write(stand_in, data.folder())
    with pytest.raises(
        DataError, match=r"in FashionMNIST/raw or FashionMNIST\. `python -m aevb data fashion --download`"
    ):
        data.read("fashion")
    raw = write(stand_ins["fashion"], data.folder() / "FashionMNIST" / "raw", lambda file: f"{file}.gz")
    monkeypatch.setenv("AEVB_DATA", str(raw))  # a folder that tells which set is its own
    assert data.read("fashion").complete
    assert "train-images-idx3-ubyte.gz is damaged" in said()


# Downloads, from servers on this machine


@pytest.fixture
def mirror(stand_ins) -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server's address and the archives that it serves, /SOURCE/NAME.gz, which a test may change."""
    archives = {
        f"/{source}/{name}.gz": gzip.compress(content, mtime=0)
        for source, files in stand_ins.items()
        for name, content in files.items()
    }

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
        yield f"http://127.0.0.1:{server.server_port}/mnist/", archives
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
    assert not data.read().complete


def assert_fails(match: str, within: float = 10) -> None:
    start, timeout = time.monotonic(), socket.getdefaulttimeout()
    with pytest.raises(DataError, match=match):
        list(data.download())
    assert time.monotonic() - start < within
    assert socket.getdefaulttimeout() == timeout
    assert_nothing_left_behind()


@pytest.mark.parametrize("source", ["mnist", "fashion", "kmnist"])
def test_a_download_arrives(mirror, monkeypatch, source):
    address, _ = mirror
    name = mnist.SETS[source].name
    monkeypatch.setattr(getattr(datasets, name), "mirrors", [address.replace("/mnist/", f"/{source}/")])
    fractions = list(data.download(source))
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] == 1
    found = data.read(source)
    assert found.complete and "structure" not in found.note
    assert sorted(path.name for path in data.folder().iterdir()) == [name]
    suffixes = {path.suffix for path in (data.folder() / name / "raw").iterdir()}
    assert suffixes == ({""} if source == "mnist" else {".gz"})


def test_a_second_mirror_serves_where_the_first_does_not(mirror, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [mirror[0] + "elsewhere/", mirror[0]])
    list(data.download())
    assert data.read().complete


def test_a_damaged_download_is_refused(mirror, monkeypatch):
    address, archives = mirror
    monkeypatch.setattr(MNIST, "mirrors", [address])
    archives["/mnist/t10k-labels-idx1-ubyte.gz"] = gzip.compress(b"something else")
    assert_fails("t10k-labels-idx1-ubyte")


def test_more_than_the_set_has_is_not_written(mirror, monkeypatch):
    address, archives = mirror
    monkeypatch.setattr(MNIST, "mirrors", [address])
    archives["/mnist/train-images-idx3-ubyte.gz"] = bytes(10**8)
    assert_fails("got: more than the [0-9,]+ bytes that are missing")


def test_a_download_that_takes_too_long_is_given_up(stand_in, silent_address, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [silent_address])
    monkeypatch.setattr(mnist, "MOST_SECONDS", -1.0)
    assert_fails("did not arrive within")


def test_a_download_with_other_contents_than_ours_is_refused(mirror, monkeypatch):
    """torchvision's checksums are MD5, ours are SHA-256: both must hold."""
    monkeypatch.setattr(MNIST, "mirrors", [mirror[0]])
    known = mnist.SETS["mnist"]
    other = dict(known.sha256) | {"train-labels-idx1-ubyte": "0" * 64}
    monkeypatch.setitem(mnist.SETS, "mnist", dataclasses.replace(known, sha256=other))
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
    monkeypatch.setattr(mnist, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(mnist, "STALL_SECONDS", 0.7)
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


def test_what_cannot_be_downloaded_is_named():
    with pytest.raises(DataError, match="digits is not downloaded: only mnist, fashion, kmnist, faces are"):
        list(data.download("digits"))


def test_the_command_falls_back_to_the_sample(stand_in, monkeypatch, capsys):
    monkeypatch.setattr(MNIST, "mirrors", [refused_address()])
    assert main(["data", "--download"]) == 1
    told = capsys.readouterr()
    assert "could not be downloaded" in told.err and "refused" in told.err
    assert "bundled sample" in told.out + told.err
    assert "Traceback" not in told.err

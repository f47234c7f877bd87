"""What a server finds around it: damaged files and folders, and processes that die or hang under it."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from benchmarks.classroom import ask
from benchmarks.hostile.table import Row
from benchmarks.hostile.visitor import Told, visit
from benchmarks.serving import ROOT, Server, serving
from tests.damage import DEEP, edit, truncate, write

PAGES = ("", "factor-analysis", "vae", "cvae", "gmvae", "vrnn", "draw", "train")
NEED_DIGITS = {"vae", "cvae", "gmvae", "vrnn", "draw"}
SAMPLE = Path("aevb") / "mnist_sample" / "mnist_sample.npz"
VAE = Path("checkpoints") / "vae"
MNIST = Path("data") / "MNIST" / "raw" / "train-images-idx3-ubyte"

Damage = Callable[[Path], object]
"""Done to a folder that holds the app, a folder `data` and a folder `runs`, the server's."""


def at(place: Path, damage: Damage) -> Damage:
    """Damages a file, which is made where there is none."""

    def work(tree: Path) -> None:
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        if not (tree / place).exists():
            (tree / place).touch()
        damage(tree / place)

    return work


def gone(path: Path) -> None:
    """Takes a file or a folder away."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def folder(path: Path) -> None:
    """Puts a folder where a file should be."""
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    """Puts a link there that leads nowhere."""
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def flipped(path: Path) -> None:
    """Turns a bit of ten numbers."""
    content = bytearray(path.read_bytes())
    for number in range(10):
        content[-1000 - 2 * number] ^= 0x10
    path.write_bytes(content)


def another(path: Path) -> None:
    """Puts another model's checkpoint there."""
    gone(path)
    shutil.copytree(path.with_name("cvae"), path)


FOUND: list[tuple[str, Damage, set[str]]] = [
    ("no sample", at(SAMPLE, gone), NEED_DIGITS),
    ("an empty sample", at(SAMPLE, write("")), NEED_DIGITS),
    ("a damaged sample", at(SAMPLE, flipped), NEED_DIGITS),
    ("a folder for the sample", at(SAMPLE, folder), NEED_DIGITS),
    ("MNIST damaged", at(MNIST, write("damaged")), set()),
    ("MNIST a folder", at(MNIST, folder), set()),
    ("MNIST a link that leads nowhere", at(MNIST, dangling), set()),
    ("AEVB_DATA a file", at(Path("data"), lambda path: (gone(path), path.touch())), set()),
    ("AEVB_DATA not there", at(Path("data"), gone), set()),
    ("no checkpoints", at(Path("checkpoints"), gone), {"vae", "cvae", "gmvae", "vrnn", "draw"}),
    ("no VAE", at(VAE, gone), {"vae", "draw"}),
    ("another model's checkpoint", at(VAE, another), {"vae", "draw"}),
    ("a VAE of 1e9 dimensions", at(VAE / "config.json", edit(latent_dim=10**9)), {"vae", "draw"}),
    ("weights cut off", at(VAE / "model.safetensors", truncate), {"vae", "draw"}),
    ("ten bits of the weights turned", at(VAE / "model.safetensors", flipped), {"vae", "draw"}),
    ("a record nested too deep", at(VAE / "training.json", write(DEEP)), set()),
    ("maps cut off", at(VAE / "maps.npz", truncate), set()),
    ("runs with a damaged status", at(Path("runs") / "0" / "status.json", write("[")), set()),
]
"""What is damaged, and the pages that may say so: all others are whole."""


@contextmanager
def copied(damage: Damage) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of the app, damaged, and what its server's environment says."""
    with tempfile.TemporaryDirectory(prefix="aevb-hostile-") as made:
        tree = Path(made)
        for name in ("aevb", "checkpoints", "pages", ".streamlit"):
            shutil.copytree(ROOT / name, tree / name)
        shutil.copy(ROOT / "app.py", tree)
        for name in ("data", "runs"):
            (tree / name).mkdir()
        damage(tree)
        yield tree, {"AEVB_DATA": str(tree / "data"), "AEVB_RUNS": str(tree / "runs")}


@contextmanager
def sound(**environment: str) -> Iterator[tuple[Server, Path]]:
    """A server that finds everything as it should be, and its folder."""
    with copied(lambda _: None) as (tree, told), serving(tree, **told, **environment) as server:
        yield server, tree


def found(row: Row) -> None:
    """Opens every page of servers that find something damaged."""
    for what, damage, told in FOUND:
        with copied(damage) as (tree, environment):
            row.attempt(what, partial(_pages, tree, environment, told))


def _pages(tree: Path, environment: dict[str, str], told: set[str]) -> str:
    with serving(tree, AEVB_TRAINING="off", **environment) as server:
        for page in PAGES:
            if fault := _page(asyncio.run(visit(server.url, page)), page in told, str(tree)):
                return f"/{page}: {fault}"
    return ""


def _page(told: Told, affected: bool, tree: str) -> str:
    if told.fault:
        return told.fault
    if any(tree in said for said in told.sentences):
        return f"where the server's files lie: {told.sentences}"
    said = [said for said in told.sentences if "sample" not in said] if not affected else told.sentences
    return "" if bool(said) == affected else f"it says {said}"


# Processes

RUN = {
    "model": "vae",
    "arguments": {"latent_dim": 2, "hidden_dims": [100]},
    "data": "digits",
    "training": {"epochs": 400},
}
SOON = 120.0  # seconds until another visitor's run has to move


def processes(row: Row) -> None:
    """Ends and stops the one worker under a run."""
    with sound(AEVB_WORKERS="1") as (server, _):
        row.attempt("a worker is killed under a run", partial(_lost, server, signal.SIGKILL, "killed", ""))
        what = "a worker hangs, and its visitor ends the run"
        row.attempt(what, partial(_lost, server, signal.SIGSTOP, "hung", "stop"))


def _lost(server: Server, sent: signal.Signals, how: str, then: str) -> str:
    one, other = f"visitor-{how}-1", f"visitor-{how}-2"
    first, second = _start(server, one), _start(server, other)
    _until(lambda: _look(server, first)["step"] > 0)
    _act(server, second, other, "pause")
    _until(lambda: _look(server, second)["status"] == "paused")
    os.kill(worker(server), sent)
    if then:
        _act(server, first, one, then)
    begun, step = time.monotonic(), _look(server, second)["step"]
    _act(server, second, other, "resume")
    _until(lambda: _look(server, second)["step"] > step)
    seconds, told = time.monotonic() - begun, _look(server, first)["problem"]
    _act(server, second, other, "stop")
    return "" if seconds < SOON and told.endswith(".") else f"after {seconds:.0f} s: {told}"


def _act(server: Server, run: str, visitor: str, do: str) -> None:
    ask(f"{server.url}/training/run/{run}/act", {"visitor": visitor, "do": do})


def _start(server: Server, visitor: str) -> str:
    return ask(f"{server.url}/training/start", {"specification": RUN | {"seed": 0}, "visitor": visitor})["id"]


def _look(server: Server, run: str) -> dict:
    return ask(f"{server.url}/training/run/{run}?from=999999")


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 2 * SOON
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("nothing moves any more")
        time.sleep(0.1)


def worker(server: Server) -> int:
    """The process that trains for a server (Linux)."""
    for children in Path(f"/proc/{server.pid}/task").glob("*/children"):
        for child in children.read_text().split():
            with suppress(OSError):
                if b"aevb.ui.jobs.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
    raise LookupError("no worker")

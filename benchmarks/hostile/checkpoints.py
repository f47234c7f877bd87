"""Checkpoints with damage in each of their files: refused in a sentence, or sound without what is damaged."""

import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from aevb import checkpoints
from aevb.checkpoints import CheckpointError
from aevb.explore import maps, measures
from aevb.models import VAE
from aevb.stored import manifest
from benchmarks.hostile.table import Row
from tests.damage import DEEP, LONG, edit, header, huge, lengthen, truncate, write

Damage = Callable[[Path], object]

SLOW = 10.0
FLIPS = 20
WEIGHT = "p_x_given_z__hidden__0__weight"


def flipped(seed: int) -> Damage:
    """Turns ten bits anywhere."""

    def work(path: Path) -> None:
        content, noise = bytearray(path.read_bytes()), np.random.default_rng(seed)
        for at in noise.choice(len(content), 10, replace=False):
            content[at] ^= 1 << int(noise.integers(8))
        path.write_bytes(content)

    return work


def filled(value: float) -> Damage:
    """Puts a number into the midst of the weights."""

    def work(path: Path) -> None:
        arrays = load_file(path)
        next(iter(arrays.values())).view(-1)[-1] = value
        save_file(arrays, path)

    return work


def bomb(path: Path) -> None:
    """Many zeros in few bytes."""
    np.savez_compressed(path, tsne=np.zeros((2**24, 2), np.float32))


JSON = {
    "nested too deep": write(DEEP),
    "cut": truncate,
    "empty": write(""),
    "a list": write("[]"),
    "no UTF-8": write(b'{"\xff": 1}'),
    "a number without end": write('{"a": ' + "9" * 9_000 + "}"),
    "a gigabyte": huge,
}
WEIGHTS: dict[str, Damage] = {
    "NaN": filled(math.nan),
    "infinity": filled(math.inf),
    "minus infinity": filled(-math.inf),
    "cut": truncate,
    "more": lengthen,
    "empty": write(""),
    "a gigabyte": huge,
    "a pickle": write(b"\x80\x04."),
    "another shape": header(**{WEIGHT: {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}),
    "a shape beyond all": header(**{WEIGHT: {"dtype": "F16", "shape": [2**62, 4], "data_offsets": [0, 4]}}),
    "a type of its own": header(**{WEIGHT: {"dtype": "Q7", "shape": [2], "data_offsets": [0, 4]}}),
    "an array less": header(**{WEIGHT: None}),
    "an array more": header(other={"dtype": "F16", "shape": [0], "data_offsets": [0, 0]}),
}
CONFIG: dict[str, Damage] = {
    "a billion dimensions": edit(latent_dim=10**9),
    "none": edit(latent_dim=0),
    "half a dimension": edit(latent_dim=0.5),
    "a text for a number": edit(latent_dim="20"),
    "a billion layers' width": edit(hidden_dims=[10**9]),
    "another model": edit(model="vrnn"),
    "no model": edit(model=LONG),
    "another format": edit(format=2),
    "an argument of no model's": edit(__class__="os.system"),
    **JSON,
}
MAPS: dict[str, Damage] = {
    "cut": truncate,
    "empty": write(""),
    "a bomb": bomb,
    "objects": lambda path: np.savez(path, tsne=np.array([{}], dtype=object)),
    "one dimension": lambda path: np.savez(path, tsne=np.zeros(3, np.float32)),
}
BESIDE = {"training.json": JSON, "measures.json": JSON, "maps.npz": MAPS}


def tried(row: Row, dtypes: Sequence[torch.dtype] = (torch.float16, torch.float32)) -> None:
    """Damages small checkpoints, of float16 and of float32, and loads them."""
    with tempfile.TemporaryDirectory(prefix="aevb-hostile-") as made:
        for dtype in dtypes:
            sound = Path(made) / str(dtype) / "vae"
            _make(sound, dtype)
            for file, what, damage in _damages():
                root = Path(made) / "damaged"
                shutil.copytree(sound.parent, root)
                vouched = what.startswith("bits")
                if not vouched:  # found without a checksum's help
                    (root / manifest.NAME).unlink()
                damage(root / "vae" / file)
                row.attempt(f"{file}, {dtype}: {what}", partial(_fault, root / "vae", file))
                shutil.rmtree(root)


def _damages() -> Iterator[tuple[str, str, Damage]]:
    for file, known in (("model.safetensors", WEIGHTS), ("config.json", CONFIG), *BESIDE.items()):
        yield from ((file, what, damage) for what, damage in known.items())
    for seed in range(FLIPS):
        yield "model.safetensors", f"bits turned, {seed}", flipped(seed)


def _make(path: Path, dtype: torch.dtype) -> None:
    checkpoints.save(VAE(data_dim=64, latent_dim=4, hidden_dims=(16,)), path, {"epoch": 1})
    weights = path / "model.safetensors"
    save_file({key: array.to(dtype) for key, array in load_file(weights).items()}, weights)
    maps.save({"tsne": np.zeros((3, 2), np.float32)}, path)
    measures.save({"use": [0.5]}, path)
    manifest.write(path.parent)


def _fault(folder: Path, file: str) -> str:
    begun = time.monotonic()
    try:
        found = checkpoints.load(folder)
    except CheckpointError as error:
        said = str(error)
        return "" if file not in BESIDE and _sentence(said) else f"it says {said}"
    if file not in BESIDE:
        return "it was loaded in silence"
    try:
        told = {"training.json": "training", "measures.json": "measures", "maps.npz": "maps"}[file]
        return f"it is read as {getattr(found, told)}"
    except CheckpointError as error:
        seconds = time.monotonic() - begun
        return ("" if _sentence(str(error)) else f"it says {error}") if seconds < SLOW else f"{seconds:.0f} s"


def _sentence(said: str) -> bool:
    return "\n" not in said and 10 < len(said) < 600 and said.endswith(".")

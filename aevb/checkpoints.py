"""Checkpoints: a folder for each model, with what is known of it beside the weights.

    model.safetensors   the weights, and
    config.json         what rebuilds the model: see `aevb.stored`, which writes and reads both
    training.json       how it was trained and what it reached (`aevb.runs`)
    maps.npz            t-SNE, UMAP and PCA of the test set's latent means (`aevb.explore.maps`)
    measures.json       what else never changes for it on the test set: the use of each dimension, principal
                        directions, clusters or guesses against labels, latent paths
                        (`aevb.explore.measures`); what is like a digit (`aevb.explore.likeness`)

SHA256SUMS beside the shipped ones' folders vouches for their files (`aevb.stored.manifest`).

The last three may be missing; where one of them is damaged, that costs itself alone.
"""

import math
import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np
import torch
from torch import nn

from aevb import data, stored
from aevb.data import Images
from aevb.models import REGISTRY, LatentVariableModel, name_of
from aevb.stored import CheckpointError, manifest, save
from aevb.stored.files import CONFIG, FILES, MAPS, MAX_BYTES, MEASURES, TRAINING, Folder, short, write_json
from aevb.stored.hub import ROOT
from aevb.stored.models import require_free

COMPARED = tuple(f"conditioned/{name}" for name in ("xz", "x", "z", "shuffled"))
"""Small CVAEs that a scene shows side by side (benchmarks/conditioned.py): shipped, but no page is theirs."""

Item = TypeVar("Item")
Model = TypeVar("Model", bound=LatentVariableModel)


@dataclass(frozen=True)
class Checkpoint:
    """A model and what is known of it. Each thing that is known is read when it is asked for.

    Attributes:
        path: its folder; for one of the Hub, where it was downloaded to.
        model: in evaluation mode.
    """

    path: Path
    model: LatentVariableModel

    if not TYPE_CHECKING:  # to which any name would then be one of a checkpoint's

        def __getattr__(self, name: str) -> NoReturn:
            """Says where to look for what a model has."""
            has = not name.startswith("_") and hasattr(LatentVariableModel, name)
            hint = f": its model has, checkpoint.model.{name}" if has else ""
            raise AttributeError(f"A Checkpoint has no {name}{hint}.", name=name, obj=self)

    @property
    def kind(self) -> str:
        """The model's name in the registry."""
        return name_of(self.model)

    def expect(self, kind: type[Model]) -> Model:
        """The model, which must be of that kind.

        Raises:
            CheckpointError: where it is another.
        """
        if not isinstance(self.model, kind):
            raise CheckpointError(f"The checkpoint {self.path.name} does not hold a {kind.__name__}.")
        return self.model

    @cached_property
    def training(self) -> dict[str, Any]:
        """How it was trained and what it reached, as `aevb.runs` records it; empty where nobody did.

        Raises:
            CheckpointError: where the file is damaged.
        """
        told = self._told(TRAINING)
        if not isinstance(told.get("source") or "", str):
            raise CheckpointError(f"{self.path / TRAINING} is damaged: its source is no name.")
        return told

    @cached_property
    def measures(self) -> dict[str, Any]:
        """What `aevb.explore.measures.measure` found on the test set; empty where nothing was measured.

        Raises:
            CheckpointError: where the file is damaged.
        """
        return self._told(MEASURES)

    @cached_property
    def maps(self) -> dict[str, np.ndarray]:
        """Two-dimensional maps (N, 2) of the test set by method; empty where none was made.

        Raises:
            CheckpointError: where the file is damaged.
        """
        path = self.path / MAPS
        size = Folder(self.path).size(MAPS)
        if size is None:
            return {}
        manifest.check(path)
        try:
            if size > MAX_BYTES[MAPS]:
                raise ValueError("it is larger than any maps are")
            # Compressed or not: what an array takes is decided here, before it is read.
            with np.load(path, allow_pickle=False) as arrays:
                if sum(member.file_size for member in arrays.zip.infolist()) > MAX_BYTES[MAPS]:
                    raise ValueError("what is packed in it is larger than any maps are")
                return {name: _points(name, arrays[name]) for name in arrays.files}
        except Exception as error:  # zipfile, numpy and zlib each have their own
            raise CheckpointError(f"{path} is damaged: {short(error)}.") from error

    def images(self) -> Images:
        """The data of its training, as `aevb.data` reads them here; MNIST where no record names any.

        Raises:
            CheckpointError: where the record is damaged.
            DataError: where they are not here, as what was brought to a server is not.
        """
        source = self.training.get("source") or "mnist"
        sized = source not in data.SOURCES and len(self.shape) > 1
        return data.read(source, size=self.shape[-2:] if sized else None)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Of one example: (H, W), or (3, H, W) in colour, as recorded; else as far as it can be told.

        That is (T, D) for a model of rows, a square for a square number D, and (D,) for any other.
        """
        model, recorded = self.model, self._recorded("shape", int) or [0]
        if math.prod(recorded) == model.length * model.data_dim and min(recorded) > 0:
            return tuple(recorded)
        side = math.isqrt(model.data_dim)
        if model.length > 1:
            return (model.length, model.data_dim)
        return (side, side) if side * side == model.data_dim else (model.data_dim,)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the data, as recorded, else those of digits: "0", "1" and so on.

        None of data that have no labels.
        """
        recorded, conditional = self._recorded("classes", str), self.model.conditional
        if recorded is not None and (not conditional or len(recorded) == self.model.choices):
            return tuple(recorded)
        return tuple(str(label) for label in range(self.model.choices if conditional else 10))

    def push_to_hub(
        self,
        repo_id: str,
        *,
        license: str = "mit",  # as the Hub calls it
        private: bool | None = None,
        token: str | None = None,
    ) -> str:
        """Puts the checkpoint's files, as they are, on the Hugging Face Hub, with a card.

        A model that has been changed since is not among them: that has a `push_to_hub` of its own.

        Args:
            license, private, token: as in `aevb.stored.push`.
        Returns:
            The commit's address.
        Raises:
            CheckpointError: where the Hub refuses or cannot be reached, or training.json is damaged.
        """
        return stored.push_files(
            self.path, self.model, repo_id, self.training, license=license, private=private, token=token
        )

    def _told(self, file: str) -> dict[str, Any]:
        files = Folder(self.path)
        if files.size(file) is None:
            return {}
        told = stored.read_json(files, file)
        manifest.check(self.path / file)
        return told

    def _recorded(self, key: str, kind: type[Item]) -> list[Item] | None:
        """The list of items that training.json has under a key; None where it has no such list."""
        with suppress(CheckpointError):  # which costs the record, and nothing that a model can do without
            found = self.training.get(key)
            if isinstance(found, list) and all(type(item) is kind for item in found):
                return found
        return None


def load(
    name: str | os.PathLike[str], *, revision: str | None = None, token: str | None = None, **nets: nn.Module
) -> Checkpoint:
    """The checkpoint in a folder, or of that name among the shipped ones or on the Hugging Face Hub.

    The model is in evaluation mode.

    Args:
        revision: a branch, tag or commit of a repository on the Hub.
        token: what the Hub knows you by, where it is not what `hf auth login` has kept.
        nets: nets of one's own that stand in the model, by their names (`LatentVariableModel.with_nets`).
    Raises:
        CheckpointError: where it is missing or damaged; the message names the file.
    """
    found = stored.find(name, revision=revision, token=token)
    kind = REGISTRY.get(found.model)
    if kind is None:
        raise CheckpointError(
            f"{found.files.where(CONFIG)} names no known model ({', '.join(REGISTRY)}) but {found.model}: a "
            "model of one's own is loaded by its class's from_pretrained."
        )
    model = found.read(kind, **nets)
    return Checkpoint(found.files.folder, model)


def shipped() -> list[str]:
    """The names of the checkpoints that come with the library, sorted; `COMPARED` are beside them."""
    return sorted(path.parent.name for path in ROOT.glob(f"*/{CONFIG}"))


def new_folder(root: Path, name: str) -> Path:
    """Makes and returns a new folder in `root`: `name`, or else `name`-2, `name`-3 and so on.

    Two runs that begin at the same moment get two.
    """
    root.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = root / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
        number += 1


def versions() -> dict[str, str]:
    """The versions of Python and torch, on which a measured figure can depend."""
    return {"python": platform.python_version(), "torch": torch.__version__}


def _points(name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind != "f":
        raise ValueError(f"{short(name, 60)} is no list of points but {array.dtype} {array.shape}")
    return array


__all__ = [
    "COMPARED",
    "FILES",
    "ROOT",
    "Checkpoint",
    "CheckpointError",
    "load",
    "new_folder",
    "require_free",
    "save",
    "shipped",
    "versions",
    "write_json",
]

"""The only file format: a folder with five files, of which the last three may be missing.

    model.safetensors   the weights, in float16
    config.json         the format's version, the model's name and the arguments that rebuild it
    training.json       how it was trained and what it reached (`Checkpoint.training`)
    maps.npz            t-SNE, UMAP and PCA of the test set's latent means (`aevb.explore.maps`)
    measures.json       what else never changes for it on the test set: the use of each dimension, principal
                        directions, clusters against classes, latent paths (`aevb.explore.measures`)

The first two are what `PyTorchModelHubMixin` writes and reads, so `VAE.from_pretrained` takes such a
folder or a Hugging Face repository's name. Nothing is ever unpickled.

Float16 halves the files, costs the shipped models less than 0.01 nats, and makes what torch computes from
a loaded checkpoint, in float32, the same as what a browser computes from its float16 weights.
"""

import copy
import json
import os
import platform
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file

from aevb.models import REGISTRY, LatentVariableModel, name_of

FORMAT = 1
FILES = ["model.safetensors", "config.json", "training.json", "maps.npz", "measures.json"]
ROOT = Path(__file__).parent.parent / "checkpoints"
"""The shipped checkpoints of a source checkout."""

HUB_SECONDS = 4.0  # for the Hugging Face Hub to answer


Model = TypeVar("Model", bound=LatentVariableModel)


class CheckpointError(RuntimeError):
    """A checkpoint is missing or damaged; the message names it and the fault in a sentence."""


@dataclass(frozen=True)
class Checkpoint:
    """A model and what is known of it."""

    path: Path
    model: LatentVariableModel
    training: dict[str, Any] = field(default_factory=dict)

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
    def maps(self) -> dict[str, np.ndarray]:
        """Two-dimensional maps (10,000, 2) of the test set by method; empty where none was made.

        Raises:
            CheckpointError: where the file is damaged.
        """
        path = self.path / "maps.npz"
        if not path.is_file():
            return {}
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except Exception as error:  # zipfile, numpy and zlib each have their own
            raise CheckpointError(f"{path} is damaged: {error}.") from error

    @cached_property
    def measures(self) -> dict[str, Any]:
        """What `aevb.explore.measures.measure` found on the test set; empty where nothing was measured.

        Raises:
            CheckpointError: where the file is damaged.
        """
        return _read_json(self.path / "measures.json", required=False)


def save(
    model: LatentVariableModel, path: str | os.PathLike[str], training: dict[str, Any] | None = None
) -> None:
    """Writes model.safetensors, config.json and, where given, training.json into the folder `path`.

    A maps.npz and a measures.json there, which showed other weights, go.

    Raises:
        ValueError: for a weight that float16 cannot hold, or a model of a class that is not in the registry.
    """
    path = Path(path)
    half = copy.deepcopy(model).half()
    if not all(bool(parameter.isfinite().all()) for parameter in half.parameters()):
        raise ValueError("A weight is not a number or beyond the range of float16.")
    config = {"format": FORMAT, "model": name_of(model), **model.config}
    path.mkdir(parents=True, exist_ok=True)
    # Ctrl-C in the middle of it must leave the files of before.
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=path) as staging:
        half.save_pretrained(staging, config=config)
        for name in FILES[:2]:  # the mixin's model card says nothing of ours
            file = Path(staging) / name
            file.chmod(0o644)  # safetensors keeps it from everyone else, such as a server
            file.replace(path / name)
    for name in FILES[3:]:
        (path / name).unlink(missing_ok=True)
    if training is not None:
        write_json(path / "training.json", training)


def load(name: str | os.PathLike[str]) -> Checkpoint:
    """The checkpoint in a folder, or of that name among the shipped ones or on the Hugging Face Hub.

    The model is in evaluation mode.

    Raises:
        CheckpointError: where it is missing or damaged; the message names the file.
    """
    path = _resolve(str(name))
    config = _read_json(path / "config.json", required=True)
    if config.get("format") != FORMAT:
        raise CheckpointError(f"{path / 'config.json'} is not of format {FORMAT}.")
    if config.get("model") not in list(REGISTRY):  # which may be anything, hashable or not
        known = ", ".join(REGISTRY)
        raise CheckpointError(f"{path / 'config.json'} names no known model ({known}).")
    weights = path / "model.safetensors"
    if not weights.is_file():
        raise CheckpointError(f"{weights} is missing.")
    arguments = {key: value for key, value in config.items() if key not in ("format", "model")}
    try:
        model = REGISTRY[config["model"]](**arguments)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path / 'config.json'} is damaged: {error}") from error
    try:
        model.load_state_dict(load_file(weights), strict=True)
    except (SafetensorError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{weights} is damaged or does not fit its config.json: {reason}") from error
    return Checkpoint(path, model.eval(), _read_json(path / "training.json", required=False))


def shipped() -> list[str]:
    """The names of the checkpoints that come with a source checkout, sorted."""
    return sorted(path.parent.name for path in ROOT.glob("*/config.json"))


def versions() -> dict[str, str]:
    """Of what a figure can depend on."""
    return {"python": platform.python_version(), "torch": torch.__version__}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes an object as readable JSON: one key a line, long lists of numbers not."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(_readable(value) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _readable(value: Any, margin: str = "\n") -> str:
    """JSON with a line for each item of what holds objects; lists of numbers stay on one line."""
    inner = margin + "  "
    if isinstance(value, dict) and value:
        items = [f"{json.dumps(key)}: {_readable(item, inner)}" for key, item in value.items()]
        return "{" + inner + f",{inner}".join(items) + margin + "}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[" + inner + f",{inner}".join(_readable(item, inner) for item in value) + margin + "]"
    return json.dumps(value)


def _resolve(name: str) -> Path:
    for candidate in (Path(name), ROOT / name):
        if name and candidate.is_dir():
            return candidate
    if name.count("/") != 1 or name.startswith((".", "/", "checkpoints/")):
        raise CheckpointError(f"There is no checkpoint folder {name}.")
    try:
        # snapshot_download sets its first request no time limit, so a silent Hub is found out here.
        HfApi().model_info(name, timeout=HUB_SECONDS)
        return Path(snapshot_download(name, etag_timeout=HUB_SECONDS, allow_patterns=FILES))
    except (RepositoryNotFoundError, HFValidationError):
        raise CheckpointError(f"There is no folder {name}, and no such repository on the Hub.") from None
    except Exception as error:  # the Hub's client has a family of its own
        with suppress(OSError):  # downloaded before, it can do without the Hub
            return Path(snapshot_download(name, local_files_only=True, allow_patterns=FILES))
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CheckpointError(
            f"There is no folder {name}, and the Hugging Face Hub could not be reached: {reason}"
        ) from error


def _read_json(path: Path, *, required: bool) -> dict[str, Any]:
    if not path.is_file():
        if required:
            raise CheckpointError(f"{path} is missing.")
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: it does not hold a JSON object.")
    return value

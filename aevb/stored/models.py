"""A model into files and out of them."""

import copy
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn

from aevb.stored import hub, manifest
from aevb.stored.card import card
from aevb.stored.files import (
    CONFIG,
    FILES,
    FORMAT,
    MAX_BYTES,
    TRAINING,
    WEIGHTS,
    CheckpointError,
    Files,
    holds,
    listed,
    place,
    read_json,
    short,
    write_json,
)
from aevb.stored.header import check, differences, read_header, tidied, tidy

if TYPE_CHECKING:
    from aevb.models.base import LatentVariableModel

Model = TypeVar("Model", bound="LatentVariableModel")

OURS = ("format", "model", "own_nets")
"""The keys of config.json that are no arguments of the model's."""

MOST = 0.01
"""What a narrower type may cost, in nats."""

SAMPLES = 128
SEED = 20_220_808  # of what the cost is measured on


# Out of files


@dataclass(frozen=True)
class Stored:
    """A checkpoint of which config.json has been read, and nothing else yet."""

    files: Files
    config: Mapping[str, Any]

    @property
    def model(self) -> str:
        """What config.json calls its model."""
        return short(self.config.get("model"), 60)

    def read(self, kind: type[Model], **nets: nn.Module) -> Model:
        """The model, in evaluation mode, on the CPU; in float32, or in float64 where its weights are kept so.

        Args:
            kind: the model's class, or one that is derived from it.
            nets: the nets of one's own that stand in it, by name; their weights are set in place.
        Raises:
            CheckpointError: where the files are of another model, damaged, or need other nets.
        """
        where, weights = self.files.where(CONFIG), self.files.where(WEIGHTS)
        if self.model not in {vars(base).get("name") for base in kind.__mro__}:
            raise CheckpointError(f"{where} is of the model {self.model}, not of {kind.__name__}.")
        arguments = {key: value for key, value in self.config.items() if key not in OURS}
        self._expect(nets)
        try:
            expected = tidied(_arrays(skeleton(kind, arguments), nets), where)
        except CheckpointError:
            raise
        except Exception as error:  # whatever a constructor says to arguments from a stranger's file
            raise CheckpointError(f"{where} is damaged: {short(error)}.") from error
        check(tidied(read_header(self.files), weights), expected, weights)
        for file in (CONFIG, WEIGHTS):
            manifest.check(self.files.folder / file)

        model = kind(**arguments).with_nets(**nets)
        names = {tidy(name): name for name in model.state_dict()}
        try:
            arrays = load_file(self.files.folder / WEIGHTS)
            parameters = _parameters(model)
            if any(arrays[name].dtype == torch.float64 for name in arrays if tidy(name) in parameters):
                model.double()
            model.load_state_dict({names[tidy(name)]: array for name, array in arrays.items()})
        except (SafetensorError, OSError, RuntimeError, LookupError) as error:
            raise CheckpointError(f"{weights} is damaged: {short(error)}.") from error
        if unsound := _not_finite(model.named_parameters()):
            raise CheckpointError(f"{weights} is damaged: not all numbers of {listed(unsound)} are finite.")
        return model.eval()

    def _expect(self, nets: Mapping[str, nn.Module]) -> None:
        where, own = self.files.where(CONFIG), self.config.get("own_nets", [])
        if not isinstance(own, list) or not all(isinstance(name, str) for name in own):
            raise CheckpointError(f"{where} is damaged: its own_nets are no list of names.")
        if lacking := sorted(set(own) - nets.keys()):
            raise CheckpointError(
                f"{where} is of a model with nets of one's own in it: give them by name, {lacking[0]}=… "
                f"({listed(lacking)})."
            )
        if unknown := sorted(nets.keys() - set(own)):
            raise CheckpointError(f"{where} knows of no net of one's own called {listed(unknown)}.")
        for name, net in nets.items():
            if not isinstance(net, nn.Module):
                raise CheckpointError(f"{name} must be a torch module, not a {type(net).__name__}.")


def find(name: str | os.PathLike[str], *, revision: str | None = None, token: str | None = None) -> Stored:
    """The checkpoint of a name, as `aevb.stored.hub.find` looks for it.

    Raises:
        CheckpointError: where there is none, or its config.json is missing, damaged or of another format.
    """
    files = hub.find(name, revision=revision, token=token)
    config = read_json(files, CONFIG)
    if config.get("format") != FORMAT:
        raise CheckpointError(f"{files.where(CONFIG)} is not of format {FORMAT}.")
    return Stored(files, config)


# Into files


def save(
    model: "LatentVariableModel",
    folder: str | os.PathLike[str],
    training: Mapping[str, Any] | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Writes model.safetensors, config.json and, where given, training.json.

    Weights are rounded to float16 where that changes the mean ELBO by less than `MOST` nats, on examples that
    the model itself draws (`precision`): what is loaded is then not the same to the last bit.

    Args:
        overwrite: whether a checkpoint that is already there may go. All its files do then, since what they
            tell is of other weights; they stay until the new ones are complete.
    Raises:
        CheckpointError: where the folder holds a checkpoint, and `overwrite` is not given.
        ValueError: for weights that are not finite numbers, a model that its arguments do not rebuild, or a
            `training` that JSON has no words for.
    """
    folder = place(folder)
    if not overwrite:
        require_free(folder)
    config = {"format": FORMAT, "model": type(model).name, **_arguments(model)}
    if model.own_nets:
        config["own_nets"] = list(model.own_nets)
    weights, told = _weights(model), None if training is None else _told(training)
    folder.mkdir(parents=True, exist_ok=True)
    # Ctrl-C in the middle of it must leave the files of before.
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as made:
        staging = Path(made)
        save_file(weights, staging / WEIGHTS, metadata={"format": "pt"})
        (staging / WEIGHTS).chmod(0o644)  # safetensors keeps it from everyone else, such as a server
        write_json(staging / CONFIG, config)
        if (staging / CONFIG).stat().st_size > MAX_BYTES[CONFIG]:
            raise ValueError(f"The arguments of this {type(model).__name__} are too long to be read again.")
        if told is not None:
            write_json(staging / TRAINING, told)
        for file in FILES:
            if (staging / file).exists():
                (staging / file).replace(folder / file)
            else:
                (folder / file).unlink(missing_ok=True)


def require_free(folder: Path) -> None:
    """Refuses a folder that a checkpoint lies in.

    Raises:
        CheckpointError: where it does.
    """
    if holds(folder):
        raise CheckpointError(
            f"{folder} holds a checkpoint already: choose another folder, or give overwrite=True."
        )


def push(
    model: "LatentVariableModel",
    name: str,
    training: Mapping[str, Any] | None = None,
    *,
    license: str = "mit",  # as the Hub calls it
    private: bool | None = None,
    token: str | None = None,
) -> str:
    """Keeps a model in a repository "owner/name" on the Hugging Face Hub, with a card that tells what it is.

    Args:
        license: of the weights, as the Hub abbreviates it.
        private: whether only its owner is to see it; None leaves that as it is, and of a new one to their
            settings.
        token: what the Hub knows you by, where it is not what `hf auth login` has kept.
    Returns:
        The commit's address.
    Raises:
        CheckpointError: where the Hub refuses or cannot be reached.
        ValueError: as `save`.
    """
    with tempfile.TemporaryDirectory() as made:
        save(model, made, training)
        told = training or {}
        return push_files(Path(made), model, name, told, license=license, private=private, token=token)


def push_files(
    folder: Path,
    model: "LatentVariableModel",
    name: str,
    training: Mapping[str, Any],
    *,
    license: str,
    private: bool | None,
    token: str | None,
) -> str:
    """As `push`, for a checkpoint's files as they are: nothing is measured, and nothing saved anew.

    Args:
        folder: where they lie.
        model, training: what they hold, for the card.
    Returns:
        The commit's address.
    Raises:
        CheckpointError: where the Hub refuses or cannot be reached.
    """
    with tempfile.TemporaryDirectory() as made:
        for file in FILES:
            if (folder / file).is_file():
                shutil.copy(folder / file, made)
        text = card(model, name, training, license)
        (Path(made) / "README.md").write_text(text, encoding="utf-8")
        return hub.upload(Path(made), name, private=private, token=token)


def _arguments(model: "LatentVariableModel") -> dict[str, Any]:
    """The model's `config`, after a look whether it would be rebuilt from it.

    Raises:
        ValueError: where it would not: what cannot be loaded should not be saved.
    """
    kind, arguments = type(model).__name__, model.config
    if clash := sorted(arguments.keys() & set(OURS)):
        raise ValueError(f"{kind} has an argument {clash[0]}, which config.json needs for itself: rename it.")
    if lost := model.not_in_config:
        raise ValueError(
            f"This {kind} could not be loaded again: JSON has no word for what was given as {listed(lost)}. "
            "Give names or numbers in its place, and put nets of your own in by with_nets."
        )
    if numbered := [name for name, value in arguments.items() if not _by_text(value)]:
        raise ValueError(
            f"This {kind} could not be loaded again: config.json, as all JSON, has text alone for keys, and "
            f"not those in {listed(numbered)}. Give it as a list of pairs."
        )
    try:
        rebuilt = skeleton(type(model), arguments)
    except Exception as error:  # whatever its constructor says
        raise ValueError(
            f"This {kind} could not be loaded again: {kind}(**model.config) fails: {short(error)}. Put nets "
            "of your own in by with_nets."
        ) from error
    ours, theirs = (_parts(each, model.own_nets) for each in (model, rebuilt))
    if faults := differences(ours, theirs, "is not among them", "is missing"):
        raise ValueError(
            f"This {kind} could not be loaded again from its arguments, which build other parts: {faults}. "
            "Put nets of your own in by with_nets."
        )
    if changed := [name for name, part in ours.items() if theirs[name] != part]:
        raise ValueError(
            f"This {kind} could not be loaded again from its arguments, which build another "
            f"{listed(changed)}. Put nets of your own in by with_nets."
        )
    return arguments


def _told(training: Mapping[str, Any]) -> dict[str, Any]:
    """What training.json is to tell, with the numbers of numpy and torch as JSON's.

    Raises:
        ValueError: for what JSON has no word for.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, np.generic | np.ndarray | Tensor):
            return value.tolist()
        raise TypeError(f"a {type(value).__name__} is neither numbers nor text")

    try:
        text = json.dumps(dict(training), default=plain)
    except (TypeError, ValueError) as error:
        raise ValueError(f"training.json cannot tell what was given: {short(error)}.") from error
    # Of what is no number, such as the standard error of one example, others' JSON has no word.
    return json.loads(text, parse_constant=lambda _: None)


def _by_text(value: object) -> bool:
    """Whether all that stands under keys in it, however deep, stands under text."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _by_text(item) for key, item in value.items())
    return not isinstance(value, list | tuple) or all(map(_by_text, value))


def _weights(model: "LatentVariableModel") -> dict[str, Tensor]:
    dtype, parameters = precision(model), _parameters(model)
    arrays = {}
    for name, array in _arrays(model, {}).items():
        narrowed = name in parameters and array.is_floating_point()
        # A copy, since two names may stand for the same memory, which safetensors refuses.
        array = array.detach().to("cpu", dtype if narrowed else array.dtype, copy=True)
        arrays[name] = array.contiguous()
    if unsound := _not_finite((name, array) for name, array in arrays.items() if name in parameters):
        raise ValueError(f"There is nothing to keep: not all numbers of {listed(unsound)} are finite.")
    return arrays


@torch.no_grad()
def precision(model: "LatentVariableModel") -> torch.dtype:
    """The type to keep a model's parameters in: float16 where that costs less than `MOST` nats, else float32,
    or float64 where the model is in that and float32 costs as much.

    The cost is measured on `SAMPLES` examples that the model itself draws, since those are at hand for any
    model: how much lower the mean ELBO is, under the same noise, once they are rounded. It is the mean of
    two, one with every weight moved the other way by as much: what then cancels is the slope, which is
    nothing on the data that a model has settled on, but not on its own draws. Labels take their turns.
    Buffers, which may be counts or tables, keep their own types.

    The same weights always get the same answer. A model of which it cannot be measured keeps its own type,
    or gets float32 where that is narrower.
    """
    widest = torch.promote_types(model.dtype, torch.float32)
    kept = copy.deepcopy(model).to("cpu", widest).eval()
    narrower = (dtype for dtype in (torch.float16, torch.float32) if dtype != widest)
    return next((dtype for dtype in narrower if _cost(kept, dtype) < MOST), widest)


def _cost(kept: "LatentVariableModel", dtype: torch.dtype) -> float:
    """What rounding a model's parameters costs, in nats; infinite or NaN where it cannot be measured."""
    rounded, opposite = copy.deepcopy(kept), copy.deepcopy(kept)
    for near, far in zip(rounded.parameters(), opposite.parameters(), strict=True):
        if near.is_floating_point():
            near.copy_(near.to(dtype))
            far.copy_(2 * far - near)
    y = torch.arange(SAMPLES) % kept.choices if kept.choices else None
    try:
        x = kept.ancestral_sample(SAMPLES, y, generator=Generator().manual_seed(SEED))
        observed = (x, y) if kept.conditional else (x,)
        mean, near_mean, far_mean = (
            each.elbo(*observed, generator=Generator().manual_seed(SEED + 1)).double().mean().item()
            for each in (kept, rounded, opposite)
        )
    except Exception:  # whatever a model of one's own says; ours refuse what is not finite by ValueError
        return math.inf
    return abs(mean - (near_mean + far_mean) / 2)


# What a model consists of


def skeleton(kind: type[Model], arguments: Mapping[str, Any]) -> Model:
    """A model that takes no memory: its arrays have shapes and types, but no numbers.

    A constructor that computes with the numbers gets them.
    """
    try:
        with torch.device("meta"):
            return kind(**arguments)
    except (NotImplementedError, RuntimeError, TypeError):  # the last where it asks for them as numpy's
        return kind(**arguments)


def _arrays(model: nn.Module, nets: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """What is kept of a model by its `tidy` name, with the arrays of other nets in the place of its own."""
    found = {name: array for name, array in model.state_dict().items() if name.split(".")[0] not in nets}
    for own, net in nets.items():
        found |= {f"{own}.{name}": array for name, array in net.state_dict().items()}
    return {tidy(name): array for name, array in found.items()}


def _parameters(model: nn.Module) -> set[str]:
    """The `tidy` names of a model's parameters, each of one that has several."""
    return {tidy(name) for name, _ in model.named_parameters(remove_duplicate=False)}


def _parts(model: nn.Module, own_nets: Iterable[str]) -> dict[str, object]:
    """The type of each module and the shape of each array, by name, but for those of nets of one's own."""
    # Of a compiled module and the one within it, which have the same name, the one within it comes last.
    parts: dict[str, object] = {tidy(name): type(module) for name, module in model.named_modules()}
    parts |= {name: array.shape for name, array in _arrays(model, {}).items()}
    return {name: part for name, part in parts.items() if name.split(".")[0] not in own_nets}


def _not_finite(named: Iterable[tuple[str, Tensor]]) -> list[str]:
    return [name for name, array in named if array.is_floating_point() and not array.isfinite().all()]

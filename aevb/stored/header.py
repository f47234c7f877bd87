"""What a safetensors file says of itself before its arrays begin: checked before any of them is looked at.

The file is a length n in eight bytes, n bytes of JSON, {name: {dtype, shape, data_offsets}}, and the arrays.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from aevb.stored.files import WEIGHTS, CheckpointError, Files, listed, parse, short

MAX_HEADER = 2**20
"""In bytes: some ten thousand arrays. Those of the models here take 3,000 at most."""

FLOATS = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}
WHOLE = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
}


Value = TypeVar("Value")


class Array(NamedTuple):
    """What is told of an array."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """How many bytes it takes."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(files: Files) -> dict[str, Array]:
    """The arrays of the weights by their names.

    Raises:
        CheckpointError: where the file is missing, no safetensors file, of types that are not read here, or
            not as long as its arrays.
    """
    where, size = files.where(WEIGHTS), files.size(WEIGHTS)
    if size is None:
        raise CheckpointError(f"{where} is missing.")
    length = int.from_bytes(files.read(WEIGHTS, 0, 8), "little")
    if length > min(MAX_HEADER, size - 8):
        raise CheckpointError(f"{where} is damaged: it does not begin as a safetensors file does.")
    told = parse(files.read(WEIGHTS, 8, 8 + length), where)
    told.pop("__metadata__", None)
    arrays = {name: _array(name, entry, where) for name, entry in told.items()}
    left = size - 8 - length
    if sum(array.nbytes for array in arrays.values()) != left:
        raise CheckpointError(f"{where} is damaged: its arrays are not the {left:,} bytes after its header.")
    return arrays


def _array(name: str, entry: object, where: str) -> Array:
    match entry:
        case {"dtype": str(dtype), "shape": [*shape]} if all(type(n) is int and n >= 0 for n in shape):
            if dtype in FLOATS | WHOLE:
                return Array((FLOATS | WHOLE)[dtype], tuple(shape))
            raise CheckpointError(
                f"{where} is damaged: {short(name, 60)} is of type {short(dtype, 20)}, and floats are read "
                f"as {', '.join(FLOATS)}."
            )
    raise CheckpointError(f"{where} is damaged: its header does not describe {short(name, 60)}.")


def check(found: Mapping[str, Array], expected: Mapping[str, Tensor], where: str) -> None:
    """Holds the arrays of a file against those that a model asks for, each by its name.

    Raises:
        CheckpointError: where they differ in names or shapes, or in what kind of numbers they hold.
    """
    wrong = f"{where} does not fit its config.json:"
    if faults := differences(expected, found, "is missing", "is not the model's"):
        raise CheckpointError(f"{wrong} {faults}.")
    for name, array in found.items():
        asked = expected[name]
        if array.shape != asked.shape:
            raise CheckpointError(
                f"{wrong} {short(name, 60)} is {short(array.shape, 60)}, not {short(tuple(asked.shape), 60)}."
            )
        if array.dtype != asked.dtype and not (
            array.dtype.is_floating_point and asked.dtype.is_floating_point
        ):
            found_type, asked_type = (str(each.dtype).removeprefix("torch.") for each in (array, asked))
            raise CheckpointError(f"{wrong} {short(name, 60)} is of type {found_type}, not {asked_type}.")


def differences(ours: Mapping[str, object], theirs: Mapping[str, object], lacking: str, extra: str) -> str:
    """Which names are in one but not in the other, the first few of each; "" where they are the same."""
    told = []
    for names, said in ((ours.keys() - theirs.keys(), lacking), (theirs.keys() - ours.keys(), extra)):
        if names:
            said = said if len(names) == 1 else said.replace("is", "are", 1)
            told.append(f"{listed(sorted(names))} {said}")
    return " and ".join(told)


def tidy(name: str) -> str:
    """A parameter's name without what torch.compile and (Distributed)DataParallel put into it."""
    parts = [part for part in name.split(".") if part != "_orig_mod"]
    while len(parts) > 1 and parts[0] == "module":
        parts = parts[1:]
    return ".".join(parts)


def tidied(named: Mapping[str, Value], where: str) -> dict[str, Value]:
    """What stands under names, under their `tidy` ones.

    Raises:
        CheckpointError: where two of them are then the same.
    """
    found = {tidy(name): value for name, value in named.items()}
    if len(found) < len(named):
        twice = [name for name in named if tidy(name) != name and tidy(name) in named]
        raise CheckpointError(f"{where} names the same array twice: {listed(twice or named)}.")
    return found

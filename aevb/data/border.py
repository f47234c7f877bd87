"""The border of data: whatever a caller holds becomes tensors here, once, or is refused in a sentence.

Inside the library nothing asks again. Every function raises ValueError with what is wrong, the value that
was found, and what to do.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from aevb.counted import counted

Support = Literal["unit interval", "binary", "real"]
"""What a likelihood may be asked about: numbers in [0, 1], 0s and 1s, or any finite numbers."""

WIDER = {
    **dict.fromkeys((torch.uint16, torch.uint32, torch.uint64), torch.int64),
    **dict.fromkeys((torch.float8_e4m3fn, torch.float8_e5m2), torch.float32),
}
"""For types of numbers that torch stores but hardly computes with, those that it does."""

WEIGHT_TOLERANCE = 1e-3
"""By how much weights of classes may miss the sum of 1: that of float16."""


@dataclass(frozen=True)
class Labelled:
    """Images with their labels, where there are any: what a `Split` of a data set is to this border."""

    images: Tensor
    labels: Tensor | None = None


# Tensors


def as_tensor(values: Any) -> Tensor:
    """Numbers as a tensor, of the type that they have; their memory is shared where it can be.

    Args:
        values: a tensor; a numpy array, or what turns into one, such as a DataFrame; a PIL image, (H, W) or
            (H, W, 3); numbers, or several of these of one shape, in a list or tuple; a torch `Dataset` or
            `DataLoader`, which is read whole, or a `Split`, both without their labels.
    Raises:
        ValueError: for what is no array of real numbers, arrays of several shapes, whole numbers from 2**63
            on, or more than fits into memory.
    """
    if isinstance(values, Dataset | DataLoader | Labelled):
        return as_pair(values)[0]
    if isinstance(values, list | tuple) and any(
        isinstance(v, Tensor | np.ndarray | Image.Image) for v in values
    ):
        return _joined([as_tensor(value) for value in values], stack=True)
    if not isinstance(values, Tensor):
        values = torch.from_numpy(_as_array(values))
    if values.is_complex() or values.is_quantized:
        raise ValueError(f"Values must be real numbers, not {values.dtype}.")
    check_memory(values.numel() * values.element_size())
    values = values.detach().to_dense() if values.layout != torch.strided else values.detach()
    found = values.to(WIDER.get(values.dtype, values.dtype))
    if values.dtype == torch.uint64 and (found < 0).any():
        raise ValueError("Whole numbers must be below 2**63: give larger ones as floats.")
    return found


def as_pair(values: Any) -> tuple[Tensor, Any]:
    """As `as_tensor`, and the labels of a `Split`, or of a `Dataset` or `DataLoader` that gives pairs (x, y),
    else None.

    Of those that give pairs it is a list of whatever each example has, for `read_labels`: they may be none,
    and not be asked for.
    """
    if isinstance(values, Labelled):
        return as_tensor(values.images), values.labels
    if not isinstance(values, Dataset | DataLoader):
        return as_tensor(values), None
    kind, held, expected = type(values).__name__, 0, _length(values)
    stack = not isinstance(values, DataLoader)
    examples, labels = list[Tensor](), list[Any]()
    for item in _items(values):
        if isinstance(item, Mapping) or (isinstance(item, tuple | list) and len(item) not in (1, 2)):
            found = counted(len(item), "parts") if isinstance(item, tuple | list) else "a dictionary"
            raise ValueError(f"Each item of {kind} must be x or a pair (x, y), not {found}.")
        x, *y = item if isinstance(item, tuple | list) else (item,)
        examples.append(as_tensor(x))
        if not stack and values.batch_sampler is None and examples[0].ndim < 2:  # type: ignore[union-attr]
            raise ValueError(
                f"This {kind} gives single examples: give it a batch_size, or its data set alone."
            )
        labels += y if stack else [label for batch in y for label in _each(batch)]
        held += examples[-1].nbytes
        # Joining holds everything twice; and how much will come, the first item can tell.
        check_memory(2 * max(held, examples[0].nbytes * expected))
    if not examples:
        raise ValueError("There are no examples.")
    return _joined(examples, stack), labels or None


def _each(batch: Any) -> list[Any]:
    try:
        return list(batch)
    except TypeError:  # one for all of them, which is no label of theirs
        return [batch]


def _items(values: Dataset | DataLoader) -> Iterator[Any]:
    if isinstance(values, DataLoader):
        try:
            yield from values
        except TypeError as error:  # torch's, of items that it cannot make a batch of
            raise ValueError(f"The DataLoader gives no numbers: {_first_line(error)}") from error
    elif isinstance(values, IterableDataset):
        yield from values
    elif not hasattr(values, "__len__"):
        raise ValueError(f"A {type(values).__name__} must tell how many examples it has, by __len__.")
    else:  # many raise no IndexError at their end
        yield from (values[index] for index in range(len(values)))


def _length(values: Dataset | DataLoader) -> int:
    """How many items there will be; 0 where that is not known."""
    try:
        return len(values)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError):
        return 0


def _joined(parts: list[Tensor], stack: bool) -> Tensor:
    first = parts[0].shape if stack else parts[0].shape[1:]
    for part in parts:
        shape = part.shape if stack else part.shape[1:]
        if shape != first:
            raise ValueError(
                f"Examples must be of one size: there is one of {_by(first)} and one of {_by(shape)}."
            )
    return torch.stack(parts) if stack else torch.cat(parts)


def _as_array(values: Any) -> np.ndarray:
    if isinstance(values, Image.Image):
        return as_pixels(values)
    if hasattr(values, "train") and hasattr(values, "test"):
        raise ValueError("A data set has two splits: give its train or its test.")
    if hasattr(values, "columns") and hasattr(values, "isna"):  # as a table of pandas
        lacking = values.columns[values.isna().to_numpy().any(0)]
        if len(lacking):
            where = _in_columns(lacking)
            raise ValueError(f"Some values are missing{where}: fill them in, or leave those examples out.")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"These are no numbers in rows of one length: {_first_line(error)}") from error
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError("Some values are masked: fill them in, or leave those examples out.")
    if array.dtype.kind == "O" and array.ndim:  # as numbers of pandas' own types come, and columns of both
        with suppress(ValueError, TypeError):
            array = np.array(array.tolist())
    if array.dtype.kind == "O" and array.ndim and any(map(_is_missing, array.flat)):
        raise ValueError("Some values are missing: fill them in, or leave those examples out.")
    if array.dtype.kind not in "biuf":
        where = _in_columns(_not_numbers(values))
        raise ValueError(f"Values must be numbers, not {_kind(values, array)}{where}.")
    check_memory(array.nbytes)
    if array.dtype.kind == "f" and array.itemsize > 8:
        array = array.astype(np.float64)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    # torch shares neither what is read-only nor what runs backwards.
    return array if array.flags.writeable and min(array.strides, default=0) >= 0 else array.copy()


def as_pixels(image: Image.Image) -> np.ndarray:
    """A PIL image as (H, W) in grey, or (H, W, 3) in colour; what is transparent is seen on black."""
    if image.mode in ("1", "L", "RGB", "F") or image.mode.startswith("I"):
        return np.array(image)
    grey = image.mode in ("LA", "La")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return np.array(image.convert("L" if grey else "RGB"))


# Shapes


def check_shape(x: Tensor, *, data_dim: int, length: int = 1) -> Tensor:
    """Examples as a model takes them: (N, D), or (N, T, D) for T rows each.

    Args:
        x: (N, …), of T·D numbers each, such as images (N, H, W); those of colours, (N, H, W, 3), are taken
            channel by channel, as (N, 3, H, W) is.
        data_dim: D.
        length: T.
    Raises:
        ValueError: for another number of numbers, a single example, or none.
    """
    size = data_dim * length
    wanted = f"({length}, {data_dim})" if length > 1 else f"({data_dim},)"
    if x.ndim == 0 or (x.ndim == 1 and len(x)):
        raise ValueError(
            f"Examples must be of shape (N, {wanted[1:].rstrip(',)')}), not {tuple(x.shape)}: give "
            f"{'a column as numpy.asarray(x)[:, None]' if size == 1 else 'a single one as x[None]'}."
        )
    if not len(x):
        raise ValueError("There are no examples.")
    x = channels_first(x)
    found = x.numel() // len(x)
    if found != size:
        hint = " (a single example is given as x[None])" if x.numel() == size else ""
        told = counted(found, "numbers") + (f" ({_by(x.shape[1:])})" if x.ndim > 2 else "")
        expected = counted(size, "numbers") + (f" ({length} × {data_dim})" if length > 1 else "")
        raise ValueError(f"The model takes examples of {expected}, but these have {told}{hint}.")
    return x.reshape(len(x), length, data_dim) if length > 1 else x.reshape(len(x), data_dim)


def channels_first(images: Tensor) -> Tensor:
    """Colour images (N, H, W, 3) as (N, 3, H, W), and one channel of its own, (N, 1, H, W), as (N, H, W).

    Everything else, (N, 3, H, W) among it, as it is.

    Raises:
        ValueError: for images with a channel of transparency, (N, H, W, 2) or (N, H, W, 4).
    """
    if images.ndim != 4:
        return images
    if images.shape[1] not in (1, 3) and images.shape[3] in (2, 4):
        raise ValueError(
            f"Images must have one channel or three, not {images.shape[3]}: leave transparency out, "
            f"x[..., :{images.shape[3] - 1}], or give what are no images as x.reshape(len(x), -1)."
        )
    if images.shape[1] != 3 and images.shape[3] in (1, 3):
        images = images.movedim(3, 1)
    return images[:, 0] if images.shape[1] == 1 else images


def _by(shape: Iterable[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"


# Values


def check_support(x: Tensor, support: Support, observation: str) -> None:
    """Refuses values that a likelihood says nothing about, and grey levels that are not presented yet.

    Args:
        x: (N, …), of any numbers.
        observation: how images are presented to the model, a key of `aevb.data.PRESENTATIONS`: the advice.
            To a model that is presented images, integers beyond 0 and 1 are grey levels, but for a table's.
    Raises:
        ValueError: for values that are no finite numbers or lie outside `support`, and for grey levels, with
            the range found.
    """
    if not x.numel():
        return
    low, high = (bound.item() for bound in x.aminmax())
    if not (np.isfinite(low) and np.isfinite(high)):
        not_finite = ~x.isfinite()
        count = int(not_finite.sum())
        columns = not_finite.any(0).nonzero().flatten().tolist() if x.ndim == 2 else []
        raise ValueError(
            f"{count:,} of {x.numel():,} values are not finite numbers{_in_columns(columns)}: fill them in, "
            "or leave those examples out."
        )
    if support == "unit interval" and not (low >= 0 and high <= 1):
        raise ValueError(
            f"Values must be in [0, 1], not in {_range(low, high)}: {_advice(x, low, high, observation)}"
        )
    if support == "binary" and not bool(((x == 0) | (x == 1)).all()):
        raise ValueError(
            f"Values must be 0 or 1, not numbers in {_range(low, high)}: {_advice(x, low, high, observation)}"
        )
    if observation != "vector" and x.ndim > 2 and not x.is_floating_point() and not 0 <= low <= high <= 1:
        raise ValueError(
            f"Integers, here in {_range(low, high)}, are grey levels to this model: give other numbers as "
            f"floats, or {_advice(x, low, high, observation)}"
        )


def _range(low: float, high: float) -> str:
    return f"[{low:.6g}, {high:.6g}]"


def _advice(x: Tensor, low: float, high: float, observation: str) -> str:
    rows = ", or, where they are rows of a file, their size to aevb.data.read" if x.ndim == 2 else ""
    table = "; a table of other numbers needs a model with likelihood=gaussian" if x.ndim == 2 else ""
    presented = f'aevb.Examples(images, "{observation}"), which presents them{rows}{table}.'
    present = f"give images as integers in 0…255 to {presented}"
    if low < 0:
        return f"undo their standardisation, or {present}"
    if 1 < high < 128:
        return f"scale them from 0…{high:g} to 0…255, and {present}"
    return present


def check_memory(needed: int) -> None:
    """Refuses what would get the process killed.

    Raises:
        ValueError: for more bytes than this machine, or the process's own limit on Linux, has in all.
    """
    if needed > memory():
        raise ValueError(
            f"These data take {needed / 1e9:,.1f} GB, and the memory here holds {memory() / 1e9:,.1f} GB: "
            "give fewer examples."
        )


def memory() -> float:
    """Bytes of memory of this machine, or of the container around the process; infinite where unknown."""
    limits = [float("inf")]
    with suppress(AttributeError, ValueError, OSError):  # Windows knows no such question
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(ValueError, OSError):  # "max" where there is no limit
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(limits)


# Labels


def read_labels(labels: Any, *, count: int, classes: int | None = None) -> Tensor:
    """Labels of `count` examples: whole numbers (N,) in 0…C-1 as int64, or weights of the classes (N, C).

    Args:
        labels: whole numbers of any type, (N,) or a column (N, 1); one-hot rows (N, C) of any type; weights
            (N, C) that are at least 0 and sum to 1.
        classes: C, where it is known.
    Raises:
        ValueError: for another number of labels, names, fractions, labels outside 0…C-1, rows of another
            width, or weights that do not sum to 1.
    """
    y = _label_numbers(labels)
    if y.ndim == 0 or len(y) != count:
        found = "a single label" if y.ndim == 0 else counted(len(y), "labels")
        are = "is" if count == 1 else "are"
        raise ValueError(f"There {are} {counted(count, 'examples')} but {found}: give one for each.")
    if y.ndim > 2:
        raise ValueError(f"Labels must be of shape (N,) or (N, C), not {tuple(y.shape)}.")
    if not y.isfinite().all():
        raise ValueError("Some labels are not finite numbers: leave those examples out.")
    if y.ndim == 2 and y.shape[1] == 1 and (classes != 1 or not y.any()):  # of one class 1 is its weight
        y = y[:, 0]
    return _whole(y, classes) if y.ndim == 1 else _weights(y, classes)


def one_each(labels: Tensor) -> Tensor:
    """Labels as `read_labels` gives them, (N,).

    Raises:
        ValueError: for weights of several classes.
    """
    if labels.is_floating_point():
        raise ValueError("Each example must have one label, not weights of several.")
    return labels


def _label_numbers(labels: Any) -> Tensor:
    held = hasattr(labels, "__array__") and not isinstance(labels, Tensor)  # by a column of a table, too
    each = np.asarray(labels).flat if held else labels
    name = next(iter(each), None) if isinstance(each, list | tuple | np.flatiter) else None
    if isinstance(name, str | bytes):
        raise ValueError(
            f"Labels must be numbers, not names such as {str(name)!r}: aevb.data.number_labels(labels) "
            "numbers them."
        )
    return as_tensor(labels)


def _whole(y: Tensor, classes: int | None) -> Tensor:
    whole = y.to(torch.int64)
    if y.is_floating_point() and not torch.equal(whole.to(y.dtype), y):
        value = y[whole.to(y.dtype) != y][0].item()
        raise ValueError(f"Labels must be whole numbers, not {value:g}.")
    if not len(whole):
        return whole
    low, high = int(whole.min()), int(whole.max())
    last = "C-1" if classes is None else str(classes - 1)
    if low < 0:
        raise ValueError(
            f"Labels must be in 0…{last}, but {int((whole < 0).sum()):,} of {len(whole):,} are negative, "
            f"down to {low}: leave out examples without a label."
        )
    if classes is not None and high >= classes:
        hint = ": subtract 1." if low >= 1 and high == classes else "."
        raise ValueError(f"Labels must be in 0…{last}, not {low}…{high}{hint}")
    return whole


def _weights(y: Tensor, classes: int | None) -> Tensor:
    if classes is not None and y.shape[1] != classes:
        raise ValueError(
            f"Weights of {classes} classes must be of shape (N, {classes}), not {tuple(y.shape)}."
        )
    weights = y if y.is_floating_point() else y.float()
    if (weights < 0).any():
        raise ValueError(f"Weights of classes must be at least 0, not {weights.min().item():g}.")
    sums = weights.double().sum(1)
    off = (sums - 1).abs() > WEIGHT_TOLERANCE
    if off.any():
        row = int(off.nonzero()[0])
        raise ValueError(
            f"Weights of classes must sum to 1, but those of example {row} sum to {sums[row].item():g}: "
            "divide them by their sum."
        )
    one_hot = bool(((weights == 0) | (weights == 1)).all())
    return weights.argmax(1) if one_hot else weights


# What messages say


def _is_missing(value: Any) -> bool:
    """None, or the NA of pandas, which is not imported for it."""
    return value is None or type(value).__name__ == "NAType"


def _kind(values: Any, array: np.ndarray) -> str:
    if array.dtype.kind in "SU":
        return "text"
    if array.ndim == 0:
        return f"a {type(values).__name__}"
    return f"of numpy's type {array.dtype}"


def _not_numbers(values: Any) -> list[Any]:
    """The names of a table's columns that hold something else, or numbers and something else."""
    if not hasattr(values, "columns"):
        return []
    each = (np.array(values.iloc[:, i].tolist()).dtype.kind for i in range(len(values.columns)))
    return [name for name, kind in zip(values.columns, each, strict=True) if kind not in "biuf"]


def _in_columns(names: Sequence[Any]) -> str:
    """The first few of a table's columns, as a sentence goes on; nothing where there are none."""
    if not len(names):
        return ""
    told = ", ".join(map(str, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f" in the column{'s' if len(names) > 1 else ''} {told}"


def _first_line(error: Exception) -> str:
    return f"{str(error).splitlines()[0].rstrip('.')}." if str(error) else f"{type(error).__name__}."

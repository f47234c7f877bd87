"""Images with their labels, in two splits: what every source of data gives."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aevb.counted import counted
from aevb.data import border
from aevb.data.examples import TEST_SEED, Examples, Observer, check_range, dequantize, grey_levels

HELD_OUT_SEED = 20_220_808
"""Of the permutation under which the last tenth of a split is held out."""


class DataError(RuntimeError):
    """Data are missing, damaged or could not be fetched; the message says which and what to do."""


@dataclass(frozen=True)
class Split(border.Labelled):
    """Images and, where there are any, their labels (N,) in 0…C-1 as int64.

    Images are grey levels in 0…255 as uint8, (N, H, W), or (N, 3, H, W) in colour; or they are vectors of any
    numbers as floats, (N, D).
    """

    @classmethod
    def of(cls, values: Any, model: Observer) -> "Split":
        """Whatever `Examples.of` takes for a model, not yet presented, and the labels beside it, if any.

        Raises:
            ValueError: as that does, and for weights of several labels.
        """
        if isinstance(values, Examples):
            x, labels = values.values, values.labels
        else:
            x, found = border.as_pair(values)
            x, labels = border.channels_first(x), None
            Examples.of(x, model, dark=isinstance(values, border.Labelled), labelled=False)
            try:
                labels = None if found is None else border.read_labels(found, count=len(x))
            except ValueError:
                if isinstance(values, border.Labelled):
                    raise  # what a `Dataset` has beside its examples need be no labels
        return cls(x, None if labels is None else border.one_each(labels))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, part: slice | Tensor) -> "Split":
        """Those of a slice, whose memory is shared, or of indices."""
        return Split(self.images[part], None if self.labels is None else self.labels[part])

    def spread(self, count: int | None) -> Tensor:
        """The numbers of `count` of them that stand for all, (count,), or of all where there are no more.

        They lie evenly among all, since the images may come class by class.
        """
        count = len(self) if count is None else min(count, len(self))
        return torch.arange(count) * len(self) // max(count, 1)

    @classmethod
    def joined(cls, parts: Sequence["Split"]) -> "Split":
        """Splits of the same data set, one after the other."""
        labels = [part.labels for part in parts if part.labels is not None]
        return cls(torch.cat([part.images for part in parts]), torch.cat(labels) if labels else None)

    @property
    def known_labels(self) -> Tensor:
        """The labels, where there must be some.

        Raises:
            DataError: where there are none.
        """
        if self.labels is None:
            raise DataError("These images have no labels.")
        return self.labels

    def seen_by(self, model: Observer) -> Examples:
        """The images as a model observes them, with the labels if it is conditional.

        Raises:
            ValueError: in a sentence, where the model is one of other images (`Examples.require`), or of
                labels, and there are none.
        """
        if model.conditional and self.labels is None:
            raise ValueError(
                "These images have no labels, which a conditional model is given: those of a folder are its "
                "sub-folders, those of an .npz an array y."
            )
        return Examples.of(self.images, model, self.labels, dark=True).require(model)


@dataclass(frozen=True)
class Images:
    """A data set: its two splits and what a reader should know about it.

    Attributes:
        classes: the names of the labels 0…C-1; empty where there are none.
        complete: whether all of the data set is there.
        note: a sentence on what is in use and what was left out.
        name: of the source.
    """

    train: Split
    test: Split
    classes: tuple[str, ...]
    complete: bool
    note: str
    name: str

    def __str__(self) -> str:
        return self.note

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W), or (3, H, W) of images in colour, or (D,) of vectors."""
        return tuple(self.train.images.shape[1:])

    def for_model(self, model: Observer) -> "Images":
        """As they are; for a model of vectors (pixel + u) / 256, dequantised once.

        A density of grey levels as they are, which are whole numbers, would have no bound (the tutorial's
        Table 1). Vectors of other numbers stay.
        """
        if model.observation != "vector" or self.train.images.is_floating_point():
            return self
        generator = torch.Generator().manual_seed(TEST_SEED)
        train, test = (
            Split(dequantize(split.images, generator).view(split.images.shape), split.labels)
            for split in (self.train, self.test)
        )
        return dataclasses.replace(self, train=train, test=test, note=f"{self.note} Dequantised.")


def as_grey(images: Tensor) -> Tensor:
    """Grey levels in 0…255 as uint8, of the same shape, (N, …): those of a whole data set.

    From integers, or whole floats, in 0…255; from floats in [0, 1]; and from what is 0 or 1, black or white.

    Raises:
        DataError: for other floats.
        ValueError: for what are no finite numbers, and integers outside 0…255 or in a smaller range.
    """
    border.check_support(images, "real", "vector")  # only that they are finite
    low, high = images.min().item(), images.max().item()
    if low >= 0 and 0 < high <= 1:
        return images.float().mul(255).round().byte()
    if images.is_floating_point() and not torch.equal(images, images.round()):
        raise DataError(
            f"Images must be integers in 0…255 or floats in [0, 1], not floats in [{low:g}, {high:g}]."
        )
    if images.is_floating_point() or images.dtype == torch.bool:
        images = images.long()
    grey = grey_levels(images, "continuous")
    assert grey is not None  # they are integers
    check_range(grey)
    return grey


def number_labels(labels: Any) -> tuple[Tensor, tuple[str, ...]]:
    """Labels of any kind as numbers (N,) in 0…C-1, in sorted order, and the C names.

    Args:
        labels: names or whole numbers, (N,) or (N, 1), or one-hot rows (N, C); also as objects, as a column
            of names in a `DataFrame` is.
    Raises:
        ValueError: for -1 beside 0, which says that there is no label, fractions, names beside what is none,
            or more than one label for an example.
    """
    array = np.asarray(labels)
    if array.dtype.kind in "OT":
        others = [label for label in array.flat if not isinstance(label, str)]
        if 0 < len(others) < array.size:
            raise ValueError(
                f"Labels are names here, but {len(others):,} of {array.size:,} are none, such as "
                f"{others[0]!r}: leave those examples out."
            )
        array = np.array(array.tolist())  # of numpy's own type for them
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind != "U":
        low = _below_zero(array)
        raised = array - np.array(low) if low else array
        numbers = border.one_each(border.read_labels(raised, count=len(array) if array.ndim else 1))
        if array.ndim == 2:
            return numbers, tuple(map(str, range(array.shape[1])))
        array = numbers.numpy() + int(low)
    names, numbered = np.unique(array, return_inverse=True)
    return torch.from_numpy(numbered.reshape(-1)).long(), tuple(map(str, names))


def _below_zero(labels: np.ndarray) -> float:
    """The least of the whole numbers; 0 where none is negative, or -1 beside 0 stands for no label."""
    if labels.ndim != 1 or labels.dtype.kind not in "if" or not labels.size:
        return 0
    low = labels.min().item()
    classes = low < -1 or (low == -1 and not (labels == 0).any())  # such as -1 and 1
    return low if classes and float(low).is_integer() else 0


def divided(name: str, title: str, parts: Sequence[tuple[Tensor, Any]], *notes: str) -> Images:
    """A data set from its parts, each (images, labels of any kind or None): to train on and to test with.

    Of a single part a tenth is held out for tests, under a permutation that is always the same. The classes
    of both parts are numbered together.

    Args:
        notes: what else a reader should know of it.
    Raises:
        DataError: for an empty part, labels of another number, or fewer than two images.
        ValueError: as `number_labels`.
    """
    for images, labels in parts:
        if labels is not None and np.shape(labels)[:1] != (len(images),):
            found = counted(len(labels), "labels") if np.ndim(labels) else "a single label"
            raise DataError(f"{name} holds {counted(len(images), 'images')} but {found}.")
    if not all(len(images) for images, _ in parts) or sum(len(images) for images, _ in parts) < 2:
        raise DataError(f"{name} holds too few images: there must be one to train on and one to test with.")
    splits, classes = [Split(images) for images, _ in parts], tuple[str, ...]()
    if all(labels is not None for _, labels in parts):
        numbers, classes = number_labels(np.concatenate([np.asarray(labels) for _, labels in parts]))
        each = numbers.split([len(split) for split in splits])
        splits = [Split(split.images, labels) for split, labels in zip(splits, each, strict=True)]
    if len(splits) == 1:
        splits = held_out(splits[0])
        notes = (*notes, "it has no test set, so a tenth, the same every time, is held out as one")
    train, test = splits
    *channels, height, width = (0, *train.images.shape[1:])
    what = (
        f"images of {height} × {width} pixels"
        if train.images.ndim > 2
        else f"vectors of {counted(width, 'numbers')}"
    )
    note = f"{title}: {len(train):,} training and {len(test):,} test {what}{' in colour' * (3 in channels)}"
    note += f", {counted(len(classes), 'classes', 'class')}" if classes else ", no labels"
    return Images(train, test, classes, True, "; ".join([note, *notes]) + ".", name)


def held_out(split: Split, tested: int | None = None) -> list[Split]:
    """All but so many of a split, and those, always the same: a tenth, of two images or more, unless told."""
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(HELD_OUT_SEED))
    tested = max(1, len(split) // 10) if tested is None else tested
    return [split[part] for part in order.split([len(split) - tested, tested])]

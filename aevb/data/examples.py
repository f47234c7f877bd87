"""Examples as the models look at them (the tutorial's footnote 14 and Table 1)."""

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, Self

import torch
from torch import Generator, Tensor, nn

from aevb.counted import counted
from aevb.data import border
from aevb.data.border import Support


def dequantize(images: Tensor, generator: Generator | None = None) -> Tensor:
    """(pixel + u) / 256 with u uniform on [0, 1): (N, …) in 0…255 to (N, D) in [0, 1)."""
    pixels = images.flatten(1)
    noise = torch.rand(pixels.shape, generator=generator, device=pixels.device)
    # float32 rounds 255 + 0.99999999 up to 256; the support is closed, so 1 is still inside it.
    return noise.add_(pixels).mul_(1 / 256)


def binarize(images: Tensor, generator: Generator | None = None) -> Tensor:
    """Dequantised images thresholded at 0.5, (N, …) in 0…255 to (N, D) of 0s and 1s.

    No noise is needed: (pixel + u) / 256 ≥ 0.5 holds for every u exactly when pixel ≥ 128.
    """
    return (images.flatten(1) >= 128).float()


def as_rows(images: Tensor, generator: Generator | None = None) -> Tensor:
    """Binary images as sequences of rows, (N, H, W): T = H steps of W pixels."""
    return binarize(images, generator).view(images.shape)


def as_vectors(vectors: Tensor, generator: Generator | None = None) -> Tensor:
    """Real vectors, (N, …), as (N, D), their values as they are."""
    return vectors.flatten(1)


PRESENTATIONS: Mapping[str, Callable[[Tensor, Generator | None], Tensor]] = {
    "continuous": dequantize,
    "binary": binarize,
    "rows": as_rows,
    "vector": as_vectors,
}
"""By observation, how grey levels in 0…255 are presented to a model; noise comes from the generator."""

SUPPORTS: dict[str, Support] = {
    "continuous": "unit interval",
    "binary": "binary",
    "rows": "binary",
    "vector": "real",
}
"""By observation, what the presented values are."""

WITHIN: dict[Support, tuple[Support, ...]] = {
    "binary": ("binary",),
    "unit interval": ("binary", "unit interval"),
    "real": ("binary", "unit interval", "real"),
}
"""By support, those that lie inside it."""

TEST_SEED = 20_220_806
"""Of the dequantisation noise of everything that is measured or shown rather than trained on."""


class Observer(Protocol):
    """What of a model decides how it looks at data."""

    observation: str
    support: Support
    data_dim: int
    length: int
    choices: int
    conditional: bool

    def parameters(self) -> Iterator[nn.Parameter]:
        """The model's parameters, which are on its device and of its type."""


class Examples:
    """What a model is trained on or measured with, and how the model is to look at it.

    Args:
        values: whatever `border.as_tensor` takes, (N, …): images (N, H, W), in colour (N, 3, H, W) or
            (N, H, W, 3), or vectors (N, D). Whole numbers in 0…255, of any integer type, are grey levels,
            to be presented as `observation` says; for the observation "vector" they are numbers like
            others. Floats and booleans are taken as they are: already presented. So are integers that are
            all 0 or 1 where the observation is binary. A torch `Dataset` is read once: what it changes at
            random is the same in every epoch.
        observation: a key of `PRESENTATIONS`, usually `model.observation`.
        labels: as `border.read_labels` takes them, for a conditional model; None: those that a `Split`, a
            `Dataset` or a `DataLoader` has beside its examples, if any, of which only a conditional model
            asks that they be labels.
        dark: whether grey levels in a smaller range are taken too, as those of a `Split` are: the range of
            the whole data set is known to be 0…255, and a part of it may be dark.
    Raises:
        ValueError: for an unknown observation, no examples, labels that are none or of another number, grey
            levels outside 0…255 or in a smaller range, such as 0…16, and presented values that no model of
            this observation takes; in a sentence that says what to do.
    """

    def __init__(self, values: Any, observation: str = "vector", labels: Any = None, *, dark: bool = False):
        if observation not in PRESENTATIONS:
            raise ValueError(f"observation must be one of {', '.join(PRESENTATIONS)}, not {observation!r}.")
        x, found = border.as_pair(values)
        if not x.ndim or not x.numel():
            raise ValueError("There are no examples.")
        if x.ndim == 1:
            raise ValueError(
                f"Examples must be of shape (N, D), not ({len(x)},): give a column as "
                "numpy.asarray(x)[:, None], a single example as x[None]."
            )
        self.labels: Tensor | None = None
        self._no_labels = ""  # why what a `Dataset` gives beside its examples are none
        if labels is not None:
            self.labels = border.read_labels(labels, count=len(x))
        elif found is not None:
            try:
                self.labels = border.read_labels(found, count=len(x))
            except ValueError as error:
                self._no_labels = str(error)
        x = border.channels_first(x)
        border.check_memory(2 * x.numel() * 4)  # once as numbers, once presented in float32
        present = PRESENTATIONS[observation]
        if observation != "vector":
            grey = grey_levels(x, observation)
            if grey is not None and not (dark or isinstance(values, border.Labelled)):
                check_range(grey)
            x, present = (x, as_vectors) if grey is None else (grey, present)
        if present is as_vectors:
            border.check_support(x, SUPPORTS[observation], observation)
        if observation == "rows" and x.ndim > 3:
            raise ValueError(
                f"Images of {x.shape[1]} channels have no rows of single pixels: make them grey first."
            )
        self.values, self.observation = x, observation
        self._present = present
        self._event = tuple(x.shape[1:]) if observation == "rows" else (math.prod(x.shape[1:]),)
        self._dtype = x.dtype if x.is_floating_point() else torch.float32

    @classmethod
    def of(
        cls,
        values: Any,
        model: Observer,
        labels: Any = None,
        *,
        dark: bool = False,
        labelled: bool = True,
    ) -> "Examples":
        """Whatever a caller holds, as `model` looks at it: the one border of all that takes data.

        Integers are grey levels, presented as `model.observation` says; but a table of them, (N, D), holds
        numbers like others where the model is of any real numbers. Of floats and booleans, which are
        presented already, the model's support decides, whatever they are.

        Args:
            values: `Examples`, which stay as they are; or whatever those are made of.
            labels, dark: as in `Examples`; labels are for a conditional model alone.
            labelled: whether those that a `Split` or `Dataset` has beside its examples are read for it.
        Raises:
            ValueError: as `Examples`; for labels beside `Examples`, which have them in them.
        """
        if isinstance(values, Examples):
            if labels is not None:
                raise ValueError(
                    "Examples have their labels in them: aevb.Examples(x, labels=y), and no y beside."
                )
            return values
        x, found = border.as_pair(values)
        border.check_shape(x, data_dim=model.data_dim, length=model.length)  # told in the model's own sizes
        table = x.ndim == 2 and model.support == "real"
        presented = x.is_floating_point() or x.dtype == torch.bool or table
        y = (found if labels is None else labels) if model.conditional and labelled else None
        if y is not None:  # here, where it is known how many classes there are
            y = border.read_labels(y, count=len(x), classes=model.choices)
        dark = dark or isinstance(values, border.Labelled)
        return cls(x, "vector" if presented else model.observation, y, dark=dark)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        shape = " × ".join(map(str, self.values.shape[1:]))
        what = f"grey levels, to be presented as {self.observation}" if self.grey else "numbers"
        labelled = "" if self.labels is None else ", with labels"
        return f"<{counted(len(self), 'examples')} of {shape} {what}{labelled}>"

    def require(self, model: Observer) -> Self:
        """These examples as `model` takes them: in its shape, number type and device, with its labels.

        A model that is not conditional passes labels over.

        Raises:
            ValueError: in a sentence, for examples of another size, values outside the model's support, no
                labels for a conditional model, or labels that are none of its classes.
        """
        fitting = self.fitted(model)
        fitting.labels = None
        if model.conditional:
            if self.labels is None:
                raise ValueError(
                    self._no_labels
                    or f"The model is conditional: give a label in 0…{model.choices - 1} for each example, "
                    "aevb.Examples(x, labels=y)."
                )
            fitting.labels = border.read_labels(self.labels, count=len(self), classes=model.choices)
        parameter = next(iter(model.parameters()), None)
        return fitting if parameter is None else fitting.to(parameter.device, parameter.dtype)

    @property
    def grey(self) -> bool:
        """Whether these are grey levels, yet to be presented."""
        return self._present is not as_vectors

    def fitted(self, model: Observer) -> Self:
        """These examples in the model's shape, whatever labels they have.

        Raises:
            ValueError: as `require`, but for labels.
        """
        fitting = copy.copy(self)
        fitting.values = border.check_shape(self.values, data_dim=model.data_dim, length=model.length)
        fitting._event = tuple(fitting.values.shape[1:])
        if not self.grey:
            border.check_support(self.values, model.support, model.observation)
        elif SUPPORTS[self.observation] not in WITHIN[model.support]:
            raise ValueError(
                f"The model takes images as aevb.Examples(images, {model.observation!r}), not as "
                f"{self.observation!r}."
            )
        return fitting

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Self:
        """The same examples on another device; presented as numbers of another type, where one is given.

        Integers stay what they are until they are presented.
        """
        moved = copy.copy(self)
        moved._dtype = dtype or self._dtype

        def move(numbers: Tensor) -> Tensor:
            """Type and place in one step, since not every device has float64."""
            return numbers.to(device, moved._dtype if numbers.is_floating_point() else numbers.dtype)

        moved.values = move(self.values)
        moved.labels = None if self.labels is None else move(self.labels)
        return moved

    def epoch(self, batch_size: int, generator: Generator) -> Iterator[tuple[Tensor, ...]]:
        """All examples, as (x,) or (x, y), shuffled, with fresh noise; a last, short batch is dropped.

        The generator is one of the examples' own device.
        """
        for index in self.order(batch_size, generator):
            yield self.batch(index, generator)

    def order(self, batch_size: int, generator: Generator) -> Tensor:
        """Which examples each batch of an epoch consists of, (batches, size): shuffled, as `epoch` says."""
        size = min(batch_size, len(self))
        order = torch.randperm(len(self), generator=generator, device=self.values.device)
        return order[: len(self) // size * size].view(-1, size)

    def batch(self, index: Tensor, generator: Generator) -> tuple[Tensor, ...]:
        """The examples of these numbers, as (x,) or (x, y), with fresh noise."""
        labels = None if self.labels is None else self.labels[index]
        return self._presented(self.values[index], generator, labels)

    def fixed(self) -> tuple[Tensor, ...]:
        """All examples in order, as (x,) or (x, y), under the noise of `TEST_SEED`: always the same."""
        # Drawn on the CPU, so that the figures of all devices are of the same noise.
        generator = torch.Generator().manual_seed(TEST_SEED)
        values = self.values.cpu() if self.grey else self.values
        x, *y = self._presented(values, generator, self.labels)
        return (x.to(self.values.device), *y)

    def _presented(self, values: Tensor, generator: Generator, labels: Tensor | None) -> tuple[Tensor, ...]:
        x = self._present(values, generator).reshape(-1, *self._event).to(self._dtype)
        return (x,) if labels is None else (x, labels)


def grey_levels(images: Tensor, observation: str) -> Tensor | None:
    """Grey levels as uint8; None for values that are presented already.

    Raises:
        ValueError: for integers that are neither.
    """
    if images.is_floating_point() or images.dtype == torch.bool:
        return None
    low, high = int(images.min()), int(images.max())
    if SUPPORTS[observation] == "binary" and low >= 0 and high <= 1:
        return None
    if low < 0 or high > 255:
        raise ValueError(
            f"Grey levels must be in 0…255, not {low}…{high}: scale them, or give numbers that are already "
            "in the model's range as floats."
        )
    return images.to(torch.uint8)


def check_range(grey: Tensor) -> None:
    """Refuses grey levels, as uint8, that are on another scale than 0…255.

    Raises:
        ValueError: where none reaches its middle.
    """
    low, high = (int(bound) for bound in grey.aminmax())
    if high < 128:
        scale = f"multiply them by 255/{high} and round" if high else "there is nothing to see"
        raise ValueError(
            f"Grey levels run from {low} to {high} here, which hardly reaches into 0…255: {scale}. Numbers"
            " that are no grey levels are given as floats, a dark part of other data as"
            " aevb.Examples(…, dark=True)."
        )

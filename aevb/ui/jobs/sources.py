"""The data that runs on this server may train on, as far as they are known without reading them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Condition

from cachetools import cached

from aevb import data
from aevb.data import DataError, Images
from aevb.runs import validated_on
from aevb.ui.jobs import uploads


@dataclass(frozen=True)
class Source:
    """A data set of grey images, or of vectors.

    Attributes:
        title: what readers call it.
        count: of its training images, those for validation among them.
        shape: (H, W), or (D,) of vectors.
        classes: how many labels there are, or 0.
        read: reads it; raises DataError where it is not there.
    """

    title: str
    count: int
    shape: tuple[int, ...]
    classes: int
    read: Callable[[], Images]

    @property
    def validation(self) -> int:
        """How many of the training images are kept for validation."""
        return validated_on(self.count)

    @property
    def trained_on(self) -> int:
        """How many of the training images are trained on."""
        return self.count - self.validation


def _whole(name: str) -> Callable[[], Images]:
    def read() -> Images:
        try:
            return data.load_complete(name)
        except FileNotFoundError as error:
            raise DataError(str(error)) from error

    return read


SOURCES: Mapping[str, Source] = {
    "digits": Source("Digits, 8 × 8", 1_618, (8, 8), 10, lambda: data.read("digits")),
    "sample": Source("MNIST, a sample", 10_000, (28, 28), 10, data.load_sample),
    "mnist": Source("MNIST, all of it", 60_000, (28, 28), 10, _whole("mnist")),
    "fashion": Source("Fashion-MNIST", 60_000, (28, 28), 10, _whole("fashion")),
    "kmnist": Source("KMNIST", 60_000, (28, 28), 10, _whole("kmnist")),
    "moons": Source("Two moons", 9_000, (2,), 2, lambda: data.read("moons")),
    "rings": Source("Two rings", 9_000, (2,), 2, lambda: data.read("rings")),
}

ALWAYS = ("digits", "sample", "moons", "rings")
"""Those that come with the requirements and the library."""


def find(name: str) -> Source:
    """One of `SOURCES`, or the images that a visitor has brought.

    Raises:
        LookupError: where there is nothing of that name, or not any more.
    """
    if name in SOURCES:
        return SOURCES[name]
    told = uploads.about(name)
    return Source(
        told["title"],
        told["count"],
        tuple(told["shape"]),
        len(told["classes"]),
        lambda: uploads.read(name),
    )


@cached({}, condition=Condition())
def present() -> tuple[str, ...]:
    """Those that can be read here. Kept until `present.cache_clear()`: a download may bring more."""
    return tuple(name for name in SOURCES if name in ALWAYS or _can_be_read(name))


def _can_be_read(name: str) -> bool:
    try:
        SOURCES[name].read()
    except DataError:
        return False
    return True

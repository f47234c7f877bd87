"""What a model's constructor takes, and what of it the data decide."""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from aevb.models.base import LatentVariableModel

FROM_DATA = ("data_dim", "length", "classes", "mean")
"""What the data decide (`from_data`)."""


def parameters(kind: type[LatentVariableModel]) -> Mapping[str, inspect.Parameter]:
    """A constructor's parameters by name, each with its type as its `annotation`."""
    named = inspect.signature(kind.__init__, eval_str=True).parameters
    return {name: parameter for name, parameter in named.items() if name != "self"}


def from_data(
    kind: type[LatentVariableModel], shape: Sequence[int], classes: int, *, centred: bool = False
) -> dict[str, Any]:
    """The arguments that the data decide: sizes, the number of classes, whether a mean is learnt.

    Args:
        shape: of an example, (H, W) or (D,).
        classes: 0 of data without labels, of which nothing is said of them.
        centred: whether the data's mean is known to be 0.
    """
    known, found = parameters(kind), {"data_dim": math.prod(shape)}
    if "length" in known:
        found = {"data_dim": shape[-1], "length": math.prod(shape[:-1])}
    if "classes" in known and classes:
        found["classes"] = classes
    if "mean" in known:
        found["mean"] = not centred
    return found

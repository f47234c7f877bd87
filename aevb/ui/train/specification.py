"""A run that was asked for, checked once: what cannot be, or takes too much, is said before it starts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from aevb import stored
from aevb.models import REGISTRY, LatentVariableModel
from aevb.models.arguments import FROM_DATA, parameters
from aevb.runs import epoch_steps
from aevb.stored.models import skeleton
from aevb.ui.jobs import limits, reading, turns, uploads
from aevb.ui.jobs.sources import SOURCES, Source, find, present

SETTINGS = (
    "steps",
    "batch_size",
    "optimiser",
    "learning_rate",
    "beta",
    "kl_warmup",
    "free_bits",
    "clip",
    "averaging",
    "weight_decay",
    "rate",
    "rate_warmup",
    "schedule",
)
"""What may be said of the training, as `TrainingConfig` takes it; and "epochs" in the place of "steps"."""

MAX_RATE, MAX_BETA, MAX_STEPS_IN_TURN, MAX_SEED = 1.0, 1000.0, 10_000, 2**32 - 1


@dataclass(frozen=True)
class Specification:
    """A run that can be started: a model's name and arguments, data, how it trains, its seed."""

    model: str
    arguments: Mapping[str, Any]
    data: str
    training: Mapping[str, Any]
    seed: int

    def to_json(self) -> dict[str, Any]:
        """As `aevb.ui.jobs.turns` takes it."""
        return {
            "model": self.model,
            "arguments": dict(self.arguments),
            "data": self.data,
            "training": dict(self.training),
            "seed": self.seed,
        }

    def trial(self) -> dict[str, Any]:
        """The same in all that the time of a step depends on, and the same for all that agree in it."""
        training = {"steps": limits.MAX_STEPS, "batch_size": self.training["batch_size"]}
        telling = ("optimiser", "averaging", "free_bits")
        training |= {name: self.training[name] for name in telling if self.training[name]}
        return self.to_json() | {"training": training, "seed": 0}


def read(asked: Any) -> Specification:
    """A run from the JSON that a page sends.

    Raises:
        ValueError: in a sentence, for what is not known, cannot be, or is beyond this server's limits.
    """
    if not isinstance(asked, Mapping):
        raise ValueError("A run is asked for by an object with a model, its arguments, data and training.")
    known = ("model", "arguments", "data", "training", "seed")
    _no_others(asked, known, "A run")
    model, data = asked.get("model"), asked.get("data", "digits")
    if not isinstance(model, str) or model not in REGISTRY:
        raise ValueError(f"The model must be one of {', '.join(REGISTRY)}, not {_said(model)}.")
    source = _source(data, model)
    arguments = _arguments(model, _object(asked, "arguments"))
    training = _training(source, _object(asked, "training"))
    seed = _whole("seed", asked.get("seed", 0), 0, MAX_SEED)
    found = Specification(model, arguments, data, training, seed)
    told = found.to_json()
    turns.configuration(told)
    built = skeleton(REGISTRY[model], turns.model_arguments(told))
    _check_vectors(model, built, source)
    _check_size(built, arguments, training["batch_size"])
    return found


def changed(values: Any) -> dict[str, Any]:
    """What is to be changed in mid-run: learning_rate, beta, schedule.

    Raises:
        ValueError: in a sentence, for what is not known or cannot be.
    """
    if not isinstance(values, Mapping) or not values:
        raise ValueError("Nothing was given to be changed: give learning_rate, beta or schedule.")
    _no_others(values, ("learning_rate", "beta", "schedule"), "A run under way")
    return {name: _setting(name, value) for name, value in values.items()}


def options(model: str) -> list[dict[str, Any]]:
    """What may be said of a model: each argument's name, kind, default, and what it may be."""
    found = []
    for name, hint, default in _known(model):
        told: dict[str, Any] = {"name": name, "default": default}
        if hint is bool:
            told["kind"] = "flag"
        elif get_origin(hint) is Literal:
            told |= {"kind": "choice", "choices": list(get_args(hint))}
        elif hint is int:
            told |= {"kind": "whole", "least": 1, "most": reading.SIZES.get(name, limits.MAX_WIDTH)}
        elif hint is float:
            told |= {"kind": "number"}
        else:
            told |= {"kind": "widths", "most": limits.MAX_WIDTH, "layers": limits.MAX_LAYERS}
        found.append(told)
    return found


# The parts


def _known(model: str) -> list[tuple[str, Any, Any]]:
    """The arguments that may be said: name, type and default."""
    known = parameters(REGISTRY[model])
    return [(name, each.annotation, each.default) for name, each in known.items() if name not in FROM_DATA]


def _source(data: Any, model: str) -> Source:
    try:
        source = find(data)
    except (LookupError, TypeError) as error:
        if isinstance(data, str) and data.startswith(uploads.PREFIX):
            raise ValueError("These images are not here any more: bring them again.") from error
        raise ValueError(f"The data must be one of {', '.join(SOURCES)}, not {_said(data)}.") from error
    if data in SOURCES and data not in present():
        raise ValueError(f"{source.title} is not on this server: choose other data.")
    if not source.classes and "classes" in parameters(REGISTRY[model]):
        raise ValueError("These images have no labels, which this model is given: choose another model.")
    return source


def _arguments(model: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: hint for name, hint, _ in _known(model)}
    _no_others(asked, tuple(known), f"The model {model}")
    return {name: _argument(name, known[name], value) for name, value in asked.items()}


def _argument(name: str, hint: Any, value: Any) -> Any:
    if hint is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false, not {_said(value)}.")
        return value
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ValueError(f"{name} must be one of {', '.join(get_args(hint))}, not {_said(value)}.")
        return value
    if hint is int:
        return _whole(name, value, 1, reading.SIZES.get(name, limits.MAX_WIDTH))
    if hint is float:
        return _number(name, value, 0, 1e6)
    assert hint == Sequence[int], f"No page can ask for {hint}."
    if not isinstance(value, list) or not 1 <= len(value) <= limits.MAX_LAYERS:
        raise ValueError(f"{name} must be 1 to {limits.MAX_LAYERS} widths, not {_said(value)}.")
    return [_whole(f"a width of {name}", width, 1, limits.MAX_WIDTH) for width in value]


def _training(source: Source, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting, with its default where nothing was said."""
    _no_others(asked, (*SETTINGS, "epochs"), "A training")
    if "epochs" in asked and "steps" in asked:
        raise ValueError("Give epochs or steps, not both.")
    given = {name: _setting(name, value) for name, value in asked.items() if name != "epochs"}
    batch_size = given.get("batch_size", min(100, source.trained_on))
    if batch_size > source.trained_on:
        raise ValueError(
            f"batch_size must be at most {source.trained_on:,}, the number of images, not {batch_size:,}."
        )
    epoch = epoch_steps(source.trained_on, batch_size)
    if "epochs" in asked:
        most = limits.MAX_STEPS // epoch
        given["steps"] = epoch * _whole("epochs", asked["epochs"], 1, max(1, most))
    told = {"steps": 10 * epoch} | given | {"batch_size": batch_size}
    defaults = {"optimiser": "adam", "averaging": None, "free_bits": 0.0}
    return defaults | told


def _setting(name: str, value: Any) -> Any:
    match name:
        case "steps":
            return _whole(name, value, 1, limits.MAX_STEPS)
        case "batch_size":
            return _whole(name, value, 1, limits.MAX_BATCH)
        case "kl_warmup" | "rate_warmup":
            return _whole(name, value, 0, limits.MAX_STEPS)
        case "learning_rate":
            return _number(name, value, 0, MAX_RATE, above=True)
        case "beta" | "free_bits":
            return _number(name, value, 0, MAX_BETA)
        case "clip" if value is not None:
            return _number(name, value, 0, 1e9, above=True)
        case "averaging" if value is not None:
            return _number(name, value, 0, 0.99999, above=True)
        case "weight_decay":
            return _number(name, value, 0, 10)
        case "schedule":
            if value != "AEVB":
                if not isinstance(value, list) or len(value) != 2:
                    raise ValueError(f"schedule must be AEVB, or two numbers of steps, not {_said(value)}.")
                value = [_whole("a number of steps in turn", part, 0, MAX_STEPS_IN_TURN) for part in value]
                if not any(value):
                    raise ValueError("schedule must have some steps: both of its numbers are 0.")
            return value
    return value  # None, or a name that the configuration checks


def _check_vectors(name: str, model: LatentVariableModel, source: Source) -> None:
    """Whether the model takes the data, where they are vectors of any numbers; images all of them do."""
    if len(source.shape) > 1:
        return
    if "length" in parameters(REGISTRY[name]):
        raise ValueError(f"{source.title} have no rows for a {name.upper()} to go through: choose images.")
    if model.support != "real":
        raise ValueError(f"{source.title} are no images: choose the Gaussian likelihood for them.")


def _check_size(model: LatentVariableModel, arguments: Mapping[str, Any], batch_size: int) -> None:
    count = sum(p.numel() for p in model.parameters())
    if count > limits.MAX_PARAMETERS:
        raise ValueError(
            f"This model has {count:,} parameters, and this server trains up to {limits.MAX_PARAMETERS:,}: "
            "choose smaller widths."
        )
    memory = estimated_memory(model, batch_size)
    if memory > limits.MAX_MEMORY:
        raise ValueError(
            f"A step would take some {memory / 2**30:.1f} GiB of memory, and this server has "
            f"{limits.MAX_MEMORY / 2**30:.0f} for it: choose a smaller batch_size or smaller widths."
        )


def estimated_memory(model: LatentVariableModel, batch_size: int) -> int:
    """Bytes that a step takes at most: the parameters six times, and what is kept for the gradient.

    The weights, their gradient, two moments, averages and a copy; of each layer's outputs some four numbers,
    for each row, and for each choice that is summed over.
    """
    weights = [p for p in model.parameters() if p.ndim > 1]
    outputs = sum(p.shape[0] for p in weights) + model.data_dim
    copies = model.length * (max(1, model.choices) if not model.conditional else 1)
    parameters = sum(math.prod(p.shape) for p in model.parameters())
    return 4 * (6 * parameters + 4 * batch_size * outputs * copies)


def _object(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = asked.get(name, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be an object, not {_said(value)}.")
    return value


def _no_others(asked: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    if unknown := [name for name in asked if name not in known]:
        raise ValueError(f"{what} takes {', '.join(known)}, and no {_said(unknown[0])}.")


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as some browsers write whole numbers
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least:,} to {most:,}, not {_said(value)}.")
    return value


def _number(name: str, value: Any, least: float, most: float, *, above: bool = False) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    if not good or (above and value == least):
        start = f"above {least:g} and at most" if above else f"from {least:g} to"
        raise ValueError(f"{name} must be a number {start} {most:g}, not {_said(value)}.")
    return float(value)


def _said(value: Any) -> str:
    return stored.files.short(repr(value), 40)

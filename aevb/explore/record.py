"""How a checkpoint was trained: what its training.json tells, as plain JSON for figures and facts."""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.counted import counted
from aevb.models import LatentVariableModel, name_of
from aevb.nats import with_sign
from aevb.training import Alternating, read_schedule

TUTORIAL = {
    "vae": {"elbo": 1792.5},
    "cvae": {"elbo": 1820.2},
    "gmvae": {"elbo": -83.1, "accuracy": 0.834},
    "vrnn": {"elbo": -78.3},
}
"""The tutorial's figures on the test set, in nats with all constants: the VAE's and the CVAE's ELBOs from the
checkpoints that come with its code, measured again (its log: 1788.4 and 1820.1), the rest from its log."""

UNUSUAL: Mapping[str, tuple[str, float | str | None]] = {
    "optimiser": ("Optimiser", "adam"),
    "beta": ("Weight of the KL", 1),
    "kl_warmup": ("Steps of its warm-up", 0),
    "free_bits": ("Free nats", 0),
    "clip": ("Gradient norm up to", None),
    "averaging": ("Averaged weights, decay", None),
    "weight_decay": ("Weight decay", 0),
}
"""Settings that are told where they are not as usual: what they are called, and what is usual."""

TESTED = ("elbo", "standard_error", "bound", "bound_errors")
"""What is told of `test`."""

Curve = Sequence[Mapping[str, Any]]


def record(checkpoint: Checkpoint) -> dict[str, Any]:
    """How a checkpoint was trained.

    Returns:
        curve: an object for each epoch: `epoch`, `train_elbo`, and as measured on validation images after it
            `elbo` and `terms` by name, all in nats, and `scores` by name ({} of a model without clusters).
        chosen: the epoch whose state the checkpoint is.
        reference: the tutorial's own figures, "elbo" and "accuracy", as far as it has them; none for another
            density than its own, which theirs is no measure of.
        released: the epoch after which what was held at first moved too; None where nothing was.
        test: what was measured on the test images in the end, in nats: `elbo`, and as far as they were told
            its `standard_error`, and `bound` and `bound_errors` by K; empty where nothing was. Of one image
            there are no errors.
        facts: what else there is to say, in words by name.
        plain: the same of the model's run from its plain start, where the record has one.
    Raises:
        CheckpointError: where training.json is missing or not as `aevb.runs` writes it.
    """
    training = checkpoint.training
    if not training:
        raise CheckpointError("This checkpoint has no record of its training (training.json).")
    if "curve" not in training:  # of who saved it with facts of their own
        raise CheckpointError("The training.json of this checkpoint tells no curve of its training.")
    try:
        found = _told(training, checkpoint.model)
        if plain := training.get("plain"):
            found["plain"] = _told(plain, checkpoint.model)
        return found
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"The training.json of this checkpoint is damaged, or of another version: {error!r}."
        ) from error


def _told(training: Mapping[str, Any], model: LatentVariableModel) -> dict[str, Any]:
    curve = [_point(point) for point in training["curve"]]
    for key in ("terms", "scores"):
        if len({frozenset(point[key]) for point in curve}) > 1:
            raise ValueError(f"not every epoch has the same {key}")
    return {
        "curve": curve,
        "chosen": int(training["epoch"]),
        "reference": _reference(training, model),
        "test": _tested(training.get("test") or {}),
        "released": (training.get("start") or {}).get("held_epochs"),
        "facts": _facts(training, curve, model.config),
    }


def _reference(training: Mapping[str, Any], model: LatentVariableModel) -> Mapping[str, float]:
    """The tutorial's figures: of MNIST in its own size, under the likelihood that a model has by default."""
    likelihood = inspect.signature(type(model).__init__).parameters.get("likelihood")
    usual = likelihood and model.config.get("likelihood") == likelihood.default
    same = (training.get("source", "mnist"), training.get("shape", [28, 28])) == ("mnist", [28, 28])
    return TUTORIAL.get(name_of(model), {}) if usual and same else {}


def _point(point: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "epoch": int(point["epoch"]),
        "train_elbo": _finite(point["train_elbo"]),
        "elbo": _finite(point["validation_elbo"]),
        "terms": {name: _finite(value) for name, value in point["validation_terms"].items()},
        "scores": {name: _finite(value) for name, value in point.get("scores", {}).items()},
    }


def _tested(test: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of `test`, less the errors that are null."""
    told = {name: test[name] for name in TESTED if test.get(name) is not None}
    if errors := told.get("bound_errors"):
        told["bound_errors"] = {k: error for k, error in errors.items() if error is not None}
    return told


def _finite(value: Any) -> float:
    if not math.isfinite(number := float(value)):
        raise ValueError(f"{value} is no figure in nats")
    return number


def _facts(training: Mapping[str, Any], curve: Curve, model: Mapping[str, Any]) -> dict[str, str]:
    best = f"{with_sign(max(point['elbo'] for point in curve))} nats"
    test, of = training.get("test") or {}, ", validation"
    facts = {"Validation ELBO": best, "Test ELBO": "not measured"}
    chosen = (point["scores"] for point in curve if point["epoch"] == training["epoch"])
    scores: Mapping[str, float] = next(chosen, {})
    if test:
        standard_error = test.get("standard_error")
        error = "" if standard_error is None else f" ± {standard_error:.1f}"
        some = f", of {counted(test['images'], 'images')}" if "images" in test else ""
        facts = {"Test ELBO": f"{with_sign(test['elbo'])}{error} nats{some}"}
        if "scores" in test:
            scores, of = test["scores"], ""
    facts |= {f"Bound, K = {k}": f"{with_sign(value)} nats" for k, value in test.get("bound", {}).items()}
    if scores:
        facts[f"Clustering accuracy{of}"] = f"{scores['accuracy']:.3f}"
        facts[f"Conditional entropy{of}"] = f"{scores['conditional_entropy']:.3f} nats"
    facts |= _over_seeds(training.get("seeds") or {})
    facts["Epoch"] = f"{training['epoch']}: {training['chosen']}"
    if "chosen_by" in training:
        facts["Curve"] = f"of the run that kept {counted(training['validated_on'], 'images')} for validation"
    facts |= _settings(training["config"], model)
    note = f", {training['note']}" if "note" in training else ""
    seconds = training["seconds"]
    facts["Time"] = (
        counted(round(seconds), "seconds") if seconds < 60 else counted(round(seconds / 60), "minutes")
    ) + note
    if "precision" in training:
        facts["Precision"] = f"{training['precision']}"
    if "device" in training:
        facts["Device"] = f"{training['device']}"
    commands = [f"{training[name]}" for name in ("chosen_by", "command") if name in training]
    return facts | {"Data": f"{training['data']}", "Command": "; ".join(commands)}


def _settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, str]:
    """What the optimiser was told, and the model's own option of dropout."""
    rate = f"{config['learning_rate']:g}"
    rate += (
        f" after {counted(config['rate_warmup'], 'steps')} of warm-up" if config.get("rate_warmup") else ""
    )
    rate += ", falling to 0 along a cosine" if config["rate"] == "cosine" else ""
    settings = {"Batch size": f"{config['batch_size']}", "Learning rate": rate}
    if isinstance(schedule := read_schedule(config["schedule"]), Alternating):
        e_steps, m_steps = counted(schedule.e_steps, "E-steps"), counted(schedule.m_steps, "M-steps")
        settings["Schedule"] = f"{e_steps} and {m_steps} in turn"
    for name, (title, usual) in UNUSUAL.items():
        if (value := config.get(name, usual)) != usual:
            settings[title] = value if isinstance(value, str) else f"{value:g}"
    dropout = model.get("dropout", 0)
    return settings | {"Dropout": f"{dropout:g}" if dropout else "none", "Seed": f"{config['seed']}"}


def _over_seeds(seeds: Mapping[str, Any]) -> dict[str, str]:
    """The mean and the standard deviation of the runs from each start, a fact for each."""
    facts = {}
    for start, title in {"clusters": "started from clusters", "plain": "plain initialisation"}.items():
        if start in seeds:
            (accuracy, spread), (elbo, elbo_spread) = seeds[start]["accuracy"], seeds[start]["elbo"]
            facts[f"{counted(len(seeds[start]['runs']), 'seeds')}, {title}"] = (
                f"accuracy {accuracy:.3f} ± {spread:.3f}, ELBO {with_sign(elbo)} ± {elbo_spread:.1f} nats"
            ) + (f" ({seeds[start]['note']})" if "note" in seeds[start] else "")
    return facts

"""How a checkpoint was trained: what its training.json tells, as plain JSON for figures and facts."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.nats import with_sign

TUTORIAL = {
    "vae": {"elbo": 1792.5},
    "cvae": {"elbo": 1820.2},
    "gmvae": {"elbo": -83.1, "accuracy": 0.834},
    "vrnn": {"elbo": -78.3},
}
"""The tutorial's figures on the test set, in nats with all constants: the VAE's and the CVAE's ELBOs from the
checkpoints that come with its code, measured again (its log: 1788.4 and 1820.1), the rest from its log."""

Curve = Sequence[Mapping[str, Any]]


def record(checkpoint: Checkpoint) -> dict[str, Any]:
    """How a checkpoint was trained.

    Returns:
        curve: an object for each epoch: `epoch`, `train_elbo`, `test_elbo`, `test_terms` by name, all in
            nats, and `scores` by name ({} where the model has no clusters), as in `aevb.runs.Epoch`.
        chosen: the epoch whose state the checkpoint is.
        reference: the tutorial's own figures, "elbo" and "accuracy", as far as it has them.
        released: the epoch after which what was held at first moved too; None where nothing was.
        facts: what else there is to say, in words by name.
    Raises:
        CheckpointError: where training.json is missing or not as `aevb.runs` writes it.
    """
    training, name = checkpoint.training, checkpoint.path.name
    if not training:
        raise CheckpointError(f"The checkpoint {name} has no record of its training (training.json).")
    try:
        curve = [_point(point) for point in training["curve"]]
        for key in ("test_terms", "scores"):
            if len({frozenset(point[key]) for point in curve}) > 1:
                raise ValueError(f"not every epoch has the same {key}")
        return {
            "curve": curve,
            "chosen": int(training["epoch"]),
            "reference": TUTORIAL.get(checkpoint.kind, {}),
            "released": (training.get("start") or {}).get("held_epochs"),
            "facts": _facts(training, curve, checkpoint.model.config),
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"The training.json of the checkpoint {name} is damaged: {error!r}.") from error


def _point(point: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "epoch": int(point["epoch"]),
        "train_elbo": _finite(point["train_elbo"]),
        "test_elbo": _finite(point["test_elbo"]),
        "test_terms": {name: _finite(value) for name, value in point["test_terms"].items()},
        "scores": {name: _finite(value) for name, value in point.get("scores", {}).items()},
    }


def _finite(value: Any) -> float:
    if not math.isfinite(number := float(value)):
        raise ValueError(f"{value} is no figure in nats")
    return number


def _facts(training: Mapping[str, Any], curve: Curve, model: Mapping[str, Any]) -> dict[str, str]:
    best = max(point["test_elbo"] for point in curve)
    test = training.get("test") or {}
    facts = {"Test ELBO": f"{with_sign(test.get('elbo', best))} nats"}
    facts |= {f"Bound, K = {k}": f"{with_sign(value)} nats" for k, value in test.get("bound", {}).items()}
    for point in curve:
        if point["epoch"] == training["epoch"] and (scores := point["scores"]):
            facts["Clustering accuracy"] = f"{scores['accuracy']:.3f}"
            facts["Conditional entropy"] = f"{scores['conditional_entropy']:.3f} nats"
    facts |= _over_seeds(training.get("seeds") or {})
    facts["Epoch"] = f"{training['epoch']}: {training['chosen']}"
    facts |= _settings(training["config"], model)
    note = f", {training['note']}" if "note" in training else ""
    facts["Time"] = f"{training['seconds'] / 60:.0f} minutes{note}"
    if "precision" in training:
        facts["Precision"] = f"{training['precision']}"
    if "device" in training:
        facts["Device"] = f"{training['device']}"
    return facts | {"Data": f"{training['data']}", "Command": f"{training['command']}"}


def _settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, str]:
    """What the optimiser was told, and the model's own option of dropout."""
    falling = ", falling to 0 along a cosine" if config["decay"] else ""
    settings = {
        "Batch size": f"{config['batch_size']}",
        "Learning rate": f"{config['learning_rate']:g}{falling}",
    }
    if config["schedule"] != "Simultaneous()":
        settings["Schedule"] = f"{config['schedule']}"
    dropout = model.get("dropout", 0)
    return settings | {"Dropout": f"{dropout:g}" if dropout else "none", "Seed": f"{config['seed']}"}


def _over_seeds(seeds: Mapping[str, Any]) -> dict[str, str]:
    """The mean and the standard deviation of the runs from each start, a fact for each."""
    facts = {}
    for start, title in {"clusters": "started from clusters", "plain": "plain initialisation"}.items():
        if start in seeds:
            (accuracy, spread), (elbo, elbo_spread) = seeds[start]["accuracy"], seeds[start]["elbo"]
            facts[f"{len(seeds[start]['runs'])} seeds, {title}"] = (
                f"accuracy {accuracy:.3f} ± {spread:.3f}, ELBO {with_sign(elbo)} ± {elbo_spread:.1f} nats"
            )
    return facts

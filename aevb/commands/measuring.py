"""evaluate, map, measure: what a checkpoint is worth, and what is recorded of it; manifest: its checksums."""

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from aevb import data, places, runs, stored
from aevb.checkpoints import Checkpoint
from aevb.commands import options
from aevb.commands.options import Commands
from aevb.counted import counted
from aevb.data import Images
from aevb.evaluation import BATCH, evaluate, posterior_means
from aevb.explore import likeness, maps, measures
from aevb.explore.clusters import scores
from aevb.models.base import LatentVariableModel
from aevb.models.factor_analysis import true_model
from aevb.stored import manifest

TRAINED_ON = "what it was trained on"
EXACT = ("evidence", "exact_elbo", "gap")
"""What a model may offer of each example, (B,), without an estimate."""


def add(commands: Commands) -> None:
    """Adds `evaluate`, `map`, `measure` and `manifest`."""
    added = options.add(commands, "evaluate", evaluate_command)
    options.add_checkpoint(added)
    options.add_data(added, TRAINED_ON)
    added.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options.add_bounds(added)

    for name, run in (("map", map_command), ("measure", measure_command)):
        added = options.add(commands, name, run)
        options.add_checkpoint(added)
        options.add_data(added, TRAINED_ON)

    options.add(commands, "manifest", manifest_command)


def evaluate_command(given: argparse.Namespace) -> None:
    """Measures a checkpoint on the whole test set."""
    checkpoint = options.load(given)
    images = options.read_for(checkpoint, given)
    measured = {"checkpoint": str(given.checkpoint)} | figures(checkpoint, images, given.bounds)
    if given.json:
        print(json.dumps(measured))
        return
    print(images.note)
    examples = counted(measured["images"], "test examples")
    print(f"{measured['checkpoint']} ({measured['model']}), {examples}, in nats:")
    error = _plus_minus(measured["standard_error"])
    print(f"  ELBO{measured['elbo']:>24,.2f}{error and f'{error}, the standard error'}")
    for name, value in measured["terms"].items():
        print(f"    {name:<16}{value:>10,.2f}")
    for k, value in measured["bound"].items():
        print(f"  bound, K = {k:<8}{value:>10,.2f}{_plus_minus(measured['bound_errors'][k])}")
    for name, value in measured.get("exact", {}).items():
        print(f"  {name.replace('_', ' '):<18}{value:>10,.4f}")
    for name, value in measured["scores"].items():
        print(f"  {name.replace('_', ' '):<21}{value:>7.4f}")


def map_command(given: argparse.Namespace) -> None:
    """Maps the test set's latent means, which takes minutes, and leaves the maps beside the weights."""
    checkpoint = _kept(given)
    images = own_images(checkpoint, given)
    print(f"Making {', '.join(maps.METHODS)}: of 10,000 images t-SNE takes minutes …", file=sys.stderr)
    means = posterior_means(checkpoint.model, images.test.seen_by(checkpoint.model)).cpu().numpy()
    made = {}
    with tqdm(total=len(maps.METHODS), unit="map") as bar:
        for name, points in maps.make(means):
            made[name] = points
            maps.save(made, checkpoint.path)  # whatever happens to the next, this one is kept
            bar.update()
    print(f"{', '.join(made)}: in {checkpoint.path / 'maps.npz'}.")


def measure_command(given: argparse.Namespace) -> None:
    """Measures what never changes for a checkpoint and leaves it beside the weights; training does so too."""
    checkpoint = _kept(given)
    if not has_measures(checkpoint):
        raise ValueError(f"{checkpoint.kind} has nothing to record: `evaluate` gives its exact figures.")
    images = own_images(checkpoint, given)
    images.test.seen_by(checkpoint.model)  # refuses what is no model of these images
    found = save_measures(checkpoint, images)
    print(f"{', '.join(found)}: in {checkpoint.path / 'measures.json'}.")


def manifest_command(_: argparse.Namespace) -> None:
    """Writes the checksums of the shipped checkpoints' files, by which damage to them is seen."""
    if places.ROOT == places.INSTALLED:
        raise ValueError("Checksums are written in a checkout: those of an installed package came with it.")
    print(f"{manifest.write()} is written.")


def _kept(given: argparse.Namespace) -> Checkpoint:
    """The checkpoint that the command names, in a folder where something can be left beside it.

    Raises:
        ValueError: for a repository of the Hub, of which only copies lie here.
    """
    if "/" in given.checkpoint and stored.folder(given.checkpoint) is None:
        raise ValueError(
            f"`{given.command}` leaves files beside the weights, and {given.checkpoint} is no folder here: "
            'aevb.load(…).model.save_pretrained("runs/mine") makes one of a repository.'
        )
    return options.load(given)


def own_images(checkpoint: Checkpoint, given: argparse.Namespace) -> Images:
    """The data that the command names, for what is left beside the weights: readers take it for the record's.

    Raises:
        ValueError: for others than those that it was trained on, where it says which.
    """
    source = checkpoint.training.get("source")
    if not source or given.data is None or options.same(given.data, source):
        return options.read_for(checkpoint, given)
    if (
        not {source, given.data} & {*data.SOURCES, options.SYNTHETIC}
        and not Path(source).expanduser().exists()
    ):
        # Moved, or named from elsewhere: what is told of them begins with their own name.
        images = options.read_for(checkpoint, given)
        if images.note == checkpoint.training.get("data"):
            return images
    raise ValueError(
        f"What `{given.command}` leaves beside the weights is of {source}, {TRAINED_ON}, not of {given.data}."
    )


def has_measures(checkpoint: Checkpoint) -> bool:
    """Whether the explorer shows such a model, and so wants what `measure` finds."""
    return checkpoint.model.observation != "vector"


def save_measures(checkpoint: Checkpoint, images: Images) -> dict[str, Any]:
    """Measures what never changes for a checkpoint and leaves it beside the weights."""
    print("Measuring what never changes for the checkpoint …", file=sys.stderr)  # a VRNN's takes a minute
    found = measures.measure(checkpoint.model, images.test)
    if likeness.asked(checkpoint.model, images):
        found["likeness"] = likeness.measure(checkpoint.model, *runs.divided(images.train), images.test)
    measures.save(found, checkpoint.path)
    return found


def figures(checkpoint: Checkpoint, images: Images, bounds: Sequence[int]) -> dict[str, Any]:
    """The figures of a checkpoint on the test set, as training.json keeps them, in nats.

    Standard errors are None where there is only one example to tell them by.
    """
    model, examples = checkpoint.model, images.test.seen_by(checkpoint.model)
    start = time.perf_counter()
    measured = evaluate(
        model,
        examples,
        bounds=bounds,
        over=lambda batches: tqdm(batches, unit_scale=BATCH, unit="image"),
    )
    x = examples.fixed()[0]
    found = {
        "model": checkpoint.kind,
        "data": images.note,
        "images": measured.examples,
        "elbo": measured.elbo,
        "standard_error": _known(measured.standard_error),
        "terms": measured.terms,
        "bound": {str(k): value for k, value in measured.bound.items()},
        "bound_errors": {str(k): _known(error) for k, error in measured.bound_errors.items()},
        "scores": {} if images.test.labels is None else scores(model, x, images.test.labels),
    }
    exact = exact_figures(model, x)
    if exact and images.name == options.SYNTHETIC:
        exact = {"true_evidence": true_model().evidence(x.cpu()).mean().item()} | exact
    return found | ({"exact": exact} if exact else {}) | {"seconds": round(time.perf_counter() - start, 1)}


def _known(error: float) -> float | None:
    """None for NaN, for which JSON has no word."""
    return None if math.isnan(error) else error


def _plus_minus(error: float | None) -> str:
    return "" if error is None else f" ± {error:.2f}"


@torch.no_grad()
def exact_figures(model: LatentVariableModel, x: torch.Tensor) -> dict[str, float]:
    """Means of what a model offers exactly: of factor analysis the evidence, the ELBO and the gap."""
    return {name: getattr(model, name)(x).mean().item() for name in EXACT if hasattr(model, name)}

"""python -m aevb: train, evaluate, sample and draw from the command line."""

import argparse
import inspect
import json
import math
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from aevb import checkpoints, cluster_start, data, runs
from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.data import DataError, Examples
from aevb.evaluation import BATCH, evaluate, posterior_means
from aevb.explore import maps, measures
from aevb.explore.clusters import scores
from aevb.models import GMVAE, REGISTRY, FactorAnalysis, LatentVariableModel
from aevb.models.factor_analysis import synthetic, true_model
from aevb.training import Alternating, Diverged, Simultaneous, TrainingConfig, train

BOUNDS = (10, 100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status: 0, 1 for a failure said in a sentence, 130 for Ctrl-C."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.command_line = "python -m aevb " + shlex.join(sys.argv[1:] if arguments is None else arguments)
    try:
        options.run(options)
    except (CheckpointError, DataError, Diverged, ValueError, OSError) as error:
        print(f"aevb: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("aevb: stopped.", file=sys.stderr)
        return 130
    return 0


def train_command(options: argparse.Namespace) -> None:
    """Trains a model and leaves a checkpoint."""
    arguments = _model_arguments(options)
    folder = options.output or Path("runs") / options.model
    folder.mkdir(parents=True, exist_ok=True)  # what cannot be kept should not be trained
    torch.manual_seed(options.seed)  # of the initial weights
    if options.model == "fa":
        _train_factor_analysis(options, folder)
        return
    digits = data.load()
    print(digits.note, file=sys.stderr)
    model = REGISTRY[options.model](**arguments)
    steps = options.epochs * max(1, len(digits.train) // options.batch_size)
    config = TrainingConfig(
        steps=steps,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate or 1e-3,
        decay=True,
        schedule=_schedule(options),
        seed=options.seed,
        bfloat16=options.bfloat16,
    )
    facts = {"command": options.command_line, "start": _start(model, digits, options)}
    saved = False
    try:
        with tqdm(total=steps, unit="step", mininterval=0.5) as bar:
            for event in runs.record(model, digits, config, folder, facts):
                if isinstance(event, runs.Epoch):
                    saved = True
                    if event.epoch == options.clusters_first:
                        model.requires_grad_(True)
                    scored = "".join(f", {name} {value:.4f}" for name, value in event.scores.items())
                    bar.write(
                        f"epoch {event.epoch}: train ELBO {event.train_elbo:.2f}, "
                        f"test ELBO {event.test_elbo:.2f}{scored}",
                        file=sys.stderr,
                    )
                else:
                    bar.update()
                    bar.set_postfix(elbo=f"{event.elbo:.1f}", refresh=False)
    except KeyboardInterrupt:
        if saved:
            print(f"The best checkpoint so far is in {folder}.", file=sys.stderr)
        raise
    checkpoint = checkpoints.load(folder)  # the best epoch's, which need not be the last
    measured = _measure(checkpoint, digits, options.bounds)
    checkpoints.write_json(folder / "training.json", checkpoint.training | {"test": measured})
    print(json.dumps(measured, indent=2))
    _save_measures(checkpoint, digits)
    print(f"The checkpoint is in {folder}.", file=sys.stderr)


def _start(model: LatentVariableModel, digits: data.Digits, options: argparse.Namespace) -> dict[str, Any]:
    """Where training starts, set in place: clusters found first, if asked for, with q(y | x) held."""
    if not options.clusters_first:
        return {"kind": "plain"}
    assert isinstance(model, GMVAE)  # the option is its alone
    start = time.perf_counter()
    for said in cluster_start.prepare(model, digits.train.images, seed=options.seed):
        print(said, file=sys.stderr)
    model.q_y_given_x.requires_grad_(False)
    return {
        "kind": "clusters",
        "vae_epochs": cluster_start.VAE_EPOCHS,
        "held_epochs": options.clusters_first,
        "seconds": round(time.perf_counter() - start, 1),
    }


def _train_factor_analysis(options: argparse.Namespace, folder: Path) -> None:
    """Factor analysis on the tutorial's synthetic data (section 5.2.4)."""
    train_x, test_x = synthetic(options.seed)
    model = FactorAnalysis(train_x.shape[1], options.latent_dim or 2)
    steps = options.epochs * max(1, len(train_x) // options.batch_size)
    config = TrainingConfig(
        steps=steps,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate or 1e-2,
        decay=True,
        schedule=_schedule(options),
        seed=options.seed,
    )
    try:
        for _ in tqdm(train(model, Examples(train_x), config), total=steps, unit="step"):
            pass
    except KeyboardInterrupt:  # for a model this small the latest state is as good as the best
        checkpoints.save(model, folder, {"command": options.command_line})
        raise
    checkpoints.save(model, folder, {"command": options.command_line})
    with torch.no_grad():
        figures = {
            "true_evidence": true_model().evidence(test_x).mean().item(),
            "evidence": model.evidence(test_x).mean().item(),
            "elbo": model.exact_elbo(test_x).mean().item(),
            "gap": model.gap(test_x).mean().item(),
        }
    print(json.dumps(figures, indent=2))
    print(f"The checkpoint is in {folder}.", file=sys.stderr)


def evaluate_command(options: argparse.Namespace) -> None:
    """Measures a checkpoint on the whole test set."""
    checkpoint = checkpoints.load(options.checkpoint)
    digits = data.load()
    measured = {"checkpoint": str(options.checkpoint)} | _measure(checkpoint, digits, options.bounds)
    if options.json:
        print(json.dumps(measured))
        return
    print(digits.note)
    print(f"{measured['checkpoint']} ({measured['model']}), {measured['images']:,} test images, in nats:")
    print(f"  ELBO{measured['elbo']:>24,.2f}")
    for name, value in measured["terms"].items():
        print(f"    {name:<16}{value:>10,.2f}")
    for k, value in measured["bound"].items():
        print(f"  bound, K = {k:<8}{value:>10,.2f}")
    for name, value in measured["scores"].items():
        print(f"  {name.replace('_', ' '):<21}{value:>7.4f}")


def sample_command(options: argparse.Namespace) -> None:
    """Draws images from a checkpoint's model into one PNG."""
    checkpoint = checkpoints.load(options.checkpoint)
    with torch.no_grad():
        x = checkpoint.model.sample(options.count, generator=torch.Generator().manual_seed(options.seed))
    if checkpoint.model.observation == "vector":
        print(json.dumps(x.tolist()))
        return
    side = math.isqrt(x.shape[-1])
    if side * side != x.shape[-1]:
        raise ValueError(f"Samples of {x.shape[-1]} numbers are no square images.")
    from torchvision.utils import save_image  # imported late: it is slow to import

    save_image(x.view(-1, 1, side, side), options.output, nrow=10, padding=1)
    print(f"{options.count} samples are in {options.output}.")


def map_command(options: argparse.Namespace) -> None:
    """Maps the latent means of the test set and leaves the maps beside the weights."""
    checkpoint = checkpoints.load(options.checkpoint)
    observed = _observed(checkpoint, data.load())
    means = posterior_means(checkpoint.model, *observed).numpy()
    made = {name: make(means) for name, make in tqdm(maps.METHODS.items(), unit="map")}
    maps.save(made, checkpoint.path)
    print(f"{', '.join(made)}: in {checkpoint.path / 'maps.npz'}.")


def measure_command(options: argparse.Namespace) -> None:
    """Measures what never changes for a checkpoint and leaves it beside the weights; training does so too."""
    checkpoint, digits = checkpoints.load(options.checkpoint), data.load()
    _observed(checkpoint, digits)  # refuses what is no model of these images
    found = _save_measures(checkpoint, digits)
    print(f"{', '.join(found)}: in {checkpoint.path / 'measures.json'}.")


def figure_command(options: argparse.Namespace) -> None:
    """Draws figures of the tutorial from the shipped checkpoints, as HTML files and, with a browser, PNGs."""
    from aevb import documents  # imported late: plotly is slow to import

    numbers = list(documents.FIGURES) if options.all else [options.number]
    browser, faults = documents.browser(), dict[int, str]()
    if browser is None:
        print("No Chromium, Chrome or Edge was found, so there are no PNGs.", file=sys.stderr)
    options.output.mkdir(parents=True, exist_ok=True)
    for number in tqdm(numbers, unit="figure"):
        try:
            page = documents.write(number, options.output)
            if browser is not None:
                documents.screenshot(browser, page)
        except CheckpointError as error:
            faults[number] = str(error)
        except documents.BrowserError as error:
            tqdm.write(f"There are no PNGs: {error}", file=sys.stderr)
            browser = None
    if options.all:
        (options.output / "index.html").write_text(documents.index(options.output, faults), encoding="utf-8")
    if faults:
        raise CheckpointError(" ".join(f"Figure {number}: {fault}" for number, fault in faults.items()))
    print(f"{options.output / 'index.html' if options.all else page} is written.")


def data_command(options: argparse.Namespace) -> None:
    """Says which data are in use; downloads all of MNIST, or packs the bundled sample, where asked to."""
    try:
        if options.download:
            with tqdm(total=100, unit="%", desc="MNIST") as bar:
                for fraction in data.download():
                    bar.n = round(100 * fraction)
                    bar.refresh()
        if options.pack_sample:
            print(f"{data.SAMPLE.name}: SHA-256 {data.pack_sample()}.")
    finally:
        print(data.load().note)


def _save_measures(checkpoint: Checkpoint, digits: data.Digits) -> dict[str, Any]:
    print("Measuring what never changes for the checkpoint …", file=sys.stderr)  # a VRNN's takes a minute
    found = measures.measure(checkpoint.model, digits.test)
    measures.save(found, checkpoint.path)
    return found


def _observed(checkpoint: Checkpoint, digits: data.Digits) -> tuple[torch.Tensor, ...]:
    """The test images as the checkpoint's model sees them.

    Raises:
        ValueError: for a model that is not one of such images.
    """
    model = checkpoint.model
    if model.observation == "vector":
        raise ValueError(f"{checkpoint.kind} is not a model of images; `train fa` prints its exact figures.")
    observed = digits.test.seen_by(model).fixed()
    pixels, expected = observed[0][0].numel(), model.data_dim * model.length
    if pixels != expected:
        raise ValueError(f"{checkpoint.path} is a model of {expected} pixels; these images have {pixels}.")
    return observed


def _measure(checkpoint: Checkpoint, digits: data.Digits, bounds: Sequence[int]) -> dict:
    observed = _observed(checkpoint, digits)
    start = time.perf_counter()
    measured = evaluate(
        checkpoint.model,
        *observed,
        bounds=bounds,
        over=lambda batches: tqdm(batches, unit_scale=BATCH, unit="image"),
    )
    return {
        "model": checkpoint.kind,
        "data": digits.note,
        "images": measured.examples,
        "elbo": measured.elbo,
        "terms": measured.terms,
        "bound": {str(k): value for k, value in measured.bound.items()},
        "scores": scores(checkpoint.model, observed[0], digits.test.labels),
        "seconds": round(time.perf_counter() - start, 1),
    }


def _model_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """What was said of the model itself; the rest is its defaults.

    Raises:
        ValueError: for an option that the model does not have.
    """
    names = [name for name in ("latent_dim", "dropout") if getattr(options, name) is not None]
    known = inspect.signature(REGISTRY[options.model]).parameters
    of_others = {name: name not in known for name in names} | {
        "clusters_first": options.clusters_first and options.model != "gmvae",
        "bfloat16": options.bfloat16 and options.model == "fa",
        "bounds": options.bounds is not BOUNDS and options.model == "fa",
    }
    for name, refused in of_others.items():
        if refused:
            raise ValueError(f"--{name.replace('_', '-')} is not an option of {options.model}.")
    if options.clusters_first and not options.clusters_first < options.epochs:
        raise ValueError("--clusters-first must leave epochs in which q(y | x) moves: give more --epochs.")
    return {name: getattr(options, name) for name in names}


def _schedule(options: argparse.Namespace) -> Simultaneous | Alternating:
    return Alternating(*options.alternate) if options.alternate else Simultaneous()


def _number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    """A parser of numbers in [least, most], so that nothing impossible gets as far as torch."""

    def parse(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least:g} to {most:g}, not {text}")
        return value

    parse.__name__ = "number"
    return parse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m aevb", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        added.set_defaults(run=run)
        return added

    at_least_one, seed = _number(int, 1, 100_000), _number(int, 0, 2**32 - 1)
    bounds: dict[str, Any] = {
        "type": _number(int, 1, 10_000),
        "nargs": "*",
        "default": BOUNDS,
        "metavar": "K",
        "help": "numbers of samples of the importance bounds (10 100); K of them take K times the time",
    }
    added = command("train", train_command)
    added.add_argument("model", choices=REGISTRY, help="which model: %(choices)s")
    added.add_argument("--epochs", type=at_least_one, default=100, help="passes over the data (%(default)s)")
    added.add_argument("--batch-size", type=at_least_one, default=100, help="%(default)s")
    added.add_argument(
        "--learning-rate", type=_number(float, 1e-9, 1e3), help="Adam's, at the start (1e-3; fa 1e-2)"
    )
    added.add_argument("--latent-dim", type=at_least_one, help="L (the tutorial's)")
    added.add_argument("--dropout", type=float, help="of hidden units (0)")
    added.add_argument(
        "--alternate",
        type=at_least_one,
        nargs=2,
        metavar=("E", "M"),
        help="E steps of phi alone, then M of theta alone, in turn, rather than both at once",
    )
    added.add_argument(
        "--clusters-first",
        type=at_least_one,
        metavar="EPOCHS",
        help="gmvae: start from clusters found without labels, and hold q(y | x) for so many epochs",
    )
    added.add_argument("--seed", type=seed, default=0, help="%(default)s")
    added.add_argument("--bfloat16", action="store_true", help="matrix products in bfloat16")
    added.add_argument("--output", type=Path, help="the checkpoint's folder (runs/MODEL)")
    added.add_argument("--bounds", **bounds)

    added = command("evaluate", evaluate_command)
    added.add_argument("checkpoint", help="a folder, a shipped name, or a Hugging Face repository")
    added.add_argument("--json", action="store_true", help="one JSON object on standard output")
    added.add_argument("--bounds", **bounds)

    added = command("sample", sample_command)
    added.add_argument("checkpoint", help="a folder, a shipped name, or a Hugging Face repository")
    added.add_argument("--count", type=_number(int, 1, 10_000), default=30, help="%(default)s")
    added.add_argument("--seed", type=seed, default=0, help="%(default)s")
    added.add_argument("--output", type=Path, default=Path("samples.png"), help="%(default)s")

    added = command("map", map_command)
    added.add_argument("checkpoint", help="a folder or a shipped name")

    added = command("measure", measure_command)
    added.add_argument("checkpoint", help="a folder or a shipped name")

    added = command("figure", figure_command)
    chosen = added.add_mutually_exclusive_group(required=True)
    chosen.add_argument("number", type=_number(int, 1, 12), nargs="?", metavar="N", help="from 1 to 12")
    chosen.add_argument("--all", action="store_true", help="all of them, with an index")
    added.add_argument("--output", type=Path, default=Path("figures"), help="the folder (%(default)s)")

    added = command("data", data_command)
    added.add_argument("--download", action="store_true", help="fetch all of MNIST first")
    added.add_argument(
        "--pack-sample", action="store_true", help="pack the bundled sample anew from all of MNIST"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

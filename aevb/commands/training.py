"""train: each model with what its constructor takes."""

import argparse
import inspect
import json
import sys
import time
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import torch

from aevb import checkpoints, cluster_start, devices, distributed, runs, stored
from aevb.commands import measuring, options
from aevb.commands.options import AT_LEAST_ONE, SEED, Commands, number
from aevb.counted import counted
from aevb.data import Images, Split
from aevb.distributed import Workers
from aevb.models import GMVAE, REGISTRY, LatentVariableModel
from aevb.models.arguments import from_data, parameters
from aevb.training import Alternating, Optimiser, Rate, Simultaneous, TrainingConfig

RUNS = Path("runs")

STEPS = number(int, 0, 10**9)

SIZES = ("data_dim", "length")
"""Arguments without an option: they are always the data's."""

USUAL = {"precision": "auto", "data": "mnist"}
DEFAULTS = {"fa": {"precision": "float32", "data": options.SYNTHETIC}}
"""Of models for which others hold: what is exact should not be rounded."""


def add(commands: Commands) -> None:
    """Adds `train`, with a command of its own for each model."""
    train = commands.add_parser("train", help="Trains a model and leaves a checkpoint.", allow_abbrev=False)
    models = train.add_subparsers(title="models", required=True, metavar="MODEL")
    for name, kind in REGISTRY.items():
        said = inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]
        added = models.add_parser(name, help=said, description=said, allow_abbrev=False)
        added.set_defaults(run=run, command=f"train {name}", model=name, clusters_first=None)
        _add_constructor(added, kind)
        _add_training(added, USUAL | DEFAULTS.get(name, {}))
        if kind is GMVAE:
            added.add_argument(
                "--clusters-first",
                type=AT_LEAST_ONE,
                metavar="EPOCHS",
                help="start from clusters found without labels, and hold q(y | x) for so many epochs; needs"
                " aevb[maps]",
            )


def run(given: argparse.Namespace) -> None:
    """Trains a model and leaves a checkpoint."""
    with distributed.joined(given.device) as (workers, device):
        _run(given, workers, device)


def _run(given: argparse.Namespace, workers: Workers, device: torch.device) -> None:
    if given.clusters_first and not given.clusters_first < given.epochs:
        raise ValueError("--clusters-first must leave epochs in which q(y | x) moves: give more --epochs.")
    if given.clusters_first and not given.resume:
        cluster_start.require_umap()
    torch.manual_seed(given.seed)  # of the initial weights; before the data, whose true model has some too
    images = options.read(given.data, given.image_size)
    print(images.note, file=sys.stderr)
    model = build(REGISTRY[given.model], images, given).to(device)
    images = images.for_model(model)
    trained_on, _ = runs.divided(images.train)
    require(model, images)
    config = TrainingConfig(
        steps=given.epochs * runs.epoch_steps(len(trained_on), given.batch_size),
        batch_size=given.batch_size,
        optimiser=given.optimiser,
        learning_rate=given.learning_rate or (1e-2 if images.name == options.SYNTHETIC else 1e-3),
        rate=given.rate,
        rate_warmup=given.rate_warmup,
        schedule=Alternating(*given.alternate) if given.alternate else Simultaneous(),
        seed=given.seed,
        precision=given.precision,
        beta=given.beta,
        kl_warmup=given.kl_warmup,
        free_bits=given.free_bits,
        clip=given.clip,
        averaging=given.averaging,
        weight_decay=given.weight_decay,
        patience=given.patience,
    )
    path, made = workers.broadcast(lambda: folder_for(given))
    with not_left_empty(Path(path), made and workers.first) as folder:
        _train(model, images, config, folder, given, workers)


def require(model: LatentVariableModel, images: Images) -> None:
    """Refuses what the model cannot be trained on or measured with, before there is a folder.

    Raises:
        ValueError: in a sentence, as `Split.seen_by`.
    """
    for split in (images.train, images.test):
        split.seen_by(model)


def build(kind: type[LatentVariableModel], images: Images, given: argparse.Namespace) -> LatentVariableModel:
    """A model of such images, with what was said of it; the rest is its defaults.

    Raises:
        ValueError: for what the model cannot be given, and examples of one row for a model of rows.
    """
    decided = from_data(kind, images.shape, len(images.classes), centred=images.name == options.SYNTHETIC)
    if decided.get("length") == 1:
        raise ValueError(
            f"A {kind.__name__} reads an example row by row, and one of {images.name} is a single row of"
            f" {counted(decided['data_dim'], 'numbers')}."
        )
    said = {name: value for name in parameters(kind) if (value := getattr(given, name, None)) is not None}
    return kind(**decided | said)


def _train(
    model: LatentVariableModel,
    images: Images,
    config: TrainingConfig,
    folder: Path,
    given: argparse.Namespace,
    workers: Workers,
) -> None:
    facts: dict[str, Any] = {"command": given.command_line}
    if given.resume:
        facts = begun(folder, given.clusters_first)
    else:
        trained_on, _ = runs.divided(images.train)
        facts["start"] = workers.broadcast(
            lambda: start(model, trained_on, images.name, config, held_epochs=given.clusters_first)
        )
        hold(model, facts["start"])
    events = runs.record(
        model,
        images,
        config,
        folder,
        facts,
        overwrite=given.overwrite,
        resume=given.resume,
        keep_state=True,  # until the test images are measured: who is stopped in that can go on too
        workers=workers,
    )
    saved = given.resume
    going_on = f"The same command goes on with --output {folder} --resume."
    try:
        with distributed.losses():
            for event in runs.shown(events, config.steps):
                if isinstance(event, runs.Epoch):
                    saved = True
                    if event.epoch == facts["start"].get("held_epochs"):
                        model.requires_grad_(True)
        if workers.first:
            measure(folder, model.device, images, given.bounds)
            runs.over(folder)
    except KeyboardInterrupt:
        if saved:
            print(f"The best checkpoint so far is in {folder}. {going_on}", file=sys.stderr)
        raise
    except distributed.Lost as lost:
        raise distributed.Lost(
            f"{lost} {going_on if saved else 'It had come to no end of an epoch.'}"
        ) from lost


def measure(folder: Path, device: torch.device, images: Images, bounds: Sequence[int]) -> None:
    """Measures what a training has kept on the test images, the only time, and leaves that beside it."""
    checkpoint = checkpoints.load(folder)  # which need not be the model's last state
    checkpoint.model.to(device)
    measured = measuring.figures(checkpoint, images, bounds)
    checkpoints.write_json(folder / "training.json", checkpoint.training | {"test": measured})
    print(json.dumps(measured, indent=2))
    if measuring.has_measures(checkpoint):
        measuring.save_measures(checkpoint, images)
    print(f"The checkpoint is in {folder}.", file=sys.stderr)


def start(
    model: LatentVariableModel,
    split: Split,
    source: str,
    config: TrainingConfig,
    *,
    held_epochs: int | None = None,
) -> dict[str, Any]:
    """Sets a new model, in place, to where its training starts, and tells that as training.json does.

    A model that can start on the scale of its data does so, unless they are the tutorial's.

    Args:
        held_epochs: of a GMVAE that starts from clusters, found first: those in which q(y | x) is held.
    """
    on_scale = getattr(model, "start", None)
    if on_scale and source != options.SYNTHETIC:
        on_scale(split.images.flatten(1))
        return {"kind": "data"}
    if not held_epochs:
        return {"kind": "plain"}
    model = typing.cast(GMVAE, model)  # the option is its alone
    begun = time.perf_counter()
    seen = split.seen_by(model)
    first = slice(cluster_start.EMBEDDED)  # in which all classes are, as `runs.divided` leaves them
    for said in cluster_start.prepare(
        model, seen, seed=config.seed, precision=config.precision, embedded=first
    ):
        print(said, file=sys.stderr)
    return {
        "kind": "clusters",
        "vae_epochs": cluster_start.VAE_EPOCHS,
        "held_epochs": held_epochs,
        "seconds": round(time.perf_counter() - begun, 1),
    }


def begun(folder: Path, clusters_first: int | None) -> dict[str, Any]:
    """What the run in the folder has told of itself, of which its start says when q(y | x) is to move.

    Raises:
        CheckpointError: as `runs.read_facts`.
        ValueError: for a run that began with other --clusters-first than those that are given.
    """
    told = runs.read_facts(folder / runs.STATE)
    facts: dict[str, Any] = {"start": {}, **told["facts"]}  # nobody need have told one to `runs.record`
    held_epochs = facts["start"].get("held_epochs")
    if clusters_first not in (None, held_epochs):
        began = f"with --clusters-first {held_epochs}" if held_epochs else "without --clusters-first"
        raise ValueError(f"The run in {folder} began {began}, which cannot be changed any more.")
    return facts


def hold(model: LatentVariableModel, start: Mapping[str, Any]) -> None:
    """Holds fixed, for the epochs that a start tells, what is to move only after them."""
    if start.get("held_epochs"):
        typing.cast(GMVAE, model).q_y_given_x.requires_grad_(False)


def folder_for(given: argparse.Namespace) -> tuple[str, bool]:
    """The checkpoint's folder, and whether it was made here: what cannot be kept should not be trained.

    Raises:
        ValueError: for a folder that holds a checkpoint, without --overwrite or --resume; for --resume
            without a folder.
        OSError: for one that cannot be made.
    """
    if given.resume:
        if given.output is None:
            raise ValueError("--resume needs the --output of the run that is to go on.")
        return str(given.output), False
    if given.output is None:
        return str(checkpoints.new_folder(RUNS, given.model)), True
    folder: Path = given.output
    if stored.holds(folder) and not given.overwrite:
        raise ValueError(f"{folder} holds a checkpoint already: give another --output, or --overwrite.")
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder), made


@contextmanager
def not_left_empty(folder: Path, made: bool) -> Iterator[Path]:
    """Takes a folder that was made for a training away again where the block has left nothing in it."""
    try:
        yield folder
    finally:
        if made:
            with suppress(OSError):  # it holds something, as it should
                folder.rmdir()


# Its options


def _add_constructor(parser: argparse.ArgumentParser, kind: type[LatentVariableModel]) -> None:
    """An option for everything that a model's constructor takes and the data do not decide."""
    group = parser.add_argument_group("the model")
    said = dict(_said_of_arguments(kind))
    for name, parameter in parameters(kind).items():
        if name not in SIZES:
            default = f" ({_written(parameter.default)})" if name != "classes" else " (the data's)"
            text = said.get(name, "").partition(". ")[0].removesuffix(".") + default
            group.add_argument(
                f"--{name.replace('_', '-')}",
                help=text.replace("%", "%%").strip(),
                **_read_as(parameter.annotation),
            )


def _read_as(hint: Any) -> dict[str, Any]:
    """How argparse reads what a constructor takes as a number, a choice, a switch or several sizes."""
    if hint is bool:
        return {"action": "store_true", "default": None}
    if get_origin(hint) is Literal:
        named = ",".join(choice.replace(" ", "-") for choice in get_args(hint))
        return {"type": _spaced, "choices": get_args(hint), "metavar": f"{{{named}}}"}
    if hint is int:
        return {"type": AT_LEAST_ONE, "metavar": "N"}
    if hint is float:
        return {"type": number(float, -1e6, 1e6), "metavar": "X"}
    if hint == Sequence[int]:
        return {"type": AT_LEAST_ONE, "nargs": "+", "metavar": "WIDTH"}
    raise TypeError(f"No option can be made of {hint}.")


def _spaced(text: str) -> str:
    """ "gumbel relaxed" may be written gumbel-relaxed, which needs no quotes."""
    return text.replace("-", " ")


def _written(default: Any) -> str:
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default).replace(" ", "-")


def _said_of_arguments(kind: type[LatentVariableModel]) -> Iterator[tuple[str, str]]:
    """What a class's docstring says of each argument, on one line."""
    block = inspect.cleandoc(kind.__doc__ or "").partition("Args:\n")[2].partition("\nRaises:")[0]
    name, text = "", ""
    for line in block.splitlines():
        if line.startswith("    ") and not line.startswith("     "):
            if name:
                yield name, text
            name, _, text = line.strip().partition(": ")
        else:
            text += f" {line.strip()}"
    if name:
        yield name, text


def _add_training(parser: argparse.ArgumentParser, usual: Mapping[str, Any]) -> None:
    group = parser.add_argument_group("its training")
    group.add_argument(
        "--epochs", type=AT_LEAST_ONE, default=100, metavar="N", help="passes over the data (%(default)s)"
    )
    group.add_argument("--batch-size", type=AT_LEAST_ONE, default=100, metavar="N", help="%(default)s")
    group.add_argument(
        "--optimiser",
        choices=get_args(Optimiser),
        default="adam",
        help="what makes a step of a gradient; sgd has a momentum of 0.9 (%(default)s)",
    )
    group.add_argument(
        "--learning-rate",
        type=number(float, 1e-9, 1e3),
        metavar="X",
        help="at the start, once it is warm (0.001; on the synthetic data the tutorial's 0.01)",
    )
    group.add_argument(
        "--rate",
        choices=get_args(Rate),
        default="cosine",
        help="whether the learning rate falls to 0 along a cosine or stays (%(default)s)",
    )
    for name, text in (
        ("--rate-warmup", "steps in which the learning rate rises from 0 (%(default)s)"),
        ("--kl-warmup", "steps in which the weight of the KL terms rises from 0 (%(default)s)"),
    ):
        group.add_argument(name, type=STEPS, default=0, metavar="N", help=text)
    group.add_argument(
        "--beta", type=number(float, 0, 1e6), default=1.0, metavar="X", help="weight of the KL terms (1)"
    )
    group.add_argument(
        "--free-bits",
        type=number(float, 0, 1e6),
        default=0.0,
        metavar="NATS",
        help="KL of each latent number that is not lowered further (0)",
    )
    group.add_argument(
        "--clip", type=number(float, 1e-9, 1e9), metavar="X", help="largest norm of the gradient (any)"
    )
    group.add_argument(
        "--averaging",
        type=number(float, 1e-9, 1 - 1e-9),
        metavar="DECAY",
        help="measure and keep an exponential moving average of the weights, such as 0.999 (none)",
    )
    group.add_argument(
        "--weight-decay",
        type=number(float, 0, 1e6),
        default=0.0,
        metavar="X",
        help="times the learning rate, the share by which weights shrink (0)",
    )
    group.add_argument(
        "--patience",
        type=AT_LEAST_ONE,
        metavar="EPOCHS",
        help="end after so many without a better validation ELBO (never)",
    )
    group.add_argument(
        "--alternate",
        type=AT_LEAST_ONE,
        nargs=2,
        metavar=("E", "M"),
        help="E steps of phi alone, then M of theta alone, in turn, rather than both at once",
    )
    group.add_argument("--seed", type=SEED, default=0, metavar="N", help="%(default)s")
    group.add_argument(
        "--precision",
        choices=get_args(devices.Precision),
        default=usual["precision"],
        help="of matrix products; auto is bfloat16 where this machine is faster with it (%(default)s)",
    )
    options.add_device(parser)
    options.add_data(parser, usual["data"])
    parser.set_defaults(data=usual["data"])
    options.add_output(parser, None, "the checkpoint's folder (a new one in runs/)")
    parser.add_argument("--overwrite", action="store_true", help="write over a checkpoint that is there")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in --output: the other options as they were"
    )
    options.add_bounds(parser)

"""What several commands are asked for in the same words."""

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aevb import checkpoints, data, devices, stored
from aevb.checkpoints import Checkpoint
from aevb.data import Images, Split
from aevb.models.factor_analysis import synthetic

BOUNDS = (10, 100)
SYNTHETIC = "synthetic"
"""The source of the tutorial's points for factor analysis, beside those of `aevb.data`."""

Run = Callable[[argparse.Namespace], None]
Commands = Any  # argparse names no type for what `add_subparsers` returns


def add(commands: Commands, name: str, run: Run, **settings: Any) -> argparse.ArgumentParser:
    """A command of that name, which calls `run`; the first line of its docstring is what the help says."""
    said = (run.__doc__ or "").partition("\n")[0]
    added = commands.add_parser(name, help=said, description=said, allow_abbrev=False, **settings)
    added.set_defaults(run=run, command=name)
    return added


def number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    """A parser of numbers in [least, most], so that nothing impossible gets as far as torch."""

    def parse(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least:g} to {most:g}, not {text}")
        return value

    parse.__name__ = "whole number" if kind is int else "number"  # what argparse's messages call it
    return parse


AT_LEAST_ONE = number(int, 1, 100_000)
SEED = number(int, 0, 2**32 - 1)


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Which checkpoint, and where its model is to compute."""
    parser.add_argument("checkpoint", help="a folder, a shipped name, or a Hugging Face repository")
    add_device(parser)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Where to compute."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps, … (%(default)s)")


def add_data(parser: argparse.ArgumentParser, default: str) -> None:
    """Which data; without --data what `default` says."""
    parser.add_argument(
        "--data",
        metavar="SOURCE",
        help=f"{', '.join(data.SOURCES)}, {SYNTHETIC} (of fa), a folder of images or an .npz ({default})",
    )
    parser.add_argument(
        "--image-size", type=AT_LEAST_ONE, metavar="PIXELS", help="height and width to scale images to"
    )


def add_bounds(parser: argparse.ArgumentParser) -> None:
    """Which importance bounds."""
    parser.add_argument(
        "--bounds",
        type=number(int, 1, 10_000),
        nargs="*",
        default=BOUNDS,
        metavar="K",
        help="numbers of samples of the importance bounds (10 100); K of them take K times the time",
    )


def add_output(parser: argparse.ArgumentParser, default: Path | None, text: str) -> None:
    """Where what is made goes."""
    # Of --output=~/mine no shell makes the home.
    parser.add_argument("--output", type=stored.place, default=default, metavar="PATH", help=text)


def load(options: argparse.Namespace) -> Checkpoint:
    """The checkpoint that the command names, its model where it is to compute."""
    device = devices.device(options.device)
    checkpoint = checkpoints.load(options.checkpoint)
    if device.type not in ("cpu", "cuda"):
        checkpoint.model.float()  # mps has no float64
    checkpoint.model.to(device)
    return checkpoint


def read(source: str, size: int | tuple[int, int] | None = None) -> Images:
    """The data of a source: the tutorial's points, or what `aevb.data` reads."""
    if source != SYNTHETIC:
        return data.read(source, size=size)
    train, test = (Split(points) for points in synthetic(seed=0))
    note = f"The tutorial's synthetic data: {len(train):,} training and {len(test):,} test points."
    return Images(train, test, classes=(), complete=True, note=note, name=SYNTHETIC)


def same(source: str, other: str) -> bool:
    """Whether two sources are one: a name, or a place of the disk, however it is written."""
    if source == other or {source, other} & {*data.SOURCES, SYNTHETIC}:
        return source == other
    with suppress(OSError):
        return Path(source).expanduser().samefile(Path(other).expanduser())
    return False


def read_for(checkpoint: Checkpoint, options: argparse.Namespace) -> Images:
    """The data that the command names, else those that the checkpoint was trained on, for its model."""
    source, size, recorded = options.data, options.image_size, checkpoint.training.get("source")
    if recorded and (source is None or same(source, recorded)):
        source = source or recorded
        *_, height, width = (0, *checkpoint.shape)
        size = size or ((height, width) if height else None)
    usual = SYNTHETIC if checkpoint.model.observation == "vector" else "mnist"
    if not source:
        name = checkpoint.path.name
        print(
            f"Nothing tells what {name} was trained on: {usual} is a guess, --data names others.",
            file=sys.stderr,
        )
    images = read(source or usual, size).for_model(checkpoint.model)
    (*channels, height, width), (*_, wanted) = (0, *images.shape), checkpoint.shape
    if [*channels, wanted, wanted] == [0, *checkpoint.shape] and height * width != wanted**2:
        raise ValueError(
            f"The model is of images of {wanted} × {wanted} pixels, and those of {images.name} have "
            f"{height} × {width}: give --image-size {wanted}."
        )
    return images

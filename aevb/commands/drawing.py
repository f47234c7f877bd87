"""sample, figure: what is drawn."""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.commands import options
from aevb.commands.options import SEED, Commands, number

NUMBERS = (".json", ".csv", ".npy")
"""Suffixes of files of numbers."""


def add(commands: Commands) -> None:
    """Adds `sample` and `figure`."""
    added = options.add(commands, "sample", sample)
    options.add_checkpoint(added)
    added.add_argument("--count", type=number(int, 1, 10_000), default=30, metavar="N", help="%(default)s")
    added.add_argument("--seed", type=SEED, default=0, metavar="N", help="%(default)s")
    chosen = added.add_mutually_exclusive_group()
    chosen.add_argument("--label", nargs="+", help="classes by name or number, in turn (at random)")
    chosen.add_argument("--cluster", nargs="+", help="clusters by number, in turn (at random)")
    options.add_output(
        added,
        None,
        "a picture (.png) or numbers (.json, .csv, .npy); samples.png, or of vectors JSON on standard output",
    )

    added = options.add(commands, "figure", figure)
    which = added.add_mutually_exclusive_group(required=True)
    which.add_argument("number", type=number(int, 1, 12), nargs="?", metavar="N", help="from 1 to 12")
    which.add_argument("--all", action="store_true", help="all of them, with an index")
    options.add_output(added, Path("figures"), "the folder (%(default)s)")


def sample(given: argparse.Namespace) -> None:
    """Draws examples from a checkpoint's model into a picture or a file of numbers."""
    checkpoint = options.load(given)
    model, images = checkpoint.model, len(checkpoint.shape) > 1
    output: Path | None = given.output or (Path("samples.png") if images else None)
    if output and output.suffix not in (".png", *NUMBERS):
        raise ValueError(f"{output} must end in .png or {', '.join(NUMBERS)}.")
    if output and output.suffix == ".png" and not images:
        raise ValueError(
            f"{checkpoint.kind} draws vectors, which are no picture: end --output in {NUMBERS[0]}."
        )
    y = _choices(checkpoint, given)
    generator = torch.Generator(model.device).manual_seed(given.seed)
    x = model.sample(given.count, y, generator=generator).cpu()
    if output is None:
        print(json.dumps(x.tolist()))
        return
    _write(x, output, checkpoint)
    print(f"{given.count} samples are in {output}.")


def figure(given: argparse.Namespace) -> None:
    """Draws figures of the tutorial from the shipped checkpoints, as HTML files and, with a browser, PNGs."""
    from aevb import documents  # imported late: plotly is slow to import

    numbers = list(documents.FIGURES) if given.all else [given.number]
    browser, faults = documents.browser(), dict[int, str]()
    if browser is None:
        print("No Chromium, Chrome or Edge was found, so there are no PNGs.", file=sys.stderr)
    given.output.mkdir(parents=True, exist_ok=True)
    for number_ in tqdm(numbers, unit="figure"):
        try:
            page = documents.write(number_, given.output)
            if browser is not None:
                documents.screenshot(browser, page)
        except CheckpointError as error:
            faults[number_] = str(error)
        except documents.BrowserError as error:
            tqdm.write(f"There are no PNGs: {error}", file=sys.stderr)
            browser = None
    if given.all:
        (given.output / "index.html").write_text(documents.index(given.output, faults), encoding="utf-8")
    if faults:
        raise CheckpointError(" ".join(f"Figure {number_}: {fault}" for number_, fault in faults.items()))
    print(f"{given.output / 'index.html' if given.all else page} is written.")


def _choices(checkpoint: Checkpoint, given: argparse.Namespace) -> torch.Tensor | None:
    """The labels or clusters asked for, in turn, (count,); None where they are to be drawn at random.

    Raises:
        ValueError: for an option that the model does not have, or a class or cluster that there is none of.
    """
    asked, option = (given.label, "--label") if given.label else (given.cluster, "--cluster")
    if not asked:
        return None
    model = checkpoint.model
    kind = "--label" if model.conditional else "--cluster" if model.choices else None
    if option != kind:
        raise ValueError(
            f"{option} is no option of {checkpoint.kind}" + (f": it has {kind}." if kind else ".")
        )
    names = list(checkpoint.classes) if model.conditional else []
    chosen = []
    for text in asked:
        if text in names:
            chosen.append(names.index(text))
        elif text.isdecimal() and int(text) < model.choices:
            chosen.append(int(text))
        else:
            known = ", ".join(names) or f"0…{model.choices - 1}"
            raise ValueError(f"There is no {option.removeprefix('--')} {text}: there are {known}.")
    return torch.tensor(chosen).repeat(-(-given.count // len(chosen)))[: given.count]


def _write(x: torch.Tensor, output: Path, checkpoint: Checkpoint) -> None:
    """Samples (N, D) as a picture, ten in a row, or as the numbers that they are."""
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.suffix == ".json":
        output.write_text(json.dumps(x.tolist()) + "\n", encoding="utf-8")
    elif output.suffix == ".csv":
        with output.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(x.tolist())
    elif output.suffix == ".npy":
        np.save(output, x.numpy())
    else:
        from torchvision.utils import save_image  # imported late: it is slow to import

        *channels, height, width = checkpoint.shape
        pictures = x.clamp(0, 1).view(len(x), *(channels or [1]), height, width)
        save_image(pictures, output, nrow=10, padding=1)

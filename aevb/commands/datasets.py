"""data: which data are in use, and their download."""

import argparse
from contextlib import suppress

from tqdm import tqdm

from aevb import data
from aevb.commands import options
from aevb.commands.options import Commands
from aevb.data import DataError


def add(commands: Commands) -> None:
    """Adds `data`."""
    added = options.add(commands, "data", run)
    added.add_argument("source", nargs="?", default="mnist", help=f"{', '.join(data.SOURCES)} (%(default)s)")
    added.add_argument("--download", action="store_true", help="fetch all of it first")
    added.add_argument(
        "--pack-sample", action="store_true", help="pack the bundled sample of MNIST anew from all of it"
    )


def run(given: argparse.Namespace) -> None:
    """Says which data are in use; downloads all of them, or packs the bundled sample, where asked to."""
    try:
        if given.download:
            with tqdm(total=100, unit="%", desc=given.source) as bar:
                for fraction in data.download(given.source):
                    bar.n = round(100 * fraction)
                    bar.refresh()
        if given.pack_sample:
            print(f"{data.SAMPLE.name}: SHA-256 {data.pack_sample()}.")
    except DataError:
        with suppress(DataError):  # of which the first tells more
            print(data.read(given.source).note)
        raise
    print(data.read(given.source).note)

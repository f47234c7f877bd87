"""app: the explorer, as installed."""

import argparse
import importlib
import runpy
import sys

from aevb import places
from aevb.commands import options
from aevb.commands.options import Commands, number


def add(commands: Commands) -> None:
    """Adds `app`."""
    added = options.add(commands, "app", run)
    added.add_argument("--port", type=number(int, 1, 65_535), default=8501, metavar="N", help="%(default)s")


def run(given: argparse.Namespace) -> None:
    """Serves the explorer until it is stopped. Streamlit's own settings come from STREAMLIT_… variables."""
    importlib.import_module("streamlit")  # so that where it is missing this says so
    # `python -m streamlit` in this process: what stops the command stops the server too.
    sys.argv[1:] = ["run", str(places.ROOT / "app.py"), f"--server.port={given.port:d}"]
    runpy.run_module("streamlit", run_name="__main__")

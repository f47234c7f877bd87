"""app: the explorer, as installed."""

import argparse
import importlib
import subprocess
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
    command = [sys.executable, "-m", "streamlit", "run", str(places.ROOT / "app.py")]
    status = subprocess.run([*command, f"--server.port={given.port:d}"], check=False).returncode
    if status:
        raise SystemExit(status)

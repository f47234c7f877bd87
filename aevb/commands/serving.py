"""app: the explorer, as installed."""

import argparse

from aevb import places
from aevb.commands import options
from aevb.commands.options import Commands, number


def add(commands: Commands) -> None:
    """Adds `app`."""
    added = options.add(commands, "app", run)
    added.add_argument("--port", type=number(int, 1, 65_535), default=8501, metavar="N", help="%(default)s")


def run(given: argparse.Namespace) -> None:
    """Serves the explorer until it is stopped. Streamlit's own settings come from STREAMLIT_… variables."""
    # In this process, so that whatever stops the command stops the server.
    from streamlit.web import cli  # imported late: a library's user may do without

    cli.main(["run", str(places.ROOT / "app.py"), f"--server.port={given.port:d}"])

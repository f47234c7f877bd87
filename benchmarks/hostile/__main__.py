"""Tries whatever a stranger, a bad disk or a crowd does to the app: `python -m benchmarks.hostile`.

Prints a table of what was tried, what of it went well, and what did not, with a line for each fault; the exit
status is 1 where there is one. All of it happens on this machine, on loopback, in processes that are started
here and ended by their ids. Without options it takes some twenty minutes on two idle cores.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from benchmarks.hostile import checkpoints, crowds, downloads, links, places, requests, uploads
from benchmarks.hostile.table import HEAD, Row
from benchmarks.serving import Server


def over_http(row: Row, work: Callable[..., None]) -> None:
    """Tries what needs one sound server, with a worker and a folder for runs of its own."""
    with places.sound(AEVB_WORKERS="1") as (server, tree):
        work(row, server, tree / "runs")


def asked(row: Row, server: Server, _: object) -> None:
    requests.tried(row, partial(uploads.ask, server), requests.requests())
    requests.tried(row, partial(uploads.ask, server), iter(requests.STREAMLITS))


def main() -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="KIND", help="of those in the table's first words")
    parser.add_argument("--links", type=int, metavar="N", help="so many of all links")
    parser.add_argument("--visits", type=int, default=1000, metavar="N", help="with 256 file descriptors")
    parser.add_argument("--visitors", type=int, default=100, metavar="N", help="at once")
    parser.add_argument("--minutes", type=float, default=60.0, help="of thirty visitors")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers end with it, and what was found is told
    kinds: dict[str, tuple[str, Callable[[Row], None]]] = {
        "checkpoints": ("damaged files of checkpoints", checkpoints.tried),
        "downloads": ("bad downloads", downloads.tried),
        "requests": ("requests", partial(over_http, work=asked)),
        "uploads": ("uploads", partial(over_http, work=uploads.tried)),
        "links": (
            "links",
            partial(over_http, work=lambda row, server, _: links.tried(row, server, given.links)),
        ),
        "places": ("damaged surroundings, all pages of each", places.found),
        "processes": ("workers that die or hang", places.processes),
        "visits": ("visits, one after the other", partial(crowds.visits, count=given.visits)),
        "visitors": ("pages for visitors at once", partial(crowds.visitors, count=given.visitors)),
        "soak": ("pages for thirty visitors", partial(crowds.soak, minutes=given.minutes)),
    }
    print(f"{HEAD}   seconds", flush=True)
    faults = 0
    for name in given.only or kinds:
        title, work = kinds[name]
        row, begun = Row(f"{name}: {title}"), time.monotonic()
        try:
            work(row)
        finally:  # Ctrl-C leaves what was found until then
            row.said = f"{time.monotonic() - begun:.0f}   {row.said}"
            print(row, flush=True)
        faults += len(row.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""Many visits, many visitors, and a long time: what they cost the server, and what it gives back."""

import asyncio
import random
import resource
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile.table import Row
from benchmarks.hostile.visitor import look, stream, visit
from benchmarks.serving import Server, serving

PAGES = ("", "factor-analysis", "vae", "cvae", "gmvae", "vrnn", "draw", "train")
DESCRIPTORS = 256
ROUNDS = 5
EVERY = 2.0
SOAKED = 30
MORE = 0.1  # of memory, and as much again of a few descriptors and threads, may come and go


@dataclass(frozen=True)
class Use:
    """What a server holds (Linux)."""

    megabytes: float
    descriptors: int
    threads: int

    @classmethod
    def of(cls, server: Server) -> "Use":
        """At this moment."""
        process = Path(f"/proc/{server.pid}")
        told = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return cls(
            int(told["VmRSS"].split()[0]) / 1024, len(list((process / "fd").iterdir())), int(told["Threads"])
        )

    def __str__(self) -> str:
        return f"{self.megabytes:,.0f} MB, {self.descriptors} descriptors, {self.threads} threads"


def visits(row: Row, count: int) -> None:
    """Visits one after the other, to a server with a laptop's descriptors, which gets no more (Linux)."""
    with serving(AEVB_TRAINING="off") as server:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))

        async def come() -> None:
            for number in range(count):
                try:
                    told = await visit(server.url, PAGES[number % len(PAGES)])
                    row.note(f"visit {number}", told.fault)
                except Exception as error:
                    row.note(f"visit {number}", repr(error))

        asyncio.run(come())
        row.said = f"{DESCRIPTORS} descriptors; in the end {Use.of(server)}"


def visitors(row: Row, count: int) -> None:
    """Visitors all at once, each of whom opens another page every two seconds for some rounds."""
    with serving(AEVB_TRAINING="off") as server:
        seconds = asyncio.run(_crowd(row, server, count, ROUNDS))
        late = statistics.quantiles(seconds, n=20)[-1]
        middle = statistics.median(seconds)
        row.said = f"a page in {1000 * middle:.0f} ms, p95 {1000 * late:.0f} ms; {Use.of(server)}"


def soak(row: Row, minutes: float) -> None:
    """Thirty visitors who come, look and go: memory, descriptors and threads stay as they were."""
    with serving(AEVB_TRAINING="off") as server:
        asyncio.run(_crowd(row, server, SOAKED, ROUNDS))  # what is made once is made
        until, uses, seconds = time.monotonic() + 60 * minutes, list[Use](), list[float]()
        while time.monotonic() < until:
            seconds += asyncio.run(_crowd(row, server, SOAKED, ROUNDS))
            uses.append(Use.of(server))
        third = max(1, len(uses) // 3)
        first, last = uses[:third], uses[-third:]
        for what in ("megabytes", "descriptors", "threads"):
            before, after = (statistics.median(getattr(use, what) for use in part) for part in (first, last))
            grown = after > before * (1 + MORE) + 5
            row.note(what, f"{before:,.0f} became {after:,.0f}" if grown else "")
        row.said = f"{minutes:g} minutes, {len(seconds):,} pages: {first[0]}; then {last[-1]}"


async def _crowd(row: Row, server: Server, count: int, rounds: int) -> list[float]:
    seconds: list[float] = []

    async def come(number: int) -> None:
        await asyncio.sleep(random.uniform(0, EVERY))
        try:
            async with stream(server.url) as socket:
                for step in range(rounds):
                    begun = time.monotonic()
                    told = await look(socket, PAGES[(number + step) % len(PAGES)])
                    seconds.append(time.monotonic() - begun)
                    row.note(f"visitor {number}", told.fault)
                    await asyncio.sleep(max(0, begun + EVERY - time.monotonic()))
        except Exception as error:
            row.note(f"visitor {number}", repr(error))

    await asyncio.gather(*(come(number) for number in range(count)))
    return seconds

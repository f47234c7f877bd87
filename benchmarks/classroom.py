"""A class trains at once: `python -m benchmarks.classroom [VISITORS]`.

Each of thirty visitors starts a small training within a few seconds, and then looks at it twice a second, as
the page Train does. Printed for each: seconds from Start to the first point of the curve and to the first
frame, and to the end; and how the run ended. Last: what was lost, and how long the server took to answer.
"""

import asyncio
import json
import random
import statistics
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from benchmarks.serving import Server, serving

VISITORS = 30
EVERY = 0.5
ARRIVAL = 3.0  # seconds within which all press Start
LIMIT = 900.0
SPECIFICATION = {
    "model": "vae",
    "arguments": {"latent_dim": 2, "hidden_dims": [100]},
    "data": "digits",
    "training": {"epochs": 60},
}


@dataclass
class Visit:
    """Seconds after Start, and the status in the end."""

    point: float = float("nan")
    frame: float = float("nan")
    end: float = float("nan")
    status: str = "lost"
    problem: str = ""


def ask(url: str, told: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a GET, or to a POST of JSON."""
    content = None if told is None else json.dumps(told).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answered:
            return json.load(answered)
    except urllib.error.HTTPError as error:
        return json.load(error)


async def visit(server: Server, number: int, answers: list[float]) -> Visit:
    """One visitor, from Start to the end of the run."""
    found = Visit()
    await asyncio.sleep(random.uniform(0, ARRIVAL))
    start = time.perf_counter()
    told = {"specification": SPECIFICATION | {"seed": number}, "visitor": f"visitor-{number:02}"}
    run = await asyncio.to_thread(ask, f"{server.url}/training/start", told)
    if "id" not in run:
        found.problem = run.get("problem", "no answer")
        return found
    first = 0
    while (gone := time.perf_counter() - start) < LIMIT:
        before = time.perf_counter()
        state = await asyncio.to_thread(ask, f"{server.url}/training/run/{run['id']}?from={first}")
        answers.append(time.perf_counter() - before)
        gone = time.perf_counter() - start
        first += len(state.get("points", []))
        if first and found.point != found.point:
            found.point = gone
        if state.get("frames") and found.frame != found.frame:
            found.frame = gone
        found.status, found.problem = state["status"], state["problem"]
        if found.status not in ("queued", "running", "paused"):
            found.end = gone
            break
        await asyncio.sleep(EVERY)
    return found


async def main(count: int) -> None:
    with serving() as server:
        # The workers are warm once they have made an estimate.
        asked = {"specification": SPECIFICATION, "visitor": "classroom"}
        await asyncio.to_thread(ask, f"{server.url}/training/estimate", asked)
        answers: list[float] = []
        visits = await asyncio.gather(*(visit(server, number, answers) for number in range(count)))
    print(f"{'visitor':>8}{'first point (s)':>17}{'first frame (s)':>17}{'end (s)':>9}  status")
    for number, found in enumerate(visits):
        end = f"{found.point:>17.1f}{found.frame:>17.1f}{found.end:>9.1f}"
        print(f"{number:>8}{end}  {found.status} {found.problem}")
    done = sum(found.status == "done" for found in visits)
    latest = max(found.point for found in visits)
    print(f"{done} of {count} done, {count - done} lost; the last first point after {latest:.1f} s;")
    late = statistics.quantiles(answers, n=20)[-1]
    print(f"an answer takes {1000 * statistics.median(answers):.0f} ms, p95 {1000 * late:.0f} ms.")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else VISITORS))

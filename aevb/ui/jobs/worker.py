"""The process that takes turns, `python -m aevb.ui.jobs.worker RUNS`: over pipes, a line of JSON each way.

`Process` is how the server sees it.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from aevb.ui.jobs import limits

log = logging.getLogger("aevb")

UNEXPECTED = "The training failed unexpectedly: start it again, or try other settings."


UNWRITTEN = (
    "This server could not write what it had to, most likely because its disk is full: try again later, or "
    "tell whoever looks after it."
)


class Lost(RuntimeError):
    """A worker is gone, or was ended because it was silent; the message says it to the visitor."""


class Process:
    """A worker process.

    A process of its own rather than multiprocessing's: that would run the page's script in it, which
    Streamlit makes the main module, and a fork of a process with threads can hang.

    Args:
        runs: the folder in which runs lie.
    Raises:
        OSError: where it cannot be started.
    """

    def __init__(self, runs: Path) -> None:
        root = Path(__file__).parents[3]
        path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            # -P: a random.py where the server was started is nothing that a worker imports.
            [sys.executable, "-P", "-m", "aevb.ui.jobs.worker", str(runs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
            text=True,
            encoding="utf-8",
        )
        self._given_up = False
        self._ready = False

    def ready(self) -> None:
        """Waits until it can answer: what it reads before is no part of anybody's turn.

        Raises:
            OSError: where it does not come so far; it is ended then.
        """
        if not self._ready:
            try:
                self._line(limits.STARTING)
            except Lost as lost:
                raise ChildProcessError("A worker did not start.") from lost
            self._ready = True

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            Lost: where none has come after so many seconds, or the process has ended; it is ended then.
            OSError: where it has not even started.
        """
        self.ready()
        assert self.process.stdin is not None
        with suppress(OSError):  # a process that has ended takes no request, and says nothing either
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        return json.loads(self._line(seconds))

    def _line(self, seconds: float) -> str:
        """What it says next."""
        assert self.process.stdout is not None
        timer = threading.Timer(seconds, self.give_up)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if line.endswith("\n"):
            return line
        self.stop()
        log.warning("A worker was lost, with return code %s.", self.process.returncode)
        if self._given_up:
            raise Lost(
                "The training did not answer any more and was ended: try a smaller model, or smaller batches."
            )
        if self.process.returncode == -getattr(signal, "SIGKILL", 9):
            raise Lost(
                "The server ended this training, most likely because its memory was full: try a smaller "
                "model, or smaller batches."
            )
        raise Lost(UNEXPECTED)

    def give_up(self) -> None:
        """Ends the process while it is asked something: whoever waits for the answer is told that it hung."""
        self._given_up = True
        self.process.kill()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()


def main() -> None:
    """Says that it is ready, and answers one request after another, as they come on standard input, until
    that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server's to answer; then standard input ends
    # Whatever prints must not get between the answers, so standard output becomes standard error.
    outbox = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if hasattr(os, "nice"):
        os.nice(limits.NICE)
    with suppress(OSError):  # Linux: where memory runs out this process goes, and not the server
        Path("/proc/self/oom_score_adj").write_text("900")
    bound(limits.WORKER_MEMORY)
    _warm_up(Path(sys.argv[1]))
    with suppress(BrokenPipeError):  # the server has gone
        _say(outbox, {})
        for line in sys.stdin:
            _say(outbox, answer(json.loads(line)))


def _say(outbox: TextIO, told: Mapping[str, Any]) -> None:
    outbox.write(json.dumps(told) + "\n")
    outbox.flush()


def bound(memory: int) -> None:
    """Has allocations fail beyond so many bytes (Linux): whoever asked for more reads so, before the machine
    has to look for memory elsewhere. Data count: torch maps several times as many addresses as it uses.
    """
    if sys.platform == "linux":
        import resource

        with suppress(ValueError, OSError):  # less is allowed already
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """What comes of a request: `turns.take_turn` of a "folder", `turns.trial` of a "specification", or
    `reading.read` of what was "brought".

    Whatever goes wrong is a "problem", in a sentence.
    """
    from safetensors import SafetensorError

    from aevb.data import DataError
    from aevb.training import Diverged
    from aevb.ui.jobs import reading, turns

    try:
        if "specification" in request:
            return turns.trial(request["specification"])
        if "brought" in request:
            return reading.read(Path(request["brought"]), request["title"])
        told = {name: value for name, value in request.items() if name != "folder"}
        return asdict(turns.take_turn(Path(request["folder"]), **told))
    except (Diverged, DataError, ValueError) as error:
        log.warning("%s", error)
        return {"problem": str(error)}
    except Exception as error:  # of any kind: the next run must have its turn
        log.exception("A turn failed.")
        # Torch says in a RuntimeError, too, that there is no memory left.
        if isinstance(error, MemoryError) or "memory" in str(error):
            problem = "The memory of this server did not suffice: try a smaller model, or smaller batches."
        elif isinstance(error, OSError | SafetensorError):  # the latter is met only where a state is written
            problem = UNWRITTEN
        else:
            problem = UNEXPECTED
        return {"problem": problem}


def _warm_up(runs: Path) -> None:
    """The slow imports, and those that torch puts off until the first step of Adam, while nobody waits."""
    import torch

    from aevb.ui.jobs import turns, uploads

    uploads.lie_in(uploads.below(runs))
    torch.set_num_threads(1)
    specification = {"model": "vae", "arguments": {"hidden_dims": [8]}, "data": "digits", "seed": 0}
    turns.trial({**specification, "training": {"steps": 2}})


if __name__ == "__main__":
    main()

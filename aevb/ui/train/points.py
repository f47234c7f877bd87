"""The points of a run as its page asks for them: each is read once, however often it is asked for."""

import json
from pathlib import Path
from threading import Condition, Lock
from typing import Any

from cachetools import LRUCache, cached

from aevb.ui.jobs import limits


class Points:
    """The lines of a file that is being written, as far as they are whole.

    Attributes:
        lines: a point in JSON each, in their order.
        marks: step and mark of those at which something was changed.
    """

    def __init__(self, path: Path):
        self.path = path
        self.lines: list[bytes] = []
        self.marks: list[dict[str, Any]] = []
        self._read = 0
        self._lock = Lock()

    def follow(self) -> None:
        """Reads what has come since."""
        with self._lock:
            if not self.path.exists():
                return
            with self.path.open("rb") as file:
                file.seek(self._read)
                whole, end, _ = file.read().rpartition(b"\n")
            self._read += len(whole) + len(end)
            for line in whole.split(b"\n") if end else []:
                self.lines.append(line)
                if b'"mark": null' not in line:
                    point = json.loads(line)
                    self.marks.append({"step": point["step"], "mark": point["mark"]})

    @property
    def step(self) -> int:
        """The last point's, or 0."""
        return json.loads(self.lines[-1])["step"] if self.lines else 0


@cached(LRUCache(limits.UNFINISHED), condition=Condition())
def of(path: Path) -> Points:
    """Those in a file: of the files that were asked for last they are kept."""
    return Points(path)

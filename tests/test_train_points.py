"""The points of a run, read as they come."""

import json
from pathlib import Path

from aevb.ui.train import points


def line(step: int, mark: str | None = None) -> bytes:
    return json.dumps({"step": step, "mark": mark}).encode()


def test_each_point_is_read_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    found = points.of(path)
    found.follow()
    assert (found.lines, found.step) == ([], 0)
    path.write_bytes(line(1) + b"\n" + line(2, "β 2")[:-3])
    found.follow()
    assert (found.lines, found.step, found.marks) == ([line(1)], 1, [])
    with path.open("ab") as file:
        file.write(line(2, "β 2")[-3:] + b"\n" + line(3) + b"\n")
    points.of(path).follow()
    assert found.lines == [line(1), line(2, "β 2"), line(3)]
    assert (found.step, found.marks) == (3, [{"step": 2, "mark": "β 2"}])
    path.write_bytes(b"")  # whatever becomes of what has been read
    found.follow()
    assert found.step == 3

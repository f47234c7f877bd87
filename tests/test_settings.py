"""What a deployment sets: it is in the table, and what makes no sense is refused as the server starts."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from aevb.ui.jobs import limits, server, switches

ROOT = Path(__file__).parent.parent
SETTINGS = {"AEVB_TRAINING": "on", "AEVB_RUNS": "", "AEVB_WORKERS": ""}
NAMES = {"AEVB_DATA", "AEVB_RUNS", "AEVB_WORKERS"}


def test_every_setting_stands_in_the_table():
    sources = [*(ROOT / "aevb").rglob("*.py"), ROOT / "app.py", ROOT / "Dockerfile"]
    read = {name for path in sources for name in re.findall(r"AEVB_[A-Z]+", path.read_text("utf-8"))}
    table = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(AEVB_[A-Z]+)", table, re.MULTILINE)) == read
    assert read == NAMES | {f"AEVB_{name.upper()}" for name in ("training", "uploads", "hub", "download")}


@pytest.mark.parametrize("name", ["training", "uploads", "hub", "download"])
def test_what_is_switched_off_is_off(name, monkeypatch):
    monkeypatch.delenv(f"AEVB_{name.upper()}", raising=False)
    assert switches.on(name)
    for told in ("off", "OFF", "0", "no", "false"):
        monkeypatch.setenv(f"AEVB_{name.upper()}", told)
        assert not switches.on(name)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {"AEVB_RUNS": "file/runs"},
            "Nothing can be written in AEVB_RUNS=file/runs (Not a directory): give",
        ),
        ({}, "Nothing can be written in any temporary folder (No usable temporary directory found"),
        ({"AEVB_UPLOADS": "disabled"}, "AEVB_UPLOADS must be on or off, not 'disabled'."),
        ({"AEVB_WORKERS": "two"}, "AEVB_WORKERS must be a whole number from 1 to 64, not 'two'."),
    ],
    ids=["folder", "read-only", "switch", "workers"],
)
def test_what_makes_no_sense_is_told(tmp_path, monkeypatch, environment, said):
    (tmp_path / "file").touch()
    for name, value in (SETTINGS | environment).items():
        monkeypatch.setenv(name, value.replace("file", str(tmp_path / "file")))
    if not environment:  # as where all disks are read-only
        monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
        monkeypatch.setattr(tempfile, "tempdir", None)
    with pytest.raises(SystemExit) as ended:
        server.require_settings()
    assert said.replace("file/", f"{tmp_path / 'file'}/") in str(ended.value)


@pytest.mark.parametrize(
    ("environment", "status"),
    [({}, 1), ({"AEVB_TRAINING": "off", "AEVB_WORKERS": "two"}, 0)],
    ids=["ends with a sentence", "no folder and no number of workers is needed where nobody trains"],
)
def test_a_server_on_read_only_disks(environment, status):
    process = subprocess.run(
        [sys.executable, "-c", "import tempfile; tempfile._candidate_tempdir_list = list\nimport app"],
        cwd=ROOT,
        env=os.environ | SETTINGS | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == status, process.stderr
    assert ("Nothing can be written in any temporary folder" in process.stderr) == bool(status)
    assert "Traceback" not in process.stderr


def test_the_number_of_workers():
    assert limits.workers("3") == 3 and limits.workers(None) == limits.workers("") >= 1


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 1), (32, 31), (96, 64)])
def test_one_core_is_left_and_workers_are_no_more_than_their_limit(monkeypatch, cores, workers):
    monkeypatch.setattr(limits, "cores", lambda: cores)
    assert limits.workers(None) == workers


@pytest.mark.parametrize(
    ("told", "cores"),
    [
        ("200000 100000", 2),
        ("250000 100000", 2),
        ("50000 100000", 1),
        ("6400000 100000", 32),
        ("max 100000", 32),
    ],
)
def test_cores_are_those_that_the_server_is_bound_to_and_granted(monkeypatch, tmp_path, told, cores):
    monkeypatch.setattr(os, "cpu_count", lambda: 128)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(32)), raising=False)
    assert limits.cores(tmp_path / "cpu.max") == 32
    (tmp_path / "cpu.max").write_text(f"{told}\n")
    assert limits.cores(tmp_path / "cpu.max") == cores


@pytest.mark.parametrize("told", ["0", "65", "two", "-1", "1.5"])
def test_no_number_of_workers(told):
    with pytest.raises(ValueError, match=f"AEVB_WORKERS must be a whole number from 1 to 64, not '{told}'."):
        limits.workers(told)


UNITS = {
    "s": 1,
    "min": 60,
    "h": 3600,
    "KiB": 2**10,
    "MiB": 2**20,
    "Mi": 2**20,
    "GiB": 2**30,
    "million": 10**6,
}


def test_every_limit_stands_in_the_table_with_its_value():
    rows = re.findall(
        r"^\|[^|]*\|([^|]*)\|((?: ?`[A-Z_]+`,?)+) \|$", (ROOT / "docs" / "deployment.md").read_text(), re.M
    )
    rows = [(told, re.findall(r"`([A-Z_]+)`", named)) for told, named in rows if "AEVB" not in named]
    named = [name for _, names in rows for name in names]
    assert sorted(named) == sorted(name for name in vars(limits) if name.isupper())
    for told, names in rows:
        numbers = re.findall(r"([\d.]+(?:,\d{3})*)(?: (KiB|MiB|GiB|Mi|min|million|s|h)\b)?", told)
        values = [getattr(limits, name) for name in names]
        flat = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
        assert [float(number.replace(",", "")) * UNITS.get(unit, 1) for number, unit in numbers] == flat, (
            names
        )

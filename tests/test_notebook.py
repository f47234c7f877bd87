"""docs/tutorial.ipynb runs from beginning to end, and its cells' own checks hold."""

from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def notebook() -> ModuleType:
    """docs/notebook.py: nbformat takes two seconds to import, of each worker that collects this file."""
    from docs import notebook

    return notebook


def pictures(kept: Any) -> int:
    outputs = [output for cell in kept.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_the_tutorials_notebook_runs(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the kernel's process: the tests run in parallel already
    assert pictures(notebook.run(tmp_path)) == 4  # digits, rewritten ones, clusters, endings
    assert not list(tmp_path.iterdir())


def test_what_is_kept_in_it_is_of_no_one_machine(notebook):
    import nbformat

    kept = nbformat.read(notebook.NOTEBOOK, as_version=4)
    assert pictures(kept) == 4
    text = notebook.NOTEBOOK.read_text(encoding="utf-8")
    assert "Warning" not in text and "site-packages" not in text and str(notebook.ROOT) not in text
    assert len(text) < 500_000

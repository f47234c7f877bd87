"""Data flows one way: data -> model -> training -> checkpoint -> ui -> page, and nothing points back."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = sorted(path for path in (ROOT / "aevb").rglob("*.py") if "ui" not in path.relative_to(ROOT).parts)
APP = sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "aevb" / "ui").rglob("*.py")])
# A job runs in a process of the app's own, and the two speak to each other in pickles over a pipe.
SPEAK_TO_THEMSELVES = {ROOT / "aevb" / "ui" / "jobs.py", ROOT / "aevb" / "ui" / "worker.py"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """The full name of every module that a file imports, wherever in it that stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(path)}


def test_the_scan_finds_what_it_looks_for():
    assert {"data.py", "training.py", "vae.py"} <= {path.name for path in LIBRARY}
    assert "streamlit" in packages(ROOT / "app.py")
    assert "torchvision" in packages(ROOT / "aevb" / "data.py")  # imported late, inside a function


@pytest.mark.parametrize("path", LIBRARY, ids=named)
def test_the_library_knows_nothing_of_the_app(path):
    assert not {"streamlit", "pages", "app"} & packages(path)
    assert not [module for module in imports(path) if module.startswith("aevb.ui")]


@pytest.mark.parametrize("path", APP, ids=named)
def test_nothing_imports_a_page(path):
    assert not {"pages", "app"} & packages(path)


@pytest.mark.parametrize("path", LIBRARY + APP, ids=named)
def test_nothing_is_unpickled(path):
    unpicklers = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    assert path in SPEAK_TO_THEMSELVES or not unpicklers & packages(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) != "torch.load"
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle":
                    assert ast.unparse(keyword.value) == "False"


def test_the_core_flows_one_way():
    """None of these imports one that stands after it."""
    order = ["data", "distributions", "models", "training", "evaluation", "checkpoints", "runs", "__main__"]
    for path in LIBRARY:
        name = path.relative_to(ROOT / "aevb").parts[0].removesuffix(".py")
        if name not in order:
            continue
        later = {f"aevb.{other}" for other in order[order.index(name) + 1 :]}
        assert not later & set(imports(path)), named(path)


def imported_by(script: str) -> set[str]:
    """The top-level modules in a fresh process after `script`."""
    process = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return {module.split(".")[0] for module in process.stdout.split()}


def test_importing_the_library_is_light():
    modules = imported_by("import aevb")
    assert "torch" in modules
    assert not {"streamlit", "plotly", "umap", "numba", "torchvision", "sklearn", "matplotlib"} & modules


def test_importing_the_app_imports_neither_torchvision_nor_umap():
    """What the server does before its first visitor, and then everything that any page imports."""
    statements = [
        ast.unparse(node)
        for path in APP
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert any("streamlit" in statement for statement in statements)
    warm = "from aevb.ui import jobs, warmup\njobs.start = lambda: None  # no processes\nwarmup.run()\n"
    modules = imported_by(warm + "\n".join(statements))
    assert {"streamlit", "torch", "plotly"} <= modules
    assert not {"torchvision", "umap", "numba"} & modules

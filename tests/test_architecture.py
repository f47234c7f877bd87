"""Data flows one way: data -> model -> training -> checkpoint -> ui -> page, and nothing points back.

Beside the pages stands the edition without a server, which shows the scenes too.

In the front end: engine -> kit -> parts, and frame and hosts around them.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EDITION = sorted((ROOT / "aevb" / "site").rglob("*.py"))
LIBRARY = sorted(
    path
    for path in (ROOT / "aevb").rglob("*.py")
    if "ui" not in path.relative_to(ROOT).parts and path not in EDITION
)
APP = sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "aevb" / "ui").rglob("*.py")])
WEB = ROOT / "aevb" / "web"
MODULES = sorted(WEB.rglob("*.js"))


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
    assert {"border.py", "training.py", "vae.py"} <= {path.name for path in LIBRARY}
    assert "streamlit" in packages(ROOT / "app.py")
    assert "torchvision" in packages(ROOT / "aevb" / "data" / "mnist.py")  # imported late, inside a function


@pytest.mark.parametrize("path", LIBRARY, ids=named)
def test_the_library_knows_nothing_of_the_app(path):
    assert not {"streamlit", "pages", "app"} & packages(path)
    assert not [module for module in imports(path) if module.startswith("aevb.ui")]


@pytest.mark.parametrize("path", APP, ids=named)
def test_nothing_imports_a_page(path):
    assert not {"pages", "app"} & packages(path)


@pytest.mark.parametrize("path", LIBRARY + APP + EDITION, ids=named)
def test_nothing_is_unpickled(path):
    unpicklers = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    assert not unpicklers & packages(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) != "torch.load"
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle":
                    assert ast.unparse(keyword.value) == "False"


def test_the_core_flows_one_way():
    """None of these imports one that stands after it."""
    order = ["data", "devices", "distributed", "distributions", "models", "training", "evaluation"]
    order += ["checkpoints", "explore", "runs", "commands", "__main__"]
    for path in LIBRARY:
        name = path.relative_to(ROOT / "aevb").parts[0].removesuffix(".py")
        if name not in order:
            continue
        later = set(order[order.index(name) + 1 :])
        imported = {module.split(".")[1] for module in imports(path) if module.startswith("aevb.")}
        assert not later & imported, named(path)


def imported_by(script: str) -> set[str]:
    """The modules in a fresh process after `script`."""
    process = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return set(process.stdout.split())


def test_importing_the_library_is_light_and_so_is_loading_a_checkpoint():
    modules = imported_by("import aevb\nfor name in aevb.checkpoints.shipped(): aevb.load(name)")
    assert "torch" in modules
    assert not {"streamlit", "plotly", "umap", "numba", "torchvision", "sklearn", "matplotlib"} & modules
    assert "torch._dynamo" not in modules  # the compiler, two seconds


def test_importing_the_app_imports_neither_torchvision_nor_umap():
    """What the server does before its first visitor, and then everything that any page imports."""
    statements = [
        ast.unparse(node)
        for path in APP
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert any("streamlit" in statement for statement in statements)
    warm = (
        "from aevb.ui.frame import explorer, warmup\n"
        "warmup.server.start = explorer.prepare = lambda: None  # no processes, no work\n"
        "warmup.run()\n"
    )
    modules = imported_by(warm + "\n".join(statements))
    assert {"streamlit", "torch"} <= modules
    assert not {"torchvision", "umap", "numba"} & modules


def test_scenes_and_what_they_are_computed_from_are_known_without_streamlit():
    """Whatever else shows scenes finds them: the static edition, a notebook."""
    modules = imported_by(
        "from aevb import site\n"
        "from aevb.ui.frame import catalogue\nfrom aevb.ui.shared import contents, front_end"
    )
    assert "torch" in modules and "streamlit" not in modules


# The front end

MAY_IMPORT = {
    "engine": {"engine"},
    "kit": {"kit", "engine"},
    "parts": {"parts", "kit", "engine"},
    "frame": {"frame", "kit"},
    "hosts": {"hosts", "frame", "kit"},
}
IMPORT = re.compile(
    r"(?:^\s*(?:import|export)\s[^;\"]*?from\s+|^\s*import\s+|\bimport\(\s*)[\"`]([^\"`]+)[\"`]", re.MULTILINE
)


def room(path: Path) -> str:
    return path.relative_to(WEB).parts[0]


def comments_removed(text: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_imports_only_what_stands_before_it(path):
    for name in IMPORT.findall(comments_removed(path.read_text(encoding="utf-8"))):
        if "${" in name:  # what is opened by its name
            assert path.name == "source.js"
            continue
        assert name.startswith("."), f"{named(path)} imports {name}, which no browser finds"
        found = (path.parent / name).resolve()
        assert found.is_file(), f"{named(path)} imports {name}, which is not there"
        assert room(found) in MAY_IMPORT[room(path)], f"{named(path)} imports {name}"
        if room(path) == "parts" == room(found):
            assert found.parent == path.parent, f"{named(path)} imports another part"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_the_front_end_knows_neither_python_nor_streamlit_but_for_its_host(path):
    text = comments_removed(path.read_text(encoding="utf-8"))
    assert "streamlit" not in text.lower() or path.name == "streamlit.js"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if room(path) in ("kit", "frame") or path.name in ("explore.js",)],
    ids=named,
)
def test_no_shared_module_asks_which_model_it_has(path):
    text = comments_removed(path.read_text(encoding="utf-8"))
    assert not re.search(
        r"""instanceof (FactorAnalysis|C?VAE|GMVAE|VRNN)|["'](fa|vae|cvae|gmvae|vrnn)["']""", text
    )


def test_no_shared_module_of_the_library_asks_either():
    """But for the command's start from clusters, which is the GMVAE's own."""
    models = {"FactorAnalysis", "VAE", "CVAE", "GMVAE", "VRNN"}
    for path in sorted((ROOT / "aevb").rglob("*.py")):
        folders = path.relative_to(ROOT / "aevb").parts
        if folders[0] == "models" or folders[:2] == ("ui", "draw"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            asks = isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"
            asks |= isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot)
            if asks and models & set(re.findall(r"\w+", ast.unparse(node))):
                assert (named(path), ast.unparse(node)) == ("aevb/commands/training.py", "kind is GMVAE")


def test_every_part_has_its_module_and_its_style_sheet():
    for folder in (WEB / "parts").iterdir():
        assert (folder / f"{folder.name}.js").is_file() and (folder / f"{folder.name}.css").is_file(), folder


STYLES = sorted(WEB.glob("parts/*/*.css"))


@pytest.mark.parametrize("path", STYLES, ids=named)
def test_a_style_sheet_holds_for_its_part_alone(path):
    text = re.sub(
        r"/\*.*?\*/|@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}",
        "",
        path.read_text("utf-8"),
        flags=re.DOTALL,
    )
    parts = {folder.name for folder in (WEB / "parts").iterdir()} - {path.stem}
    for selectors in re.findall(r"([^{};@]+)\{", re.sub(r"@[^{]*\{", "", text)):
        for selector in re.split(r",(?![^(]*\))", selectors):
            assert re.match(rf"(\[data-theme=\"?\w+\"?\]\s+)?\.{path.stem}\b", selector.strip()), (
                selector.strip()
            )
            assert not parts & set(re.findall(r"\.([\w-]+)", selector)), selector.strip()


def test_every_scene_has_its_part():
    from aevb.ui.frame import catalogue

    parts = {folder.name for folder in (WEB / "parts").iterdir()}
    for page in catalogue.MENU:
        assert page.script.is_file()
        assert {scene.part for scene in page.scenes} <= parts, page.name
        assert len({scene.id for scene in page.scenes}) == len(page.scenes) > 0, page.name


def test_what_scenes_of_a_page_share_in_its_link_means_the_same():
    """A value goes along from scene to scene: where two parts give one name to two things, one fails."""
    from aevb.ui.frame.catalogue import MENU

    for page in MENU:
        named: dict[str, dict[str, str]] = {}
        for part in dict.fromkeys(scene.part for scene in page.scenes):
            for key, said in parameters(part).items():
                named.setdefault(key, {})[part] = said
        clashes = {key: said for key, said in named.items() if len(set(said.values())) > 1}
        assert clashes == {}, page.name


def parameters(part: str) -> dict[str, str]:
    """What a part's link says: the source of each of its parameters, by name, without white space."""
    source = (ROOT / f"aevb/web/parts/{part}/{part}.js").read_text(encoding="utf-8")
    found = re.search(r"export const params = \{(.*?)\n?\};", source, re.DOTALL)
    entries, depth = [""], 0
    for character in found[1] if found else "":
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            entries.append("")
        else:
            entries[-1] += character
    pairs = (re.sub(r"//.*|\s+", "", entry).partition(":") for entry in entries)
    return {key: said or key for key, _, said in pairs if key and not key.startswith("...")}

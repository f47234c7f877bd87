"""The wheel: built, installed into a folder of its own, and used from elsewhere."""

import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_string
from email.message import Message
from pathlib import Path

import numpy as np
import pytest

import aevb
from aevb import deploy

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def run(*arguments: str | Path, folder: Path, **environment: str) -> str:
    """What the interpreter prints that is given these arguments; it must succeed."""
    process = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def built(source: Path, folder: Path, kind: str) -> Path:
    """The wheel or the source distribution of a tree, by the backend that `pip` calls, without a network.

    Nothing in it is compressed: that took two thirds of the time of every one.
    """
    call = (
        "import zlib; compressor = zlib.compressobj\n"
        "zlib.compressobj = lambda level, *how: compressor(0, *how)\n"
        f"from hatchling import build; print(build.build_{kind}({str(folder)!r}))"
    )
    return folder / run("-c", call, folder=source).split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory) -> Path:
    """What an installation adds to site-packages, whose other packages are those of the tests."""
    folder = tmp_path_factory.mktemp("site")
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "install", "--no-deps", "--no-index", "--target", folder, wheel, folder=folder)
    return folder


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def test_a_checkpoint_that_comes_with_the_library_is_found_from_any_folder(site, tmp_path):
    script = (
        "import aevb, json\n"
        "from aevb import checkpoints\n"
        "print(json.dumps([aevb.__file__, aevb.__version__, checkpoints.shipped(), aevb.load('vae').kind]))"
    )
    said = run("-c", script, folder=tmp_path, PYTHONPATH=str(site))
    where, version, shipped, kind = json.loads(said)
    assert Path(where) == site / "aevb" / "__init__.py"
    assert version == aevb.__version__
    assert shipped == ["cvae", "gmvae", "vae", "vrnn"] and kind == "vae"


def test_its_command_evaluates(site, tmp_path):
    random = np.random.default_rng(0)
    np.savez(tmp_path / "few.npz", images=random.integers(0, 256, (20, 28, 28), dtype=np.uint8))
    command = [site / "bin" / "aevb", "evaluate", "vae", "--json", "--bounds", "2"]
    said = run(*command, "--data", "few.npz", folder=tmp_path, PYTHONPATH=str(site))
    measured = json.loads(said)
    assert measured["images"] > 0 and np.isfinite(measured["elbo"])
    assert measured["elbo"] < measured["bound"]["2"]


def test_it_deploys_the_app_as_a_checkout_does(site, tmp_path):
    script = "from aevb import deploy; print('\\n'.join(sorted(deploy.of_app('someone/explorer'))))"
    installed = run("-c", script, folder=tmp_path, PYTHONPATH=str(site)).splitlines()
    assert installed == sorted(deploy.of_app("someone/explorer"))
    assert "Dockerfile" in installed and "aevb/deploy/space.py" in installed


def test_importing_it_needs_none_of_the_extras(site, tmp_path):
    """As where `pip install aevb` installed none of them."""
    script = (
        "import sys\n"
        "for name in ('streamlit', 'umap', 'plotly', 'latex2mathml', 'pygments', 'onnx', 'onnxscript'):\n"
        "    sys.modules[name] = None\n"
        "import aevb.__main__\n"
        "aevb.load('gmvae').model.sample(2)\n"
        "raise SystemExit(aevb.__main__.main(['app']) != 1 or aevb.__main__.main(['figure', '1']) != 1)"
    )
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    assert 'aevb: This needs streamlit: pip install "aevb[app]".' in process.stderr
    assert 'aevb: This needs plotly: pip install "aevb[figures]".' in process.stderr
    assert "Traceback" not in process.stderr


@pytest.fixture
def app(site, tmp_path) -> Iterator[str]:
    """The address of `aevb app`, run from an empty folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log.txt"
    environment = os.environ | {"PYTHONPATH": str(site), "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
    environment |= {"AEVB_TRAINING": "off"}  # without workers, which take seconds to start
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, site / "bin" / "aevb", "app", "--port", str(port)],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, urllib.error.URLError):
            if urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).read() == b"ok":
                break
        time.sleep(0.1)
    else:
        process.kill()
        pytest.fail(f"The app did not start:\n{log.read_text(errors='replace')}", pytrace=False)
    yield address
    process.terminate()
    process.wait(20)


def test_its_app_serves_the_pages_and_the_front_end(app, site, tmp_path):
    assert b"<title>" in urllib.request.urlopen(f"{app}/vae", timeout=10).read()
    script = (
        "from streamlit.testing.v1 import AppTest\n"
        "from aevb import places\n"
        "app = AppTest.from_file(places.ROOT / 'pages' / 'vae.py', default_timeout=120).run()\n"
        "assert not app.exception, app.exception\n"
        "from aevb.ui.shared import front_end\n"
        "print(len(front_end.files()))"
    )
    said = run("-c", script, folder=tmp_path, PYTHONPATH=str(site))
    front_end = {
        path for path in (ROOT / "aevb" / "web").rglob("*") if path.suffix in (".js", ".css", ".svg")
    }
    assert int(said) == len(front_end)


def test_the_wheel_carries_what_lies_beside_the_package_and_nothing_that_was_made(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = [path for path in (ROOT / "checkpoints").rglob("*") if path.is_file()]
    for path in [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *shipped]:
        assert f"aevb/beside/{path.relative_to(ROOT)}" in names
    for name in (
        "py.typed",
        "ui/frame/icon.svg",
        "mnist_sample/mnist_sample.npz",
        "beside/.streamlit/config.toml",
    ):
        assert f"aevb/{name}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests", "shared"))]


def test_the_source_distribution_builds_the_same_wheel(wheel, tmp_path):
    source = built(ROOT, tmp_path, "sdist")
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    again = built(tmp_path / source.name.removesuffix(".tar.gz"), tmp_path, "wheel")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert set(first.namelist()) == set(second.namelist())


def test_an_editable_installation_is_the_checkout(tmp_path):
    wheel, site = built(ROOT, tmp_path, "editable"), tmp_path / "site"
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "install", "--no-deps", "--no-index", "--target", site, wheel, folder=tmp_path)
    script = (
        f"import site; site.addsitedir({str(site)!r})\n"
        "from aevb import checkpoints, places\n"
        "print(places.ROOT, *checkpoints.shipped())"
    )
    said = run("-c", script, folder=tmp_path, PYTHONPATH="")
    assert said.split() == [str(ROOT), "cvae", "gmvae", "vae", "vrnn"]


# What it says of itself


def test_the_version_has_one_source(metadata):
    assert metadata["Version"] == aevb.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [aevb.__version__]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = [name for name in re.findall(r"^## (\S+)", changes, re.MULTILINE) if name != "Unreleased"]
    assert released[0] == aevb.__version__


def test_its_description_is_the_readme_without_its_pictures(metadata):
    text = metadata.get_payload()
    assert isinstance(text, str)
    assert text.lstrip().startswith("# AEVB Explorer\n")
    assert "![" not in text
    assert "## Architecture" in text


def test_streamlit_and_umap_are_extras(metadata):
    asked = metadata.get_all("Requires-Dist")
    plain = {re.match(r"[\w-]+", line)[0] for line in asked if "extra ==" not in line}
    assert {"torch", "safetensors"} <= plain
    assert not {"streamlit", "umap-learn", "plotly", "onnx", "latex2mathml", "pygments", "anywidget"} & plain
    assert set(metadata.get_all("Provides-Extra")) == {"app", "maps", "figures", "onnx", "widgets"}


def requirements(path: Path) -> set[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_the_lists_of_requirements_agree():
    """requirements.txt names all that the app needs, requirements-dev.txt what `aevb[onnx,widgets]` does."""
    extras = PROJECT["optional-dependencies"]
    needed = {*PROJECT["dependencies"], *extras["maps"], *extras["figures"], *extras["app"]}
    assert requirements(ROOT / "requirements.txt") == needed - {"aevb[maps,figures]"}
    assert {*extras["onnx"], *extras["widgets"]} <= requirements(ROOT / "requirements-dev.txt")

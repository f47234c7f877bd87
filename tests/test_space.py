"""The Docker Space: README's front matter, and the Dockerfile's settings and command, run without Docker."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
MEGABYTES_10 = 10 * 2**20
"""The largest file that a Space takes as it is."""


@dataclass
class Image:
    """What the Dockerfile says: its instructions, and the environment and the command that they leave."""

    instructions: list[tuple[str, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        return [text for instruction, text in self.instructions if instruction == name]

    def one(self, name: str) -> str:
        (text,) = self.all(name)
        return text

    @property
    def command(self) -> list[str]:
        return json.loads(self.one("CMD"))

    @property
    def health(self) -> list[str]:
        return json.loads(self.one("HEALTHCHECK").partition("CMD ")[2])

    @property
    def copied(self) -> list[tuple[str, str]]:
        """Sources and targets."""
        return [
            (source, target)
            for text in self.all("COPY")
            for source, target in [[word for word in text.split() if not word.startswith("--")]]
        ]


@pytest.fixture(scope="module")
def image() -> Image:
    read = Image()
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            read.instructions.append((name, rest.strip()))
            if name == "ENV":
                read.environment |= dict(setting.split("=", 1) for setting in shlex.split(rest))
    return read


@pytest.fixture(scope="module")
def front_matter() -> dict[str, str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    begin, block, _ = text.split("---\n", 2)
    assert begin == ""  # at the very top
    return dict(line.split(": ", 1) for line in block.splitlines())


def test_the_front_matter_says_what_a_space_asks(front_matter):
    assert front_matter["sdk"] == "docker" and front_matter["app_port"] == "8501"
    assert front_matter["title"] == "AEVB Explorer" and len(front_matter["emoji"]) == 1
    assert {front_matter["colorFrom"], front_matter["colorTo"]} <= COLORS
    assert 0 < len(front_matter["short_description"]) <= 60


def test_the_port_is_the_same_everywhere(image, front_matter):
    port = front_matter["app_port"]
    assert image.one("EXPOSE") == port
    assert image.command[image.command.index("--server.port") + 1] == port
    assert image.command[image.command.index("--server.address") + 1] == "0.0.0.0"
    assert f"http://localhost:{port}/_stcore/health" in image.health[-1]


def test_it_runs_as_user_1000_who_can_write_where_they_must(image):
    (created,) = [text for text in image.all("RUN") if "useradd" in text]
    assert "--uid 1000" in created and "--create-home" in created
    user = created.split()[-1]
    assert image.all("USER") == [user]
    home = f"/home/{user}"
    assert image.environment["HOME"] == home
    for name in ("AEVB_DATA", "NUMBA_CACHE_DIR"):
        assert image.environment[name].startswith(f"{home}/")
    assert all(f"--chown={user}" in text for text in image.all("COPY"))
    assert image.one("WORKDIR").startswith(f"{home}/")


def test_pytorch_is_the_cpu_build_that_the_library_asks_for(image):
    names = [name for name, _ in image.instructions]
    (torch,) = [text for text in image.all("RUN") if "torch" in text]
    assert "--index-url https://download.pytorch.org/whl/cpu" in torch
    pins = {line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch")}
    assert len(pins) == 2 and all(f'"{pin}"' in torch for pin in pins)
    assert names.index("RUN") < names.index("COPY")  # what is installed does not depend on the code
    installed = [index for index, (_, text) in enumerate(image.instructions) if "pip install" in text]
    code = [index for index, (_, text) in enumerate(image.instructions) if text.endswith("aevb aevb")]
    assert max(installed) < min(code)


def test_what_is_copied_is_there_and_in_the_context(image):
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source, _ in image.copied:
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in kept), source
    assert {source for source, _ in image.copied} == set(kept)


def test_no_file_is_too_large_for_a_space():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    sizes = {name: (ROOT / name).stat().st_size for name in listed.decode().split("\0") if name}
    assert "checkpoints/vae/model.safetensors" in sizes
    assert {name: size for name, size in sizes.items() if size >= MEGABYTES_10} == {}


# In earnest


@pytest.fixture(scope="module")
def app(image, tmp_path_factory) -> Path:
    """The image's files and nothing else of the checkout."""
    folder = tmp_path_factory.mktemp("image")
    for source, target in image.copied:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, folder / target)
    return folder


@pytest.fixture
def serve(image, app, tmp_path) -> Iterator[Callable[..., str]]:
    """`serve(environment)`: runs the image's command until it is healthy; the server's address.

    On a free port, in a home of its own, and with nothing of this process's environment.
    """
    started = []

    def run(environment: dict[str, str]) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        (tmp_path / "home").mkdir()
        home = image.environment["HOME"]
        own = {name: text.replace(home, str(tmp_path / "home")) for name, text in environment.items()}
        own["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own["PYTHONDONTWRITEBYTECODE"] = "1"  # so that anything else it writes is found
        command = [port if word == "8501" else word for word in image.command]
        log = tmp_path / "log.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=app, env=own, stdout=output, stderr=subprocess.STDOUT)
        started.append(process)
        deadline = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < deadline:
            if healthy(image, port):
                return f"http://127.0.0.1:{port}"
            time.sleep(0.2)
        pytest.fail(f"The server did not become healthy:\n{log.read_text(errors='replace')}", pytrace=False)

    yield run
    for process in started:
        process.terminate()
        process.wait(20)


def healthy(image: Image, port: str) -> bool:
    """What the image's own check says of a server on another port."""
    check = [sys.executable, *(word.replace("8501", port) for word in image.health[1:])]
    return subprocess.run(check, stderr=subprocess.DEVNULL, timeout=30).returncode == 0


def upload_status(address: str) -> int:
    """What a server answers to an upload without a cookie, as a browser sends it from a Space's frame."""
    request = urllib.request.Request(f"{address}/_stcore/upload_file/nobody/file", b"x", method="PUT")
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_image_serves_the_app_and_writes_nothing_beside_its_code(image, app, serve):
    before = sorted(app.rglob("*"))
    address = serve(image.environment)
    assert urllib.request.urlopen(f"{address}/_stcore/health", timeout=10).read() == b"ok"
    assert b"<title>" in urllib.request.urlopen(f"{address}/vae", timeout=10).read()
    assert upload_status(address) != 403  # in the frame there is no cookie
    assert sorted(app.rglob("*")) == before


def test_elsewhere_uploads_stay_protected(image, serve):
    plain = {name: text for name, text in image.environment.items() if not name.startswith("STREAMLIT_")}
    assert len(plain) == len(image.environment) - 1
    assert upload_status(serve(plain)) == 403
    assert "Xsrf" not in (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")


def test_the_check_fails_where_nothing_listens(image):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert not healthy(image, str(probe.getsockname()[1]))

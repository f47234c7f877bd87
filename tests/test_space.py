"""The Docker Space: its card's front matter, and the Dockerfile's steps, taken without Docker."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from aevb import deploy
from aevb.deploy.card import card
from aevb.ui.frame import headers
from tests import hub_stand_in

ROOT = Path(__file__).parent.parent
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
def front_matter() -> dict[str, object]:
    return hub_stand_in.front_matter(card("someone/explorer", "docker").encode())


def test_the_port_is_the_same_everywhere(image, front_matter):
    port = str(front_matter["app_port"])
    assert image.one("EXPOSE") == port
    assert image.command[image.command.index("--server.port") + 1] == port
    assert image.command[image.command.index("--server.address") + 1] == "0.0.0.0"
    assert f"http://localhost:{port}" in image.health[-1]


@pytest.mark.parametrize(("prefix", "asked"), [(None, "/_stcore/health"), ("/aevb/", "/aevb/_stcore/health")])
def test_its_health_is_asked_for_under_the_prefix_that_it_is_served_under(image, monkeypatch, prefix, asked):
    found = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            found.append(self.path)
            self.send_response(200)
            self.end_headers()

    monkeypatch.delenv("STREAMLIT_SERVER_BASE_URL_PATH", raising=False)
    if prefix:
        monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", prefix)
    with HTTPServer(("localhost", 0), Answer) as server:
        Thread(target=server.handle_request).start()
        assert healthy(image, str(server.server_port))
    assert found == [asked]


def test_it_runs_as_user_1000_who_can_write_in_their_home_alone(image):
    (created,) = [text for text in image.all("RUN") if "useradd" in text]
    assert "--uid 1000" in created and "--create-home" in created
    user = created.split()[-1]
    home = f"/home/{user}"
    assert image.environment["HOME"] == home
    for name in ("AEVB_DATA", "NUMBA_CACHE_DIR"):
        assert image.environment[name].startswith(f"{home}/")
    # What is installed and copied is root's, in a folder of root's, and no user writes bytecode beside it.
    assert image.one("WORKDIR") == "/app" and not [text for text in image.all("COPY") if "--chown" in text]
    last = ("USER", user)
    assert image.all("USER") == [user]
    steps = [index for index, (name, _) in enumerate(image.instructions) if name in ("RUN", "COPY")]
    assert max(steps) < image.instructions.index(last)
    assert image.all("RUN")[-2] == "python -m compileall -q aevb pages"


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
    sizes = {name: deploy.size(content) for name, content in deploy.of_app("someone/explorer").items()}
    assert "checkpoints/vae/model.safetensors" in sizes
    assert {name: size for name, size in sizes.items() if size >= MEGABYTES_10} == {}


# In earnest


PACKAGES = {"PYTHONPATH": sysconfig.get_path("purelib"), "PYTHONDONTWRITEBYTECODE": "1"}
SUITS = f"""
import sys
from importlib.util import find_spec
assert sys.version_info[:2] == {sys.version_info[:2]} and find_spec("torch") and find_spec("streamlit")
"""


def python_of(account: dict) -> str | None:
    """An interpreter that such a user may run, with the packages of the tests; None: there is none."""
    for found in filter(None, (sys.executable, shutil.which("python3", path="/usr/bin"))):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [found, "-c", SUITS], check=True, env=PACKAGES, stderr=subprocess.DEVNULL, **account
            )
            return found
    return None


@dataclass(frozen=True)
class Container:
    """What stands in for one: the image's files, which whoever runs the app cannot change, and their home.

    Attributes:
        python: an environment of theirs, which finds the packages of the tests.
        account: who they are, for `subprocess`.
    """

    app: Path
    home: Path
    python: str
    account: dict

    def may(self, access: int, path: Path) -> bool:
        """Whether they have such access, one of `os.access`, to a path."""
        code = f"import os; print(os.access({str(path)!r}, {access}))"
        run = [self.python, "-c", code]
        return subprocess.check_output(run, cwd="/", env=PACKAGES, text=True, **self.account) == "True\n"


@pytest.fixture(scope="module")
def container(image) -> Iterator[Container]:
    """Run by an ordinary user: by nobody where the tests are root's, as they are in CI."""
    account = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    python = python_of(account)
    if python is None:
        account, python = {}, sys.executable
    with tempfile.TemporaryDirectory(prefix="aevb-image-", dir="/tmp") as folder:  # pytest's are root's alone
        app, home = Path(folder) / "app", Path(folder) / "home"
        app.mkdir()
        home.mkdir(mode=0o700)
        for source, target in image.copied:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, app / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, app / target)
        for path in (app, *app.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        Path(folder).chmod(0o755)
        if account:
            shutil.chown(home, account["user"], account["group"])
        environment = [python, "-m", "venv", "--without-pip", home / "python"]
        subprocess.run(environment, check=True, cwd="/", env=PACKAGES, **account)
        yield Container(app, home, str(home / "python" / "bin" / "python"), account)
        for path in (app, *app.rglob("*")):
            path.chmod(0o755)


@pytest.fixture
def serve(image, container, tmp_path) -> Iterator[Callable[..., str]]:
    """`serve(environment)`: runs the image's command until it is healthy; the server's address.

    On a free port, and with nothing of this process's environment.
    """
    started = []

    def run(environment: dict[str, str]) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        home = image.environment["HOME"]
        own = {name: text.replace(home, str(container.home)) for name, text in environment.items()}
        own |= PACKAGES | {"PATH": os.environ["PATH"]}
        assert image.command[0] == "streamlit"
        command = [container.python, "-m", *(port if word == "8501" else word for word in image.command)]
        log = tmp_path / "log.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=container.app, env=own, stdout=output, stderr=output, **container.account
            )
        started.append(process)
        deadline = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):  # until it listens, a process for each check would only take its time
                socket.create_connection(("127.0.0.1", int(port)), timeout=2).close()
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


def test_what_it_installs_is_there_in_the_versions_that_it_asks_for(container):
    """The step that installs the packages, without a network: none may be missing."""
    options = ["--no-index", "--disable-pip-version-check", "--quiet"]
    process = subprocess.run(
        [container.python, "-m", "pip", "install", *options, "-r", container.app / "requirements.txt"],
        env=PACKAGES | {"HOME": str(container.home)},
        capture_output=True,
        text=True,
        timeout=120,
        **container.account,
    )
    assert process.returncode == 0, process.stderr


def test_an_ordinary_user_runs_the_app_and_cannot_change_its_code(image, container, serve):
    before = sorted(container.app.rglob("*"))
    address = serve(image.environment)
    assert urllib.request.urlopen(f"{address}/_stcore/health", timeout=10).read() == b"ok"
    assert b"<title>" in urllib.request.urlopen(f"{address}/vae", timeout=10).read()
    answer = urllib.request.urlopen(f"{address}/healthz", timeout=60)
    assert {name: answer.headers[name] for name in headers.HEADERS} == headers.HEADERS
    found = json.load(answer)
    assert found["sound"] and found["data"] == "sample" and found["workers"] >= 1
    assert sorted(container.app.rglob("*")) == before
    if os.geteuid() != 0 or container.account:  # root writes anywhere
        assert not container.may(os.W_OK, container.app / "aevb")
    assert container.may(os.W_OK, container.home)
    # Nothing of the app takes uploads by Streamlit's own endpoint, and in a frame there is no cookie for it.
    assert upload_status(address) == 403


def test_with_data_of_the_deployment_s_own(image, container, serve):
    whole = Path(os.environ.get("AEVB_DATA", "/nowhere")).absolute()
    if not container.may(os.R_OK, whole):
        pytest.skip("All of MNIST lies beside the checkout in CI alone")
    address = serve(image.environment | {"AEVB_DATA": str(whole), "AEVB_TRAINING": "off"})
    found = json.load(urllib.request.urlopen(f"{address}/healthz", timeout=60))
    assert found["sound"] and found["data"] == "whole" and found["workers"] is None


def test_streamlit_s_own_uploader_takes_nothing_since_no_page_has_one():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["maxUploadSize"] == 0
    sources = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "aevb").rglob("*.py")]
    assert not [path for path in sources if "file_uploader" in path.read_text(encoding="utf-8")]


def test_the_check_fails_where_nothing_listens(image):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert not healthy(image, str(probe.getsockname()[1]))

"""The app as a server on this machine, for benchmarks and tests, and what benchmarks look for on a page."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ViewportSize

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
WINDOW = ViewportSize(width=1280, height=720)
# A canvas that has been painted.
LIVE = "canvas.live[data-painted]"
# The page is connected and no script runs.
IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@dataclass(frozen=True)
class Server:
    """A running app: where it listens, without a slash at the end, its process and its log."""

    url: str
    pid: int
    log: Path

    def seconds(self) -> float:
        """Processor time that it has taken, all its threads together (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def faults(self) -> int:
        """Runs of a page's script that failed, by the log: what a visitor gets is an answer all the same."""
        return self.log.read_text(errors="replace").count("Uncaught app execution")


@contextmanager
def serving(tree: Path = ROOT, **environment: str) -> Iterator[Server]:
    """Runs the app that stands in a folder, on a free port of this machine, until the block is left.

    Args:
        environment: more variables of its environment.
    Raises:
        RuntimeError: where it does not start, with its log.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=tree, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment
            )
        try:
            prefix = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
            url = f"http://127.0.0.1:{port}/{prefix}".rstrip("/")
            server = Server(url, process.pid, log)
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(server: Server, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2).read() == b"ok":
                return
        time.sleep(0.1)
    raise RuntimeError(f"The server did not start:\n{server.log.read_text(errors='replace')}")

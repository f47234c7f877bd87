"""What benchmarks in a browser share: the app as a server on this machine, and what to look for on a page."""

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
# A canvas that has been painted. The others are for comparison with trees that have no aevb/web/: there a
# canvas got its width when it was first painted, and other pictures of a component were images.
LIVE = "canvas.live[data-painted], .stBidiComponent canvas[width], .stBidiComponent img"
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
            server = Server(f"http://127.0.0.1:{port}", process.pid, log)
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
    for _ in range(900):
        with suppress(OSError):
            urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2)
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"The server did not start:\n{server.log.read_text(errors='replace')}")

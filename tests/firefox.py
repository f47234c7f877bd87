"""Firefox as distributions have it, over its own protocol, Marionette: Playwright drives another build."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """A connection to a running Firefox, at its one window."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.number = 0
        self._read()  # it introduces itself
        self.ask("WebDriver:NewSession", {})

    def ask(self, command: str, given: dict[str, Any]) -> Any:
        """What a command answers; AssertionError with what it says where it fails."""
        self.number += 1
        sent = json.dumps([0, self.number, command, given]).encode()
        self.socket.sendall(b"%d:%b" % (len(sent), sent))
        _, number, error, answer = self._read()
        assert number == self.number and error is None, error
        return answer

    def _read(self) -> Any:
        told = b""
        while not told.endswith(b":"):
            told += self._some(1)
        return json.loads(self._some(int(told[:-1])))

    def _some(self, count: int) -> bytes:
        read = b""
        while len(read) < count:
            more = self.socket.recv(count - len(read))
            assert more, "Firefox has gone"
            read += more
        return read

    def go(self, url: str) -> None:
        """Opens an address."""
        self.ask("WebDriver:Navigate", {"url": url})

    def evaluate(self, script: str, *arguments: Any) -> Any:
        """What a script returns, or the promise that it returns."""
        asked = f"const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then(done);"
        given = {"script": asked, "args": arguments, "scriptTimeout": 30_000}
        return self.ask("WebDriver:ExecuteAsyncScript", given)["value"]

    def press(self, key: str) -> None:
        """Presses a key, a letter or one of WebDriver's, and lets it go."""
        moves = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        given = {"actions": [{"type": "key", "id": "keyboard", "actions": moves}]}
        self.ask("WebDriver:PerformActions", given)

    def wait(self, condition: str) -> None:
        """Until an expression holds, looked at on every frame."""
        self.evaluate(
            f"while (!({condition})) await new Promise((seen) => requestAnimationFrame(seen)); return true;"
        )


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """A headless Firefox of its own, until the block is left."""
    assert FIREFOX is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    profile.mkdir()
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    command = [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _connected(port, process)
    finally:
        process.terminate()
        process.wait(20)


def _connected(port: int, process: subprocess.Popen) -> Firefox:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            return Firefox(port)
        time.sleep(0.1)
    raise AssertionError("Firefox did not start.")

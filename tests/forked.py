"""Processes of their own in which torch need not be imported again: forks of one that has done it.

Torch, with what it puts off until its first Adam, and scikit-learn take six seconds, which are no part of any
behaviour that is tested. The project's own modules, and packages that read the environment as they are
imported, are imported by each process for itself. A test's own process cannot be forked: it has threads.
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from multiprocessing import connection, context, process
from pathlib import Path
from types import ModuleType
from typing import IO, Any

ROOT = Path(__file__).parent.parent
IMPORTED = ["torch", "torch._dynamo", "sklearn.datasets", "pytest"]  # the last by each child of pytest's


def run(
    arguments: Sequence[str | Path],
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` of this interpreter with these arguments, text in its answer."""
    with ExitStack() as opened:
        told = [opened.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(2)]
        started = Popen([sys.executable, *arguments], cwd=cwd, env=env, stdout=told[0], stderr=told[1])
        try:
            code = started.wait(timeout)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
            raise
        for file in told:
            file.seek(0)
        return subprocess.CompletedProcess(arguments, code, *(file.read() for file in told))


class Popen:
    """As `subprocess.Popen` of this interpreter: with -c CODE, -m MODULE or the path of a script.

    On one thread, whatever the environment says: torch has read it by then.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[Any] | None = None,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
        text: bool = True,
        encoding: str = "utf-8",
    ) -> None:
        interpreter, *arguments = map(str, command)
        assert interpreter == sys.executable and text
        kept, theirs = list[IO[str] | None](), list[connection.Connection]()
        for number, given in enumerate((stdin, stdout, stderr)):
            ours, end = None, -1
            if given == subprocess.PIPE:
                reading, writing = os.pipe()
                ours, end = (writing, reading) if number == 0 else (reading, writing)
            elif given == subprocess.STDOUT:
                end = os.dup(theirs[1].fileno())
            else:
                end = os.dup(number if given is None else given if isinstance(given, int) else given.fileno())
            kept.append(None if ours is None else os.fdopen(ours, "r" if number else "w", encoding=encoding))
            theirs.append(connection.Connection(end))  # which can be sent to another process
        self.stdin, self.stdout, self.stderr = kept
        server = context.ForkServerContext()
        server.set_forkserver_preload(IMPORTED)
        place = str(cwd or Path.cwd())
        self._process = server.Process(  # one that nobody waits for ends with the tests
            target=_become,
            args=(arguments, place, dict(os.environ if env is None else env), theirs),
            daemon=True,
        )
        self._looking = threading.Lock()  # what it ended with can be read once
        self._process.start()
        for end in theirs:
            end.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        with self._looking:
            return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        connection.wait([self._process.sentinel], timeout)
        if (code := self.returncode) is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired("a fork", timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it ended in between
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(
    arguments: list[str], folder: str, environment: dict[str, str], ends: list[connection.Connection]
) -> None:
    """In the fork: what an interpreter does that was started so."""
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    process.current_process().daemon = False  # it may start others
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as of what a shell starts in the foreground
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)  # multiprocessing has closed it
    import torch

    torch.set_num_threads(1)
    inherited = {"", str(ROOT), str(Path.cwd()), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    packages = [path for path in sys.path if path not in inherited]
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # that of the environment, which torch has looked for already
    for name in [name for name in sys.modules if name.partition(".")[0] in ("aevb", "tests", "__mp_main__")]:
        del sys.modules[name]
    how, *rest = arguments
    first = folder if how in ("-c", "-m") else str(Path(how).parent)
    told = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [first, *told, *packages]
    try:
        if how == "-c":
            code, *rest = rest
            sys.argv = [how, *rest]
            sys.modules["__main__"] = main = ModuleType("__main__")
            exec(compile(code, "<string>", "exec"), vars(main))
        elif how == "-m":
            module, *rest = rest
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(how, run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # multiprocessing's processes end without it

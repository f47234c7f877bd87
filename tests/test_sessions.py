"""A server's file descriptors: how many it asks for, and how many sessions hold some."""

import resource
import subprocess
import sys
from pathlib import Path

from streamlit.runtime import memory_session_storage

from aevb.ui.frame import sessions
from aevb.ui.jobs import limits

RAISED = """
import resource
from aevb.ui.frame import sessions
from aevb.ui.jobs import limits

resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))
limits.DESCRIPTORS = 1024
sessions.raise_limit()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def raised(hard: int) -> list[str]:
    """The limits, soft and hard, of a process that began with 256."""
    script = RAISED.format(hard=hard)
    root = Path(__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True
    ).stdout.split()


def test_the_limit_is_raised_as_far_as_the_system_allows() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert raised(hard) == ["1024", str(hard)]
    assert raised(512) == ["512", "512"]
    assert raised(256) == ["256", "256"]


def test_few_sessions_outlive_their_connections(monkeypatch) -> None:
    monkeypatch.setattr(
        memory_session_storage, "MemorySessionStorage", memory_session_storage.MemorySessionStorage
    )
    sessions.keep_few()
    sessions.keep_few()  # a server may read app.py twice
    storage = memory_session_storage.MemorySessionStorage(ttl_seconds=30)
    assert storage._cache.maxsize == limits.DISCONNECTED

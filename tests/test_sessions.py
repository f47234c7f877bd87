"""A server's file descriptors: how many it asks for, and how many sessions hold some."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.runtime import memory_session_storage

from aevb.ui.frame import sessions
from aevb.ui.jobs import limits

resource = pytest.importorskip("resource", reason="Windows has no such limits.")

RAISED = """
import resource
from aevb.ui.frame import sessions
from aevb.ui.jobs import limits

limits.DESCRIPTORS = 1024
for hard in (resource.getrlimit(resource.RLIMIT_NOFILE)[1], 512, 256):
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    sessions.raise_limit()
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_limit_is_raised_as_far_as_the_system_allows() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    root = Path(__file__).parent.parent
    told = subprocess.run([sys.executable, "-c", RAISED], cwd=root, capture_output=True, text=True).stdout
    assert told.splitlines() == [f"1024 {hard}", "512 512", "256 256"]


def test_few_sessions_outlive_their_connections(monkeypatch) -> None:
    monkeypatch.setattr(
        memory_session_storage, "MemorySessionStorage", memory_session_storage.MemorySessionStorage
    )
    sessions.keep_few()
    sessions.keep_few()  # a server may read app.py twice
    storage = memory_session_storage.MemorySessionStorage(ttl_seconds=30)
    assert storage._cache.maxsize == limits.DISCONNECTED

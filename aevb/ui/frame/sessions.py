"""What visitors cost in file descriptors: their connections, and three for each session that is kept.

A laptop gives a process 256. Streamlit keeps 128 sessions of visitors who have left, so that from the
eightieth visit on everybody was cut off. No visitor loses anything with a session: what they see is in their
page.
"""

from contextlib import suppress
from functools import partial

from streamlit.runtime import memory_session_storage

from aevb.ui.jobs import limits


def keep_few() -> None:
    """Has Streamlit keep `limits.DISCONNECTED` sessions. It makes the storage itself, and has no setting."""
    storage = memory_session_storage.MemorySessionStorage
    few = partial(storage, maxsize=limits.DISCONNECTED)
    memory_session_storage.MemorySessionStorage = few  # type: ignore[misc, assignment]


def raise_limit() -> None:
    """Lets this process have `limits.DESCRIPTORS`, or as many as the system allows."""
    try:
        import resource
    except ImportError:  # Windows, which does not count them so
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = limits.DESCRIPTORS if hard == resource.RLIM_INFINITY else min(limits.DESCRIPTORS, hard)
    if 0 <= soft < most:  # a negative one is none
        with suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

"""Which of the two data sets is in use, and a way to fetch the whole."""

import re
import uuid
from urllib.parse import urlsplit

import streamlit as st

from aevb import data
from aevb.data import DataError
from aevb.ui.jobs import sources, switches
from aevb.ui.jobs.download import Download
from aevb.ui.shared import loading
from aevb.ui.shared.sentences import sentence

FOLLOWED = "mnist_followed"  # in the session's state, while this visitor follows the download
FAILURE = "mnist_failure"  # there too: the page on which a download failed, and why

DOWNLOAD = Download(lambda: data.download())


class _Session:
    """A visitor, who leaves the download with the session."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex

    def leave(self) -> None:
        DOWNLOAD.leave(self.name)


@st.cache_resource(scope="session", show_spinner=False, on_release=_Session.leave)
def _session() -> _Session:
    return _Session()


def show() -> None:
    """The note, and, where only the sample is there, the download with its progress.

    Without any data that is said in its place: pages that need none go on.
    """
    try:
        digits = loading.digits()
    except DataError as error:
        st.warning(sentence(str(error)))
        return
    st.caption(sentence(digits.note))
    if not digits.complete and switches.on("download"):
        _download()


@st.fragment(run_every=1.0)
def _progress() -> None:
    if DOWNLOAD.running:
        st.progress(DOWNLOAD.fraction, "Downloading MNIST …")
    else:
        st.rerun()


def _download() -> None:
    if FOLLOWED in st.session_state:
        if DOWNLOAD.running:
            _progress()
            return
        del st.session_state[FOLLOWED]
        _session().leave()
        if not DOWNLOAD.problem:
            loading.digits.cache_clear()
            sources.present.cache_clear()
            st.rerun()
        st.session_state[FAILURE] = _page(), _reason(DOWNLOAD.problem)
    page, reason = st.session_state.get(FAILURE, (_page(), ""))
    if page != _page():
        del st.session_state[FAILURE]
    elif reason:
        st.warning(f"{reason} The sample stays in use.")
    st.button(
        "Download all of MNIST",
        help="60,000 training images, 11 MB, for training your own models",
        on_click=_begin,
    )


def _begin() -> None:
    st.session_state.pop(FAILURE, None)
    st.session_state[FOLLOWED] = True
    DOWNLOAD.follow(_session().name)


def _page() -> str:
    return urlsplit(st.context.url or "").path


def _reason(error: str) -> str:
    """A download's error in one sentence: of all that was tried, why the last attempt failed."""
    tried = re.findall(r"got: (.+?)(?= Tried |$)", error)
    if not tried:
        return error
    reason = re.sub(r"^<urlopen error (.*)>$", r"\1", tried[-1].strip())
    reason = re.sub(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$", "", reason)
    if re.search(r"name resolution|name or service|nodename|getaddrinfo", reason, re.IGNORECASE):
        reason = "this server has no way to the internet"
    return f"MNIST could not be downloaded: {reason.rstrip('.')}."

"""Which of the two data sets is in use, and a way to fetch the whole."""

import re
from urllib.parse import urlsplit

import streamlit as st

from aevb import data
from aevb.ui.frame import errors
from aevb.ui.jobs import queue
from aevb.ui.shared import loading

SLOT = "mnist"
FAILURE = "mnist_failure"  # in the session's state: the page on which a download failed, and why


def show() -> None:
    """The note, and, where only the sample is there, the download with its progress."""
    digits = loading.digits()
    st.caption(errors.sentence(digits.note))
    if not digits.complete:
        _download()


@st.fragment(run_every=1.0)
def _progress() -> None:
    job = queue.following(SLOT)
    if job is None or job.finished:
        st.rerun()
    else:
        st.progress(job.results[-1] if job.results else 0.0, "Downloading MNIST …")


def _download() -> None:
    job = queue.following(SLOT)
    if job and not job.finished:
        _progress()
        return
    if job and job.status == "done":
        queue.forget(SLOT)  # the files may vanish, and be asked for again
        loading.digits.clear()
        st.rerun()
    if job and job.status == "failed":
        st.session_state[FAILURE] = _page(), _reason(job.error)
        queue.forget(SLOT)
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
    queue.follow(SLOT, data.download, lane="download")


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

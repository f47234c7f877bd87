"""Which of the two data sets is in use, and a way to fetch the whole."""

import streamlit as st

from aevb import data
from aevb.ui import jobs, loading

SLOT = "mnist"


def show() -> None:
    """The note, and, where only the sample is there, the download with its progress."""
    digits = loading.digits()
    st.caption(digits.note)
    if not digits.complete:
        _download()


@st.fragment(run_every=1.0)
def _progress() -> None:
    job = jobs.following(SLOT)
    if job is None or job.finished:
        st.rerun()
    else:
        st.progress(job.results[-1] if job.results else 0.0, "Downloading MNIST …")


def _download() -> None:
    job = jobs.following(SLOT)
    if job and not job.finished:
        _progress()
        return
    if job and job.status == "done":
        loading.digits.clear()
        jobs.leave(SLOT)
        st.rerun()
    if job and job.status == "failed":
        st.warning(f"{job.error} The sample stays in use.")
    if st.button("Download all of MNIST", help="60,000 training images, 11 MB, for training your own models"):
        jobs.follow(SLOT, data.download)
        st.rerun()

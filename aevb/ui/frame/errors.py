"""No visitor sees a traceback."""

import logging

import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.shared.sentences import sentence

log = logging.getLogger("aevb")


def show(error: Exception) -> bool:
    """Says what went wrong in a sentence; the rest goes to the server's log. True: it has been shown."""
    if isinstance(error, CheckpointError | DataError):
        log.warning("%s", error)
        st.error(sentence(str(error)), icon=":material/error:")
    else:
        log.error("A page failed.", exc_info=error)
        st.error(
            "This part of the page could not be shown. Reload it, or open the page from the menu to start "
            "afresh; the server's log has the details.",
            icon=":material/error:",
        )
    return True

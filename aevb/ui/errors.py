"""No visitor sees a traceback."""

import logging
import os

import streamlit as st

from aevb.checkpoints import ROOT, CheckpointError
from aevb.data import DataError

log = logging.getLogger("aevb")


def show(error: Exception) -> bool:
    """Says what went wrong in a sentence; the rest goes to the server's log. True: it has been shown."""
    if isinstance(error, CheckpointError | DataError):
        # A visitor need not know where on the server the files lie.
        st.error(str(error).replace(f"{ROOT.parent}{os.sep}", ""), icon=":material/error:")
    else:
        log.error("A page failed.", exc_info=error)
        st.error(
            "This part of the page could not be shown. Reload it, or open the page from the menu to start "
            "afresh; the server's log has the details.",
            icon=":material/error:",
        )
    return True

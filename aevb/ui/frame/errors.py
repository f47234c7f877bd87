"""No visitor sees a traceback, nor where on the server its files lie."""

import logging
import os
import re
from contextlib import suppress
from pathlib import Path

import streamlit as st

from aevb import checkpoints, data
from aevb.checkpoints import CheckpointError
from aevb.data import DataError

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


def sentence(text: str) -> str:
    """A message as a visitor may read it: the files that it names are named from the server's folders on."""
    named = [data.folder(), checkpoints.ROOT.parent]
    with suppress(RuntimeError):  # where there is no home
        named.append(Path.home())
    folders = {
        str(form) for folder in named for form in (folder, folder.absolute(), os.path.realpath(folder))
    }
    for folder in sorted(folders - {".", os.sep}, key=len, reverse=True):  # what lies within another first
        start = rf"(?<![\w./-]){re.escape(folder)}"
        text = re.sub(rf"{start}{re.escape(os.sep)}(?=\w|\.)", "", text)
        text = re.sub(rf"{start}{re.escape(os.sep)}?(?![\w-])", "a folder of the server", text)
    return text

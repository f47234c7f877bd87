"""Messages as visitors may read them: where on the server its files lie is nobody's business."""

import os
import re
from contextlib import suppress
from pathlib import Path

from aevb import checkpoints, data
from aevb.ui.jobs import uploads


def sentence(text: str) -> str:
    """A message without the names of the server's folders: of a path within one the rest is left."""
    named = [data.folder(), checkpoints.ROOT.parent]
    if runs := uploads.runs():
        named.append(runs)
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

"""What the server does once, before its first visitor."""

import gc
import logging
from collections.abc import Callable
from threading import Thread

from aevb.ui.jobs import server

log = logging.getLogger("aevb")


def run() -> None:
    """Starts the workers, imports what every page needs, and then tells the garbage collector to stay away.

    With `postScriptGC = false` (.streamlit/config.toml): otherwise every run of a page walks all the objects
    of torch and scikit-learn, some 70 ms.
    """
    server.start()
    import torch

    from aevb.ui.frame import explorer, modules

    # Products for one visitor are too small to share out, and thirty visitors share the cores already.
    torch.set_num_threads(1)
    modules.squeezed()
    gc.collect()
    gc.freeze()
    Thread(target=_prepare, args=(explorer.prepare,), name="warmup").start()


def _prepare(prepare: Callable[[], None]) -> None:
    try:
        prepare()
    except Exception:  # what is missing or damaged is told on its page
        log.exception("Not everything could be prepared.")

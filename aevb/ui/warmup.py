"""What the server does once, before its first visitor."""

import gc
import importlib

from aevb.ui import jobs


def run() -> None:
    """Starts the workers, imports what every page needs, and then tells the garbage collector to stay away.

    With `postScriptGC = false` (.streamlit/config.toml) this takes a drag's round trip from some 70 ms
    to 5: otherwise every rerun walks all the objects of torch, plotly and scikit-learn.
    """
    jobs.start()
    for name in ("torch", "plotly.graph_objects", "aevb", "aevb.figures"):
        importlib.import_module(name)
    import torch

    # Products for one visitor are too small to share out, and thirty visitors share the cores already.
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()

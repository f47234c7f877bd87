"""What the server does once, before its first visitor."""

import gc
import importlib


def run() -> None:
    """Imports what every page needs and tells the garbage collector to leave it alone from then on.

    With `postScriptGC = false` (.streamlit/config.toml) this takes a drag's round trip from some 70 ms
    to 5: otherwise every rerun walks all the objects of torch, plotly and scikit-learn.
    """
    for name in ("torch", "plotly.graph_objects", "aevb", "aevb.figures"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()

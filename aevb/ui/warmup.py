"""What the server does once, before its first visitor."""

import gc

from aevb.ui import jobs


def run() -> None:
    """Starts the workers, imports what every page needs, and then tells the garbage collector to stay away.

    With `postScriptGC = false` (.streamlit/config.toml) this takes a drag's round trip from some 70 ms
    to 5: otherwise every rerun walks all the objects of torch, plotly and scikit-learn.
    """
    jobs.start()
    import plotly.graph_objects  # noqa: F401
    import torch

    import aevb  # noqa: F401

    # Products for one visitor are too small to share out, and thirty visitors share the cores already.
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()

"""The server: `streamlit run app.py`, or `uvicorn app:app`.

Two things are decided here, once per process and before any visitor: the slow imports are made, so
that the first page opens at once, and a fault in a page becomes a sentence instead of a traceback.
What a visitor sees begins in aevb/ui/shell.py. Its script is not this file, because Streamlit gives a
`pages` folder beside the script it runs a second, automatic navigation.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from aevb.ui import errors, maps, warmup
from aevb.ui.components import digits
from aevb.ui.components.engine import weights


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    warmup.run()
    yield


shell = Path(__file__).parent / "aevb" / "ui" / "shell.py"
served = (weights.served, digits.served, maps.POINTS, maps.LATENTS)
routes = [kind.route() for kind in served]
app = st.App(shell, lifespan=lifespan, on_script_error=errors.show, routes=routes)

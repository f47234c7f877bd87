"""The server: `streamlit run app.py`, or `uvicorn app:app`.

What is decided here, once per process and before any visitor: the slow imports are made, so that the
first page opens at once; a fault in a page becomes a sentence instead of a traceback; what browsers fetch
has its routes; and Streamlit's own scripts are compressed.
What a visitor sees begins in aevb/ui/frame/shell.py. Its script is not this file, because Streamlit gives a
`pages` folder beside the script it runs a second, automatic navigation.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from aevb.ui.frame import catalogue, errors, headers, health, kept, modules, sessions, warmup
from aevb.ui.frame.compression import Compression
from aevb.ui.jobs import server
from aevb.ui.shared import contents, loading, served
from aevb.ui.train import bring, hub
from aevb.ui.train import routes as training


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Warms the server up before its first visitor; in the end its training ends too."""
    warmup.run()
    yield
    server.stop()


server.require_settings()  # here, since Streamlit shows a traceback of whatever `lifespan` says
sessions.raise_limit()
sessions.keep_few()
loading.extend(server.checkpoint, server.images)
shell = Path(errors.__file__).with_name("shell.py")
told = [served.route(one) for one in (*contents.CONTENTS, *catalogue.CONTENTS)]
told += [health.route(), kept.route(), *training.routes(), *bring.routes(), *hub.routes()]
# Modules are this repository's own; the headers of seventy would be 8 kB of what a page opens with.
routes = [modules.route(), *headers.add_to(told)]
middleware = [Middleware(Compression)]
app = st.App(shell, lifespan=lifespan, on_script_error=errors.show, routes=routes, middleware=middleware)

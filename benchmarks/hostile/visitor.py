"""What a visitor's browser is told by the server, by protocol."""

import asyncio
import json
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.serving import ROOT

SECONDS = 30.0
PLACES = re.compile(rf"Traceback|{re.escape(str(ROOT))}|/tmp/|/home/|/root/|site-packages|0x[0-9a-f]{{8}}")
"""What no visitor should read: where the server's files lie, and how Python calls its faults."""


@dataclass
class Told:
    """Attributes:
    data: of the page's element; None where there is none.
    alerts: what st.error and st.warning say.
    sound: whether the script ended as it should.
    """

    data: dict[str, Any] | None = None
    alerts: list[str] = field(default_factory=list)
    exceptions: int = 0
    sound: bool = False

    @property
    def sentences(self) -> list[str]:
        """All that the visitor is told to be wrong."""
        shared = (self.data or {}).get("shared", {})
        several = shared.get("checkpoints", {}).values()
        found = [(self.data or {}).get("problem", ""), *(each.get("problem", "") for each in several)]
        return [said for said in (*self.alerts, *found) if said]

    @property
    def fault(self) -> str:
        """What a visitor should not meet, whatever the server's state; or ""."""
        if not self.sound or self.exceptions:
            return "the page's script failed"
        if self.data is None or not self.data["scenes"]:
            return f"the page is missing: {' '.join(self.alerts)}"
        shown = [said for said in self.sentences if PLACES.search(said) or not said.endswith(".")]
        return f"no sentence for visitors: {shown[0]}" if shown else ""


def stream(url: str) -> AbstractAsyncContextManager[ClientConnection]:
    """A page's websocket."""
    return connect(url.replace("http", "ws", 1) + "/_stcore/stream", max_size=None, open_timeout=SECONDS)


async def visit(url: str, page: str = "", query: str = "") -> Told:
    """Opens a page, takes what comes until its script has ended, and goes."""
    async with stream(url) as socket:
        return await look(socket, page, query)


async def look(socket: ClientConnection, page: str, query: str = "") -> Told:
    """Has the page's script run, as its menu or a link does."""
    asked, told = BackMsg(), Told()
    asked.rerun_script.page_name, asked.rerun_script.query_string = page, query
    await socket.send(asked.SerializeToString())
    async with asyncio.timeout(SECONDS):
        async for content in socket:
            message = ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode())
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                _take(message.delta.new_element, told)
            elif kind == "script_finished":
                told.sound = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
                if told.sound or message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return told
    return told


def _take(element: Any, told: Told) -> None:
    match element.WhichOneof("type"):
        case "bidi_component":
            told.data = json.loads(element.bidi_component.json)
        case "alert":
            told.alerts.append(element.alert.body)
        case "exception":
            told.exceptions += 1

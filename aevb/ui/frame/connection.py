"""A connection that is lost: the scene goes on, and nothing stands before it.

Streamlit opens a dialog over the whole page as soon as its server does not answer, and nothing can be used
until that is closed, though what a scene shows is computed in the browser. By style.css its menu, which leads
nowhere meanwhile, says why.
"""

import json

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WHERE = "/_stcore/host-config"
"""What Streamlit's front end asks for first, wherever the app is mounted; `st.App` takes no route there."""


class WithoutDialogs:
    """Middleware for `st.App`, after which Streamlit's front end opens no dialogs of errors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the app does, but for that one word."""
        if scope["type"] != "http" or not scope["path"].endswith(WHERE):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        content = b""

        async def change(message: Message) -> None:
            nonlocal content
            if message["type"] == "http.response.start":
                start.update(message)
                return
            content += message.get("body", b"")
            if message.get("more_body"):
                return
            if start["status"] == 200:
                content = json.dumps({**json.loads(content), "blockErrorDialogs": True}).encode()
                MutableHeaders(scope=start)["Content-Length"] = str(len(content))
            await send(start)
            await send({"type": "http.response.body", "body": content})

        scope = {**scope, "headers": [one for one in scope["headers"] if one[0] != b"accept-encoding"]}
        await self.app(scope, receive, change)

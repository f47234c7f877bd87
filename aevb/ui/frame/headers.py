"""What the app's own routes tell browsers beside their content; Streamlit's have headers of their own."""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # A file is what it says that it is: no picture and no data that somebody has brought becomes a script.
    "X-Content-Type-Options": "nosniff",
    # None of them is a page: opened as one, it loads nothing and stands in no frame.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class _Telling:
    """What a route runs, with `HEADERS` in each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, tell)


def add_to(routes: Sequence[Route]) -> list[Route]:
    """The routes, whose answers have `HEADERS` from now on."""
    for route in routes:
        route.app = _Telling(route.app)
    return list(routes)

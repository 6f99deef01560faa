"""Every GET answers HEAD: the same answer, its body left out."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = "refgenie.head"
"""Key of the scope that tells a route that nobody will see the body."""


class HeadAsGet:
    """Routes a HEAD request as a GET and drops what follows the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", HEAD: True}, receive, without_body)


def is_head(scope: Scope) -> bool:
    """Whether the body of the answer will not be sent."""
    return bool(scope.get(HEAD)) or scope.get("method") == "HEAD"

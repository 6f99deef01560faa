"""An exception that nobody foresaw becomes a 500 in the one JSON shape, and a traceback in the log."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refgenie.server.failure import failure

LOGGER = logging.getLogger("refgenie.server")


class LastResort:
    """Lets no exception out; where the answer has begun already the connection is cut."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if scope["type"] != "http" or begun:
                raise  # the client sees that the answer is not whole
            LOGGER.exception("%s %s failed", scope["method"], scope["path"])
            await failure(500, "the server made a mistake; its log has the details")(scope, receive, send)

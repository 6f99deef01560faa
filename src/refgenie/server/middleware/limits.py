"""What a request may not do: wait for ever, send too much, or say what no name can be."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refgenie.server.failure import failure


class FirstByteLimit:
    """Answers 504 where no answer has begun in time; one that has begun may take as long as it wants.

    Args:
        seconds: Time until the headers; 0 is no limit.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        if scope["type"] != "http" or not self._seconds:
            await self._app(scope, receive, send)
            return
        begun = given_up = False
        late: asyncio.Task[None] | None = None

        async def give_up() -> None:
            answer = failure(504, f"no answer within {self._seconds:g} s")
            await answer(scope, receive, send)

        def expire() -> None:
            nonlocal given_up, late
            if not begun:
                given_up = True
                late = asyncio.ensure_future(give_up())

        async def in_time(message: Message) -> None:
            nonlocal begun
            if given_up:
                return
            begun = True
            timer.cancel()
            await send(message)

        timer = asyncio.get_running_loop().call_later(self._seconds, expire)
        try:
            await self._app(scope, receive, in_time)
        finally:
            timer.cancel()
            if late is not None:
                await late


class BodyLimit:
    """Answers 413 where a body is too big, before it is in memory.

    Args:
        size: Bytes of a body at most.
    """

    def __init__(self, app: ASGIApp, size: int) -> None:
        self._app = app
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._size:
            await failure(413, self._message)(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._size:
                raise HTTPException(413, self._message)
            return message

        await self._app(scope, bounded, send)

    @property
    def _message(self) -> str:
        return f"a request's body has {self._size} bytes at most"


class PlainText:
    """Refuses a NUL byte in an address: no name has one, and databases refuse it less kindly."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        if scope["type"] == "http":
            if "\x00" in scope["path"]:
                answer = failure(404, "there is nothing at an address with a NUL byte")
                await answer(scope, receive, send)
                return
            if b"%00" in scope.get("query_string", b""):
                await failure(422, "a parameter has a NUL byte")(scope, receive, send)
                return
        await self._app(scope, receive, send)

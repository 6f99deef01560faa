"""Files on the wire without a copy in this process: ASGI's extension ``http.response.zerocopysend``.

The extension is specified with ASGI and not in uvicorn: here its HTTP protocol learns it. The
kernel sends the file (sendfile) while other connections are answered. And as newer versions of ASGI
want it, ``send`` raises where the client has gone, so that nobody reads on for it.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from starlette.types import Message
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

EXTENSION = "http.response.zerocopysend"
"""Key of a scope's extensions, and type of the message: file (descriptor), offset, count, more_body."""


_TURNS = 10
"""Turns of the loop in which a connection that was given up is known to be lost."""


class ClientGoneError(OSError):
    """The client closed the connection before it had all of the answer."""


class ZeroCopyProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools, with the extension."""

    def on_headers_complete(self) -> None:
        """Offer the extension to the request that begins (called by the parser)."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # else the request is none for the application
            cycle, send = self.cycle, self.cycle.send

            async def send_or_copy(message: Any) -> None:
                if message["type"] == EXTENSION:
                    await _send_part(cycle, message)
                    _check_present(cycle)
                    if message.get("more_body", False):
                        return
                    message = {"type": "http.response.body", "body": b""}
                await send(message)
                _check_present(cycle)

            cycle.send = send_or_copy  # type: ignore[method-assign]
            self.scope["extensions"] = {EXTENSION: {}}


def _check_present(cycle: RequestResponseCycle) -> None:
    """Raise where the client has gone and something of the answer is left to send."""
    all_sent = cycle.chunked_encoding is False and not cycle.expected_content_length
    if cycle.disconnected and not (cycle.response_complete or all_sent):
        raise ClientGoneError("the client closed the connection")


async def _send_part(cycle: RequestResponseCycle, message: Message) -> None:
    """Send a part of a file as a part of the body."""
    if (
        not cycle.response_started
        or cycle.chunked_encoding
        or cycle.expected_content_length < message["count"]
    ):
        raise RuntimeError("a part of a file needs the headers before it, with a length that it fits in")
    if not cycle.disconnected:
        await _written(cycle.transport, cycle.flow)
    if cycle.transport.is_closing():
        await _lost(cycle)
        return
    # A descriptor of our own: the loop does not let anyone else wait for the transport's.
    connection = os.dup(cycle.transport.get_extra_info("socket").fileno())
    try:
        await _send_file(connection, message["file"], message["offset"], message["count"])
        cycle.expected_content_length -= message["count"]
    except (BrokenPipeError, ConnectionResetError):
        cycle.transport.abort()
        await _lost(cycle)
    finally:
        os.close(connection)


async def _lost(cycle: RequestResponseCycle) -> None:
    """Wait until the protocol has been told that its connection is closed."""
    for _ in range(_TURNS):
        if cycle.disconnected:
            return
        await asyncio.sleep(0)


async def _written(transport: asyncio.Transport, flow: FlowControl) -> None:
    """Wait until the transport has nothing left to write."""
    await asyncio.sleep(0)  # the loop writes at the end of its turn
    if not transport.get_write_buffer_size():
        return
    transport.set_write_buffer_limits(high=0)
    try:
        while transport.get_write_buffer_size() and not transport.is_closing():
            await flow.drain()
            await asyncio.sleep(0)
    finally:
        transport.set_write_buffer_limits()


async def _send_file(connection: int, file: int, offset: int, count: int) -> None:
    """Send as much as the connection takes, whenever it takes something."""
    loop = asyncio.get_running_loop()
    sent: asyncio.Future[None] = loop.create_future()
    end = offset + count

    def send_some() -> None:
        nonlocal offset
        if sent.done():
            return
        try:
            step = os.sendfile(connection, file, offset, end - offset)
        except BlockingIOError:
            return
        except OSError as error:
            sent.set_exception(error)
            return
        offset += step
        if not step:
            sent.set_exception(EOFError("the file became shorter while it was sent"))
        elif offset == end:
            sent.set_result(None)

    loop.add_writer(connection, send_some)
    try:
        await sent
    finally:
        loop.remove_writer(connection)

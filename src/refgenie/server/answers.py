"""JSON answers: documents made by us are encoded once, and not validated again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response
from starlette.types import Receive, Scope, Send

from refgenie.server.middleware.head import is_head

JSON = "application/json"
PIECE = 2 << 20
GIVE_WAY = 0.001
"""Seconds after a piece in which others are answered: one big answer is not to slow down many small ones."""


def encode(document: Any) -> bytes:
    """The document as JSON; moments as RFC 3339 in UTC."""
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


def json_answer(
    document: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> Response:
    """An answer of one JSON document."""
    return Response(encode(document), status_code=status, media_type=media_type, headers=headers)


class KeptBytes(Response):
    """Parts that are kept in memory, sent one after the other without a copy of the whole."""

    media_type = JSON

    def __init__(self, *parts: bytes, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(headers=headers)
        self._parts = parts
        self.headers["Content-Length"] = str(sum(len(part) for part in parts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it (ASGI); the client's pace is waited for after each piece."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in () if is_head(scope) else self._parts:
            for at in range(0, len(part), PIECE):
                body = part if len(part) <= PIECE else part[at : at + PIECE]
                await send({"type": "http.response.body", "body": body, "more_body": True})
                if len(body) == PIECE:
                    await asyncio.sleep(GIVE_WAY)
        await send({"type": "http.response.body", "body": b""})

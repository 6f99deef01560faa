"""Residues as an answer, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import anyio.to_thread
from fastapi import Response
from starlette.types import Receive, Scope, Send

from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.serving.single import SingleSequences
from refgenie.server.middleware.head import is_head


class ResiduesAnswer(Response):
    """Residues [start, end) of a sequence, about a megabyte at a time.

    What cannot be read is found before the headers are sent.
    """

    def __init__(
        self,
        sequences: SingleSequences,
        entry: SequenceInfo,
        start: int,
        end: int,
        *,
        status: int = 200,
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        super().__init__(status_code=status, headers=headers, media_type=media_type)
        self.headers["Content-Length"] = str(end - start)
        self.headers["Cache-Control"] = "public, max-age=86400"
        self.headers["ETag"] = f'"SQ.{entry.digest}"'
        self._start, self._end = start, end
        self._stack = ExitStack()
        self._sequence = self._stack.enter_context(sequences.opened(entry)) if end > start else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send them (ASGI)."""
        try:
            await self._send(scope, send)
        finally:
            await anyio.to_thread.run_sync(self._stack.close)

    async def _send(self, scope: Scope, send: Send) -> None:
        pieces: Iterator[bytes] = iter(())
        if self._sequence is not None and not is_head(scope):
            pieces = self._sequence.pieces(self._start, self._end)
        # The first piece comes before the headers: a damaged sequence is a failure, not a short text.
        piece = await anyio.to_thread.run_sync(next, pieces, b"")
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await anyio.to_thread.run_sync(next, pieces, b"")
        await send({"type": "http.response.body", "body": b""})

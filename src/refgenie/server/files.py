"""A file as an answer: ranges, conditions and digests of RFC 9110 and RFC 9530."""

from __future__ import annotations

import base64
import mimetypes
import os
import secrets
import stat
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

import anyio.to_thread
from fastapi import Response
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from refgenie.errors import DigestMismatchError
from refgenie.server.failure import failure, missing
from refgenie.server.middleware.head import is_head
from refgenie.server.ranges import UnsatisfiableError, parse_ranges
from refgenie.server.zero_copy import EXTENSION

CHUNK = 1 << 20
"""Bytes that are read and sent at once: fewer cost processor time, more cost memory."""
_ZERO_COPY = 16 << 20
"""Bytes that are given to the kernel at once."""
_NO_WAIT = getattr(os, "RWF_NOWAIT", -1)
"""Flag of preadv (Linux) by which it reads what is in memory and nothing else."""


class FileAnswer(Response):
    """Sends a file whose SHA-256 is known.

    Args:
        path: The file, links resolved by the caller.
        size: Its recorded size.
        sha256: Its recorded SHA-256, hex.
        filename: Name under which a browser keeps it.
        x_accel: Where nginx sends the body: the file's internal address, or None.
    """

    def __init__(self, path: Path, size: int, sha256: str, filename: str, x_accel: str | None = None) -> None:
        try:
            status = path.stat()
        except OSError as error:
            raise missing("file", filename) from error
        if not stat.S_ISREG(status.st_mode):
            raise missing("file", filename)
        if status.st_size != size:
            raise DigestMismatchError(
                f"{filename} has {status.st_size} bytes, recorded are {size}",
                hint="refgenie verify, on the server",
            )
        self._path = path
        self._size = size
        self._x_accel = x_accel
        self.status_code = 200
        self.background = None
        self.body = b""
        self.media_type = media_type(filename)
        self.init_headers(
            {
                "Content-Length": str(size),
                "ETag": f'"{sha256}"',
                "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:",
                "Last-Modified": formatdate(status.st_mtime, usegmt=True),
                "Accept-Ranges": "bytes",
                "Content-Disposition": disposition(filename),
                "Cache-Control": "public, max-age=86400",
                "X-Content-Type-Options": "nosniff",
            }
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, a part of it, or that it has not changed (ASGI)."""
        asked = Headers(scope=scope)
        if self._unchanged(asked):
            await self._start(send, 304, leave_out={"content-length", "content-disposition", "content-type"})
            await send({"type": "http.response.body", "body": b""})
            return
        if self._x_accel is not None:
            self.headers["X-Accel-Redirect"] = self._x_accel
            await self._start(send, 200, leave_out={"content-length"})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            # A range is defined for GET alone (RFC 9110, section 14.2).
            header = None if is_head(scope) or not self._may_be_partial(asked) else asked.get("range")
            ranges = parse_ranges(header, self._size)
        except UnsatisfiableError:
            refusal = failure(
                416,
                f"the file has {self._size} bytes",
                headers={"Content-Range": f"bytes */{self._size}", "Accept-Ranges": "bytes"},
            )
            await refusal(scope, receive, send)
            return
        await self._send(scope, send, ranges, body=not is_head(scope))

    def _unchanged(self, asked: Headers) -> bool:
        wanted = asked.get("if-none-match")
        if wanted is not None:
            tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
            return "*" in tags or self.headers["etag"] in tags
        return asked.get("if-modified-since") == self.headers["last-modified"]

    def _may_be_partial(self, asked: Headers) -> bool:
        condition = asked.get("if-range")
        return condition is None or condition in {self.headers["etag"], self.headers["last-modified"]}

    async def _send(
        self, scope: Scope, send: Send, ranges: list[tuple[int, int]] | None, *, body: bool
    ) -> None:
        if ranges is None:
            await self._start(send, 200)
            parts: Sequence[tuple[bytes, int, int]] = [(b"", 0, self._size)]
            end = b""
        elif len(ranges) == 1:
            start, stop = ranges[0]
            self.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{self._size}"
            self.headers["Content-Length"] = str(stop - start)
            await self._start(send, 206)
            parts, end = [(b"", start, stop)], b""
        else:
            parts, end = self._multipart(ranges)
            await self._start(send, 206)
        if body:
            await self._copy(send, parts, zero_copy=EXTENSION in scope.get("extensions", {}))
        await send({"type": "http.response.body", "body": end if body else b""})

    def _multipart(self, ranges: list[tuple[int, int]]) -> tuple[list[tuple[bytes, int, int]], bytes]:
        boundary = secrets.token_hex(16)
        kind = self.headers["content-type"]
        parts = []
        for number, (start, stop) in enumerate(ranges):
            before = "" if number == 0 else "\r\n"
            head = (
                f"{before}--{boundary}\r\nContent-Type: {kind}\r\n"
                f"Content-Range: bytes {start}-{stop - 1}/{self._size}\r\n\r\n"
            )
            parts.append((head.encode("latin-1"), start, stop))
        end = f"\r\n--{boundary}--\r\n".encode()
        length = sum(len(head) + stop - start for head, start, stop in parts) + len(end)
        self.headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
        self.headers["Content-Length"] = str(length)
        return parts, end

    async def _copy(self, send: Send, parts: Sequence[tuple[bytes, int, int]], *, zero_copy: bool) -> None:
        run = anyio.to_thread.run_sync
        step = _ZERO_COPY if zero_copy else CHUNK
        descriptor = await run(os.open, self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            for head, start, stop in parts:
                if head:
                    await send({"type": "http.response.body", "body": head, "more_body": True})
                for at in range(start, stop, step):
                    count = min(step, stop - at)
                    if zero_copy and _is_cached(descriptor, at, count):
                        part = {"type": EXTENSION, "file": descriptor, "offset": at, "count": count}
                        await send({**part, "more_body": True})
                        continue
                    for place in range(at, at + count, CHUNK):
                        chunk = await run(_read_whole, descriptor, place, min(CHUNK, at + count - place))
                        if not chunk:
                            raise DigestMismatchError(f"{self._path.name} became shorter while it was sent")
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            os.close(descriptor)

    async def _start(self, send: Send, status: int, leave_out: set[str] | None = None) -> None:
        headers = [
            (name, value) for name, value in self.raw_headers if name.decode() not in (leave_out or ())
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})


def _is_cached(descriptor: int, at: int, count: int) -> bool:
    """Whether a part of a file is in memory, by samples: then nobody has to wait for a disk."""
    if _NO_WAIT < 0:
        return False
    sample = bytearray(1)
    try:
        return all(
            os.preadv(descriptor, [sample], place, _NO_WAIT) == 1
            for place in (*range(at, at + count, CHUNK), at + count - 1)
        )
    except OSError:
        return False


def _read_whole(descriptor: int, at: int, count: int) -> bytes:
    """A part of a file; less of it only where the file ends before."""
    pieces = []
    while count and (piece := os.pread(descriptor, count, at)):
        pieces.append(piece)
        at, count = at + len(piece), count - len(piece)
    return b"".join(pieces)


def media_type(filename: str) -> str:
    """The media type by name; a compressed file is that, not what is in it."""
    if filename.endswith((".tgz", ".gz")):
        return "application/gzip"
    kind, encoding = mimetypes.guess_type(filename)
    return "application/octet-stream" if kind is None or encoding is not None else kind


def disposition(filename: str) -> str:
    """Value of Content-Disposition (RFC 6266)."""
    quoted = quote(filename, safe="")
    if quoted == filename:
        return f'attachment; filename="{filename}"'
    return f"attachment; filename*=UTF-8''{quoted}"

"""A loopback HTTP server over a folder that knows single byte ranges, as object stores do."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


@dataclass
class StaticServer:
    """A running server.

    Attributes:
        url: Its address without a slash at the end.
        folder: What it serves.
        requests: Method, path and Range header of every request so far.
    """

    url: str
    folder: Path
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)


@contextlib.contextmanager
def serve_folder(folder: Path) -> Iterator[StaticServer]:
    """Serve a folder on a free port of 127.0.0.1 as long as the block lasts."""
    requests: list[tuple[str, str, str | None]] = []
    connections: set[socket.socket] = set()

    class Handler(RangeRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def setup(self) -> None:
            super().setup()
            connections.add(self.connection)

        def finish(self) -> None:
            connections.discard(self.connection)
            super().finish()

        def send_head(self) -> BinaryIO | None:  # type: ignore[override]
            requests.append((self.command, self.path, self.headers.get("Range")))
            return super().send_head()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield StaticServer(f"http://127.0.0.1:{server.server_port}", folder, requests)
    finally:
        server.shutdown()
        server.server_close()
        for connection in tuple(connections):  # gone is gone, for clients that keep theirs open, too
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join()


class RangeRequestHandler(SimpleHTTPRequestHandler):
    """The standard library's file handler, and RFC 9110's single byte ranges."""

    protocol_version = "HTTP/1.1"
    remaining: int | None = None

    def send_head(self) -> BinaryIO | None:  # type: ignore[override]
        """Headers of a range, or what the standard library answers."""
        self.remaining = None
        path = Path(self.translate_path(self.path))
        wanted = RANGE.match(self.headers.get("Range", ""))
        if wanted is None or not path.is_file():
            return super().send_head()  # type: ignore[return-value]
        size = path.stat().st_size
        start, end = byte_range(wanted[1], wanted[2], size)
        if start >= end:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        source = path.open("rb")
        source.seek(start)
        self.remaining = end - start
        return source

    def end_headers(self) -> None:
        """Say that ranges are known."""
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:  # type: ignore[override]
        """Send the file, or the range of it that was asked for."""
        with contextlib.suppress(ConnectionError):
            if self.remaining is None:
                super().copyfile(source, outputfile)  # type: ignore[arg-type]
                return
            while self.remaining > 0 and (chunk := source.read(min(self.remaining, 1 << 20))):
                outputfile.write(chunk)
                self.remaining -= len(chunk)


def byte_range(first: str, last: str, size: int) -> tuple[int, int]:
    """0-based half-open range of ``bytes=first-last``; empty where it cannot be satisfied."""
    if first:
        return int(first), min(int(last) + 1, size) if last else size
    return max(size - int(last or 0), 0), size

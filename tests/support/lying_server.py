"""A loopback server of a folder of sequences that lies where a test wants it to."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes | None], None]


@contextmanager
def serving(store: Path, lies: dict[str, Answer]) -> Iterator[str]:
    """The store over HTTP; a path that contains a key of ``lies`` is answered by its function."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path = store / urlsplit(self.path).path.lstrip("/")
            content = path.read_bytes() if path.is_file() else None
            for part, answer in lies.items():
                if part in self.path:
                    answer(self, content)
                    return
            honest(self, content)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def honest(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    """The file as it is, or 404."""
    handler.send_response(200 if content is not None else 404)
    handler.send_header("Content-Length", str(len(content or b"")))
    handler.end_headers()
    handler.wfile.write(content or b"")


def says(body: bytes, kind: str = "application/octet-stream", status: int = 200) -> Answer:
    """Always this, whatever is asked for."""

    def answer(handler: http.server.BaseHTTPRequestHandler, _content: bytes | None) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


HTML = says(b"<html>login first</html>", "text/html; charset=utf-8")
QUIET_HTML = says(b"<html>login first</html>")


def reset(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    """Three bytes of more that are promised, then the connection breaks."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content or b"") + 1000))
    handler.end_headers()
    handler.wfile.write((content or b"")[:3])
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.connection.close()
    handler.close_connection = True


def shorter(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    """A byte less, with a length that fits."""
    honest(handler, (content or b"")[:-1])


def altered(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    """One byte is another."""
    changed = bytearray(content or b"")
    changed[len(changed) // 2] ^= 0x15
    honest(handler, bytes(changed))


def circle(handler: http.server.BaseHTTPRequestHandler, _content: bytes | None) -> None:
    """Redirects to itself."""
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def failing(status: int) -> Answer:
    """Nothing but this status."""
    return says(b"", status=status)


def flaky() -> Answer:
    """Fails once, then tells the truth."""
    asked: set[str] = set()

    def answer(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
        if handler.path in asked:
            honest(handler, content)
        else:
            asked.add(handler.path)
            reset(handler, content)

    return answer


LIES = {
    "html": HTML,
    "html without its type": QUIET_HTML,
    "reset": reset,
    "shorter": shorter,
    "altered": altered,
    "circle": circle,
    "error": failing(500),
    "empty": says(b""),
}

"""HTTP clients that cost little beside the server that is measured: plain sockets, kept open."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from urllib.parse import urlsplit

BUFFER = 1 << 20
TIMEOUT = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Connection:
    """One connection of HTTP/1.1 to a server, for one request after the other.

    Raises:
        RuntimeError: The answer is no 200 (206 where a range was asked for), or not whole: what
            was measured then is nothing.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._host = parts.netloc
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(BUFFER)

    def get(self, target: str, wanted: tuple[int, int] | None = None) -> int:
        """Read an answer to its end; the bytes of its body.

        Args:
            target: Path and query.
            wanted: A range of the body, 0-based and half-open.
        """
        ranged = "" if wanted is None else f"Range: bytes={wanted[0]}-{wanted[1] - 1}\r\n"
        self._socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {self._host}\r\n{ranged}\r\n".encode())
        head, received = self._head()
        if not head.startswith(b"HTTP/1.1 206" if wanted else b"HTTP/1.1 200"):
            raise RuntimeError(f"{target}: {head[:200]!r}")
        length = _LENGTH.search(head)
        if length is None:
            raise RuntimeError(f"{target}: no length is said")
        rest = int(length[1]) - received
        while rest > 0:
            count = self._socket.recv_into(self._buffer, min(rest, BUFFER))
            if not count:
                raise RuntimeError(f"{target}: {rest} bytes of the answer are missing")
            rest -= count
        return int(length[1])

    def _head(self) -> tuple[bytes, int]:
        """An answer's headers, and how many bytes of its body came with them."""
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            piece = self._socket.recv(16 << 10)
            if not piece:
                raise RuntimeError(f"the server ended the connection: {received[:200]!r}")
            received += piece
        return received[: end + 2], len(received) - end - 4

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


def download(url: str, wanted: tuple[int, int] | None = None) -> float:
    """Bytes per second of one download, from the connection to the last byte."""
    begin = time.perf_counter()
    with Connection(url) as connection:
        received = connection.get(urlsplit(url).path, wanted)
    return received / (time.perf_counter() - begin)


def answers_per_second(url: str, targets: Sequence[str], clients: int, seconds: float) -> float:
    """Answers that clients get who ask again as soon as they were answered, for a time.

    Args:
        url: The server.
        targets: Paths and queries; each client takes them in turn, each from another one on.
        clients: Connections at once.
        seconds: How long.
    """
    begin = time.perf_counter()

    def ask(client: int) -> int:
        answered = 0
        own = itertools.islice(itertools.cycle(targets), client * len(targets) // clients, None)
        with Connection(url) as connection:
            while time.perf_counter() - begin < seconds:
                connection.get(next(own))
                answered += 1
        return answered

    with ThreadPoolExecutor(clients) as pool:
        answered = sum(pool.map(ask, range(clients)))
    return answered / (time.perf_counter() - begin)


@contextlib.contextmanager
def asking(url: str, target: str) -> Iterator[Callable[[], int]]:
    """One more client that asks again and again while the block lasts; how often it was answered."""
    enough = threading.Event()
    answered = 0

    def ask() -> None:
        nonlocal answered
        with Connection(url) as connection:
            while not enough.is_set():
                connection.get(target)
                answered += 1

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ask)
        try:
            yield lambda: answered
        finally:
            enough.set()
        running.result()

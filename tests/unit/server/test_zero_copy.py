"""Files that the kernel sends: the same bytes, whatever clients do."""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from refgenie.server.downloads import Download, Downloads, DownloadWatch
from refgenie.server.files import FileAnswer
from refgenie.server.metrics import Metrics
from refgenie.server.middleware.exchange import ExchangeLog
from refgenie.server.middleware.last_resort import LastResort
from refgenie.server.zero_copy import ZeroCopyProtocol
from support.running_app import running

if TYPE_CHECKING:
    from refgenie.db.database import Database

CONTENT = bytes(range(251)) * 160_000  # no power of two: pieces differ
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file.bin"
    made.write_bytes(CONTENT)
    return made


@pytest.fixture(params=["asyncio", "uvloop"])
def port(request: pytest.FixtureRequest, path: Path) -> Iterator[int]:
    """Where the file is served, by each of the loops that uvicorn knows."""

    async def application(scope, receive, send):  # type: ignore[no-untyped-def]
        assert "http.response.zerocopysend" in scope["extensions"]
        await FileAnswer(path, len(CONTENT), DIGEST, path.name)(scope, receive, send)

    options = {
        "loop": request.param,
        "lifespan": "off",
        "log_level": "critical",
        "timeout_graceful_shutdown": 1,
    }
    with running(application, http=ZeroCopyProtocol, **options) as address:
        yield int(address.rpartition(":")[2])


def asked(connection: http.client.HTTPConnection, **headers: str) -> tuple[int, bytes]:
    connection.request("GET", "/", headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_whole_parts_and_many_parts_on_one_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(3):
        assert asked(connection) == (200, CONTENT)
        assert asked(connection, Range="bytes=17000001-39000000") == (206, CONTENT[17_000_001:39_000_001])
        status, body = asked(connection, Range="bytes=5-9,20000000-39000000")
        assert status == 206
        assert CONTENT[20_000_000:39_000_001] in body
    connection.request("HEAD", "/")
    assert connection.getresponse().read() == b""
    connection.close()


def test_a_client_that_asks_again_before_it_was_answered_gets_both(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        ask = b"GET / HTTP/1.1\r\nHost: here\r\n"
        connection.sendall(ask + b"\r\n" + ask + b"Range: bytes=1-3\r\nConnection: close\r\n\r\n")
        received = bytearray()
        while piece := connection.recv(1 << 20):
            received += piece
    whole = received.index(b"\r\n\r\n") + 4
    assert received[whole : whole + len(CONTENT)] == CONTENT
    assert received.endswith(b"\r\n\r\n" + CONTENT[1:4])


def test_clients_that_go_away_or_sleep_keep_nobody_waiting_and_nothing_open(port: int) -> None:
    ask = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as first:
        first.sendall(ask)
        first.recv(10)
        before = open_files()
    sleepers = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for sleeper in sleepers:
        sleeper.sendall(ask)
        sleeper.recv(10)
    assert asked(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) == (200, CONTENT)
    for sleeper in sleepers:
        sleeper.close()
    deadline = time.monotonic() + 20
    while open_files() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert open_files() <= before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("by_kernel", [True, False])
def test_nothing_is_read_or_counted_for_a_client_that_has_gone(
    path: Path, loop: str, by_kernel: bool, caplog: pytest.LogCaptureFixture
) -> None:
    downloads: list[Download] = []
    ended = threading.Semaphore(0)
    counts = Downloads(cast("Database", None))
    counts.handlers = {"noted": downloads.append}

    async def give(scope, receive, send):  # type: ignore[no-untyped-def]
        scope["state"]["download"] = Download("digest", path=path.name)
        offered = scope if by_kernel else {**scope, "extensions": {}}
        try:
            await FileAnswer(path, len(CONTENT), DIGEST, path.name)(offered, receive, send)
        finally:
            ended.release()

    application = ExchangeLog(LastResort(DownloadWatch(give, counts)), "line", Metrics())
    options: dict[str, Any] = {"loop": loop, "lifespan": "off", "log_level": "error"}
    with (
        caplog.at_level(logging.INFO, "refgenie"),
        running(application, http=ZeroCopyProtocol, **options) as address,
    ):
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            client.recv(10)
        assert ended.acquire(timeout=20)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        assert asked(connection) == (200, CONTENT)
        assert ended.acquire(timeout=20)
        connection.close()
    assert len(downloads) == 1
    sent = [int(record.getMessage().split(" 200 ")[1].split()[0]) for record in caplog.records]
    assert sent[0] < len(CONTENT) == sent[1]


def test_a_file_that_becomes_shorter_ends_the_connection(port: int, path: Path) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        received = len(connection.recv(10))
        os.truncate(path, 1000)
        while piece := _recv(connection):
            received += len(piece)
    assert received < len(CONTENT)


def _recv(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 20)
    except ConnectionResetError:
        return b""

"""The clients count whole and right answers alone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from benchmarks.clients import Connection, answers_per_second, asking, download
from support.static_server import StaticServer

CONTENT = bytes(range(256)) * 8000


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers each connection in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one(connection: socket.socket) -> None:
            with connection:
                answer(connection)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,)).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def answering(answer: bytes) -> AbstractContextManager[str]:
    """A server that gives each connection these bytes and ends it."""

    def once(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):  # were it closed with something unread, the client would see a reset
            pass

    return serving(once)


def test_the_body_is_read_to_its_end(static_server: StaticServer) -> None:
    (static_server.folder / "file").write_bytes(CONTENT)
    with Connection(static_server.url) as connection:
        assert connection.get("/file") == len(CONTENT)
    with Connection(static_server.url) as connection:
        assert connection.get("/file", (100, 350)) == 250
    assert download(f"{static_server.url}/file") > 0


def test_several_requests_share_a_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with answering(answer * 2) as url, Connection(url) as connection:
        assert connection.get("/") == 2
        with pytest.raises(RuntimeError, match="ended the connection"):
            connection.get("/")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "4 bytes of the answer are missing"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "500 Oh"),
        (b"HTTP/1.1 200 OK\r\n\r\nlength unknown", "no length"),
        (b"HTTP/1.1 200", "ended the connection"),
    ],
)
def test_a_bad_answer_makes_the_measurement_void(answer: bytes, fault: str) -> None:
    with answering(answer) as url, Connection(url) as connection, pytest.raises(RuntimeError, match=fault):
        connection.get("/")
    with answering(answer) as url, pytest.raises(RuntimeError, match=fault):
        answers_per_second(url, ["/"], clients=2, seconds=5)


def test_a_whole_file_is_no_range() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with answering(answer) as url, pytest.raises(RuntimeError, match="200 OK"):
        download(f"{url}/", (0, 1))


def slow_server(pause: float, asked: list[str]) -> AbstractContextManager[str]:
    """A server that keeps connections open and answers each request after a pause."""

    def slowly(connection: socket.socket) -> None:
        while request := connection.recv(4096):
            asked.append(request.split()[1].decode())
            time.sleep(pause)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    return serving(slowly)


def test_all_clients_are_answered_for_as_long_as_is_said() -> None:
    asked: list[str] = []
    with slow_server(0.05, asked) as url:
        rate = answers_per_second(url, ["/a", "/b"], clients=4, seconds=0.5)
    assert rate <= 4 / 0.05
    assert len(asked) >= 8
    assert {"/a", "/b"} == set(asked)


def test_one_client_asks_beside_the_others() -> None:
    asked: list[str] = []
    with slow_server(0.01, asked) as url, asking(url, "/big") as answered:
        deadline = time.monotonic() + 20
        while answered() < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert set(asked) == {"/big"}

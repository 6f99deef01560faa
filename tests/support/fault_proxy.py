"""A real HTTP server between a client and a refgenie server that does what bad networks and servers do."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Answer:
    """What the server behind answered; a fault may change it."""

    status: int
    headers: dict[str, str]
    body: bytes


Fault = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request, and what becomes of it."""

    handler: BaseHTTPRequestHandler
    answer: Answer
    number: int
    """How often this fault was met before."""

    @property
    def range(self) -> str | None:
        return self.handler.headers.get("Range")

    def send(self, *, body: bytes | None = None, headers: dict[str, str] | None = None) -> None:
        """Send the answer, perhaps changed; headers whose value is empty are left out."""
        answer = self.answer
        content = answer.body if body is None else body
        self.handler.send_response(answer.status)
        sent = {**answer.headers, "Content-Length": str(len(content)), **(headers or {})}
        for name, value in sent.items():
            if value:
                self.handler.send_header(name, value)
        self.handler.end_headers()
        with contextlib.suppress(ConnectionError):
            self.handler.wfile.write(content)

    def reset(self) -> None:
        """Break the connection with a TCP reset."""
        self.handler.wfile.flush()
        connection = self.handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.close_connection = True
        connection.close()


@dataclass
class FaultProxy:
    """A running proxy.

    Attributes:
        url: Its address.
        knows_ranges: Where it does not, every answer is the whole file.
        requests: Path and Range header of every request so far.
    """

    url: str
    knows_ranges: bool = True
    rules: list[tuple[re.Pattern[str], Fault, list[int]]] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    def fault(self, pattern: str, fault: Fault) -> None:
        """Do this to requests whose path matches."""
        self.rules.append((re.compile(pattern), fault, [0]))

    def paths(self, pattern: str) -> list[tuple[str, str | None]]:
        """The requests whose path matches."""
        return [entry for entry in self.requests if re.search(pattern, entry[0])]


@contextlib.contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """Forward to a server as long as the block lasts."""
    target = urlsplit(upstream).netloc
    proxy = FaultProxy("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            proxy.requests.append((self.path, self.headers.get("Range")))
            rule = next((rule for rule in proxy.rules if rule[0].search(self.path)), None)
            connection = http.client.HTTPConnection(target, timeout=20)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                if not proxy.knows_ranges:
                    headers.pop("Range", None)
                headers["Host"] = proxy.url.removeprefix("http://")
                connection.request("GET", self.path, headers=headers)
                response = connection.getresponse()
                kept = {
                    name: value
                    for name, value in response.getheaders()
                    if name.lower()
                    not in {"transfer-encoding", "connection", "date", "server", "content-length"}
                }
                answer = Answer(response.status, kept, response.read())
            finally:
                connection.close()
            exchange = Exchange(self, answer, rule[2][0] if rule else 0)
            if rule is None:
                exchange.send()
            else:
                rule[2][0] += 1
                with contextlib.suppress(ConnectionError, ValueError):
                    rule[1](exchange)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- faults ---------------------------------------------------------------------------------


def hang(exchange: Exchange) -> None:
    """Half of the body, then nothing."""
    body = exchange.answer.body
    exchange.handler.send_response(exchange.answer.status)
    for name, value in exchange.answer.headers.items():
        exchange.handler.send_header(name, value)
    exchange.handler.send_header("Content-Length", str(len(body)))
    exchange.handler.end_headers()
    exchange.handler.wfile.write(body[: len(body) // 2])
    exchange.handler.wfile.flush()
    time.sleep(4)  # longer than FAST waits
    exchange.reset()


def silence(exchange: Exchange) -> None:
    """No answer at all."""
    time.sleep(4)  # longer than FAST waits
    exchange.reset()


def reset_halfway(exchange: Exchange) -> None:
    """A reset in the middle of the body."""
    body = exchange.answer.body
    exchange.handler.send_response(exchange.answer.status)
    for name, value in exchange.answer.headers.items():
        exchange.handler.send_header(name, value)
    exchange.handler.send_header("Content-Length", str(len(body)))
    exchange.handler.end_headers()
    exchange.handler.wfile.write(body[: max(1, len(body) // 2)])
    exchange.handler.wfile.flush()
    time.sleep(0.05)
    exchange.reset()


def shorter(exchange: Exchange) -> None:
    """Less than promised, and a length that says so."""
    exchange.send(body=exchange.answer.body[:-10])


def longer(exchange: Exchange) -> None:
    """More than promised, without a length."""
    exchange.handler.close_connection = True
    exchange.send(
        body=exchange.answer.body + b"more" * 100, headers={"Content-Length": "", "Connection": "close"}
    )


def altered(exchange: Exchange) -> None:
    """One byte is another."""
    body = bytearray(exchange.answer.body)
    body[len(body) // 2] ^= 0xFF
    exchange.send(body=bytes(body))


def html(exchange: Exchange) -> None:
    """A web page with status 200."""
    exchange.answer.status = 200
    exchange.answer.headers = {"Content-Type": "text/html; charset=utf-8"}
    exchange.send(body=b"<!DOCTYPE html><html><body>Please log in</body></html>")


def cut_off(exchange: Exchange) -> None:
    """Half a JSON document, with a length that fits."""
    exchange.send(body=exchange.answer.body[: len(exchange.answer.body) // 2])


def circle(exchange: Exchange) -> None:
    """Redirects to itself."""
    exchange.answer = Answer(302, {"Location": exchange.handler.path}, b"")
    exchange.send()


def busy_twice(exchange: Exchange) -> None:
    """503 with Retry-After, twice."""
    if exchange.number < 2:
        exchange.answer = Answer(503, {"Retry-After": "0", "Content-Type": "application/json"}, b"{}")
    exchange.send()


def always_503(exchange: Exchange) -> None:
    """503 for ever."""
    exchange.answer = Answer(503, {"Content-Type": "application/json"}, b"{}")
    exchange.send()


def reset_then_503(exchange: Exchange) -> None:
    """A TCP reset half-way, then 503 for ever."""
    if exchange.number == 0:
        reset_halfway(exchange)
    else:
        always_503(exchange)


def wrong_range(exchange: Exchange) -> None:
    """Another range than was asked for."""
    if exchange.range is None:
        reset_halfway(exchange)
        return
    headers = {name: value for name, value in exchange.answer.headers.items() if name != "content-range"}
    total = len(exchange.answer.body) + 7
    exchange.answer.headers = headers
    exchange.send(headers={"Content-Range": f"bytes 7-{total - 1}/{total}"})


def forbidden(exchange: Exchange) -> None:
    """403, as a bucket answers that nobody may read."""
    exchange.answer = Answer(403, {"Content-Type": "application/xml"}, b"<Error>AccessDenied</Error>")
    exchange.send()


def first(count: int, fault: Fault) -> Fault:
    """The fault for the first requests, then none."""

    def limited(exchange: Exchange) -> None:
        if exchange.number < count:
            fault(exchange)
        else:
            exchange.send()

    return limited

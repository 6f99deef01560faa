"""Reading small files by HTTP: bounded in size and time, with the library's retries."""

from __future__ import annotations

import time
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from refgenie.errors import InvalidInputError, NetworkError, NotFoundError
from refgenie.recipes.documents import MAX_BYTES

CONNECT_TIMEOUT = 5.0
"""Seconds for a connection."""
READ_TIMEOUT = 10.0
"""Seconds without a byte."""
TOTAL_TIMEOUT = 30.0
"""Seconds for a file in all."""
MAX_REDIRECTS = 5
_RETRIES = 2


def open_client(address: str) -> httpx.Client:
    """A client for the host of an address; redirects are left to the caller."""
    try:
        parsed = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise InvalidInputError(f"{address} is no address: {error}") from error
    # A transport of one's own, which the retries need, takes no proxy from the environment.
    proxy = None if proxy_bypass(parsed.host) else getproxies().get(parsed.scheme)
    return httpx.Client(
        transport=httpx.HTTPTransport(retries=_RETRIES, proxy=proxy or None),
        timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
        headers={"User-Agent": "refgenie", "Accept": "*/*"},
        follow_redirects=False,
    )


def fetch(url: str) -> bytes:
    """The bytes that an address names; redirects to other addresses are followed.

    Raises:
        NotFoundError: There is nothing.
        NetworkError: The server cannot be reached, fails, is too slow, or sends too much.
    """
    for _ in range(MAX_REDIRECTS + 1):
        with open_client(url) as client:
            answer = get(client, url)
        if isinstance(answer, bytes):
            return answer
        url = answer.target
    raise NetworkError(f"{url} is redirected more than {MAX_REDIRECTS} times")


class Redirect:
    """An answer that sends to another address."""

    def __init__(self, target: str) -> None:
        self.target = target


def get(client: httpx.Client, url: str) -> bytes | Redirect:
    """One request: the bytes, or where it is redirected to.

    Raises:
        NotFoundError, NetworkError: As in ``fetch``.
    """
    deadline = time.monotonic() + TOTAL_TIMEOUT
    try:
        with client.stream("GET", url) as response:
            if response.is_redirect:
                return Redirect(_target(url, response.headers["location"]))
            _check_status(url, response.status_code)
            return _bounded(url, response, deadline)
    except httpx.TimeoutException as error:
        raise NetworkError(f"{url}: the server does not answer in time") from error
    except httpx.InvalidURL as error:
        raise InvalidInputError(f"{url} is no address: {error}") from error
    except httpx.HTTPError as error:
        raise NetworkError(f"{url} cannot be read: {error or type(error).__name__}") from error


def _target(url: str, location: str) -> str:
    target = urljoin(url, location)
    if urlsplit(target).scheme not in {"http", "https"}:
        raise NetworkError(f"{url} is redirected to {target}, which is not followed")
    return target


def _check_status(url: str, status: int) -> None:
    if status in {404, 410}:
        raise NotFoundError(f"{url} is not there (HTTP {status})")
    if status != 200:
        raise NetworkError(f"{url} cannot be read: HTTP {status}")


def _bounded(url: str, response: httpx.Response, deadline: float) -> bytes:
    received = bytearray()
    for chunk in response.iter_bytes():  # as they come: a slow drip is noticed in time
        received += chunk
        if len(received) > MAX_BYTES:
            raise NetworkError(f"{url} sends more than {MAX_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise NetworkError(f"{url} is too slow: not read in {TOTAL_TIMEOUT:.0f} seconds")
    return bytes(received)

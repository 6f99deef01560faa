"""HTTP as transfers need it: time-outs, retries, no endless redirects, and errors in refgenie's words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from refgenie.errors import (
    ConflictError,
    InvalidInputError,
    NetworkError,
    NotFoundError,
    NotPermittedError,
    RefgenieError,
    UsageError,
)

if TYPE_CHECKING:
    import httpx

_CONNECT = 5.0
_READ = 12.0
_MAX_DOCUMENT = 512 << 20
_MAX_SECONDS = 300.0
_MAX_REDIRECTS = 5
_STATUS_ERRORS: dict[int, type[RefgenieError]] = {
    400: UsageError,
    401: NotPermittedError,
    403: NotPermittedError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    422: InvalidInputError,
}


class UnreachableError(NetworkError):
    """Nobody answered, or what stands before the server said that it does not."""


class SilentError(UnreachableError):
    """Nobody answered, or not in time: to ask again takes as long again."""


_STATUS_ERRORS |= dict.fromkeys((502, 503, 504), UnreachableError)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a server is tried.

    A dead server (nobody answers the connection, or the request) costs less than 15 seconds; transient
    failures (connection refused or reset, 429, 502, 503, 504; ``Retry-After`` is followed) are
    tried again with exponential backoff.

    Attributes:
        connect: Seconds to wait for a connection.
        read: Seconds without a byte after which a server counts as dead.
        retries: How often a request is sent again.
        backoff: Seconds before the second retry; doubles.
        longest: Seconds that all pauses of one request may take together.
    """

    connect: float = _CONNECT
    read: float = _READ
    retries: int = 3
    backoff: float = 0.25
    longest: float = 60.0


@dataclass(frozen=True, slots=True)
class Document:
    """A body that was read whole, with the headers that go with it."""

    content: bytes
    content_type: str
    etag: str | None
    not_modified: bool
    url: str


class Http:
    """A pool of connections; safe to use from several threads.

    Args:
        patience: How long and how often a server is tried.
        credentials: User name and password; they go to the server that is asked, not to where it
            redirects to.
    """

    def __init__(self, patience: Patience | None = None, credentials: tuple[str, str] | None = None) -> None:
        import httpx
        from httpx_retries import Retry, RetryTransport

        from refgenie import __version__
        from refgenie.transfer.proxies import EnvironmentTransport

        patience = patience or Patience()
        retry = Retry(
            total=patience.retries,
            backoff_factor=patience.backoff,
            total_timeout=patience.longest,
            # A server that does not answer in time is dead, not busy: one wait for it is enough.
            retry_on_exceptions=[httpx.NetworkError, httpx.RemoteProtocolError],
        )
        self._client = httpx.Client(
            transport=RetryTransport(EnvironmentTransport(httpx.Limits(max_connections=64)), retry),
            auth=credentials,
            timeout=httpx.Timeout(patience.read, connect=patience.connect),
            follow_redirects=True,
            max_redirects=_MAX_REDIRECTS,
            # A compressed body would have other lengths and ranges than the file.
            headers={"User-Agent": f"refgenie/{__version__}"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, url: str, params: dict[str, str] | None = None, *, etag: str | None = None) -> Document:
        """Read a document of bounded size whole.

        Raises:
            NetworkError: Unreachable, too slow, too big, cut off, or an error of the server.
            RefgenieError: What the server's error says (404 is NotFoundError …).
        """
        headers = {"If-None-Match": etag} if etag else {}
        deadline = time.monotonic() + _MAX_SECONDS
        with translated(url), self._client.stream("GET", url, params=params, headers=headers) as response:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MAX_DOCUMENT:
                    raise NetworkError(f"{url} answers more than {_MAX_DOCUMENT >> 20} MB")
                if time.monotonic() > deadline:
                    raise NetworkError(f"{url} takes more than {_MAX_SECONDS:g} s for its answer")
            if response.status_code != 304:
                raise_for_status(response, bytes(content))
            return Document(
                bytes(content),
                response.headers.get("Content-Type", ""),
                response.headers.get("ETag"),
                response.status_code == 304,
                str(response.url),
            )

    @contextmanager
    def open(
        self, url: str, params: dict[str, str] | None, headers: dict[str, str]
    ) -> Iterator[httpx.Response]:
        """A response whose body is still to be read; errors of its reading are translated, too."""
        with (
            translated(url),
            self._client.stream(
                "GET", url, params=params, headers={"Accept-Encoding": "identity", **headers}
            ) as response,
        ):
            yield response


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Let no exception of the HTTP library out."""
    import httpx

    host = urlsplit(url).netloc or url
    try:
        yield
    except httpx.TimeoutException as error:
        raise SilentError(f"{host} does not answer in time") from error
    except httpx.TooManyRedirects as error:
        raise NetworkError(f"{host} redirects in a circle") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        raise InvalidInputError(f"{url!r} is no address of a server: {error}") from error
    except httpx.ConnectError as error:
        raise SilentError(f"cannot reach {host}: {error}") from error
    except httpx.TransportError as error:
        raise UnreachableError(f"{host} broke the connection off: {error}") from error
    except httpx.HTTPError as error:
        raise NetworkError(f"{host} broke the connection off: {error}") from error


def raise_for_status(response: httpx.Response, body: bytes) -> None:
    """Raise what an error's status means; the server's own message and hint are kept."""
    status = response.status_code
    if status < 400 and not 300 <= status < 400:
        return
    message, hint = _server_message(body)
    kind = _STATUS_ERRORS.get(status, NetworkError)
    if message is not None:
        raise kind(f"{response.url.scheme}://{response.url.netloc.decode()}: {message}", hint=hint)
    # What a server redirects to may be signed: whoever has the whole address has the file.
    query = None if response.history else response.url.query
    shown = response.url.copy_with(userinfo=b"", query=query)
    raise kind(f"{shown}: {status} {response.reason_phrase}", hint=hint)


def _server_message(body: bytes) -> tuple[str | None, str | None]:
    import json

    try:
        document = json.loads(body)
    except ValueError:
        return None, None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None, None
    message, hint = error.get("message"), error.get("hint")
    return (message if isinstance(message, str) else None), (hint if isinstance(hint, str) else None)

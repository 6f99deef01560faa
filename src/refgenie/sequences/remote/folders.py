"""Reading files below an address: HTTP by httpx, object stores by obstore, with time-outs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import IO, Any, Protocol, TypeVar
from weakref import finalize

from refgenie.core.addresses import OBJECT_STORE_CREDENTIALS, lacks_credentials, without_credentials
from refgenie.errors import NetworkError, NotFoundError, NotPermittedError

T = TypeVar("T")
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 10.0
_ATTEMPTS = 3
_SLOWEST = 1024
"""Bytes per second below which a download that lasts longer than READ_TIMEOUT is given up."""
_ABSENT = {403, 404, 410}
_PASSING = {429, 500, 502, 503, 504}


class WebPageError(NetworkError):
    """The server shows people a page where there is no file, or before they have logged in."""


class RemoteFolder(Protocol):
    """Files below an address."""

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        ...

    @property
    def shown(self) -> str:
        """The address as others may see it, without credentials."""
        ...

    def read(self, path: str) -> bytes:
        """Content of a small file.

        Raises:
            NotFoundError: There is no such file.
            NetworkError: The server cannot be reached, or answers something else.
        """
        ...

    def download(self, path: str, target: IO[bytes], advance: Callable[[int], None]) -> None:
        """Write the content of a file to ``target``; errors as of ``read``."""
        ...


def open_folder(url: str) -> RemoteFolder:
    """The folder behind an address: ``http(s)://``, or what obstore knows (``s3://``, ``gs://``…)."""
    if url.startswith(("http://", "https://")):
        return HttpFolder(url)
    if "://" not in url:
        raise NetworkError(f"{url!r} is no address", hint="give http://…, https://… or s3://…")
    return ObjectFolder(url)


def read_optional(folder: RemoteFolder, path: str) -> bytes | None:
    """Content of a file that need not be there; that the server fails is no word about it."""
    try:
        return folder.read(path)
    except (NotFoundError, WebPageError):
        return None


class HttpFolder:
    """Files and answers below an HTTP address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.shown = without_credentials(self.url)

    @cached_property
    def _client(self) -> Any:
        """Keeps connections, and what takes time to make; several threads may use it."""
        import httpx

        timeout = httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)
        client = httpx.Client(timeout=timeout, follow_redirects=True, max_redirects=5)
        finalize(self, client.close)
        return client

    def read(self, path: str, *, headers: dict[str, str] | None = None) -> bytes:
        """Content of a small file; see RemoteFolder."""
        return self._with_retries(path, lambda: b"".join(self._pieces(path, headers)))

    def download(
        self,
        path: str,
        target: IO[bytes],
        advance: Callable[[int], None],
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Write the content of a file to ``target``; see RemoteFolder."""

        def attempt() -> None:
            target.seek(0)
            target.truncate()
            for piece in self._pieces(path, headers):
                target.write(piece)
                advance(len(piece))

        self._with_retries(path, attempt)

    def _with_retries(self, path: str, attempt: Callable[[], T]) -> T:
        """Try again what fails quickly; a time-out is final, so that a dead server is told soon."""
        import httpx

        for number in range(_ATTEMPTS):
            last = number == _ATTEMPTS - 1
            try:
                return attempt()
            except httpx.TimeoutException as error:
                raise NetworkError(f"{self.shown}/{path}: no answer in time") from error
            except _PassingFailure as error:
                if last:
                    raise NetworkError(error.message) from error
            except (httpx.TransportError, httpx.StreamError) as error:
                if last:
                    raise NetworkError(f"{self.shown}/{path}: {error or type(error).__name__}") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NetworkError(f"{self.shown}/{path}: {error}") from error
            time.sleep(0.2 * (number + 1))
        raise AssertionError("unreachable")

    def _pieces(self, path: str, headers: dict[str, str] | None) -> Iterator[bytes]:
        began, received = time.monotonic(), 0
        with self._response(path, headers) as response:
            for piece in response.iter_bytes():  # as they arrive, so that a slow one is noticed
                received += len(piece)
                elapsed = time.monotonic() - began
                if elapsed > READ_TIMEOUT and received < elapsed * _SLOWEST:
                    raise NetworkError(f"{self.shown}/{path}: the server is too slow")
                yield piece

    @contextmanager
    def _response(self, path: str, headers: dict[str, str] | None) -> Iterator[Any]:
        import httpx

        below = f"/{path}" if path else ""
        shown = f"{self.shown}{below}"
        with self._client.stream("GET", f"{self.url}{below}", headers=headers) as response:
            if response.status_code in _ABSENT:
                raise NotFoundError(f"there is no {shown}")
            if response.status_code in _PASSING:
                raise _PassingFailure(f"{shown}: the server answered {response.status_code}")
            if response.status_code != httpx.codes.OK:
                raise NetworkError(f"{shown}: the server answered {response.status_code}")
            if response.headers.get("content-type", "").startswith("text/html"):
                raise WebPageError(f"{shown}: the server answered a web page")
            yield response


class _PassingFailure(Exception):  # noqa: N818 - never leaves this module
    """An answer that may be another one in a moment."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ObjectFolder:
    """Files below a prefix of an object store; credentials come from the environment."""

    def __init__(self, url: str) -> None:
        import obstore.store
        from obstore.exceptions import BaseError

        self.url = url.rstrip("/")
        self.shown = without_credentials(self.url)
        try:
            self._store = obstore.store.from_url(
                self.url,
                client_options={
                    # All of a file may take long; to wait for its next bytes may not.
                    "timeout": timedelta(days=1),
                    "read_timeout": timedelta(seconds=READ_TIMEOUT),
                    "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT),
                    "allow_http": True,
                },
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=READ_TIMEOUT)},
            )
        except (BaseError, ValueError) as error:
            raise NetworkError(f"{self.shown}: {error}") from error

    def read(self, path: str) -> bytes:
        """Content of a small file; see RemoteFolder."""
        import obstore

        with self._errors(path):
            return bytes(obstore.get(self._store, path).bytes())

    def download(self, path: str, target: IO[bytes], advance: Callable[[int], None]) -> None:
        """Write the content of a file to ``target``; see RemoteFolder."""
        import obstore

        with self._errors(path):
            for piece in obstore.get(self._store, path).stream(min_chunk_size=1 << 20):
                target.write(piece)
                advance(len(piece))

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no {self.shown}/{path}") from error
        except BaseError as error:
            if lacks_credentials(error):
                raise NotPermittedError(
                    f"{self.shown}: there are no credentials for it", hint=OBJECT_STORE_CREDENTIALS
                ) from error
            text = str(error).split("\n", 1)[0]
            raise NetworkError(f"{self.shown}/{path}: {text}") from error

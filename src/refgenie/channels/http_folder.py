"""A folder of definitions behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpx

from refgenie.channels.fetch import MAX_REDIRECTS, Redirect, get, open_client
from refgenie.errors import NetworkError, RefgenieError

_PARALLEL = 8


class HttpFolder:
    """The folder in which an index lies on a server; nothing beside or above it is asked for.

    Args:
        client: What the requests are made with.
        index_address: Address of the index.
    """

    def __init__(self, client: httpx.Client, index_address: str) -> None:
        self._client = client
        self._index = index_address
        self._base = urljoin(index_address, ".")

    @classmethod
    @contextmanager
    def open(cls, index_address: str) -> Iterator[HttpFolder]:
        """The folder of an index, as long as the block lasts."""
        with open_client(index_address) as client:
            yield cls(client, index_address)

    def read_index(self) -> bytes:
        """The index's bytes."""
        return self._get(self._index)

    def read(self, paths: Sequence[str]) -> list[bytes | RefgenieError]:
        """The files at relative paths, several at a time, or why one cannot be read."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(self._try, paths))

    def origin_of(self, path: str) -> str:
        """Address of the file at a relative path."""
        return self._base + quote(path)

    def relative(self, origin: str) -> str | None:
        """The path below the folder that an address names; None where it is outside."""
        if not self._is_inside(origin):
            return None
        return unquote(urlsplit(origin).path.removeprefix(urlsplit(self._base).path))

    def _try(self, path: str) -> bytes | RefgenieError:
        try:
            return self._get(self.origin_of(path))
        except RefgenieError as error:
            return error

    def _get(self, url: str) -> bytes:
        asked = url
        for _ in range(MAX_REDIRECTS + 1):
            answer = get(self._client, url)
            if not isinstance(answer, Redirect):
                return answer
            url = answer.target
            if not self._is_inside(url) and not self._is_aggregated(asked, url):
                raise NetworkError(
                    f"{asked} is redirected to {url}, outside of the channel's folder",
                    hint="if that is where the channel lies now, add it with that address",
                )
        raise NetworkError(f"{asked} is redirected more than {MAX_REDIRECTS} times")

    def _is_aggregated(self, asked: str, url: str) -> bool:
        """Whether a server that shows several channels as one sends to the channel's own file.

        It names a file ``<channel>__<path>`` (formats.md, Data channel) and redirects to that path
        in the channel's folder, on whatever host.
        """
        _channel, separator, path = (self.relative(asked) or "").partition("__")
        target = urlsplit(url)
        return (
            bool(separator and path)
            and target.scheme in {"http", "https"}
            and target.username is None
            and unquote(target.path).endswith(f"/{path}")
            and ".." not in path.split("/")
        )

    def _is_inside(self, url: str) -> bool:
        try:
            base, other = httpx.URL(self._base), httpx.URL(url)
        except httpx.InvalidURL:
            return False
        same = (base.scheme, base.host, base.port) == (other.scheme, other.host, other.port)
        path = unquote(other.path)
        return (
            same
            and not other.userinfo
            and path.startswith(unquote(base.path))
            and ".." not in path.replace("\\", "/").split("/")
        )

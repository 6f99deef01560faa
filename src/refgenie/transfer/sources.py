"""Where the bytes of one file come from: a server over HTTP, or somebody's own client."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from refgenie.core.digests import CHUNK
from refgenie.errors import DigestMismatchError, NetworkError
from refgenie.transfer.clients import HttpServerClient, ServerClient

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file by its SHA-256 (hex) and bytes, and what to call it."""

    sha256: str
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a file from ``start`` on; ``validator`` says which version of it they are of."""

    start: int
    chunks: Iterator[bytes]
    validator: str | None = None


class Source(Protocol):
    """One place that has the file."""

    @property
    def name(self) -> str:
        """Address, for messages."""
        ...

    def open(self, wanted: Wanted, offset: int, validator: str | None) -> Any:
        """A context manager that gives a Body which starts at ``offset``, or at 0 where it cannot.

        Args:
            wanted: The file.
            offset: Bytes that are here already.
            validator: Entity tag under which they came from here, or None.
        """
        ...


@dataclass(frozen=True)
class HttpSource:
    """A file of a refgenie server, or of the remote that it redirects to."""

    client: HttpServerClient
    operation_id: str
    url_format_params: dict[str, str]
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See Source."""
        return f"{self.client.server_url} itself" if "direct" in self.params else self.client.server_url

    @contextmanager
    def open(self, wanted: Wanted, offset: int, validator: str | None) -> Iterator[Body]:
        """See Source.

        Raises:
            DigestMismatchError: What is offered has another digest or length than the wanted file.
            NetworkError: The server cannot be used.
        """
        headers: dict[str, str] = {}
        if offset:
            # A refgenie server's entity tag is the SHA-256; another store's was kept when it was seen.
            headers = {"Range": f"bytes={offset}-", "If-Range": validator or f'"{wanted.sha256}"'}
        with self.client.stream(
            self.operation_id, params=self.params, url_format_params=self.url_format_params, headers=headers
        ) as response:
            start = 0
            if response.status_code == 206:
                start = _check_range(response.headers.get("Content-Range", ""), wanted, offset, self.name)
            _check_length(response.headers.get("Content-Length"), wanted.size - start, wanted, self.name)
            tag = response.headers.get("ETag")
            strong = tag if tag and not tag.startswith("W/") else None
            yield Body(start, response.iter_raw(), strong)


@dataclass(frozen=True)
class ClientSource:
    """A file through a client of somebody's own; it downloads whole files."""

    client: ServerClient
    operation_id: str
    url_format_params: dict[str, str]
    folder: Path
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See Source."""
        return self.client.server_url

    @contextmanager
    def open(self, wanted: Wanted, offset: int, validator: str | None) -> Iterator[Body]:  # noqa: ARG002
        """See Source."""
        target = self.folder / f"{secrets.token_hex(8)}.download"
        try:
            downloaded = self._download(wanted, target)
            if downloaded.stat().st_size != wanted.size:
                raise DigestMismatchError(
                    f"{self.name} sends {downloaded.stat().st_size} bytes of {wanted.name}, "
                    f"its manifest says {wanted.size}"
                )
            with downloaded.open("rb") as handle:
                handle.seek(offset)
                yield Body(offset, iter(lambda: handle.read(CHUNK), b""))
        finally:
            target.unlink(missing_ok=True)

    def _download(self, wanted: Wanted, target: Path) -> Path:
        path = self.url_format_params.get("path")
        download_file = getattr(self.client, "download_file", None)
        if path is not None and download_file is not None:
            return Path(download_file(self.url_format_params["digest"], path, target))
        return Path(
            self.client.download_with_progress(
                self.operation_id, target, self.params, self.url_format_params, wanted.name
            )
        )


def make_source(
    client: ServerClient, operation_id: str, path: dict[str, str], params: dict[str, Any], folder: Path
) -> Source:
    """The source that fits the client."""
    if isinstance(client, HttpServerClient):
        return HttpSource(client, operation_id, path, params)
    return ClientSource(client, operation_id, path, folder, params)


def _check_range(header: str, wanted: Wanted, offset: int, server: str) -> int:
    match = _CONTENT_RANGE.match(header)
    if match is None or int(match[1]) != offset or int(match[2]) != wanted.size - 1:
        raise NetworkError(f"{server} answers another range of {wanted.name} than was asked for: {header!r}")
    if match[3] not in {"*", str(wanted.size)}:
        raise DigestMismatchError(f"{server} has {match[3]} bytes of {wanted.name}, not {wanted.size}")
    return offset


def _check_length(header: str | None, expected: int, wanted: Wanted, server: str) -> None:
    if header is not None and header != str(expected):
        raise DigestMismatchError(
            f"{server} would send {header} bytes of {wanted.name}, its manifest says {expected}"
        )

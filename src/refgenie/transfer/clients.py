"""Clients of refgenie servers: the protocol that anyone can implement, and ours over HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import quote, unquote, urljoin, urlsplit

from refgenie.core.addresses import without_credentials
from refgenie.core.progress import NoProgress, Progress
from refgenie.errors import InvalidInputError, NetworkError, RefgenieError
from refgenie.transfer.http import Document, Http, Patience, SilentError, raise_for_status

if TYPE_CHECKING:
    import httpx

_FRESH = 300.0
"""Seconds for which a server's OpenAPI document is used without asking again."""
_SILENT = 30.0
"""Seconds for which a server that did not answer is asked after the others."""
_MEMBERS = ("server_url", "get", "download_with_progress")


@runtime_checkable
class ServerClient(Protocol):
    """What refgenie needs to talk to a server; routes are named by operation id."""

    @property
    def server_url(self) -> str:
        """Address of the server."""
        ...

    def get(
        self,
        operation_id: str,
        params: dict[str, Any] | None = None,
        url_format_params: dict[str, str] | None = None,
    ) -> dict[str, Any] | str:
        """Send a GET request to the specified operation.

        Args:
            operation_id: ``operationId`` of the route in the server's OpenAPI document.
            params: Query parameters.
            url_format_params: Values of the route's path parameters.

        Returns:
            The JSON document, or the text of any other answer.
        """
        ...

    def download_with_progress(
        self,
        operation_id: str,
        output_path: Path,
        params: dict[str, Any] | None = None,
        url_format_params: dict[str, str] | None = None,
        name: str | None = None,
    ) -> Path:
        """Download what an operation answers into a file and show how far it is.

        Returns:
            The path of the file.
        """
        ...


def missing_member(client: object) -> str | None:
    """The first member of ServerClient that an object lacks, or None."""
    return next((member for member in _MEMBERS if not hasattr(client, member)), None)


def check_clients(clients: Mapping[str, object]) -> None:
    """Refuse clients that do not implement the protocol.

    Raises:
        ValueError: One lacks a member, which is named.
    """
    for url, client in clients.items():
        lacking = missing_member(client)
        if lacking is not None:
            raise ValueError(
                f"the client of {url} ({type(client).__name__}) is no ServerClient: it lacks {lacking!r}"
            )


def normalized_url(url: str) -> str:
    """The address of a server without a slash at its end.

    Raises:
        InvalidInputError: It is no http or https address, or has a query.
    """
    text = url.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        usable = usable and not parts.query and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInputError(
            f"{without_credentials(url)!r} is no address of a server",
            hint="write http://host[:port] or https://host",
        )
    return text


class HttpServerClient:
    """A refgenie server over HTTP.

    Routes are found by operation id in the server's ``/openapi.json``, which is kept and asked for
    again by a conditional request. Safe to use from several threads.

    Attributes:
        address: Address of the server with the user name and password that it may have; not to be shown.
    """

    def __init__(
        self, server_url: str, *, progress: Progress | None = None, patience: Patience | None = None
    ) -> None:
        self.address = normalized_url(server_url)
        self._server_url = without_credentials(self.address)
        self._progress = progress or NoProgress()
        self._patience = patience
        self._http: Http | None = None
        self._lock = threading.Lock()
        self._operations: dict[str, str] = {}
        self._etag: str | None = None
        self._asked_at = float("-inf")
        self._silent_until = float("-inf")

    @property
    def server_url(self) -> str:
        """Address of the server, without credentials and without a slash at its end."""
        return self._server_url

    @property
    def operations(self) -> Mapping[str, str]:
        """Operation id to path template, of the GET operations.

        Raises:
            NetworkError: The server cannot be reached, or is no refgenie server.
        """
        with self._lock:
            if time.monotonic() - self._asked_at > _FRESH:
                self._read_operations()
            return self._operations

    @property
    def is_silent(self) -> bool:
        """Whether it did not answer a moment ago."""
        return time.monotonic() < self._silent_until

    def ask_again(self) -> None:
        """Ask for the OpenAPI document the next time that it is needed."""
        with self._lock:
            self._asked_at = float("-inf")

    def get(
        self,
        operation_id: str,
        params: dict[str, Any] | None = None,
        url_format_params: dict[str, str] | None = None,
    ) -> dict[str, Any] | Any:
        """See ServerClient.

        Raises:
            NetworkError: The server cannot be reached or answers something else than it should.
            NotFoundError: It does not have what was asked for.
        """
        url = self.url_of(operation_id, url_format_params)
        answer = self._ask(url, _query(params))
        if "json" in answer.content_type:
            return parse_json(answer.content, url)
        if "html" in answer.content_type:
            raise _html(url)
        return answer.content.decode("utf-8", errors="replace")

    def download_with_progress(
        self,
        operation_id: str,
        output_path: Path,
        params: dict[str, Any] | None = None,
        url_format_params: dict[str, str] | None = None,
        name: str | None = None,
    ) -> Path:
        """See ServerClient; the file appears under its name when it is whole."""
        partial = output_path.with_name(f".{output_path.name}.partial")
        try:
            with self.stream(operation_id, params=params, url_format_params=url_format_params) as response:
                length = response.headers.get("Content-Length")
                total = int(length) if length and length.isdigit() else None
                with (
                    self._progress.task(name or output_path.name, total) as advance,
                    partial.open("wb") as handle,
                ):
                    for chunk in response.iter_raw():
                        handle.write(chunk)
                        advance(len(chunk))
            partial.replace(output_path)
        finally:
            partial.unlink(missing_ok=True)
        return output_path

    def download_file(self, asset_digest: str, file_path: str, output_path: Path) -> Path:
        """Download one file of an asset that is served in file mode."""
        return self.download_with_progress(
            "v4_asset_file",
            output_path,
            url_format_params={"digest": asset_digest, "path": file_path},
            name=file_path,
        )

    @contextmanager
    def stream(
        self,
        operation_id: str,
        *,
        params: dict[str, Any] | None = None,
        url_format_params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """The answer of an operation (200 or 206) whose body is still to be read."""
        url = self.url_of(operation_id, url_format_params)
        with self._pool().open(url, _query(params), headers or {}) as response:
            if response.status_code not in {200, 206}:
                raise_for_status(response, response.read())
                raise NetworkError(f"{url} answers {response.status_code}")
            if "text/html" in response.headers.get("Content-Type", ""):
                raise _html(url)
            yield response

    def url_of(self, operation_id: str, url_format_params: Mapping[str, str] | None = None) -> str:
        """The address of an operation.

        Raises:
            NetworkError: The server does not have this operation.
        """
        template = self.operations.get(operation_id)
        if template is None:
            raise NetworkError(
                f"{self._server_url} has no operation {operation_id}",
                hint="the server may run an older version of refgenie",
            )
        path = template
        for key, value in (url_format_params or {}).items():
            safe = "/" if key == "path" else ""
            path = path.replace(f"{{{key}}}", quote(str(value), safe=safe))
        if "{" in path:
            raise NetworkError(f"{self._server_url}: {operation_id} needs more than was given: {path}")
        return f"{self._server_url}{path}"

    def answers(self, path: str) -> bool:
        """Whether the server has data, not a web page, under a path; for telling servers apart."""
        try:
            answer = self._pool().get(f"{self._server_url}{path}")
        except RefgenieError:
            return False
        return "json" in answer.content_type

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def _pool(self) -> Http:
        if self._http is None:
            parts = urlsplit(self.address)
            named = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
            self._http = Http(self._patience, named)
        return self._http

    def _ask(self, url: str, params: dict[str, str] | None = None, *, etag: str | None = None) -> Document:
        try:
            return self._pool().get(url, params, etag=etag)
        except SilentError:
            self._silent_until = time.monotonic() + _SILENT
            raise

    def _read_operations(self) -> None:
        url = urljoin(f"{self._server_url}/", "openapi.json")
        answer = self._ask(url, etag=self._etag)
        if not answer.not_modified:
            self._operations = read_operations(parse_json(answer.content, url))
            self._etag = answer.etag
        self._asked_at = time.monotonic()


def silent_last(clients: Sequence[ServerClient]) -> list[ServerClient]:
    """The clients in their order, but those last that were silent a moment ago.

    Many assets must not wait for a dead server each by itself.
    """
    return sorted(clients, key=lambda client: isinstance(client, HttpServerClient) and client.is_silent)


def read_operations(document: Any) -> dict[str, str]:
    """Operation id to path template of an OpenAPI document's GET operations; empty for any other document."""
    paths = document.get("paths") if isinstance(document, dict) else None
    found: dict[str, str] = {}
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        operation = item.get("get") if isinstance(item, dict) else None
        identifier = operation.get("operationId") if isinstance(operation, dict) else None
        if isinstance(identifier, str) and path.startswith("/"):
            found[identifier] = path
    return found


def parse_json(content: bytes, url: str) -> Any:
    """The JSON document of an answer.

    Raises:
        NetworkError: It is HTML, cut off, or no JSON otherwise.
    """
    try:
        return json.loads(content)
    except ValueError as error:
        if content.lstrip()[:1] == b"<":
            raise _html(url) from error
        raise NetworkError(f"{url} answers no valid JSON: {error}") from error


def _html(url: str) -> NetworkError:
    return NetworkError(
        f"{url} answers a web page, not data",
        hint="a proxy or login page may stand between, or it is no refgenie server",
    )


def _query(params: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Query parameters as text; those that are None are left out."""
    if params is None:
        return None
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in params.items()
        if value is not None
    }

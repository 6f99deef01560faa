"""Object stores (S3 and its like, Google, Azure) as far as uploads need them.

Credentials, endpoint and region come from the environment (``AWS_…``, ``GOOGLE_…``, ``AZURE_…``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from refgenie.core.addresses import OBJECT_STORE_CREDENTIALS, lacks_credentials
from refgenie.core.progress import Advance
from refgenie.errors import InvalidInputError, NetworkError, NotFoundError, NotPermittedError, RefgenieError
from refgenie.transfer.sources import Wanted

CHECKSUM = "refgenie-sha256"
"""Name under which an object's metadata has its SHA-256 (hex)."""
_PART = 8 << 20
_PARTS_AT_ONCE = 12
_REQUEST = re.compile(r"Error performing [A-Z]+ https?://(?P<host>[^/\s]+)\S* .*? - (?P<why>.+)")
"""How the library words a request that failed."""


class ObjectStore:
    """One prefix of an object store.

    Raises:
        InvalidInputError: The prefix is none of an object store.
    """

    def __init__(self, prefix: str) -> None:
        from obstore.store import from_url

        self.prefix = prefix.rstrip("/")
        with _translated(self.prefix):
            self._store: Any = from_url(
                self.prefix,
                client_options={"allow_http": _endpoint_is_plain(), "connect_timeout": "5 seconds"},
                retry_config={
                    "max_retries": 4,
                    "backoff": {
                        "init_backoff": timedelta(milliseconds=100),
                        "max_backoff": timedelta(seconds=5),
                    },
                    "retry_timeout": timedelta(seconds=60),
                },
            )

    def has(self, key: str, wanted: Wanted) -> bool:
        """Whether the object is there with the right size and checksum.

        An object without our checksum (somebody else wrote it) counts as not there.
        """
        import obstore

        with _translated(f"{self.prefix}/{key}"):
            try:
                found = obstore.get(self._store, key, options={"head": True})
            except FileNotFoundError:
                return False
            size: int = found.meta["size"]
            attributes: dict[str, str] = dict(found.attributes)
        return size == wanted.size and attributes.get(CHECKSUM) == wanted.sha256

    def put(self, key: str, path: Path, wanted: Wanted, advance: Advance | None = None) -> None:
        """Upload a file: in parts, several at a time, whole or not at all.

        Args:
            key: Name of the object, relative to the prefix.
            path: The file.
            wanted: Its size and SHA-256; kept with the object.
            advance: Told the bytes that were read; None is faster.

        Raises:
            NetworkError, NotPermittedError, NotFoundError: The store cannot be written.
        """
        import obstore

        with _translated(f"{self.prefix}/{key}"):
            attributes = {"Content-Type": _media_type(key), CHECKSUM: wanted.sha256}
            if advance is None:
                self._put(obstore, key, path, attributes)
                return
            with path.open("rb") as handle:
                self._put(obstore, key, _Watched(handle, advance), attributes)

    def _put(self, obstore: Any, key: str, source: object, attributes: dict[str, str]) -> None:
        obstore.put(
            self._store,
            key,
            source,
            attributes=attributes,
            chunk_size=_PART,
            max_concurrency=_PARTS_AT_ONCE,
        )


class _Watched:
    """A file whose reading is told."""

    def __init__(self, handle: IO[bytes], advance: Advance) -> None:
        self._handle = handle
        self._advance = advance
        self.seek, self.tell = handle.seek, handle.tell

    def read(self, count: int = -1) -> bytes:
        data = self._handle.read(count)
        self._advance(len(data))
        return data


def _endpoint_is_plain() -> bool:
    """Whether the environment names an endpoint without TLS, as a site's own store may have."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")
    return any(os.environ.get(name, "").startswith("http://") for name in names)


def _media_type(key: str) -> str:
    return "application/gzip" if key.endswith((".tgz", ".gz")) else "application/octet-stream"


@contextmanager
def _translated(address: str) -> Iterator[None]:
    """Let no exception of the library out; what it says about credentials is not repeated."""
    from obstore import exceptions

    try:
        yield
    except RefgenieError:
        raise
    except exceptions.UnauthenticatedError as error:
        raise NotPermittedError(
            f"{address}: the store does not know who asks",
            hint=OBJECT_STORE_CREDENTIALS,
        ) from error
    except (exceptions.PermissionDeniedError, PermissionError) as error:
        raise NotPermittedError(f"{address}: the store does not permit this") from error
    except (exceptions.NotFoundError, FileNotFoundError) as error:
        raise NotFoundError(f"{address}: there is no such bucket or object") from error
    except (exceptions.UnknownConfigurationKeyError, ValueError) as error:
        raise InvalidInputError(f"{address}: {_first_line(error)}") from error
    except (exceptions.BaseError, OSError) as error:
        if lacks_credentials(error):
            raise NotPermittedError(
                f"{address}: there are no credentials for it", hint=OBJECT_STORE_CREDENTIALS
            ) from error
        raise NetworkError(f"{address}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """What the library says, but for the address, which is told, and how often it tried."""
    text = str(error).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    request = _REQUEST.search(line)
    return (f"{request['host']}: {request['why']}" if request else line)[:300]

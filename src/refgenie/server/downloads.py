"""Download counts: kept in memory, written at intervals and when the server ends.

A route says what it gives away (`announce`); when the answer has been sent, the middleware tells
every handler of a plain registry, name to function. A third party adds a handler to the registry, or
by an entry point of the group ``refgenie.download_handlers``: a function that takes a `Download`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from threading import Lock
from typing import Literal

from fastapi import Request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refgenie.db.database import Database
from refgenie.db.transfer_models import DownloadCount
from refgenie.errors import RefgenieError

LOGGER = logging.getLogger("refgenie.server")

ENTRY_POINTS = "refgenie.download_handlers"
Kind = Literal["archive", "asset"]


@dataclass(frozen=True, slots=True)
class Download:
    """Something that was given to a client.

    Attributes:
        asset_digest: The asset.
        archive_digest: Its archive's SHA-256 where that was downloaded, else None (a file was).
        path: The file's path in the asset, None for an archive.
    """

    asset_digest: str
    archive_digest: str | None = None
    path: str | None = None

    @property
    def counted(self) -> tuple[tuple[Kind, str], ...]:
        """What it adds one to, as the registry names it."""
        asset: tuple[Kind, str] = ("asset", self.asset_digest)
        return (asset,) if self.archive_digest is None else (asset, ("archive", self.archive_digest))


Handler = Callable[[Download], None]


def announce(request: Request, download: Download) -> None:
    """Say what the answer to this request gives away."""
    request.scope["state"]["download"] = download


class Downloads:
    """The handlers, and the counts that are not written yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: Counter[tuple[Kind, str]] = Counter()
        self._lock = Lock()
        self.handlers: dict[str, Handler] = {"count": self.count}
        for found in entry_points(group=ENTRY_POINTS):
            self.handlers[found.name] = found.load()

    def happened(self, download: Download) -> None:
        """Tell all handlers; one that fails does not keep the others from it."""
        for name, handler in self.handlers.items():
            try:
                handler(download)
            except Exception:
                LOGGER.exception("download handler %s failed", name)

    def count(self, download: Download) -> None:
        """Count it in memory."""
        with self._lock:
            self._counts.update(download.counted)

    def dump(self) -> None:
        """Add what was counted to the registry; what cannot be written now is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            self._database.write(lambda session: _add(session, counts))
        except RefgenieError as error:
            LOGGER.warning("download counts are kept in memory: %s", error.message)
            with self._lock:
                self._counts.update(counts)

    async def dump_always(self, interval: float) -> None:
        """Dump at every interval (seconds), until cancelled."""
        while True:
            await asyncio.sleep(max(interval, 0.05))
            await asyncio.to_thread(self.dump)


def _add(session: Session, counts: Counter[tuple[Kind, str]]) -> None:
    dialect = sqlite if session.connection().dialect.name == "sqlite" else postgresql
    # In one order, so that two servers do not wait for each other's rows.
    for (kind, digest), number in sorted(counts.items()):
        row = dialect.insert(DownloadCount).values(kind=kind, digest=digest, count=number)
        session.execute(
            row.on_conflict_do_update(
                index_elements=["kind", "digest"], set_={"count": DownloadCount.count + number}
            )
        )


class DownloadWatch:
    """Tells the handlers of an announced download when its answer has been sent whole.

    A request for the rest of a file is no second download, and neither are a HEAD and a 304.
    """

    def __init__(self, app: ASGIApp, downloads: Downloads) -> None:
        self._app = app
        self._downloads = downloads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        status = 0
        from_start = True

        async def noting(message: Message) -> None:
            nonlocal status, from_start
            if message["type"] == "http.response.start":
                status = message["status"]
                from_start = _begins(status, dict(message.get("headers", ())), dict(scope["headers"]))
            await send(message)

        await self._app(scope, receive, noting)
        download = scope["state"].get("download")
        if download is not None and status in {200, 206, 307} and from_start:
            self._downloads.happened(download)


def _begins(status: int, answered: dict[bytes, bytes], asked: dict[bytes, bytes]) -> bool:
    """Whether an answer begins with the first byte; nginx and a remote look at the range themselves."""
    if status == 307 or b"x-accel-redirect" in answered:
        return asked.get(b"range", b"bytes=0-").startswith(b"bytes=0-")
    return answered.get(b"content-range", b"bytes 0-").startswith(b"bytes 0-")

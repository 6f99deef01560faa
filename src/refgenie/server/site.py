"""What all routes share: the registry that is served, the settings, and what is kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast

from fastapi import Depends, Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.seek import alias_stamp
from refgenie.db.database import Database
from refgenie.errors import NetworkError, NotPermittedError
from refgenie.sequences.model import StoreMode
from refgenie.sequences.serving.database_backend import UnitedBackend, open_agent
from refgenie.sequences.serving.single import SingleSequences, StoreOnDisk
from refgenie.sequences.serving.store_backend import StoreBackend
from refgenie.server.answers import JSON, encode
from refgenie.server.catalog.listing import COUNTS
from refgenie.server.data_channels import AggregatedChannels
from refgenie.server.failure import UnavailableError
from refgenie.server.kept_collections import KeptCollections
from refgenie.server.registry_stamp import KeptAnswers, KeptTotals, begin_reading, registry_stamp
from refgenie.server.settings import ServerSettings
from refgenie.server.staged import StagedFiles

if TYPE_CHECKING:
    from refgenie.server.downloads import Downloads


class AliasCopy(Protocol):
    """The part of the alias service that a server needs."""

    def sync_copy(self) -> None:
        """Bring the registry's copy of the store's aliases in line with the store."""


class Served(Protocol):
    """What the server needs of a `Refgenie`."""

    @property
    def database(self) -> Database:
        """The registry."""
        ...

    @property
    def folders(self) -> Folders:
        """Where assets and archives lie."""
        ...

    @property
    def locks(self) -> Locks:
        """One writer at a time."""
        ...

    @property
    def mode(self) -> StoreMode:
        """The sequences behind the registry."""
        ...

    @property
    def alias(self) -> AliasCopy:
        """Names of genomes."""
        ...


class Site:
    """One running server."""

    def __init__(
        self, served: Served, settings: ServerSettings, downloads: Downloads, channels: AggregatedChannels
    ) -> None:
        self.database = served.database
        self.folders = served.folders
        self.mode = cast("StoreOnDisk", served.mode)
        self.settings = settings
        self.downloads = downloads
        self.channels = channels
        self._alias = served.alias
        self._alias_stamp: str | None = None
        self._answers = KeptAnswers()
        self.files = StagedFiles(served.folders, settings.x_accel)
        self.agent = None
        if not self.database.is_sqlite:
            self.agent = open_agent(self.database.engine, served.locks)
        self.backend = StoreBackend(self.mode) if self.agent is None else UnitedBackend(self.mode, self.agent)
        self.collections = KeptCollections(self.backend.get_collection, self.backend.contains)
        self.sequences = SingleSequences(self.mode)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session in which all statements see one state of the registry.

        Raises:
            UnavailableError: The database does not answer.
        """
        try:
            with self.database.read() as session:
                begin_reading(session)
                yield session
        except NetworkError as error:
            if isinstance(error.__cause__, DBAPIError):
                raise UnavailableError(error.message) from error
            raise

    def current_aliases(self) -> str:
        """Bring the registry's copy of the store's aliases up to date; the stamp of their file."""
        if not self.mode.writable:
            return "remote"
        stamp = alias_stamp(self.folders.alias_file)
        if stamp != self._alias_stamp:
            # A read-only registry shows the names that it has.
            with suppress(NotPermittedError):
                self._alias.sync_copy()
            self._alias_stamp = stamp
        return stamp

    def answer(self, request: Request, make: Callable[[Session], Any]) -> Response:
        """The JSON answer that ``make`` gives, or the kept one where the registry is as it was."""
        aliases = self.current_aliases()
        key = f"{request.url.path}?{request.url.query}"
        with self.read() as session:
            state = registry_stamp(session)
            if state is None:
                return Response(encode(make(session)), media_type=JSON)
            stamp = f"{state}|{aliases}"
            tag = f'W/"{hashlib.sha256(f"{stamp}|{key}".encode()).hexdigest()[:32]}"'
            headers = {"ETag": tag, "Cache-Control": "no-cache"}
            if tag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers=headers)
            body = self._answers.get(key, stamp)
            if body is None:
                session.info[COUNTS] = KeptTotals(self._answers, stamp)
                body = encode(make(session))
                self._answers.keep(key, stamp, body)
        return Response(body, media_type=JSON, headers=headers)


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


SiteDependency = Annotated[Site, Depends(_site)]

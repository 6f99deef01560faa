"""Data channels: indexes from which asset classes and recipes are taken over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.channels.http_folder import HttpFolder
from refgenie.core import tables as drawn
from refgenie.core.names import check_asset_name, nearest
from refgenie.core.records import DataChannelRecord
from refgenie.db import models as tables
from refgenie.db.database import Database
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError, UsageError
from refgenie.recipes.collection import (
    Collection,
    DefinitionFolder,
    SyncReport,
    load_collection,
    register_collection,
)
from refgenie.recipes.local_folder import LocalFolder
from refgenie.recipes.models import AssetClass, Recipe

if TYPE_CHECKING:
    from rich.table import Table

TYPES = ("http", "https", "file")


class ChannelService:
    """Adds, synchronizes and removes data channels.

    Args:
        database: The registry; what channels offer goes there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_channel(
        self,
        name: str,
        type: str | None,  # noqa: A002 - the field's name
        index_address: str | Path,
        description: str | None = None,
    ) -> DataChannelRecord:
        """Register a channel; nothing is fetched yet.

        Args:
            name: Characters as in an asset's name.
            type: ``http``, ``https``, ``file``; None is as the address begins.
            index_address: Address of the index, or its path (or that of its folder).
            description: Free text.

        Raises:
            InvalidInputError: The address does not fit the type.
            ConflictError: The name is that of a channel with another address.
        """
        check_asset_name(name)
        kind, address = _checked_address(type, str(index_address))

        def work(session: Session) -> DataChannelRecord:
            row = _find(session, name)
            if row is not None and (row.type, row.index_address) != (kind, address):
                raise ConflictError(
                    f"data channel {name} is registered already, with {row.index_address}",
                    hint=f"refgenie data-channel remove {name}",
                )
            if row is None:
                row = tables.DataChannel(name=name, type=kind, index_address=address)
                session.add(row)
            row.description = description if description is not None else row.description
            session.flush()
            return _record(row)

        return self._database.write(work)

    def list(self) -> list[DataChannelRecord]:
        """All channels, by name."""
        with self._database.read() as session:
            rows = session.scalars(select(tables.DataChannel).order_by(tables.DataChannel.name))
            return [_record(row) for row in rows]

    def get(self, name: str) -> DataChannelRecord:
        """The channel of this name.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.read() as session:
            return _record(_require(session, name))

    def sync_channel(self, name: str, *, exists_ok: bool = False, force: bool = False) -> SyncReport:
        """Fetch the index and all its files, validate all, and register all in one transaction.

        Args:
            name: The channel.
            exists_ok: What is registered with other content stays.
            force: What is registered with other content is replaced.

        Raises:
            NotFoundError: There is no such channel, or a file of it is missing.
            NetworkError: Something cannot be fetched.
            InvalidInputError: A file is wrong, or outside of the channel's folder.
            ConflictError: Other content is registered, and neither option was given.
        """
        if exists_ok and force:
            raise UsageError("what exists cannot both stay and be replaced: exists_ok or force")
        channel = self.get(name)
        with _open_folder(channel) as folder:
            collection = load_collection(folder, index_address=channel.index_address)
            return register_collection(
                self._database,
                collection,
                on_conflict="replace" if force else "keep" if exists_ok else "fail",
                channel_name=name,
            )

    def channels_table(self) -> Table:
        """All channels as a rich table."""
        return drawn.data_channels(self.list())

    def remove_channel(self, name: str) -> DataChannelRecord:
        """Forget a channel; the asset classes and recipes that came from it stay.

        Raises:
            NotFoundError: There is none.
        """

        def work(session: Session) -> DataChannelRecord:
            row = _require(session, name)
            record = _record(row)
            session.delete(row)
            return record

        return self._database.write(work)

    def iter_asset_classes(self, name: str | None = None) -> Iterator[AssetClass]:
        """The asset classes that a channel offers now (all channels where none is named)."""
        for collection in self._offered(name):
            yield from (model for model, _ in collection.asset_classes)

    def iter_recipes(self, name: str | None = None) -> Iterator[Recipe]:
        """The recipes that a channel offers now (all channels where none is named)."""
        for collection in self._offered(name):
            yield from (model for model, _ in collection.recipes)

    def _offered(self, name: str | None) -> Iterator[Collection]:
        for channel in [self.get(name)] if name is not None else self.list():
            with _open_folder(channel) as folder:
                collection = load_collection(folder, index_address=channel.index_address)
            yield collection


@contextmanager
def _open_folder(channel: DataChannelRecord) -> Iterator[DefinitionFolder]:
    if channel.type == "file":
        yield LocalFolder(Path(channel.index_address))
        return
    with HttpFolder.open(channel.index_address) as folder:
        yield folder


def _checked_address(kind: str | None, address: str) -> tuple[str, str]:
    scheme, separator, rest = address.partition("://")
    given = scheme.lower() if separator else "file"
    kind = (kind or given).lower()
    if kind not in TYPES:
        raise InvalidInputError(f"{kind} is no type of data channel: {', '.join(TYPES)}")
    if kind != given:
        raise InvalidInputError(f"{address} is no address of the type {kind}")
    if kind != "file":
        host = rest.partition("/")[0]
        if not host or any(character.isspace() for character in address) or "@" in host:
            raise InvalidInputError(
                f"{address} is no address of an index", hint="http(s)://HOST/…/index.yaml"
            )
        return kind, address
    return kind, str(LocalFolder(Path(rest if separator else address)).index)


def _find(session: Session, name: str) -> tables.DataChannel | None:
    return session.scalar(select(tables.DataChannel).where(tables.DataChannel.name == name))


def _require(session: Session, name: str) -> tables.DataChannel:
    row = _find(session, name)
    if row is not None:
        return row
    near = nearest(name, list(session.scalars(select(tables.DataChannel.name))))
    raise NotFoundError(
        f"no data channel {name}",
        hint=f"did you mean {near}?" if near else "refgenie data-channel list",
    )


def _record(row: tables.DataChannel) -> DataChannelRecord:
    return DataChannelRecord(
        id=row.id,
        name=row.name,
        type=row.type,
        index_address=row.index_address,
        description=row.description,
        synced_at=row.synced_at,
    )

"""Where aliases live: the store's namespace ``refgenie`` (local mode), or the SQL table (server mode)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from refgenie.core.records import AliasRecord
from refgenie.core.seek import alias_stamp, read_alias_file
from refgenie.db.database import Database
from refgenie.genomes import alias_table
from refgenie.genomes.alias_table import SERVER, STORE, AliasChange
from refgenie.sequences.model import AliasStore

T = TypeVar("T")


class WritableAliases(AliasStore, Protocol):
    """The store's namespace, in a store that can be written to."""

    def set_many(self, aliases: Mapping[str, str]) -> None:
        """Make names name collections, all in one commit. The caller holds the store's lock."""
        ...

    def remove_many(self, names: Iterable[str]) -> None:
        """Remove names, all in one commit. The caller holds the store's lock."""
        ...


class AliasBackend(Protocol):
    """One mode's way to keep aliases."""

    def resolve(self, name: str) -> str | None:
        """Digest of the genome with this alias, or None."""
        ...

    def own(self) -> list[AliasRecord]:
        """The aliases that can be changed here, sorted by name."""
        ...

    def all(self) -> list[AliasRecord]:
        """Every alias that resolves, sorted by name."""
        ...

    def apply(
        self, put: Mapping[str, str], drop: Iterable[str], also: Callable[[Session], T]
    ) -> tuple[T, AliasChange]:
        """Write aliases and, in the same transaction and before them, run ``also``.

        The caller holds the store's lock and has checked that nothing is repointed against the
        user's will.
        """
        ...


class LocalAliases:
    """The store is the truth; the registry's copy makes the common case one SQL row.

    The copy is stamped with the alias file's size and time. Where the stamp differs, readers read
    the file and write nothing; the next writer brings the copy up to date.
    """

    def __init__(self, database: Database, store: WritableAliases, alias_file: Path) -> None:
        self._database = database
        self._store = store
        self._file = alias_file

    def resolve(self, name: str) -> str | None:
        """See AliasBackend."""
        with self._database.read() as session:
            row = alias_table.find(session, name)
            is_current = alias_table.stamp(session) == alias_stamp(self._file)
        if row is not None and (is_current or row.source == SERVER):
            return row.genome_digest
        # Also for a current copy: it lacks the aliases of genomes that are not registered.
        return read_alias_file(self._file).get(name)

    def own(self) -> list[AliasRecord]:
        """See AliasBackend."""
        found = {name: AliasRecord(name, digest, STORE) for name, digest in self._truth().items()}
        with self._database.read() as session:
            found |= {row.name: row for row in alias_table.records(session, SERVER)}
        return sorted(found.values(), key=lambda record: record.name)

    def all(self) -> list[AliasRecord]:
        """See AliasBackend."""
        return self.own()

    def apply(
        self, put: Mapping[str, str], drop: Iterable[str], also: Callable[[Session], T]
    ) -> tuple[T, AliasChange]:
        """See AliasBackend: first the store, then the registry."""
        gone = frozenset(drop) - put.keys()
        before = self._truth()
        if wanted := {name: digest for name, digest in put.items() if before.get(name) != digest}:
            self._store.set_many(wanted)
        if stale := sorted(gone & before.keys()):
            self._store.remove_many(stale)
        # The stamp first: should another program write in between, the copy counts as out of date.
        stamp = alias_stamp(self._file)
        truth = self._truth()

        def record(session: Session) -> tuple[T, AliasChange]:
            result = also(session)
            policy = {row.name for row in alias_table.records(session, SERVER)}
            alias_table.change(session, {}, policy & (gone | put.keys()))
            return result, alias_table.replace_copy(session, truth, stamp)

        result, copied = self._database.write(record)
        return result, AliasChange({**copied.placed, **put}, copied.dropped | gone)

    def _truth(self) -> dict[str, str]:
        return read_alias_file(self._file)


class ServerAliases:
    """The SQL table is the truth, its names win; then the names in the remote store's namespaces."""

    def __init__(self, database: Database, store: AliasStore) -> None:
        self._database = database
        self._store = store

    def resolve(self, name: str) -> str | None:
        """See AliasBackend."""
        with self._database.read() as session:
            row = alias_table.find(session, name)
        return row.genome_digest if row is not None else self._store.resolve(name)

    def own(self) -> list[AliasRecord]:
        """See AliasBackend."""
        with self._database.read() as session:
            return alias_table.records(session)

    def all(self) -> list[AliasRecord]:
        """See AliasBackend; a name in two of the store's namespaces is listed for each."""
        own = self.own()
        names = {record.name for record in own}
        others = [record for record in self._store.list() if record.name not in names]
        return sorted(own + others, key=lambda record: (record.name, record.source))

    def apply(
        self, put: Mapping[str, str], drop: Iterable[str], also: Callable[[Session], T]
    ) -> tuple[T, AliasChange]:
        """See AliasBackend."""
        gone = frozenset(drop) - put.keys()

        def record(session: Session) -> T:
            result = also(session)
            alias_table.change(session, put, gone, SERVER)
            return result

        return self._database.write(record), AliasChange(dict(put), gone)

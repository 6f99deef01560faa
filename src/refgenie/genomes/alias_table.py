"""The SQL table of aliases: the truth in server mode, a stamped copy of the store's in local mode."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from refgenie.core.records import AliasRecord
from refgenie.core.seek import ALIAS_STAMP_KEY
from refgenie.db.database import Database
from refgenie.db.models import Alias, Genome, RegistryState

STORE = "store"
"""Source of rows that copy the store's namespace ``refgenie``."""
SERVER = "server"
"""Source of rows that are a server's own policy; they win over any store."""


@dataclass(frozen=True, slots=True)
class AliasChange:
    """What became of aliases: those that now name a genome, and those that name none."""

    placed: dict[str, str]
    dropped: frozenset[str]


def records(session: Session, source: str | None = None) -> list[AliasRecord]:
    """All rows (of one source), sorted by name."""
    query = select(Alias.name, Alias.genome_digest, Alias.source).order_by(Alias.name)
    if source is not None:
        query = query.where(Alias.source == source)
    return [AliasRecord(*row) for row in session.execute(query)]


def find(session: Session, name: str) -> AliasRecord | None:
    """The row of one alias."""
    row = session.execute(
        select(Alias.name, Alias.genome_digest, Alias.source).where(Alias.name == name)
    ).first()
    return AliasRecord(*row) if row else None


def stamp(session: Session) -> str | None:
    """Size and time of the alias file that the copy was made from."""
    return session.scalar(select(RegistryState.value).where(RegistryState.key == ALIAS_STAMP_KEY))


def change(session: Session, put: Mapping[str, str], drop: Iterable[str], source: str = SERVER) -> None:
    """Write and remove rows."""
    gone = [name for name in drop if name not in put]
    if gone:
        # One statement for many rows: a list of names in it would meet the engines' limits.
        session.connection().execute(
            delete(Alias).where(Alias.name == bindparam("gone")),
            [{"gone": name} for name in gone],
        )
    for name, digest in put.items():
        row = session.get(Alias, name)
        if row is None:
            session.add(Alias(name=name, genome_digest=digest, source=source))
        else:
            row.genome_digest, row.source = digest, source
    session.flush()


def replace_copy(session: Session, truth: Mapping[str, str], file_stamp: str) -> AliasChange:
    """Make the copy equal to the store's aliases.

    A server's own rows stay, and aliases of genomes that the registry does not have are not copied.

    Args:
        session: A writing session.
        truth: The store's aliases, name to genome digest.
        file_stamp: The alias file's stamp from before it was read.

    Returns:
        What changed in the copy.
    """
    before = {row.name: row for row in records(session)}
    known = set(session.scalars(select(Genome.digest)))
    copied = {
        name: digest
        for name, digest in truth.items()
        if digest in known and not (name in before and before[name].source == SERVER)
    }
    placed = {
        name: digest
        for name, digest in copied.items()
        if name not in before or before[name].genome_digest != digest
    }
    dropped = {row.name for row in before.values() if row.source == STORE and row.name not in copied}
    change(session, placed, dropped, STORE)
    session.merge(RegistryState(key=ALIAS_STAMP_KEY, value=file_stamp))
    session.flush()
    return AliasChange(placed, frozenset(dropped))


class AliasManager:
    """Aliases of the SQL table: the truth in server mode, where it wins over the store's namespaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def resolve(self, alias: str) -> str | None:
        """Digest of the genome with this alias, or None."""
        with self._database.read() as session:
            row = find(session, alias)
        return row.genome_digest if row else None

    def list(self) -> list[AliasRecord]:
        """All rows, sorted by name."""
        with self._database.read() as session:
            return records(session)

    def of_genome(self, digest: str) -> builtins.list[str]:
        """The aliases of one genome, sorted."""
        with self._database.read() as session:
            return list(
                session.scalars(select(Alias.name).where(Alias.genome_digest == digest).order_by(Alias.name))
            )

    def set_many(self, aliases: Mapping[str, str]) -> None:
        """Make names name genomes, all or none; the genomes must be registered.

        Raises:
            ConflictError: A genome is not registered.
        """
        self._database.write(lambda session: change(session, aliases, ()))

    def remove_many(self, names: Iterable[str]) -> None:
        """Remove names, all or none; those that are no alias are passed over."""
        gone = tuple(names)
        self._database.write(lambda session: change(session, {}, gone))

"""Aliases: the registry's own, then those that the sequence store has."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.names import nearest
from refgenie.core.records import AliasRecord
from refgenie.db.models import Alias
from refgenie.sequences.model import NAMESPACE, AliasStore
from refgenie.server.catalog.listing import ListQuery
from refgenie.server.failure import missing

SERVER = "server"
"""Source of the aliases that the registry has."""
_STORE = "store"
"""What the other faces call the namespace of refgenie's own aliases."""


class AliasQuery(ListQuery):
    """Parameters of the list of aliases."""

    searchable = ("name",)
    sortable = ("name", "genome_digest", "source")

    name: str | None = None
    genome_digest: str | None = None


class AliasCatalog:
    """All aliases; where both know a name, the registry's is meant."""

    def __init__(self, store_aliases: AliasStore) -> None:
        self._store = store_aliases

    def page(self, session: Session, query: AliasQuery) -> dict[str, Any]:
        """One page of the aliases."""
        found = [record for record in self._all(session) if _wanted(record, query)]
        key = query.sort_by or "name"
        found.sort(key=lambda record: record.name)
        found.sort(key=lambda record: str(getattr(record, key)), reverse=query.sort_order == "desc")
        chosen = found[query.offset : query.offset + query.limit]
        return {
            "items": [
                {"name": item.name, "genome_digest": item.genome_digest, "source": item.source}
                for item in chosen
            ],
            "pagination": query.pagination(len(found)),
        }

    def one(self, session: Session, name: str) -> AliasRecord:
        """The alias; NotFoundError, with the nearest one, where there is none."""
        digest = session.execute(select(Alias.genome_digest).where(Alias.name == name)).scalar()
        if digest is not None:
            return AliasRecord(name, digest, SERVER)
        digest = self._store.resolve(name)
        if digest is not None:
            return AliasRecord(name, digest, self._namespace_of(name, digest))
        like = nearest(name, [record.name for record in self._all(session)])
        raise missing("alias", name, hint=f"did you mean {like}?" if like else None)

    def _namespace_of(self, name: str, digest: str) -> str:
        """The namespace of the store that gives a name its digest, the first that has it."""
        records = [
            record for record in self._store.list() if record.name == name and record.genome_digest == digest
        ]
        own = [record for record in records if record.source == _STORE]
        return _namespace((own or records)[0])

    def _all(self, session: Session) -> list[AliasRecord]:
        known = {
            record.name: AliasRecord(record.name, record.genome_digest, _namespace(record))
            for record in reversed(self._store.list())
        }
        for name, digest in session.execute(select(Alias.name, Alias.genome_digest)):
            known[name] = AliasRecord(name, digest, SERVER)
        return list(known.values())


def _namespace(record: AliasRecord) -> str:
    return NAMESPACE if record.source == _STORE else record.source


def _wanted(record: AliasRecord, query: AliasQuery) -> bool:
    return (
        (query.name is None or record.name == query.name)
        and (query.genome_digest is None or record.genome_digest == query.genome_digest)
        and (not query.q or query.matches(record.name))
    )

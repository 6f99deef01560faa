"""Genomes as the server shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from refgenie.db.models import Alias, Genome
from refgenie.sequences.model import AliasStore
from refgenie.server.catalog.listing import Listing, ListQuery, in_column
from refgenie.server.failure import missing

_GENOMES = select(
    Genome.digest,
    Genome.description,
    Genome.species_name,
    Genome.source,
    Genome.masking,
    Genome.sequences,
    Genome.total_length,
    Genome.created_at,
).select_from(Genome)


class GenomeQuery(ListQuery):
    """Parameters of the list of genomes."""

    searchable = ("digest", "description", "species_name", "aliases")
    sortable = ("digest", "description", "species_name", "source", "total_length", "created_at")

    digest: str | None = None
    alias: str | None = None


class GenomeCatalog:
    """The genomes of the registry, with the names that the registry and the store have for them."""

    def __init__(self, store_aliases: AliasStore | None) -> None:
        self._store = store_aliases
        self._listing = Listing(
            name="genomes",
            source=_GENOMES,
            key=Genome.digest.expression,
            search={
                "digest": in_column(Genome.digest),
                "description": in_column(Genome.description),
                "species_name": in_column(Genome.species_name),
                "aliases": self._named,
            },
            order={name: getattr(Genome, name) for name in GenomeQuery.sortable},
        )

    def page(self, session: Session, query: GenomeQuery) -> dict[str, Any]:
        """One page of the genomes."""
        filters: list[ColumnElement[bool]] = []
        if query.digest is not None:
            filters.append(Genome.digest == query.digest)
        if query.alias is not None:
            filters.append(self._with_alias(session, query.alias))
        rows, total = self._listing.page(session, query, filters)
        return {"items": self._described(session, rows), "pagination": query.pagination(total)}

    def one(self, session: Session, digest: str) -> dict[str, Any]:
        """The genome with this digest; NotFoundError where there is none."""
        rows = session.execute(_GENOMES.where(Genome.digest == digest)).all()
        if not rows:
            raise missing("genome", digest)
        return self._described(session, rows)[0]

    def _with_alias(self, session: Session, alias: str) -> ColumnElement[bool]:
        digest = session.execute(select(Alias.genome_digest).where(Alias.name == alias)).scalar()
        if digest is None and self._store is not None:
            digest = self._store.resolve(alias)
        return Genome.digest == (digest or "")

    def _named(self, query: ListQuery) -> ColumnElement[bool]:
        in_registry = exists().where(
            Alias.genome_digest == Genome.digest, query.matching(Alias.name.expression)
        )
        if self._store is None:
            return in_registry
        digests = {record.genome_digest for record in self._store.list() if query.matches(record.name)}
        return or_(in_registry, Genome.digest.in_(digests))

    def _described(self, session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
        names: dict[str, set[str]] = defaultdict(set)
        digests = [row.digest for row in rows]
        statement = select(Alias.genome_digest, Alias.name).where(Alias.genome_digest.in_(digests))
        for digest, name in session.execute(statement):
            names[digest].add(name)
        for record in self._store.list() if self._store is not None else ():
            names[record.genome_digest].add(record.name)
        return [
            {
                "digest": row.digest,
                "description": row.description,
                "species_name": row.species_name,
                "aliases": sorted(names[row.digest]),
                "source": row.source,
                "masking": row.masking,
                "sequences": row.sequences,
                "total_length": row.total_length,
                "created_at": row.created_at,
            }
            for row in rows
        ]

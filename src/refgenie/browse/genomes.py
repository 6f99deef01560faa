"""Genomes: pages of them, and one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from refgenie.browse.paging import Page, PageQuery
from refgenie.browse.view import RegistryView
from refgenie.db.models import Alias, Asset, AssetGroup, Genome
from refgenie.errors import NotFoundError

SORTS = ("name", "species", "sequences", "total_length", "assets", "bytes", "created_at")
"""Columns that a list of genomes can be sorted by."""


@dataclass(frozen=True, slots=True)
class GenomeRow:
    """A genome with what is shown of it in a list.

    Attributes:
        digest: Sequence collection digest.
        aliases: Names, sorted.
        species: Scientific name.
        description: Free text.
        source: ``local``, ``remote`` or ``registered``.
        source_url: Where the sequences of a remote genome come from.
        masking: ``none`` or ``soft``.
        sequences: Number of sequences, where known.
        total_length: Residues in all, where known.
        assets: Number of shown assets.
        bytes: Bytes of their files.
        created_at: When it was registered.
    """

    digest: str
    aliases: tuple[str, ...]
    species: str | None
    description: str | None
    source: str
    source_url: str | None
    masking: str
    sequences: int | None
    total_length: int | None
    assets: int
    bytes: int
    created_at: datetime

    @property
    def name(self) -> str:
        """How it is called: its first alias, else its digest."""
        return self.aliases[0] if self.aliases else self.digest


def list_genomes(view: RegistryView, query: PageQuery, species: str | None = None) -> Page[GenomeRow]:
    """One page of the genomes."""
    conditions = [_has_word(view, word) for word in query.words]
    if species is not None:
        conditions.append(Genome.species_name == species)
    with view.database.read() as session:
        total = session.execute(select(func.count()).select_from(Genome).where(*conditions)).scalar_one()
        statement = _ordered(view, query).where(*conditions).offset(query.offset).limit(query.limit)
        rows = session.scalars(statement).all()
        return Page(_described(view, session, rows), total, query.offset, query.limit)


def get_genome(view: RegistryView, name: str) -> GenomeRow:
    """One genome by alias or digest.

    Raises:
        NotFoundError: There is none.
    """
    with view.database.read() as session:
        digest = view.digest_of(session, name)
        row = session.get(Genome, digest)
        if row is None:
            raise NotFoundError(f"the genome {name} is not registered here", hint="refgenie genome list")
        return _described(view, session, [row])[0]


def species_counts(view: RegistryView, limit: int = 12) -> list[tuple[str, int]]:
    """The commonest species with their numbers of genomes."""
    number = func.count()
    with view.database.read() as session:
        rows = session.execute(
            select(Genome.species_name, number)
            .where(Genome.species_name.is_not(None))
            .group_by(Genome.species_name)
            .order_by(number.desc(), Genome.species_name)
            .limit(limit)
        )
        return [(str(name), int(count)) for name, count in rows]


def _has_word(view: RegistryView, word: str) -> ColumnElement[bool]:
    named = view.genomes_named(view.contains(Alias.name, word), lambda name: word.lower() in name.lower())
    return or_(
        named,
        view.starts_with(Genome.digest, word),
        view.contains(Genome.species_name, word),
        view.contains(Genome.description, word),
    )


def _ordered(view: RegistryView, query: PageQuery) -> Any:
    statement = select(Genome)
    first_name = (
        select(func.min(Alias.name))
        .where(Alias.genome_digest == Genome.digest)
        .correlate(Genome)
        .scalar_subquery()
    )
    keys: dict[str, Any] = {
        "name": first_name,
        "species": Genome.species_name,
        "sequences": Genome.sequences,
        "total_length": Genome.total_length,
        "created_at": Genome.created_at,
    }
    key = keys.get(query.sort or "name")
    if key is None:
        used = _use(view).subquery()
        statement = statement.outerjoin(used, used.c.genome_digest == Genome.digest)
        key = func.coalesce(used.c.assets if query.sort == "assets" else used.c.bytes, 0)
    ordering = key.desc() if query.descending else key.asc()
    return statement.order_by(ordering.nulls_last(), Genome.digest)


def _use(view: RegistryView) -> Any:
    """Number and bytes of the shown assets, by genome."""
    return (
        select(
            AssetGroup.genome_digest,
            func.count(Asset.id).label("assets"),
            func.coalesce(func.sum(Asset.size), 0).label("bytes"),
        )
        .join(Asset, and_(Asset.asset_group_id == AssetGroup.id))
        .where(view.condition())
        .group_by(AssetGroup.genome_digest)
    )


def _described(view: RegistryView, session: Session, rows: Sequence[Genome]) -> list[GenomeRow]:
    digests = [row.digest for row in rows]
    names = view.names_of(session, digests)
    statement = _use(view).where(AssetGroup.genome_digest.in_(digests))
    use = {digest: (int(assets), int(size)) for digest, assets, size in session.execute(statement)}
    return [
        GenomeRow(
            digest=row.digest,
            aliases=tuple(names[row.digest]),
            species=row.species_name,
            description=row.description,
            source=row.source,
            source_url=row.source_url,
            masking=row.masking,
            sequences=row.sequences,
            total_length=row.total_length,
            assets=use.get(row.digest, (0, 0))[0],
            bytes=use.get(row.digest, (0, 0))[1],
            created_at=row.created_at,
        )
        for row in rows
    ]

"""Rows of genomes, and the records that services answer with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.addresses import without_credentials
from refgenie.core.records import GenomeRecord
from refgenie.db.models import Asset, AssetGroup, Genome
from refgenie.errors import NotFoundError

LOCAL = "local"
REMOTE = "remote"
REGISTERED = "registered"
_NEARNESS = (REGISTERED, REMOTE, LOCAL)
"""Where a genome's sequences are; a genome that has come nearer never goes farther away."""


@dataclass(frozen=True, slots=True)
class InitializedGenome(GenomeRecord):
    """A genome as it is after its initialization.

    Attributes:
        was_new: False where the registry had it already.
        mask_kept: The store had another soft mask of these sequences, and it stayed.
    """

    was_new: bool
    mask_kept: bool


@dataclass(frozen=True, slots=True)
class GenomeDetails(GenomeRecord):
    """A genome with what is known of it.

    Attributes:
        assets: ``group:name`` of each, sorted.
        fhr: FHR metadata (FAIR headers reference genome), None where there is none.
    """

    assets: tuple[str, ...] = ()
    fhr: dict[str, Any] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class GenomeFacts:
    """What is known of a genome that is to be registered; the fields are GenomeRecord's."""

    digest: str
    source: str = REGISTERED
    source_url: str | None = None
    description: str | None = None
    species_name: str | None = None
    masking: str = "none"
    sequences: int | None = None
    total_length: int | None = None


def register(session: Session, facts: GenomeFacts) -> bool:
    """Write a genome's row; of one that is there, what was not known or has come nearer.

    Returns:
        Whether the genome was new.
    """
    # What the registry says is shown to everybody; the store keeps the address that reads are made with.
    if facts.source_url is not None:
        facts = replace(facts, source_url=without_credentials(facts.source_url))
    row = session.get(Genome, facts.digest)
    if row is None:
        session.add(Genome(**{name.name: getattr(facts, name.name) for name in fields(facts)}))
        session.flush()
        return True
    row.description = row.description or facts.description
    row.species_name = row.species_name or facts.species_name
    if _NEARNESS.index(facts.source) >= _NEARNESS.index(row.source):
        row.source, row.source_url, row.masking = facts.source, facts.source_url, facts.masking
        row.sequences = facts.sequences if facts.sequences is not None else row.sequences
        row.total_length = facts.total_length if facts.total_length is not None else row.total_length
    session.flush()
    return False


def row_of(session: Session, digest: str) -> Genome:
    """The row of a genome.

    Raises:
        NotFoundError: It is not registered.
    """
    row = session.get(Genome, digest)
    if row is None:
        raise NotFoundError(f"the genome {digest} is not registered", hint="refgenie genome list")
    return row


def rows(session: Session) -> Sequence[Genome]:
    """All rows, the oldest first."""
    return session.scalars(select(Genome).order_by(Genome.created_at, Genome.digest)).all()


def values(row: Genome, aliases: Sequence[str]) -> dict[str, Any]:
    """The fields of a GenomeRecord."""
    return {
        "digest": row.digest,
        "description": row.description,
        "species_name": row.species_name,
        "aliases": tuple(aliases),
        "source": row.source,
        "source_url": row.source_url,
        "masking": row.masking,
        "sequences": row.sequences,
        "total_length": row.total_length,
        "created_at": row.created_at,
    }


def asset_names(session: Session, digest: str) -> list[str]:
    """``group:name`` of the genome's assets, sorted."""
    found = session.execute(
        select(AssetGroup.name, Asset.name)
        .join(Asset, Asset.asset_group_id == AssetGroup.id)
        .where(AssetGroup.genome_digest == digest)
    )
    return sorted(f"{group}:{name}" for group, name in found)

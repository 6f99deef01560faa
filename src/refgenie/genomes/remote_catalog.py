"""What a remote store or seqcol server offers, and registering all of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.names import check_alias
from refgenie.core.records import AliasRecord
from refgenie.db.database import Database
from refgenie.errors import InvalidInputError
from refgenie.genomes import genome_table
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.genome_table import GenomeFacts
from refgenie.genomes.initialization import own_store
from refgenie.sequences.model import CollectionInfo, StoreMode


def browse(url: str) -> list[CollectionInfo]:
    """The collections that a remote store or seqcol server offers."""
    from refgenie.sequences import make_source

    return list(make_source(url).collections())


@dataclass(frozen=True, slots=True)
class SkippedAlias:
    """A name that was not taken over, and why."""

    name: str
    genome_digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What `sync` did.

    Attributes:
        registered: Digests of the genomes that are new.
        known: Digests of those that were there.
        aliases: Names that were given.
        skipped: Names that were not.
    """

    registered: tuple[str, ...]
    known: tuple[str, ...]
    aliases: tuple[str, ...]
    skipped: tuple[SkippedAlias, ...]


class RemoteCatalogSync:
    """Registers every collection of a remote store as a genome without assets."""

    def __init__(self, database: Database, mode: StoreMode, locks: Locks, aliases: AliasService) -> None:
        self._database = database
        self._mode = mode
        self._locks = locks
        self._aliases = aliases

    def run(self, url: str) -> SyncReport:
        """Register what ``url`` offers; see GenomeService.sync."""
        from refgenie.sequences import make_source

        source = make_source(url)
        collections = list(source.collections())
        offered = list(source.aliases())
        if self._mode.writable:
            # The own store learns where each of them can be read.
            store = own_store(self._mode)
            collections = [store.register_remote(url, found.digest) for found in collections]
        facts = [_facts(collection, url) for collection in collections]

        def record(session: Session) -> list[str]:
            return [fact.digest for fact in facts if genome_table.register(session, fact)]

        with self._locks.hold(STORE_LOCK):
            wanted, skipped = self._choose(offered, {fact.digest for fact in facts})
            new = self._aliases.place_many(wanted, also=record)
        return SyncReport(
            registered=tuple(new),
            known=tuple(fact.digest for fact in facts if fact.digest not in set(new)),
            aliases=tuple(sorted(wanted)),
            skipped=tuple(skipped),
        )

    def _choose(
        self, offered: list[AliasRecord], digests: set[str]
    ) -> tuple[dict[str, str], list[SkippedAlias]]:
        """Names to give, and those that are taken, unusable, or of no collection."""
        taken = {record.name: record.genome_digest for record in self._aliases.own()}
        wanted: dict[str, str] = {}
        skipped: list[SkippedAlias] = []
        for alias in sorted(offered, key=lambda record: (record.name, record.source)):
            holder = taken.get(alias.name) or wanted.get(alias.name)
            if (reason := _refusal(alias, holder, digests)) is not None:
                skipped.append(SkippedAlias(alias.name, alias.genome_digest, reason))
            elif alias.name not in taken:
                wanted[alias.name] = alias.genome_digest
        return wanted, skipped


def _facts(collection: CollectionInfo, url: str) -> GenomeFacts:
    return GenomeFacts(
        collection.digest,
        source=genome_table.REMOTE,
        source_url=url,
        masking=collection.masking,
        sequences=collection.sequences,
        total_length=collection.total_length,
    )


def _refusal(alias: AliasRecord, holder: str | None, digests: set[str]) -> str | None:
    if alias.genome_digest not in digests:
        return "the store does not list its collection"
    try:
        check_alias(alias.name)
    except InvalidInputError as error:
        return error.message
    if holder is not None and holder != alias.genome_digest:
        return f"it names {holder} already"
    return None

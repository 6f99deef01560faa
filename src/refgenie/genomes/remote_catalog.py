"""What a remote store or seqcol server offers, and registering all of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.names import check_alias
from refgenie.core.records import AliasRecord
from refgenie.errors import InvalidInputError
from refgenie.genomes import genome_table
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.genome_table import GenomeFacts
from refgenie.genomes.initialization import own_store
from refgenie.sequences.model import StoreMode


@dataclass(frozen=True, slots=True)
class OfferedGenome:
    """A collection that can be registered from a server.

    Attributes:
        digest: The sequence collection.
        aliases: Its names in all namespaces of the store, sorted; a seqcol API has none.
    """

    digest: str
    aliases: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class Offer:
    """All that a server has: its address, collections and names."""

    url: str
    digests: tuple[str, ...]
    aliases: tuple[AliasRecord, ...]


def read_offer(url: str) -> Offer:
    """Ask a remote store or seqcol server what it has.

    Raises:
        NetworkError: It cannot be reached or is none of the two.
    """
    from refgenie.sequences.remote.sources import StoreSource, make_source
    from refgenie.sequences.server_mode import read_namespaces

    source = make_source(url)
    aliases = read_namespaces(source).list() if isinstance(source, StoreSource) else []
    return Offer(url, tuple(source.collections()), tuple(aliases))


def browse(url: str) -> list[OfferedGenome]:
    """The collections that a remote store or seqcol server offers, with their names."""
    offer = read_offer(url)
    names: dict[str, set[str]] = {}
    for alias in offer.aliases:
        names.setdefault(alias.genome_digest, set()).add(alias.name)
    return [OfferedGenome(digest, tuple(sorted(names.get(digest, ())))) for digest in offer.digests]


class RemoteCatalogSync:
    """Registers every collection of a remote store as a genome without assets."""

    def __init__(self, mode: StoreMode, locks: Locks, aliases: AliasService) -> None:
        self._mode = mode
        self._locks = locks
        self._aliases = aliases

    def run(self, url: str) -> SyncReport:
        """Register what ``url`` offers; see GenomeService.sync."""
        offer = read_offer(url)
        if self._mode.writable:
            store = own_store(self._mode)
            listed = set(store.collections())
            store.register_remotes(url, [digest for digest in offer.digests if digest not in listed])
        facts = [self._facts(digest, url) for digest in offer.digests]

        def record(session: Session) -> list[str]:
            return [fact.digest for fact in facts if genome_table.register(session, fact)]

        with self._locks.hold(STORE_LOCK):
            wanted, skipped = self._choose(offer)
            new = self._aliases.place_many(wanted, also=record)
        return SyncReport(
            registered=tuple(new),
            known=tuple(sorted(set(offer.digests) - set(new))),
            aliases=tuple(sorted(wanted)),
            skipped=tuple(skipped),
        )

    def _facts(self, digest: str, url: str) -> GenomeFacts:
        """What is known of a collection."""
        if not self._mode.writable:
            if not self._mode.has_collection(digest):
                return GenomeFacts(digest, source=genome_table.REMOTE, source_url=url)
            found = self._mode.collection(digest)
            where: str | None = url
        else:
            store = own_store(self._mode)
            found = store.collection(digest)
            where = store.origin(digest)
        return GenomeFacts(
            digest,
            source=genome_table.REMOTE if where else genome_table.LOCAL,
            source_url=where,
            masking=found.masking,
            sequences=found.sequences,
            total_length=found.total_length,
        )

    def _choose(self, offer: Offer) -> tuple[dict[str, str], list[SkippedAlias]]:
        """Names to give, and those that are taken, unusable, or of no collection."""
        taken = {record.name: record.genome_digest for record in self._aliases.own()}
        digests = set(offer.digests)
        wanted: dict[str, str] = {}
        skipped: list[SkippedAlias] = []
        for alias in sorted(offer.aliases, key=lambda record: (record.name, record.source)):
            holder = taken.get(alias.name) or wanted.get(alias.name)
            if (reason := _refusal(alias, holder, digests)) is not None:
                skipped.append(SkippedAlias(alias.name, alias.genome_digest, reason))
            elif alias.name not in taken:
                wanted[alias.name] = alias.genome_digest
        return wanted, skipped


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

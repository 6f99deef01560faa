"""The genomes of a registry."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from refgenie.core.layout import Folders
from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.progress import Progress
from refgenie.core.records import GenomeRecord
from refgenie.db.database import Database
from refgenie.genomes import genome_table
from refgenie.genomes.aliases import AliasService, check_names
from refgenie.genomes.fhr import read_fhr
from refgenie.genomes.genome_table import GenomeDetails, GenomeFacts, InitializedGenome
from refgenie.genomes.initialization import Initialization, own_store
from refgenie.genomes.removal import remove_genome
from refgenie.sequences.model import MaskRule, StoreMode

if TYPE_CHECKING:
    from rich.table import Table

    from refgenie.genomes.comparison import Comparison
    from refgenie.genomes.remote_catalog import OfferedGenome, SyncReport
    from refgenie.sequences.importing import Staged


class GenomeService:
    """Initializes, lists, describes, compares and removes genomes.

    Args:
        described: Called in the transaction that changes what is said of a genome.
    """

    def __init__(
        self,
        database: Database,
        mode: StoreMode,
        folders: Folders,
        locks: Locks,
        aliases: AliasService,
        described: Callable[[Session, str], None] | None = None,
    ) -> None:
        self._described = described
        self._database = database
        self._mode = mode
        self._folders = folders
        self._locks = locks
        self._aliases = aliases
        self._initialization = Initialization(mode, locks, aliases)

    def initialize_genome(
        self,
        fasta_file_path: Path | str,
        alias_names: Iterable[str] | str = (),
        description: str | None = None,
        species: str | None = None,
        fhr: Path | str | Mapping[str, Any] | None = None,
        mask: MaskRule = "keep",
        progress: Progress | None = None,
        staged: Staged | None = None,
    ) -> InitializedGenome:
        """Import a FASTA file into the store and register the genome that it holds.

        Sequences that are known are no error: what is new is added (names, a description or
        species where there was none, FHR metadata), and the answer's ``was_new`` is False.

        Args:
            fasta_file_path: Plain, gzip or BGZF; only read.
            alias_names: Names for the genome.
            description: Free text.
            species: Scientific name; without it the one of the FHR metadata.
            fhr: FHR metadata, a mapping or a JSON file.
            mask: Whether an earlier soft mask of the same sequences stays (``keep``) or gives way
                to this file's (``replace``).
            progress: Shows the import.
            staged: The same file in a private store below this registry's work folder, where it
                was read already; see refgenie.sequences.importing.stage.

        Raises:
            ConflictError: A name is another genome's; nothing is changed.
            InvalidInputError: The file is no FASTA that can be stored, or a name cannot be one.
            NotPermittedError: The store is a remote one.
        """
        facts = GenomeFacts("", description=description or None, species_name=species or None)
        return self._initialization.from_fasta(
            Path(fasta_file_path), check_names(alias_names), facts, fhr, mask, progress, staged
        )

    def initialize_remote(
        self,
        url: str,
        digest: str,
        alias_names: Iterable[str] | str = (),
        description: str | None = None,
        species: str | None = None,
        fhr: Path | str | Mapping[str, Any] | None = None,
    ) -> InitializedGenome:
        """Register a genome whose sequences stay on a server and are fetched when they are read.

        Args:
            url: A seqcol API or a static RefgetStore; which of the two is detected.
            digest: The sequence collection there.
            alias_names: Names for the genome.
            description: Free text.
            species: Scientific name.
            fhr: FHR metadata, a mapping or a JSON file.

        Raises:
            ConflictError: A name is another genome's; nothing is changed.
            NetworkError: The server cannot be reached or is none of the two.
            NotFoundError: It does not have this collection.
        """
        facts = GenomeFacts("", description=description or None, species_name=species or None)
        return self._initialization.from_remote(url, digest, check_names(alias_names), facts, fhr)

    def register(
        self,
        session: Session,
        digest: str,
        *,
        description: str | None = None,
        species_name: str | None = None,
        masking: str = "none",
        sequences: int | None = None,
        total_length: int | None = None,
    ) -> bool:
        """Register a genome that is known from a server, its sequences nowhere yet (pull).

        Args:
            session: The writing session of the caller's transaction.
            digest: The sequence collection.
            description: Free text; kept where there is one already, as the rest.
            species_name: Scientific name.
            masking: ``none`` or ``soft``.
            sequences: Number of sequences.
            total_length: Residues in all.

        Returns:
            Whether the genome was new.
        """
        facts = GenomeFacts(
            digest,
            description=description,
            species_name=species_name,
            masking=masking,
            sequences=sequences,
            total_length=total_length,
        )
        return genome_table.register(session, facts)

    def list(self) -> builtins.list[GenomeRecord]:
        """All genomes, the oldest first."""
        names: dict[str, builtins.list[str]] = {}
        for record in self._aliases.list():
            names.setdefault(record.genome_digest, []).append(record.name)
        with self._database.read() as session:
            return [
                GenomeRecord(**genome_table.values(row, sorted(set(names.get(row.digest, ())))))
                for row in genome_table.rows(session)
            ]

    def get(self, genome: str) -> GenomeDetails:
        """One genome by alias or digest, with its assets' names and its FHR metadata.

        Raises:
            NotFoundError: There is no such genome.
        """
        digest = self._aliases.resolve(genome)
        names = self._aliases.of_genome(digest)
        with self._database.read() as session:
            values = genome_table.values(genome_table.row_of(session, digest), names)
            assets = tuple(genome_table.asset_names(session, digest))
        fhr = self._mode.fhr(digest) if self._mode.has_collection(digest) else None
        return GenomeDetails(**values, assets=assets, fhr=fhr)

    def set_metadata(
        self,
        genome: str,
        *,
        description: str | None = None,
        species: str | None = None,
        fhr: Path | str | Mapping[str, Any] | None = None,
    ) -> GenomeDetails:
        """Change what is said of a genome; None leaves a value, an empty text (or mapping) clears it.

        Raises:
            NotFoundError: There is no such genome.
            NotPermittedError: FHR metadata is given and the store is a remote one.
        """
        digest = self._aliases.resolve(genome)
        document = read_fhr(fhr) if fhr else None

        def change(session: Session) -> None:
            row = genome_table.row_of(session, digest)
            if description is not None:
                row.description = description or None
            if species is not None:
                row.species_name = species or None
            if self._described is not None:
                self._described(session, digest)

        with self._locks.hold(STORE_LOCK):
            if fhr is not None:
                own_store(self._mode).set_fhr(digest, document)
            self._database.write(change)
        return self.get(digest)

    def remove(self, genome: str, *, force: bool = False) -> None:
        """Remove a genome with its names, and its sequences that no other collection uses.

        Args:
            genome: Alias or digest.
            force: Also when it has assets; they go with their files, builds and archives.

        Raises:
            NotFoundError: There is no such genome.
            ConflictError: It has assets, without ``force``; nothing is changed.
        """
        remove_genome(
            genome,
            force=force,
            database=self._database,
            mode=self._mode,
            folders=self._folders,
            locks=self._locks,
            aliases=self._aliases,
        )

    def compare(self, a: str, b: str, progress: Progress | None = None) -> Comparison:
        """Compare two sequence collections.

        Args:
            a: An alias, a digest, a FASTA file, or ``URL#digest`` on a seqcol server or static store.
            b: Likewise.
            progress: Shows the reading of files.
        """
        from refgenie.genomes.comparison import compare
        from refgenie.genomes.operands import read_operand

        sides = (read_operand(given, self._mode, self._aliases, progress) for given in (a, b))
        return compare(*sides)

    def browse(self, url: str) -> builtins.list[OfferedGenome]:
        """The collections that a remote store or seqcol server offers.

        Raises:
            NetworkError: It cannot be reached or is none of the two.
        """
        from refgenie.genomes.remote_catalog import browse

        return browse(url)

    def sync(self, url: str) -> SyncReport:
        """Register every collection of a remote store as a genome without assets.

        Its names come along; one that is another genome's already stays there and is reported.

        Raises:
            NetworkError: The store cannot be reached.
        """
        from refgenie.genomes.remote_catalog import RemoteCatalogSync

        return RemoteCatalogSync(self._mode, self._locks, self._aliases).run(url)

    def table(self) -> Table:
        """The genomes as a rich table."""
        from refgenie.core import tables

        return tables.genomes(self.list())

"""The genome services over a registry, a store and the real tree of links."""

from __future__ import annotations

from dataclasses import dataclass

from refgenie.assets.alias_tree import AliasTree
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.db.database import Database
from refgenie.db.locks import open_locks
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.retrieval import SequenceRetrieval
from refgenie.genomes.service import GenomeService
from refgenie.sequences import LocalMode, StoreMode


@dataclass(frozen=True)
class GenomeSite:
    """What `Refgenie` wires of genomes."""

    database: Database
    folders: Folders
    locks: Locks
    mode: StoreMode
    alias: AliasService
    genome: GenomeService
    sequences: SequenceRetrieval

    @property
    def local(self) -> LocalMode:
        """The mode as the one that writes."""
        assert isinstance(self.mode, LocalMode)
        return self.mode


def genome_site(database: Database, folders: Folders, mode: StoreMode | None = None) -> GenomeSite:
    """Wire the services, over the own store where no mode is given."""
    locks = open_locks(database, folders.locks)
    mode = mode or LocalMode(folders, locks)
    links = AliasTree(database, folders)
    alias = AliasService(database, mode, folders, locks, links)
    genome = GenomeService(database, mode, folders, locks, alias)
    return GenomeSite(database, folders, locks, mode, alias, genome, SequenceRetrieval(mode, alias))

"""LocalMode: the store below the genome folder, owned by this registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from refgenie.core.layout import Folders
from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.progress import NoProgress, Progress
from refgenie.errors import NotFoundError
from refgenie.sequences.aliases import StoreAliasManager
from refgenie.sequences.model import Case, CollectionInfo, ImportResult, MaskRule, SequenceInfo
from refgenie.sequences.reader import StoreReader
from refgenie.sequences.store_files import LEVEL1, StoreFiles


class LocalMode:
    """The own store: genomes are imported, read, exported, verified and removed here.

    Args:
        folders: Where the genome folder is.
        locks: Writers of the store go one at a time.
        progress: Shows long work, where a call is given no other.
    """

    writable = True

    def __init__(self, folders: Folders, locks: Locks, progress: Progress | None = None) -> None:
        self._folders = folders
        self._locks = locks
        self._progress = progress or NoProgress()
        self.files = StoreFiles(folders.store)
        self.aliases = StoreAliasManager(self.files, locks)

    @property
    def store_path(self) -> Path:
        """The store's folder."""
        return self.files.root

    def has_collection(self, digest: str) -> bool:
        """Whether the store lists this collection."""
        return self.files.listed(digest)

    def collections(self) -> list[str]:
        """Digests of all collections, sorted."""
        return sorted(self.files.index_lines())

    def collection(self, digest: str) -> CollectionInfo:
        """Digests, sizes and mask of a collection."""
        from refgenie.sequences.importing import describe_collection

        self._listed(digest)
        return describe_collection(self.files, digest)

    def sequences(self, digest: str) -> list[SequenceInfo]:
        """The collection's sequences in its order."""
        self._listed(digest)
        return self.files.sequences(digest)

    def level1(self, digest: str) -> dict[str, Any]:
        """Seqcol level 1, the attributes that follow from the inherent ones included."""
        self._listed(digest)
        head = self.files.head(digest)
        return {name: head[key] for name, key in LEVEL1.items() if head.get(key)}

    def level2(self, digest: str) -> dict[str, Any]:
        """Seqcol level 2: names, lengths and sequences as lists."""
        found = self.sequences(digest)
        return {
            "names": [entry.name for entry in found],
            "lengths": [entry.length for entry in found],
            "sequences": [f"SQ.{entry.digest}" for entry in found],
        }

    def open(self, digest: str) -> StoreReader:
        """A reader of one collection's residues."""
        self._listed(digest)
        return StoreReader(self.files, digest)

    def create_store(self) -> None:
        """Make the store where there is none."""
        from refgenie.sequences.creation import create_store

        if not self.files.exists():
            with self._locks.hold(STORE_LOCK):
                create_store(self.files)

    def import_fasta(
        self,
        fasta: Path,
        *,
        mask: MaskRule = "keep",
        progress: Progress | None = None,
        accept: Callable[[str], object] | None = None,
    ) -> ImportResult:
        """Import a FASTA file: plain, gzip or BGZF by content, a pipe too.

        Args:
            fasta: Only read; nothing is written beside it.
            mask: What happens to the mask of a collection that is there already and was masked
                otherwise: the first is kept, or this one replaces it.
            progress: Told the bytes of the file that were read.
            accept: Called with the collection's digest, under the store's lock, before anything
                is stored; what it raises ends the import and leaves the store as it was.

        Raises:
            InvalidInputError: The file is no FASTA that can be stored; names file, line and reason.
            DiskFullError, NotPermittedError: The store cannot be written. Nothing is registered.
        """
        from refgenie.sequences.importing import import_fasta

        self.create_store()
        return import_fasta(
            self.files,
            self._folders.work,
            self._locks,
            fasta,
            mask=mask,
            progress=progress or self._progress,
            accept=accept,
        )

    def export_fasta(
        self,
        digest: str,
        folder: Path,
        *,
        case: Case = "keep",
        progress: Progress | None = None,
    ) -> list[Path]:
        """Write ``<digest>.fa``, ``<digest>.fa.fai`` and ``<digest>.chrom.sizes`` into a folder.

        Args:
            digest: The collection.
            folder: Made where it is not there.
            case: ``keep`` writes masked residues in lower case, as they were imported.
            progress: Told the residues that were written.

        Returns:
            The three files, in this order. Lines have 60 columns, headers are those of the import.
        """
        from refgenie.sequences.export import export_fasta

        self._listed(digest)
        return export_fasta(self.files, digest, folder, case=case, progress=progress or self._progress)

    def _listed(self, digest: str) -> None:
        if not self.files.listed(digest):
            raise NotFoundError(f"the store has no sequence collection {digest}")

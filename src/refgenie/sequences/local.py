"""LocalMode: the store below the genome folder, owned by this registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refgenie.core.layout import Folders
from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.progress import NoProgress, Progress
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.sequences.aliases import StoreAliasManager
from refgenie.sequences.model import (
    Case,
    CollectionInfo,
    CollectionReader,
    Fault,
    GarbageReport,
    ImportResult,
    MaskRule,
)
from refgenie.sequences.reading import StoreReading
from refgenie.sequences.store_files import StoreFiles

if TYPE_CHECKING:
    from refgenie.sequences.importing import Staged


class LocalMode(StoreReading):
    """The own store: genomes are imported, read, exported, verified and removed here.

    Args:
        folders: Where the genome folder is.
        locks: Writers of the store go one at a time.
        progress: Shows long work, where a call is given no other.
    """

    writable = True

    def __init__(self, folders: Folders, locks: Locks, progress: Progress | None = None) -> None:
        self._files = StoreFiles(folders.store)
        self._folders = folders
        self._locks = locks
        self._progress = progress or NoProgress()
        self.aliases = StoreAliasManager(self._files, locks)

    @property
    def files(self) -> StoreFiles:
        """The store's files."""
        return self._files

    @property
    def store_path(self) -> Path:
        """The store's folder."""
        return self.files.root

    def close(self) -> None:
        """Nothing: an own store has nothing that is temporary."""

    def create_store(self) -> None:
        """Make the store where there is none.

        Raises:
            NotPermittedError: The disk cannot be written, or does not tell upper from lower case.
        """
        from refgenie.sequences.creation import create_store

        if not self.files.exists():
            with self._locks.hold(STORE_LOCK):
                create_store(self.files)

    def open(self, digest: str) -> CollectionReader:
        """A reader of one collection's residues; those of a remote one are brought here."""
        self._require(digest)
        if self.files.origin(digest).exists():
            from refgenie.sequences.remote.arrival import Keeper
            from refgenie.sequences.remote.reader import RemoteReader
            from refgenie.sequences.remote.registration import is_complete, origin_of
            from refgenie.sequences.remote.sources import make_source

            if not is_complete(self.files, digest) and (address := origin_of(self.files, digest)):
                keeper = Keeper(
                    lambda: make_source(address),
                    self.files,
                    self._folders.work,
                    self._locks,
                    self._progress,
                )
                return RemoteReader(self.files, digest, keeper)
        from refgenie.sequences.reader import StoreReader

        return StoreReader(self.files, digest)

    def bring(self, digest: str) -> None:
        """Have every sequence of a remote collection here; there is nothing to do for an own one.

        Raises:
            DigestMismatchError: Something else arrived; it was not kept.
            NetworkError, NotFoundError: A sequence did not arrive.
        """
        from refgenie.sequences.remote.reader import RemoteReader

        if not self.has_collection(digest):
            return
        with self.open(digest) as reader:
            if isinstance(reader, RemoteReader):
                reader.bring_all()

    def origin(self, digest: str) -> str | None:
        """Address from which the sequences of a remote collection come, None for an imported one."""
        from refgenie.sequences.remote.registration import origin_of

        return origin_of(self.files, digest)

    def import_fasta(
        self,
        fasta: Path,
        *,
        mask: MaskRule = "keep",
        progress: Progress | None = None,
        accept: Callable[[str], object] | None = None,
        staged: Staged | None = None,
    ) -> ImportResult:
        """Import a FASTA file: plain, gzip or BGZF by content, a pipe too.

        Args:
            fasta: Only read; nothing is written beside it.
            mask: What happens to the mask of a collection that is there already and was masked
                otherwise: the first is kept, or this one replaces it.
            progress: Told the bytes of the file that were read.
            accept: Called with the collection's digest, under the store's lock, before anything
                is stored; what it raises ends the import and leaves the store as it was.
            staged: The same file in a private store below this one's work folder, where it was
                read already.

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
            staged=staged,
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

        self._require(digest)
        self.bring(digest)
        return export_fasta(self.files, digest, folder, case=case, progress=progress or self._progress)

    def register_remote(self, url: str, digest: str) -> CollectionInfo:
        """List a collection whose sequences stay on a server until they are read.

        Args:
            url: A static RefgetStore or a seqcol API; which of them is found out.
            digest: The collection there.

        Raises:
            NotFoundError: The server has no such collection.
            DigestMismatchError: What it answers has another digest.
            NetworkError: It does not answer, or is neither of the two.
        """
        from refgenie.sequences.remote.registration import register_remote

        self.create_store()
        return register_remote(self.files, self._locks, url, digest)

    def register_remotes(self, url: str, digests: Sequence[str], progress: Progress | None = None) -> None:
        """List many collections of one server, faster than one by one; errors as of register_remote."""
        from refgenie.sequences.remote.registration import register_remotes

        self.create_store()
        register_remotes(self.files, self._locks, url, digests, progress or self._progress)

    def remove(self, digest: str) -> None:
        """Remove a collection, its aliases, and the sequences that no other collection uses."""
        from refgenie.sequences.removal import remove_collection

        self._require(digest)
        with self._locks.hold(STORE_LOCK):
            self._require(digest)
            remove_collection(self.files, digest)

    def remove_set_aside(self, digest: str) -> None:
        """Remove what is left of a collection whose damaged list of sequences was set aside."""
        from refgenie.sequences.removal import remove_set_aside

        with self._locks.hold(STORE_LOCK):
            remove_set_aside(self.files, digest)

    def verify(
        self,
        digest: str | None = None,
        *,
        repair_from: Path | str | None = None,
        repair: bool = False,
        progress: Progress | None = None,
    ) -> list[Fault]:
        """Compute the digests of stored sequences again from their bytes.

        Args:
            digest: One collection; None is all of them, and the indices too.
            repair_from: A FASTA file (Path) or a server (address) that damaged sequences are
                restored from.
            repair: Restore without ``repair_from`` too: from where a remote collection came.
            progress: Told the residues that were read.

        Returns:
            What is wrong, repaired or not; empty where all is well.
        """
        from refgenie.sequences.integrity import repair as mend
        from refgenie.sequences.integrity import verify

        if digest is not None:
            self._require(digest)
        shown = progress or self._progress
        faults = verify(self.files, digest, shown)
        if not faults or not (repair or repair_from):
            return faults
        source = repair_from
        if isinstance(source, str) and "://" not in source:
            source = Path(source)
        return mend(self.files, self._folders.work, self._locks, faults, source, shown)

    def repair_index(self) -> list[Fault]:
        """Make damaged index files anew from the collections' own files."""
        from refgenie.sequences.recovery import repair_index

        if not self.files.root.exists():
            return []
        with self._locks.hold(STORE_LOCK):
            return repair_index(self.files)

    def set_aside(self) -> list[Fault]:
        """The damaged lists of sequences that ``repair_index`` set aside, until they come again."""
        from refgenie.sequences.recovery import set_aside

        return set_aside(self.files)

    def index_faults(self) -> list[Fault]:
        """What is wrong with the index files; nothing is changed."""
        from refgenie.sequences.recovery import index_faults

        return index_faults(self.files)

    def collect_garbage(self) -> GarbageReport:
        """Remove sequences that no collection uses, and what ended imports left behind."""
        from refgenie.sequences.removal import collect_garbage

        with self._locks.hold(STORE_LOCK):
            return collect_garbage(self.files, self._folders.work)

    def set_fhr(self, digest: str, document: dict[str, Any] | None) -> None:
        """Keep FHR metadata (FAIR Headers Reference genome 1.0) of a collection; None removes them.

        Raises:
            InvalidInputError: The document is no FHR metadata.
        """
        from refgenie.sequences.durable import write_bytes, writing
        from refgenie.sequences.engine import check_fhr
        from refgenie.sequences.engine_lock import engine_lock
        from refgenie.sequences.recovery import ready_to_write

        self._require(digest)
        if document is not None:
            check_fhr(document)
        with self._locks.hold(STORE_LOCK), writing(str(self.files.root)):
            ready_to_write(self.files)
            with engine_lock(self.files.root):
                if document is None:
                    self.files.fhr(digest).unlink(missing_ok=True)
                else:
                    write_bytes(self.files.fhr(digest), json.dumps(document, indent=2).encode())
                self.files.write_manifest()

    def _require(self, digest: str) -> None:
        if not self.files.listed(digest):
            if self.files.root.exists() and self.files.collection(digest).exists():
                raise InvalidInputError(
                    f"the store's index does not list collection {digest}, whose file is there",
                    hint="run 'refgenie doctor --fix'",
                )
            raise NotFoundError(f"the store has no sequence collection {digest}")

"""How a genome comes into the registry: from a FASTA file, or from sequences that stay remote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.orm import Session

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.names import is_genome_digest
from refgenie.core.progress import Progress
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError, NotPermittedError
from refgenie.genomes import genome_table
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.fhr import read_fhr, species_of
from refgenie.genomes.genome_table import GenomeFacts, InitializedGenome
from refgenie.sequences.model import CollectionInfo, MaskRule, StoreMode

if TYPE_CHECKING:
    from refgenie.sequences.importing import Staged
    from refgenie.sequences.local import LocalMode


def own_store(mode: StoreMode) -> LocalMode:
    """The store as one that can be written to.

    Raises:
        NotPermittedError: It is a remote one, which is only read.
    """
    if not mode.writable:
        raise NotPermittedError(
            "the sequence store is a remote one, which is only read",
            hint="run the command where the store's own genome folder is",
        )
    return cast("LocalMode", mode)


class Initialization:
    """Brings genomes in, in the order store, registry, links.

    What a crash leaves between two of them is mended by the same call made again.
    """

    def __init__(self, mode: StoreMode, locks: Locks, aliases: AliasService) -> None:
        self._mode = mode
        self._locks = locks
        self._aliases = aliases

    def from_fasta(
        self,
        fasta: Path,
        names: list[str],
        facts: GenomeFacts,
        fhr: Path | str | Mapping[str, Any] | None,
        mask: MaskRule,
        progress: Progress | None,
        staged: Staged | None,
    ) -> InitializedGenome:
        """Import a FASTA file and register what it holds; see GenomeService.initialize_genome."""
        store = own_store(self._mode)
        check_readable(fasta)
        document = checked_fhr(fhr)
        if staged is None:
            self._check_names_early(store, fasta, names, progress)
        imported = store.import_fasta(
            fasta,
            mask=mask,
            progress=progress,
            accept=lambda digest: self._aliases.check_free(names, digest),
            staged=staged,
        )
        known = replace(facts, digest=imported.collection.digest, source=genome_table.LOCAL)
        return self._register(
            store, imported.collection, known, names, document, mask_kept=imported.mask_kept
        )

    def from_remote(
        self,
        url: str,
        digest: str,
        names: list[str],
        facts: GenomeFacts,
        fhr: Path | str | Mapping[str, Any] | None,
    ) -> InitializedGenome:
        """Register a genome whose sequences stay remote; see GenomeService.initialize_remote."""
        store = own_store(self._mode)
        if not is_genome_digest(digest):
            raise InvalidInputError(f"{digest!r} is no sequence collection digest")
        document = checked_fhr(fhr)
        self._aliases.check_free(names, digest)
        is_here = store.has_collection(digest) and store.origin(digest) is None
        collection = store.collection(digest) if is_here else store.register_remote(url, digest)
        origin = store.origin(digest)
        source = genome_table.REMOTE if origin else genome_table.LOCAL
        known = replace(facts, digest=digest, source=source, source_url=origin)
        return self._register(store, collection, known, names, document, mask_kept=False)

    def _check_names_early(
        self, store: LocalMode, fasta: Path, names: Iterable[str], progress: Progress | None
    ) -> None:
        """Refuse a name that is another genome's before the long import, not after it."""
        if not fasta.is_file():
            return  # a pipe can be read once
        try:
            self._aliases.check_free(names, None)
        except ConflictError:
            # Some name is in use: by this very genome, or by another?
            self._aliases.check_free(names, store.digest_fasta(fasta, progress=progress))

    def _register(
        self,
        store: LocalMode,
        collection: CollectionInfo,
        facts: GenomeFacts,
        names: list[str],
        fhr: dict[str, Any] | None,
        *,
        mask_kept: bool,
    ) -> InitializedGenome:
        complete = replace(
            facts,
            species_name=facts.species_name or species_of(fhr),
            masking=collection.masking,
            sequences=collection.sequences,
            total_length=collection.total_length,
        )

        def record(session: Session) -> tuple[bool, dict[str, Any]]:
            was_new = genome_table.register(session, complete)
            return was_new, genome_table.values(genome_table.row_of(session, collection.digest), ())

        with self._locks.hold(STORE_LOCK):
            if not store.has_collection(collection.digest):
                raise ConflictError(
                    f"another process removed the genome {collection.digest} meanwhile",
                    hint="run the command again",
                )
            self._aliases.check_free(names, collection.digest)
            if fhr is not None:
                store.set_fhr(collection.digest, fhr)
            was_new, values = self._aliases.place(names, collection.digest, also=record)
        values["aliases"] = tuple(self._aliases.of_genome(collection.digest))
        return InitializedGenome(**values, was_new=was_new, mask_kept=mask_kept)


def checked_fhr(fhr: Path | str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """FHR metadata, refused before anything is imported where the store would not keep them."""
    if fhr is None:
        return None
    from refgenie.sequences.engine import check_fhr

    document = read_fhr(fhr)
    check_fhr(document)
    return document


def check_readable(fasta: Path) -> None:
    """Refuse what is no readable file before anything is locked.

    Raises:
        NotFoundError: There is nothing of this name.
        InvalidInputError: It is a folder.
        NotPermittedError: It cannot be read.
    """
    if fasta.is_dir():
        raise InvalidInputError(f"{fasta} is a folder, not a FASTA file")
    try:
        if fasta.is_file():
            fasta.open("rb").close()
        else:
            fasta.stat()
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no FASTA file {fasta}") from error
    except OSError as error:
        raise NotPermittedError(f"cannot read {fasta}: {error.strerror}") from error

"""What both modes do alike: questions to the files of a store on this machine."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from refgenie.core.progress import NoProgress, Progress
from refgenie.errors import InvalidInputError
from refgenie.sequences.model import CollectionInfo, CollectionReader, SequenceInfo
from refgenie.sequences.store_files import LEVEL1, StoreFiles


class StoreReading(ABC):
    """Reads collections from a store's files; never locks and never writes to an own store."""

    @property
    @abstractmethod
    def files(self) -> StoreFiles:
        """The store's files on this machine."""

    @abstractmethod
    def _require(self, digest: str) -> None:
        """Have the collection's file here, or raise NotFoundError."""

    @abstractmethod
    def open(self, digest: str) -> CollectionReader:
        """A reader of one collection's residues."""

    def has_collection(self, digest: str) -> bool:
        """Whether the store lists this collection."""
        return self.files.listed(digest)

    def collections(self) -> list[str]:
        """Digests of all collections, sorted."""
        return sorted(self.files.index_lines())

    def collection(self, digest: str) -> CollectionInfo:
        """Digests, sizes and mask of a collection."""
        from refgenie.sequences.importing import describe_collection

        self._require(digest)
        return describe_collection(self.files, digest)

    def sequences(self, digest: str) -> list[SequenceInfo]:
        """The collection's sequences in its order."""
        self._require(digest)
        return self.files.sequences(digest)

    def level1(self, digest: str) -> dict[str, Any]:
        """Seqcol level 1, the attributes that follow from the inherent ones included."""
        self._require(digest)
        head = self.files.head(digest)
        return {name: head[key] for name, key in LEVEL1.items() if head.get(key)}

    def level2(self, digest: str) -> dict[str, Any]:
        """Seqcol level 2: names, lengths and sequences as lists."""
        self._require(digest)
        return self.files.level2(digest)

    def fhr(self, digest: str) -> dict[str, Any] | None:
        """FHR metadata of a collection, None where there is none."""
        path = self.files.fhr(digest)
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise InvalidInputError(f"{path} is no JSON") from error
        return content if isinstance(content, dict) else None

    def digest_fasta(self, fasta: Path, *, progress: Progress | None = None) -> str:
        """Seqcol digest of a FASTA file; nothing is stored.

        Raises:
            InvalidInputError: It is no FASTA file.
        """
        from refgenie.sequences.fasta_digest import digest_fasta

        return digest_fasta(fasta, progress or NoProgress())

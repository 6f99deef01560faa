"""What this room answers with, and what both of its modes offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:  # the records are slow to load, and the fastest reader needs none of them
    from refgenie.core.records import AliasRecord

Case = Literal["keep", "upper"]
MaskRule = Literal["keep", "replace"]

NAMESPACE = "refgenie"
"""Namespace of the store's collection aliases that name genomes."""


@dataclass(frozen=True, slots=True)
class SequenceInfo:
    """One sequence of a collection.

    Attributes:
        name: Unique within the collection.
        length: Residues.
        digest: GA4GH refget digest (sha512t24u) without the prefix ``SQ.``.
        md5: MD5 of the upper case residues, lower case hex.
        alphabet: The store's name of the smallest alphabet that has all residues.
        description: What follows the name in the FASTA header.
    """

    name: str
    length: int
    digest: str
    md5: str
    alphabet: str
    description: str


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A sequence collection (GA4GH seqcol).

    Attributes:
        digest: Level-0 digest of the collection.
        names_digest: Level-1 digest of the names.
        sequences_digest: Level-1 digest of the sequences.
        lengths_digest: Level-1 digest of the lengths.
        sequences: Number of sequences.
        total_length: Sum of the lengths in residues.
        masking: ``none``, or ``soft`` where a mask is kept beside the collection.
        mask_digest: sha512t24u of the mask, None without one.
    """

    digest: str
    names_digest: str
    sequences_digest: str
    lengths_digest: str
    sequences: int
    total_length: int
    masking: str = "none"
    mask_digest: str | None = None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did.

    Attributes:
        collection: The imported collection.
        was_new: False where the store had it already.
        mask_kept: Whether another mask was there and stayed.
    """

    collection: CollectionInfo
    was_new: bool
    mask_kept: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the store that is not as it should be.

    Attributes:
        kind: ``missing``, ``altered``, ``truncated`` or ``index``.
        subject: Digest of the sequence or collection, or name of the index file.
        detail: One line for people.
        repaired: Whether it was mended.
    """

    kind: str
    subject: str
    detail: str
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What was removed: numbers of files and folders, and their bytes."""

    sequences: int
    others: int
    bytes: int


class AliasStore(Protocol):
    """Names of genomes."""

    def resolve(self, alias: str) -> str | None:
        """Digest of the genome with this alias, or None."""
        ...

    def list(self) -> list[AliasRecord]:
        """All aliases, sorted by name."""
        ...

    def of_genome(self, digest: str) -> Sequence[str]:
        """The aliases of one genome, sorted."""
        ...


class CollectionReader(Protocol):
    """Residues of one collection; positions are 0-based, half-open."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the sequences, in the collection's order."""
        ...

    def length(self, name: str) -> int:
        """Residues of a sequence; NotFoundError where there is none of this name."""
        ...

    def fetch(
        self, name: str, start: int | None = None, end: int | None = None, keep_case: bool = False
    ) -> str:
        """Residues of a region; the whole sequence without bounds."""
        ...

    def stream(
        self, name: str, start: int | None = None, end: int | None = None, keep_case: bool = False
    ) -> Iterator[str]:
        """The same in pieces of bounded size."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...

    def __enter__(self) -> CollectionReader: ...
    def __exit__(self, *_: object) -> None: ...


class StoreMode(Protocol):
    """The sequences behind a registry: the own store, or a remote one."""

    @property
    def writable(self) -> bool:
        """Whether genomes can be added and removed."""
        ...

    @property
    def aliases(self) -> AliasStore:
        """Names of the store's genomes."""
        ...

    def create_store(self) -> None:
        """Make the store where there is none, or open the remote one."""
        ...

    def close(self) -> None:
        """Let go of what is temporary."""
        ...

    def has_collection(self, digest: str) -> bool:
        """Whether the store lists this collection."""
        ...

    def collection(self, digest: str) -> CollectionInfo:
        """The collection's digests and sizes; NotFoundError where there is none."""
        ...

    def sequences(self, digest: str) -> list[SequenceInfo]:
        """The collection's sequences in its order."""
        ...

    def level1(self, digest: str) -> dict[str, Any]:
        """Seqcol level 1: attribute names to digests."""
        ...

    def level2(self, digest: str) -> dict[str, Any]:
        """Seqcol level 2: names, lengths and sequences as lists."""
        ...

    def open(self, digest: str) -> CollectionReader:
        """A reader of one collection's residues."""
        ...

    def fhr(self, digest: str) -> dict[str, Any] | None:
        """FHR metadata of a collection, None where there is none."""
        ...

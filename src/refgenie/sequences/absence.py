"""What is said of collections and residues that are not there."""

from __future__ import annotations

from pathlib import Path

from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.sequences.store_files import StoreFiles


class SequenceNotHereError(NotFoundError):
    """The sequence of a remote genome is still on its server; ``LocalMode.open`` brings it."""


def no_collection(digest: str) -> NotFoundError:
    """The error for a collection that the store does not have."""
    return NotFoundError(f"the store has no sequence collection {digest}")


def no_sequence(collection: str, name: str) -> NotFoundError:
    """The error for a name that a collection does not have."""
    return NotFoundError(f"genome {collection} has no sequence {name!r}")


def missing(root: Path, digest: str) -> InvalidInputError:
    """The error for a sequence whose file is gone."""
    return InvalidInputError(
        f"sequence {digest} is missing from the store {root}",
        hint="run 'refgenie verify GENOME --repair FASTA'",
    )


def cut_off(digest: str, found: int, expected: int) -> InvalidInputError:
    """The error for a sequence that ends too early."""
    return InvalidInputError(
        f"sequence {digest} is damaged: {found} residues instead of {expected}",
        hint="run 'refgenie verify GENOME'",
    )


def not_here(store: str, collection: str, name: str, digest: str) -> Exception:
    """The error for a sequence without a file: it is elsewhere, or it is gone."""
    files = StoreFiles(Path(store))
    if files.origin(collection).exists():
        return SequenceNotHereError(f"{name} of {collection} was not fetched yet")
    return missing(files.root, digest)

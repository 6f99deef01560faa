"""One region of one sequence, as fast as a process can start: what ``getseq`` calls.

Imports nothing but the standard library and the engine; opens a store of one collection at most.
"""

from __future__ import annotations

from pathlib import Path

from refgenie.errors import NotFoundError
from refgenie.sequences.store_files import StoreFiles
from refgenie.sequences.views import find_line, passing_view


class SequenceNotHereError(NotFoundError):
    """The sequence of a remote genome is still on its server; ``LocalMode.open`` brings it."""


def has_sequence(store_path: str, collection_digest: str, name: str) -> bool:
    """Whether a collection of a store on this machine has a sequence of this name.

    Raises:
        NotFoundError: There is no such collection.
    """
    if "\t" in name or "\n" in name:
        return False
    files = StoreFiles(Path(store_path))
    if not files.collection(collection_digest).exists():
        raise NotFoundError(f"the store has no sequence collection {collection_digest}")
    try:
        find_line(files, collection_digest, name)
    except NotFoundError:
        return False
    return True


def fetch(
    store_path: str,
    collection_digest: str,
    region_name: str,
    start: int | None = None,
    end: int | None = None,
    keep_case: bool = False,
) -> str:
    """Residues of a region of a collection in a store on this machine.

    Args:
        store_path: Folder of the store.
        collection_digest: Digest of the collection.
        region_name: Name of the sequence.
        start: First position, 0-based; None is 0.
        end: Position after the last; None is the sequence's length.
        keep_case: Masked residues in lower case, as they were imported.

    Raises:
        NotFoundError: There is no such collection or sequence.
        SequenceNotHereError: The genome is remote, and this sequence was not fetched yet.
        InvalidInputError: The region does not lie within the sequence, or the store is damaged.
    """
    from refgenie.sequences.engine import open_store
    from refgenie.sequences.reader import Residues, bounds

    files = StoreFiles(Path(store_path))
    line = find_line(files, collection_digest, region_name)
    _, length, _, digest, _ = line.split(b"\t", 4)
    first, last = bounds(region_name, int(length), start, end)

    def read(view: Path) -> bytearray:
        residues = Residues(open_store(view), files)
        try:
            return residues.read(digest.decode(), first, last)
        finally:
            residues.close()

    if not files.sequence(digest.decode()).exists() and files.origin(collection_digest).exists():
        raise SequenceNotHereError(f"{region_name} of {collection_digest} was not fetched yet")
    view = files.view(collection_digest)
    if (view / "rgstore.json").exists():  # which is made for collections that open fast
        found = read(view)
    else:
        with passing_view(files, [line]) as view:
            found = read(view)
    if keep_case and files.mask(collection_digest).exists():
        from refgenie.sequences.masks import Mask

        mask = Mask(files.mask(collection_digest))
        mask.apply(region_name, found, first)
        mask.close()
    return found.decode()

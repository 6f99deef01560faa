"""Views: small stores that list one collection and share the big store's residues.

Opening a store costs time and memory in proportion to all of its sequences; a view has one
genome's. The writer makes it at import. A reader that finds none makes one for itself in the
system's temporary folder and removes it again, so that reading leaves no trace.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from refgenie.sequences.durable import writing
from refgenie.sequences.store_files import COLLECTION_COLUMNS, SEQUENCE_COLUMNS, StoreFiles

LARGEST = 20_000
"""Sequences up to which a view of the whole collection opens as fast as a process starts."""

DESCRIPTION = {
    "version": 1,
    "seqdata_path_template": "sequences/%s2/%s.seq",
    "collections_path_template": "collections/%s.rgsi",
    "sequence_index": "sequences.rgsi",
    "collection_index": "collections.rgci",
    "mode": "Encoded",
    "created_at": "1970-01-01T00:00:00+00:00",
    "ancillary_digests": True,
    "attribute_index": False,
}


def fill(folder: Path, sequences_link: str, lines: Iterable[bytes], mode: str) -> None:
    """Write a store into an empty folder that lists the given sequences, and links to the rest."""
    (folder / "collections").mkdir()
    (folder / "rgstore.json").write_text(json.dumps({**DESCRIPTION, "mode": mode}))
    (folder / "sequences.rgsi").write_bytes(SEQUENCE_COLUMNS + b"".join(lines))
    (folder / "collections.rgci").write_bytes(COLLECTION_COLUMNS)
    (folder / "sequences").symlink_to(sequences_link)


def make_view(files: StoreFiles, digest: str, source: StoreFiles | None = None) -> None:
    """Make the lasting view of a collection; the caller holds the store's lock.

    Args:
        files: The store that gets the view.
        digest: The collection.
        source: The store that lists it, where that is another one.
    """
    place = files.view(digest)
    lines = list((source or files).lines(digest))
    if len(lines) > LARGEST:
        return
    with writing(str(place)):
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.parent / f".{secrets.token_hex(6)}.part"
        made.mkdir()
        try:
            fill(made, "../../../sequences", lines, files.read_manifest()["mode"])
            remove_view(files, digest)
            made.rename(place)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise


def remove_view(files: StoreFiles, digest: str) -> None:
    """Remove the lasting view, if there is one; the caller holds the store's lock."""
    place = files.view(digest)
    if place.exists():
        # Out of the way first: a reader finds it whole or not at all.
        gone = place.parent / f".{secrets.token_hex(6)}.part"
        place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


@contextmanager
def passing_view(files: StoreFiles, lines: Iterable[bytes]) -> Iterator[Path]:
    """A view in the system's temporary folder while the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="refgenie-view-"))
    try:
        fill(folder, str(files.root.resolve() / "sequences"), lines, files.read_manifest()["mode"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

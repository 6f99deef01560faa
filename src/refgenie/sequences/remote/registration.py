"""Listing a remote collection in the own store, and remembering where its sequences are."""

from __future__ import annotations

import json
from typing import Any

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.errors import InvalidInputError
from refgenie.sequences.durable import write_bytes, writing
from refgenie.sequences.importing import describe_collection
from refgenie.sequences.masks import is_mask
from refgenie.sequences.model import CollectionInfo
from refgenie.sequences.recovery import ready_to_write
from refgenie.sequences.remote.sources import make_source
from refgenie.sequences.store_files import (
    UNKNOWN,
    StoreFiles,
    index_entry,
    is_unknown,
    parse_sequence,
)
from refgenie.sequences.views import make_view


def register_remote(files: StoreFiles, locks: Locks, url: str, digest: str) -> CollectionInfo:
    """List a remote collection; see LocalMode.register_remote."""
    source = make_source(url)
    content = source.collection(digest)
    mask = source.optional(f"masks/{digest}.mask")
    with locks.hold(STORE_LOCK), writing(str(files.root)):
        ready_to_write(files)
        if not files.listed(digest):
            # Where it comes from first, so that a listed collection can always be read.
            write_bytes(files.origin(digest), json.dumps({"url": url}).encode())
            if mask is not None and is_mask(mask):
                write_bytes(files.mask(digest), mask)
            list_collection(files, digest, content)
            make_view(files, digest)
    return describe_collection(files, digest)


def list_collection(files: StoreFiles, digest: str, content: bytes) -> None:
    """Put a proven collection file into the store and its indices; the caller holds the lock."""
    known = {key: line for key, line in files.sequence_lines().items() if not is_unknown(line)}
    with files.committing():
        _list(files, digest, _with_known(content, known), known)


def _list(files: StoreFiles, digest: str, content: bytes, known: dict[bytes, bytes]) -> None:
    write_bytes(files.collection(digest), content)
    lines = {line.split(b"\t", 4)[3]: line for line in files.lines(digest)}
    collections = files.index_lines()
    collections[digest] = index_entry(files.head(digest), sum(1 for _ in files.lines(digest)))
    files.write_indices(files.sequence_lines() | lines | known, collections)


def _with_known(content: bytes, known: dict[bytes, bytes]) -> bytes:
    """Take MD5 and alphabet from sequences that the store knows already."""
    lines = []
    for line in content.splitlines(keepends=True):
        columns = line.split(b"\t")
        if not line.startswith(b"#") and is_unknown(line) and columns[3] in known:
            better = known[columns[3]].split(b"\t")
            line = b"\t".join([*columns[:2], better[2], columns[3], better[4], *columns[5:]])  # noqa: PLW2901
        lines.append(line)
    return b"".join(lines)


def origin_of(files: StoreFiles, digest: str) -> str | None:
    """Address from which the sequences of a collection come, None for an imported one."""
    try:
        content: Any = json.loads(files.origin(digest).read_bytes())
        return str(content["url"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{files.origin(digest)} is damaged") from error


def is_complete(files: StoreFiles, digest: str) -> bool:
    """Whether every sequence of a collection is here."""
    return all(
        entry.alphabet != UNKNOWN and files.sequence(entry.digest).exists()
        for entry in map(parse_sequence, files.lines(digest))
    )

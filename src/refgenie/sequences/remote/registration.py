"""Listing a remote collection in the own store, and remembering where its sequences are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from refgenie.core.addresses import without_credentials
from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.progress import NoProgress, Progress
from refgenie.errors import InvalidInputError, NotPermittedError
from refgenie.sequences.collection_file import read_head, read_lines
from refgenie.sequences.durable import write_bytes, writing
from refgenie.sequences.importing import describe_collection
from refgenie.sequences.masks import is_mask
from refgenie.sequences.model import CollectionInfo
from refgenie.sequences.recovery import is_proven, ready_to_write
from refgenie.sequences.remote.sources import make_source
from refgenie.sequences.store_files import (
    UNKNOWN,
    StoreFiles,
    index_entry,
    is_unknown,
    parse_sequence,
)
from refgenie.sequences.views import make_view

_AT_ONCE = 8
_BATCH = 256
"""Collections that are listed in one commit, since a commit writes the store's indices anew."""


def register_remote(files: StoreFiles, locks: Locks, url: str, digest: str) -> CollectionInfo:
    """List a remote collection; see LocalMode.register_remote."""
    register_remotes(files, locks, url, [digest], NoProgress())
    return describe_collection(files, digest)


def register_remotes(
    files: StoreFiles, locks: Locks, url: str, digests: Sequence[str], progress: Progress
) -> None:
    """List many remote collections of one server; see LocalMode.register_remotes."""
    source = make_source(url)

    def fetch(digest: str) -> tuple[str, bytes, bytes | None]:
        return digest, source.collection(digest), source.optional(f"masks/{digest}.mask")

    with ThreadPoolExecutor(_AT_ONCE) as pool, progress.task("Registering collections"):
        for at in range(0, len(digests), _BATCH):
            arrived = list(pool.map(fetch, digests[at : at + _BATCH]))
            with locks.hold(STORE_LOCK), writing(str(files.root)):
                _list_all(files, url, arrived)


def _list_all(files: StoreFiles, url: str, arrived: Sequence[tuple[str, bytes, bytes | None]]) -> None:
    ready_to_write(files)
    listed = files.index_lines()
    new: dict[str, bytes] = {}
    for digest, content, mask in arrived:
        is_remote = files.origin(digest).exists()
        if digest not in listed or is_remote:
            # Where it comes from first, so that a listed collection can always be read.
            _write_origin(files, digest, url)
        if digest not in listed or (is_remote and not is_proven(files, digest)):
            new[digest] = content
            if mask is not None and is_mask(mask):
                write_bytes(files.mask(digest), mask)
    if new:
        list_collections(files, new)
    for digest in new:
        make_view(files, digest)


def _write_origin(files: StoreFiles, digest: str, url: str) -> None:
    mode = 0o666 if without_credentials(url) == url else 0o600
    write_bytes(files.origin(digest), json.dumps({"url": url}).encode(), mode=mode)


def list_collections(files: StoreFiles, new: Mapping[str, bytes]) -> None:
    """Put proven collection files into the store and its indices; the caller holds the lock."""
    sequences, collections = files.sequence_lines(), files.index_lines()
    known = {key: line for key, line in sequences.items() if not is_unknown(line)}
    contents = {digest: _with_known(content, known) for digest, content in new.items()}
    for digest, content in contents.items():
        lines = list(read_lines(BytesIO(content)))
        sequences |= {line.split(b"\t", 4)[3]: line for line in lines}
        collections[digest] = index_entry(read_head(BytesIO(content)), len(lines))
    with files.committing():
        for digest, content in contents.items():
            write_bytes(files.collection(digest), content)
        files.write_indices(sequences | known, collections)
        for digest in contents:
            files.damaged_collection(digest).unlink(missing_ok=True)


def _with_known(content: bytes, known: dict[bytes, bytes]) -> bytes:
    """Take MD5 and alphabet from sequences that the store knows already, with the same length."""
    lines = []
    for line in content.splitlines(keepends=True):
        columns = line.split(b"\t")
        if not line.startswith(b"#") and is_unknown(line) and columns[3] in known:
            better = known[columns[3]].split(b"\t")
            if better[1] == columns[1]:
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
    except PermissionError as error:
        raise NotPermittedError(
            f"the address that the genome {digest} comes from holds a password of another user"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{files.origin(digest)} is damaged") from error


def is_complete(files: StoreFiles, digest: str) -> bool:
    """Whether every sequence of a collection is here."""
    return all(
        entry.alphabet != UNKNOWN and files.sequence(entry.digest).exists()
        for entry in map(parse_sequence, files.lines(digest))
    )

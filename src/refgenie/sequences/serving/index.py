"""The collections that a store lists, with the digests of their attributes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from refgenie.sequences.store_files import LEVEL1, StoreFiles

T = TypeVar("T")
_COLUMN_OF = {f"{name}_digest": name for name in LEVEL1}


class ReadOnce(Generic[T]):
    """What a file says, read again when the file is another one."""

    def __init__(self, read: Callable[[Path], T], nothing: T) -> None:
        self._read = read
        self._nothing = nothing
        self._stamp: tuple[object, ...] | None = None
        self._value = nothing
        self._lock = Lock()

    def get(self, path: Path) -> T:
        """The file's content; ``nothing`` where there is no file."""
        try:
            status = os.stat(path)  # noqa: PTH116 - once a request
        except FileNotFoundError:
            return self._nothing
        stamp = (path, status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            if stamp != self._stamp:
                self._value, self._stamp = self._read(path), stamp
            return self._value


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """A line of the store's index: sequences, and attribute name to digest (seqcol level 1)."""

    digest: str
    sequences: int
    attributes: dict[str, str]


class CollectionIndex:
    """The store's index of collections, in memory as long as it does not change."""

    def __init__(self) -> None:
        self._listed: ReadOnce[dict[str, ListedCollection]] = ReadOnce(_read, {})
        self._sequences = ReadOnce(_count_sequences, 0)

    def all(self, files: StoreFiles) -> dict[str, ListedCollection]:
        """Every collection by digest, sorted."""
        return self._listed.get(files.collection_index)

    def sequences(self, files: StoreFiles) -> int:
        """Number of different sequences."""
        return self._sequences.get(files.sequence_index)


def _read(path: Path) -> dict[str, ListedCollection]:
    columns: list[str] = []
    found: dict[str, ListedCollection] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        values = line.removeprefix("#").split("\t")
        if line.startswith("#"):
            columns = values
        elif len(values) == len(columns):
            named = dict(zip(columns, values, strict=True))
            attributes = {name: named[column] for column, name in _COLUMN_OF.items() if named.get(column)}
            found[named["digest"]] = ListedCollection(named["digest"], int(named["n_sequences"]), attributes)
    return dict(sorted(found.items()))


def _count_sequences(path: Path) -> int:
    with path.open("rb") as handle:
        return sum(1 for line in handle if not line.startswith(b"#"))

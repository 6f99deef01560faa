"""Sequence collections as they are sent: big ones are encoded once and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from refgenie.server.answers import encode
from refgenie.server.failure import missing


class KeptCollections:
    """Level 2 of sequence collections as JSON; a collection never changes, its digest says what it is.

    Args:
        read: Level 2 by digest; ValueError where there is no such collection.
        has: Whether there is a collection (one that was removed is not answered from memory).
        capacity: Bytes of all together; the longest unused go first, the last one stays.
    """

    def __init__(
        self, read: Callable[[str], dict[str, Any]], has: Callable[[str], bool], capacity: int = 64 << 20
    ) -> None:
        self._read = read
        self._has = has
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()
        self._making = Lock()

    def level2(self, digest: str) -> bytes:
        """The collection; NotFoundError where there is none."""
        if not self._has(digest):
            raise missing("sequence collection", digest)
        found = self._get(digest)
        if found is not None:
            return found
        # One at a time: a big one takes a second and hundreds of megabytes while it is made.
        with self._making:
            return self._get(digest) or self._make(digest)

    def _get(self, digest: str) -> bytes | None:
        with self._lock:
            found = self._kept.get(digest)
            if found is not None:
                self._kept.move_to_end(digest)
            return found

    def _make(self, digest: str) -> bytes:
        try:
            encoded = encode(self._read(digest))
        except ValueError as error:
            raise missing("sequence collection", digest) from error
        with self._lock:
            self._kept[digest] = encoded
            self._size += len(encoded)
            while self._size > self._capacity and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)
        return encoded

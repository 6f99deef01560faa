"""Encoded collections are kept within bounds, and no longer than there is the collection."""

from __future__ import annotations

import json
from typing import Any

import pytest

from refgenie.errors import NotFoundError
from refgenie.server.kept_collections import KeptCollections


class Backend:
    """Collections in memory that count how often they are read."""

    def __init__(self, *digests: str) -> None:
        self.there = set(digests)
        self.read: list[str] = []

    def get(self, digest: str) -> dict[str, Any]:
        if digest not in self.there:
            raise ValueError(digest)
        self.read.append(digest)
        return {"names": [digest * 100]}


def keeping(backend: Backend, capacity: int = 1 << 20) -> KeptCollections:
    return KeptCollections(backend.get, backend.there.__contains__, capacity)


def test_a_collection_is_read_once() -> None:
    backend = Backend("a")
    kept = keeping(backend)
    assert kept.level2("a") == kept.level2("a")
    assert json.loads(kept.level2("a")) == {"names": ["a" * 100]}
    assert backend.read == ["a"]


def test_a_removed_collection_is_not_answered_from_memory() -> None:
    backend = Backend("a")
    kept = keeping(backend)
    kept.level2("a")
    backend.there.remove("a")
    with pytest.raises(NotFoundError):
        kept.level2("a")


def test_a_collection_that_goes_while_it_is_read_is_missing() -> None:
    backend = Backend()
    kept = KeptCollections(backend.get, lambda _digest: True)
    with pytest.raises(NotFoundError):
        kept.level2("a")


def test_the_longest_unused_go_first() -> None:
    backend = Backend("a", "b", "c")
    kept = keeping(backend, capacity=250)
    for digest in ("a", "b", "a", "c", "a"):
        kept.level2(digest)
    assert backend.read == ["a", "b", "c"]
    kept.level2("b")
    assert backend.read == ["a", "b", "c", "b"]


def test_the_last_one_stays_however_big() -> None:
    backend = Backend("a")
    kept = keeping(backend, capacity=1)
    kept.level2("a")
    kept.level2("a")
    assert backend.read == ["a"]

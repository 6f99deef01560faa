"""Locks: one holder at a time, whose own thread may hold again."""

from __future__ import annotations

import threading

import pytest

from refgenie.core.locks import Locks
from refgenie.errors import LockedError


def try_elsewhere(locks: Locks) -> str:
    """What a thread finds that does not hold the lock."""
    found: list[str] = []

    def attempt() -> None:
        try:
            with locks.hold("store", timeout=0):
                found.append("free")
        except LockedError as error:
            found.append(error.message)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return found[0]


def test_the_holders_thread_may_hold_again_and_others_may_not(locks: Locks) -> None:
    with locks.hold("store"):
        with locks.hold("store", timeout=0):
            assert "held by" in try_elsewhere(locks)
        assert "held by" in try_elsewhere(locks)
    assert try_elsewhere(locks) == "free"


def test_an_error_inside_lets_go(locks: Locks) -> None:
    with pytest.raises(ValueError, match="inside"), locks.hold("store"), locks.hold("store"):
        raise ValueError("inside")
    assert try_elsewhere(locks) == "free"


def test_names_do_not_stand_in_each_others_way(locks: Locks) -> None:
    with locks.hold("asset:x/y:z"):
        assert try_elsewhere(locks) == "free"

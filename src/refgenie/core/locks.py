"""The lock that keeps one writer at a time; a dead process releases it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

STORE_LOCK = "store"
DEFAULT_TIMEOUT = 600.0
"""Seconds that a process waits for another before it gives up with LockedError."""


class Locks(Protocol):
    """Named locks over everything that shares one registry."""

    def hold(self, name: str, timeout: float | None = None) -> AbstractContextManager[None]:
        """Hold the named lock while the block lasts; a thread that holds it may do so again.

        Args:
            name: Any text; names of locks in use: ``store``, ``asset:<genome>/<group>:<name>``.
            timeout: Seconds to wait; None is the default, 0 is not to wait at all.

        Raises:
            LockedError: Another process held it all that time; the message names the holder.
        """
        ...


def asset_lock(genome_digest: str, group: str, asset: str) -> str:
    """Name of the lock under which one asset is built, pulled, added or removed."""
    return f"asset:{genome_digest}/{group}:{asset}"

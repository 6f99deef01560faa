"""How long work says how far it is; the faces decide how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]
"""Told how many more units (bytes, unless the task says otherwise) are done."""


class Progress(Protocol):
    """Shows tasks that last longer than about a second."""

    def task(self, description: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Show one task while the block lasts.

        Args:
            description: What is done, and to what.
            total: Bytes in all, or None where it is not known.
        """
        ...


class NoProgress:
    """Shows nothing: the default of the Python interface."""

    @contextmanager
    def task(self, description: str, total: int | None = None) -> Iterator[Advance]:  # noqa: ARG002
        """Do nothing with what is reported."""
        yield lambda _count: None

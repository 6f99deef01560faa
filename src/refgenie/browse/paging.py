"""Pages of lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

LARGEST_OFFSET = 2**31 - 1
"""Offsets are PostgreSQL's integer."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What part of a list is wanted.

    Attributes:
        q: Words to search for; all of them have to be found.
        sort: Name of a column; None is the list's own order.
        descending: Direction.
        offset: Items to leave out at the beginning.
        limit: Items at most.
    """

    q: str = ""
    sort: str | None = None
    descending: bool = False
    offset: int = 0
    limit: int = 50

    @property
    def words(self) -> list[str]:
        """The words; a slash or colon parts them too, so that a registry path can be searched for."""
        return self.q.replace("/", " ").replace(":", " ").split()[:8]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        items: What is on the page.
        total: How many there are on all pages.
        offset: Items before the page.
        limit: Items at most on a page.
    """

    items: Sequence[T]
    total: int
    offset: int
    limit: int

"""A text that changes whenever the registry does, and answers that are kept until it does.

What the registry holds changes seldom and is read often. The stamp costs far less than a page of
records, and it is exact, so a kept answer is never an old one.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from sqlalchemy import text
from sqlalchemy.orm import Session

_CHANGE_COUNTER = 24
"""Offset of SQLite's file change counter (big endian, 4 bytes; SQLite file format, section 1.3.7)."""


def begin_reading(session: Session) -> None:
    """Make all statements of a session see one state of the registry."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        # The driver reads each statement by itself otherwise; the shared lock comes with the first one.
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1")


def registry_stamp(session: Session) -> str | None:
    """The stamp of the state that the session sees; None where there is none to be had.

    PostgreSQL's snapshot names the transactions that are visible: two equal ones show the same rows
    (also those of other databases of the cluster count, which costs an answer made anew, no more).
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return str(connection.execute(text("SELECT pg_current_snapshot()::text")).scalar_one())
    path = connection.engine.url.database
    if connection.dialect.name != "sqlite" or not path or path == ":memory:":
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        status = os.fstat(descriptor)
        return f"{status.st_ino}:{status.st_size}:{os.pread(descriptor, 4, _CHANGE_COUNTER).hex()}"
    finally:
        os.close(descriptor)


class KeptAnswers:
    """Encoded answers by request, each with the stamp that it was made under.

    Args:
        capacity: Bytes of all answers together; the longest unused go first.
    """

    def __init__(self, capacity: int = 32 << 20) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str, stamp: str) -> bytes | None:
        """The answer that was kept under this stamp."""
        with self._lock:
            found = self._answers.get(key)
            if found is None or found[0] != stamp:
                return None
            self._answers.move_to_end(key)
            return found[1]

    def keep(self, key: str, stamp: str, answer: bytes) -> None:
        """Keep an answer in place of an older one."""
        if len(answer) > self._capacity // 4:
            return
        with self._lock:
            replaced = self._answers.pop(key, None)
            if replaced is not None:
                self._size -= len(replaced[1])
            self._answers[key] = (stamp, answer)
            self._size += len(answer)
            while self._size > self._capacity:
                _, (_, dropped) = self._answers.popitem(last=False)
                self._size -= len(dropped)


class KeptTotals:
    """Totals of lists under one stamp (catalog.listing.Counts)."""

    def __init__(self, answers: KeptAnswers, stamp: str) -> None:
        self._answers = answers
        self._stamp = stamp

    def total(self, key: str, count: Callable[[], int]) -> int:
        """The kept total of this key, else what ``count`` says."""
        kept = self._answers.get(key, self._stamp)
        if kept is not None:
            return int(kept)
        total = count()
        self._answers.keep(key, self._stamp, str(total).encode())
        return total

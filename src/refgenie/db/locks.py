"""Locks over everything that shares one registry; a dead holder's is released for it."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from refgenie.core.addresses import without_credentials
from refgenie.core.locks import DEFAULT_TIMEOUT, Locks
from refgenie.db.database import Database
from refgenie.db.faults import translate
from refgenie.errors import LockedError, NotPermittedError


def open_locks(database: Database, folder: Path) -> Locks:
    """The locks that fit the registry: this host's with SQLite, PostgreSQL's otherwise."""
    return FileLocks(folder) if database.is_sqlite else AdvisoryLocks(database.engine)


def _holder() -> str:
    # Colleagues read it: what a command was given may be an address with a password.
    command = " ".join([Path(sys.argv[0]).name, *map(without_credentials, sys.argv[1:3])])
    return f"process {os.getpid()} on {socket.gethostname()} ({command})"[:200]


class _ThreadLocks(ABC):
    """Lets a thread that holds a name hold it again, so that locked operations can be composed."""

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def hold(self, name: str, timeout: float | None = None) -> Iterator[None]:
        """See core.locks.Locks."""
        held: set[str] = self._thread.__dict__.setdefault("held", set())
        if name in held:
            yield
            return
        with self._take(name, timeout):
            held.add(name)
            try:
                yield
            finally:
                held.discard(name)

    @abstractmethod
    def _take(self, name: str, timeout: float | None) -> AbstractContextManager[None]:
        """Hold a name that this thread does not hold yet."""


class FileLocks(_ThreadLocks):
    """Locks of the operating system (flock), one file each."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    @contextmanager
    def _take(self, name: str, timeout: float | None) -> Iterator[None]:
        from filelock import FileLock, Timeout

        wait = DEFAULT_TIMEOUT if timeout is None else timeout
        key = hashlib.sha256(name.encode()).hexdigest()[:32]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(
                self._folder / f"{key}.lock",
                timeout=wait,
                poll_interval=0.02,
                thread_local=False,
                mode=0o666,
            )
            lock.acquire()
        except Timeout as error:
            raise LockedError(
                f"{name} is held by {self._read_holder(key)} for more than {wait:g} s"
            ) from error
        except OSError as error:
            raise NotPermittedError(f"cannot lock {name} in {self._folder}: {error.strerror}") from error
        try:
            # Only tells a waiting process whom it waits for, so a failure to write it is none.
            with suppress(OSError):
                (self._folder / f"{key}.holder").write_text(_holder(), encoding="utf-8")
            yield
        finally:
            lock.release()

    def _read_holder(self, key: str) -> str:
        try:
            return (self._folder / f"{key}.holder").read_text(encoding="utf-8")
        except OSError:
            return "another process"


class AdvisoryLocks(_ThreadLocks):
    """PostgreSQL's advisory locks, held by a connection of their own; for many hosts on one folder."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    @contextmanager
    def _take(self, name: str, timeout: float | None) -> Iterator[None]:
        wait = DEFAULT_TIMEOUT if timeout is None else timeout
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with translate(self._engine):
            # Pooled connections are not used: a lock lives as long as its connection.
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
        try:
            with translate(self._engine):
                connection.execute(
                    text("SELECT set_config('application_name', :holder, false)"),
                    {"holder": f"refgenie: {_holder()}"[:63]},
                )
                self._acquire(connection, name, key, wait)
            yield
        finally:
            connection.close()

    @staticmethod
    def _acquire(connection: Connection, name: str, key: int, wait: float) -> None:
        deadline = time.monotonic() + wait
        pause = 0.01
        while not connection.execute(text("SELECT pg_try_advisory_lock(:k)"), {"k": key}).scalar():
            if time.monotonic() >= deadline:
                holder = connection.execute(
                    text(
                        "SELECT a.application_name || ' at ' || coalesce(host(a.client_addr), 'local')"
                        " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                        " WHERE l.locktype = 'advisory' AND l.granted"
                        " AND ((l.classid::bigint << 32) | l.objid::bigint) = :k"
                    ),
                    {"k": key},
                ).scalar()
                raise LockedError(f"{name} is held by {holder or 'another process'} for more than {wait:g} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)

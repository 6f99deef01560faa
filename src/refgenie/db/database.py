"""Engine and sessions: readers leave no trace, writers are one at a time and all or nothing."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from refgenie.db.faults import is_serialization_failure, translate
from refgenie.errors import InvalidInputError, NotFoundError

T = TypeVar("T")

BUSY_TIMEOUT = 60.0
"""Seconds that a statement waits for another process's transaction."""
_ATTEMPTS = 12
_WRITER_LOCK = 0x7265666765  # "refge": the advisory lock that makes writers queue on PostgreSQL


class Database:
    """A registry on SQLite or PostgreSQL.

    Sessions are short. Records that leave a session must be detached (see core.records).
    """

    def __init__(self, engine: Engine, *, read_engine: Engine | None = None) -> None:
        self.engine = engine
        self._read_engine = read_engine or engine

    @classmethod
    def from_url(cls, url: str | URL) -> Database:
        """Open the registry that a SQLAlchemy URL names; nothing is created or connected yet."""
        from sqlalchemy import make_url

        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return cls(_server_engine(parsed))
        if not parsed.database or parsed.database == ":memory:":
            from sqlalchemy.pool import StaticPool

            return cls(create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False}))
        path = Path(parsed.database).absolute()
        return cls(_sqlite_engine(path, "rw"), read_engine=_sqlite_engine(path, "ro"))

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite (then this host's processes alone share it)."""
        return self.engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """File of a SQLite registry; None in memory and on PostgreSQL."""
        if not self.is_sqlite:
            return None
        database = self.engine.url.database or ""
        return Path(database) if database not in {"", ":memory:"} else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; on SQLite the file is opened read-only.

        Raises:
            NotFoundError: There is no registry yet.
            LockedError: A writer held it past the time-out.
        """
        with translate(self.engine), Session(self._read_engine, autoflush=False) as session:
            if not self.is_sqlite:
                session.connection(execution_options={"postgresql_readonly": True})
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work(session)`` in one transaction and return its result.

        Writers are one at a time on both engines, so that what ``work`` read is still so when it
        writes. ``work`` may run again after a serialization failure: it must have no effect but
        through the session.

        Raises:
            LockedError: Another writer held the registry past the time-out.
            NotPermittedError: The registry is read-only.
        """
        with translate(self.engine):
            for attempt in range(_ATTEMPTS):
                try:
                    return self._write_once(work)
                except DBAPIError as error:
                    if attempt == _ATTEMPTS - 1 or not is_serialization_failure(error):
                        raise
                    time.sleep(random.uniform(0, 0.05 * 2 ** min(attempt, 6)))  # noqa: S311
        raise AssertionError  # the loop returns or raises

    def _write_once(self, work: Callable[[Session], T]) -> T:
        with Session(self.engine, expire_on_commit=False) as session:
            if self.is_sqlite:
                connection = session.connection()
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                session.execute(text(f"SET LOCAL lock_timeout = '{int(BUSY_TIMEOUT)}s'"))
                session.execute(text(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"))
            try:
                result = work(session)
                session.commit()
            except BaseException:
                session.rollback()
                raise
            return result

    def dispose(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()
        self._read_engine.dispose()


def _sqlite_engine(path: Path, mode: str) -> Engine:
    def connect() -> sqlite3.Connection:
        if not path.exists():
            raise NotFoundError(
                f"no registry at {path}",
                hint="refgenie init; where it was lost, refgenie doctor --rebuild; where it was moved, "
                "set its path in the database configuration file",
            )
        connection = _open_sqlite(path, mode)
        if mode == "ro":
            try:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            except sqlite3.OperationalError as error:
                connection.close()
                # A writer was killed in the middle of its commit: its journal has to be
                # rolled back before anyone can read, which only a writer may do.
                if "readonly" not in str(error) and "unable to open" not in str(error):
                    raise
                recovering = _open_sqlite(path, "rw")
                recovering.execute("SELECT 1 FROM sqlite_master").fetchone()
                recovering.close()
                connection = _open_sqlite(path, mode)
        return connection

    url = URL.create("sqlite", database=str(path))
    return create_engine(url, creator=connect, poolclass=NullPool)


def _open_sqlite(path: Path, mode: str) -> sqlite3.Connection:
    from urllib.parse import quote

    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        check_same_thread=False,
    )


def _server_engine(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            # Opened when they are needed, and kept: to open one for a request costs more than most answers.
            pool_size=20,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "application_name": "refgenie"},
        )
    except ModuleNotFoundError as error:
        ours = str(error.name).startswith("psycopg")
        raise NotFoundError(
            f"a registry at {url.drivername} needs {error.name}, which is not installed",
            hint="pip install 'refgenie[postgres]'" if ours else f"pip install {error.name}",
        ) from error
    except NoSuchModuleError as error:
        raise InvalidInputError(f"a registry at {url.drivername} is of no kind that is known") from error

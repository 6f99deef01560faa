"""Brings a registry to this program's version, or says why it cannot be used.

Reading commands never migrate. A SQLite registry is migrated by the first command that
writes, after a copy was kept beside it; PostgreSQL by ``refgenie db upgrade`` alone.
Everything happens in one transaction, so that a migration that fails or is killed leaves
the registry as it was.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from refgenie.db.database import BUSY_TIMEOUT, Database
from refgenie.db.faults import translate
from refgenie.db.migrations import HEAD
from refgenie.errors import DatabaseVersionError, NotPermittedError

_MIGRATION_LOCK = 0x6D696772617465  # "migrate"


@dataclass(frozen=True, slots=True)
class Version:
    """At which revision a registry is; ``current`` is None where it has no tables yet."""

    current: str | None
    head: str = HEAD

    @property
    def is_current(self) -> bool:
        """Whether this program can use it as it is."""
        return self.current == self.head

    @property
    def is_newer(self) -> bool:
        """Whether a newer program made it; revisions are numbers that grow."""
        return self.current is not None and self.current > self.head


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()
    return found


def version(database: Database) -> Version:
    """At which revision the registry is."""
    with database.read() as session:
        return Version(_revision(session.connection()))


def is_older(database: Database) -> bool:
    """Whether the registry is there, and older than this program."""
    if database.path is not None and not database.path.exists():
        return False
    found = version(database)
    return found.current is not None and not found.is_current and not found.is_newer


def require_current(database: Database) -> None:
    """Refuse a registry that this program cannot read.

    Raises:
        DatabaseVersionError: It is older (the hint says how to migrate it), newer, or empty.
    """
    found = version(database)
    if found.is_current:
        return
    where = database.engine.url.render_as_string(hide_password=True)
    if found.current is None:
        raise DatabaseVersionError(f"the registry {where} is empty", hint="refgenie init")
    raise _refusal(found, where)


def _refusal(found: Version, where: str) -> DatabaseVersionError:
    if found.is_newer:
        return DatabaseVersionError(
            f"the registry {where} is at version {found.current}, newer than this program's {HEAD}",
            hint="install a newer refgenie: pip install --upgrade refgenie",
        )
    return DatabaseVersionError(
        f"the registry {where} is at version {found.current}, this program needs {HEAD}",
        hint="refgenie db upgrade",
    )


def upgrade(database: Database, *, create: bool = True) -> Version:
    """Create the tables or migrate them to this program's version; nothing where it is current.

    Args:
        database: The registry.
        create: Also where there is none yet.

    Returns:
        At which revision it was before.

    Raises:
        DatabaseVersionError: It is newer than this program, or its migration failed.
        NotPermittedError: It is read-only.
    """
    path = database.path
    if path is not None and not path.exists():
        if not create:
            return Version(None)
        _create_file(path)
    with translate(database.engine), database.engine.connect() as connection:
        before = Version(_revision(connection))
        connection.rollback()
        where = database.engine.url.render_as_string(hide_password=True)
        if before.is_current:
            return before
        if before.is_newer:
            raise _refusal(before, where)
        if path is not None and before.current is not None:
            _keep_copy(path, before.current)
        _begin(connection)
        try:
            again = _revision(connection)  # another process may have done it meanwhile
            if again != HEAD:
                _run(connection, database.engine)
                _check_foreign_keys(connection)
            connection.commit()
        except SQLAlchemyError as error:
            connection.rollback()
            raise DatabaseVersionError(f"the migration of {where} failed and was undone: {error}") from error
        except BaseException:
            connection.rollback()
            raise
        return before


def _create_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise NotPermittedError(f"cannot create the registry {path}: {error.strerror}") from error


def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # Batch migrations copy tables, which must not cascade; the keys are checked at the end.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
    else:
        connection.execute(text(f"SET LOCAL lock_timeout = '{int(BUSY_TIMEOUT)}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))


def _run(connection: Connection, engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "refgenie:db/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise DatabaseVersionError(f"the migration would break references: {broken[:3]}")


def _keep_copy(path: Path, revision: str) -> None:
    """Keep a copy of the file as it was, beside it, named with its revision."""
    target = path.with_name(f"{path.name}.before-{revision}-to-{HEAD}")
    if target.exists():
        return
    partial = target.with_name(f"{target.name}.{secrets.token_hex(6)}.partial")
    try:
        with (
            closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
        # Another process may have kept its copy meanwhile, and migrated since: its copy is the right one.
        with suppress(FileExistsError):
            target.hardlink_to(partial)
    except (sqlite3.Error, OSError) as error:
        raise NotPermittedError(
            f"cannot keep a copy of the registry before its migration at {target}: {error}"
        ) from error
    finally:
        partial.unlink(missing_ok=True)

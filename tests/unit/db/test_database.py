from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.db import migrate, models
from refgenie.db.database import Database
from refgenie.db.locks import FileLocks, open_locks
from refgenie.errors import (
    ConflictError,
    DatabaseVersionError,
    InvalidInputError,
    LockedError,
    NetworkError,
    NotFoundError,
)
from support.children import event, start


def _add_many(url: str, writer: int) -> None:
    database = Database.from_url(url)
    for number in range(5):
        database.write(
            lambda session, n=number: session.add(models.RegistryState(key=f"{writer}-{n}", value=""))
        )


def test_concurrent_writers_lose_nothing(database_url: URL, database: Database) -> None:
    writers = [
        start(_add_many, database_url.render_as_string(hide_password=False), number) for number in range(8)
    ]
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(models.RegistryState)) == 40


def test_what_a_writer_read_is_still_so_when_it_writes(database: Database) -> None:
    """Read, wait, write: without one writer at a time both threads would write the same number."""
    database.write(lambda session: session.add(models.RegistryState(key="count", value="0")))

    def add_one(session: Session) -> None:
        row = session.get_one(models.RegistryState, "count")
        time.sleep(0.05)
        row.value = str(int(row.value) + 1)

    threads = [threading.Thread(target=database.write, args=(add_one,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(models.RegistryState, "count").value == "4"


def test_a_writer_that_fails_changes_nothing(database: Database) -> None:
    def fail(session: Session) -> None:
        session.add(models.RegistryState(key="x", value=""))
        session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fail)
    with database.read() as session:
        assert session.get(models.RegistryState, "x") is None


def test_references_are_kept(database: Database) -> None:
    with pytest.raises(ConflictError):
        database.write(lambda session: session.add(models.Alias(name="hg38", genome_digest="none")))


def test_readers_cannot_write_and_leave_no_trace(sqlite_url: URL) -> None:
    path = Path(str(sqlite_url.database))
    before = (path.stat().st_mtime_ns, sorted(path.parent.iterdir()))
    database = Database.from_url(sqlite_url)
    with pytest.raises(Exception, match="read"), database.read() as session:
        session.add(models.RegistryState(key="x", value=""))
        session.commit()
    assert (path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before


def test_a_journal_that_a_killed_writer_left_is_rolled_back_for_readers(sqlite_url: URL) -> None:
    path = str(sqlite_url.database)
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA cache_size = 1")  # what is written goes to the file at once
        connection.execute("BEGIN IMMEDIATE")
        for number in range(2000):
            connection.execute("INSERT INTO registry_state VALUES (?, ?)", (f"k{number}", "x" * 500))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert Path(f"{path}-journal").exists()
    with Database.from_url(sqlite_url).read() as session:
        assert session.scalar(select(func.count()).select_from(models.RegistryState)) == 0


def test_no_registry_says_how_to_make_one(tmp_path: Path) -> None:
    database = Database.from_url(f"sqlite:///{tmp_path}/none")
    with pytest.raises(NotFoundError) as caught, database.read() as session:
        session.scalar(select(models.Genome.digest))
    assert caught.value.hint.startswith("refgenie init")
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_not_there_is_a_network_error() -> None:
    database = Database.from_url("postgresql+psycopg://ada:secret@127.0.0.1:1/refgenie")
    with pytest.raises(NetworkError) as caught, database.read() as session:
        session.scalar(select(models.Genome.digest))
    assert "secret" not in caught.value.message


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(NotFoundError, match="needs psycopg") as caught:
        Database.from_url("postgresql+psycopg://ada@localhost/refgenie")
    assert caught.value.hint == "pip install 'refgenie[postgres]'"
    with pytest.raises(InvalidInputError, match="no kind that is known"):
        Database.from_url("postgresql+nosuch://ada@localhost/refgenie")


def test_a_value_that_does_not_fit_is_invalid_input(postgres_url: URL) -> None:
    database = Database.from_url(postgres_url)
    for version in ("1" * 100, "1\0"):
        with pytest.raises(InvalidInputError, match="cannot keep a value"):
            database.write(
                lambda session, v=version: session.add(
                    models.AssetClass(name="x", version=v, serving_modes=[], seek_keys={}, definition={})
                )
            )
    database.dispose()


def test_too_many_at_once_is_told(sqlite_url: URL) -> None:
    database = Database(
        create_engine(sqlite_url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    )
    with database.read() as held:
        held.connection()
        with pytest.raises(LockedError, match="no free connection"), database.read() as session:
            session.connection()
    database.dispose()


def test_an_engine_of_the_callers_own_will_do(tmp_path: Path) -> None:
    for engine in (create_engine(f"sqlite:///{tmp_path}/registry"), Database.from_url("sqlite://").engine):
        database = Database(engine)
        migrate.upgrade(database)
        migrate.require_current(database)
        database.write(lambda session: session.add(models.Genome(digest="g")))
        with database.read() as session:
            assert session.get_one(models.Genome, "g").created_at.tzinfo is not None
        with pytest.raises(ConflictError):
            database.write(lambda session: session.add(models.Alias(name="a", genome_digest="none")))


# --- locks ------------------------------------------------------------------------------


def _hold(url: str, folder: str, ready: object) -> None:
    with open_locks(Database.from_url(url), Path(folder)).hold("store"):
        ready.set()  # type: ignore[attr-defined]
        time.sleep(60)


def test_a_lock_names_its_holder_and_a_dead_process_releases_it(
    database_url: URL, locks: Locks, tmp_path: Path
) -> None:
    ready = event()
    url = database_url.render_as_string(hide_password=False)
    holder = start(_hold, url, str(tmp_path / "genomes" / ".locks"), ready)
    assert ready.wait(60)
    with pytest.raises(LockedError, match=f"process {holder.pid}") as caught, locks.hold("store", 0.2):
        pass
    assert caught.value.exit_code == 10
    with locks.hold("another", 0):
        pass
    holder.kill()
    holder.join()
    with locks.hold("store", 10):
        pass


def test_a_lock_tells_no_password(
    locks: Locks, database_url: URL, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["refgenie", "mirror", "https://ada:secret@site/refgenie"])
    other = Database.from_url(database_url)
    with (
        locks.hold("store"),
        pytest.raises(LockedError, match="mirror https://site") as caught,
        open_locks(other, folders.locks).hold("store", 0.1),
    ):
        pass
    other.dispose()
    assert "secret" not in caught.value.message
    assert not [path for path in folders.locks.glob("*") if b"secret" in path.read_bytes()]


def test_threads_take_turns(locks: Locks) -> None:
    inside: list[int] = []

    def work() -> None:
        with locks.hold("store", 30):
            inside.append(1)
            assert sum(inside) == 1
            time.sleep(0.01)
            inside.append(-1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inside) == 12


def test_where_locks_cannot_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="cannot lock"), FileLocks(tmp_path / "file" / "locks").hold("store"):
        pass


def test_an_unusable_registry_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "registry"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(Exception, match="no SQLite database"):
        migrate.version(Database.from_url(f"sqlite:///{path}"))
    path.write_bytes(b"")
    with pytest.raises(DatabaseVersionError, match="empty"):
        migrate.require_current(Database.from_url(f"sqlite:///{path}"))

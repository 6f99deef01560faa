"""What the services share is made once, and what is the caller's stays the caller's."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from refgenie import Refgenie
from refgenie.db import locks
from refgenie.db.database import Database


def test_threads_that_ask_at_once_get_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two objects for the locks of one name would wait for each other in one process."""
    made = []

    def open_slowly(database: Database, folder: Path) -> locks.Locks:
        made.append(folder)
        time.sleep(0.05)
        return locks.FileLocks(folder)

    monkeypatch.setattr(locks, "open_locks", open_slowly)
    engine = create_engine(f"sqlite:///{tmp_path}/registry")
    with Refgenie(
        database_engine=engine, genome_folder=tmp_path / "g", genome_archive_folder=tmp_path / "a"
    ) as rg:
        rg.init()
        made.clear()
        del rg.__dict__["locks"]
        threads = [threading.Thread(target=lambda: rg.locks) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 1
    engine.dispose()


def test_an_engine_of_the_callers_own_stays_open(tmp_path: Path) -> None:
    """To close the connections of a registry in memory is to lose it."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    folders = {"genome_folder": tmp_path / "g", "genome_archive_folder": tmp_path / "a"}
    with Refgenie(database_engine=engine, **folders) as rg:
        rg.init()
        recipes = [recipe.name for recipe in rg.recipe.list()]
    with Refgenie(database_engine=engine, **folders) as rg:
        assert [recipe.name for recipe in rg.recipe.list()] == recipes != []
    engine.dispose()

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, text

from refgenie.db import migrate, models
from refgenie.db.database import Database
from refgenie.db.migrations import HEAD
from refgenie.errors import DatabaseVersionError
from support.children import start


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "refgenie:db/migrations")
    config.set_main_option("path_separator", "os")
    return config


REVISIONS = [
    script.revision for script in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))
]

# What a registry of the first version may hold; later versions must keep it.
FILLED = (
    "INSERT INTO configuration (id, version, genome_folder, genome_archive_folder) VALUES (1, 1, '/g', '/a')",
    "INSERT INTO server (id, url) VALUES (1, 'http://site:8000')",
    "INSERT INTO genome (digest, source, masking, created_at) VALUES ('genome', 'local', 'none', '2026-01-01 00:00:00')",
    "INSERT INTO alias (name, genome_digest, source, created_at) VALUES ('lambda', 'genome', 'store', '2026-01-01 00:00:00')",
    "INSERT INTO asset_class (id, name, version, serving_modes, seek_keys, definition, created_at)"
    " VALUES (1, 'fasta', '0.0.1', '[\"file\"]', '{}', '{}', '2026-01-01 00:00:00')",
    "INSERT INTO asset_group (id, genome_digest, name, asset_class_id) VALUES (1, 'genome', 'fasta', 1)",
    "INSERT INTO asset (id, asset_group_id, name, digest, size, is_default, custom_properties, created_at, updated_at)"
    " VALUES (1, 1, 'default', 'digest', 4, true, '{}', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    "INSERT INTO asset_file (asset_id, path, size, sha256) VALUES (1, 'genome.fa', 4, 'sha')",
    "INSERT INTO asset_seek_key (asset_id, name, position, value, type) VALUES (1, 'fasta', 0, '{genome}.fa', 'file')",
    "INSERT INTO asset_parent (asset_id, key, digest, registry_path) VALUES (1, 'x', 'd', 'p')",
)
KEPT = ("configuration", "server", "genome", "alias", "asset_class", "asset_group", "asset", "asset_file",
        "asset_seek_key", "asset_parent")  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = (
        f"sqlite:///{tmp_path}/registry"
        if request.param == "sqlite"
        else request.getfixturevalue("empty_postgres_url")
    )
    opened = Database.from_url(url)
    if opened.path is not None:
        opened.path.touch()
    yield opened
    opened.dispose()


def _fill(database: Database, revision: str) -> None:
    """A registry of an older version, with a row in every table of its first version."""
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in FILLED:
            connection.execute(text(statement))


def _counts(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {name: session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in KEPT}


def test_the_program_works_with_the_newest_revision() -> None:
    assert HEAD == REVISIONS[-1]


def test_the_migrated_tables_are_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.Base.metadata) == []


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_every_older_version_is_migrated_and_keeps_its_data(empty: Database, revision: str) -> None:
    _fill(empty, revision)
    assert migrate.is_older(empty)
    with pytest.raises(DatabaseVersionError) as caught:
        migrate.require_current(empty)
    assert caught.value.hint == "refgenie db upgrade"
    assert migrate.upgrade(empty).current == revision
    assert migrate.version(empty).is_current
    assert set(_counts(empty).values()) == {1}
    assert migrate.upgrade(empty).is_current, "a second time there is nothing to do"
    if empty.path is not None:
        copy = empty.path.with_name(f"registry.before-{revision}-to-{HEAD}")
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)
            assert connection.execute("SELECT name FROM alias").fetchone() == ("lambda",)


def test_a_newer_version_is_refused(database: Database) -> None:
    database.write(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    for attempt in (migrate.require_current, migrate.upgrade):
        with pytest.raises(DatabaseVersionError, match="newer") as caught:
            attempt(database)
        assert "install" in str(caught.value.hint)


@pytest.mark.skipif(len(REVISIONS) < 2, reason="there is one revision only")
def test_a_migration_that_fails_leaves_the_registry_as_it_was(empty: Database) -> None:
    _fill(empty, REVISIONS[0])
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE push_intent (unexpected INTEGER)"))
    with pytest.raises(DatabaseVersionError, match="undone"):
        migrate.upgrade(empty)
    assert migrate.version(empty).current == REVISIONS[0]
    assert set(_counts(empty).values()) == {1}
    with empty.read() as session:
        names = set(session.connection().dialect.get_table_names(session.connection()))
    assert "remote" not in names, "nothing of the failed migration stays"
    with empty.engine.begin() as connection:
        connection.execute(text("DROP TABLE push_intent"))
    migrate.upgrade(empty)
    assert migrate.version(empty).is_current


def _upgrade(url: str) -> None:
    migrate.upgrade(Database.from_url(url))


def test_killed_at_ten_moments_it_is_as_before_or_done(sqlite_url: URL, tmp_path: Path) -> None:
    """Each child is killed a little later than the one before; then the same command ends well."""
    chance = random.Random(7)
    for number in range(10):
        path = tmp_path / f"killed{number}"
        path.touch()
        database = Database.from_url(f"sqlite:///{path}")
        _fill(database, REVISIONS[0])
        child = os.fork()
        if child == 0:
            try:
                _upgrade(f"sqlite:///{path}")
            finally:
                os._exit(0)
        time.sleep(number * 0.02 + chance.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert migrate.version(database).current in {REVISIONS[0], HEAD}
        assert set(_counts(database).values()) == {1}
        migrate.upgrade(database)
        assert migrate.version(database).is_current
        assert set(_counts(database).values()) == {1}


def test_processes_that_migrate_at_once_do_it_once(empty: Database) -> None:
    _fill(empty, REVISIONS[0])
    url = empty.engine.url.render_as_string(hide_password=False)
    upgrades = [start(_upgrade, url) for _ in range(4)]
    for upgrade in upgrades:
        upgrade.join()
        assert upgrade.exitcode == 0
    assert migrate.version(empty).is_current

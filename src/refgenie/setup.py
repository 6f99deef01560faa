"""`init` and `purge`: the first and the last thing that is done with a registry."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.orm import Session

from refgenie.config import database as database_config
from refgenie.core import layout
from refgenie.core.names import is_genome_digest
from refgenie.db import migrate, models
from refgenie.errors import NotPermittedError
from refgenie.services import Services

if TYPE_CHECKING:
    from refgenie.db.database import Database


def initialize(rg: Services) -> list[str]:
    """Create what is missing; a line for each thing that was made."""
    made = []
    settings = rg.settings
    if rg.injected_engine is None and database_config.write_default(
        settings.database_config_path, settings.home
    ):
        made.append(f"database configuration {settings.database_config_path}")
    opened = rg.open_any_version()
    before = migrate.version(opened) if opened.path is None or opened.path.exists() else None
    empty = before is None or before.current is None
    if (empty or opened.is_sqlite) and not migrate.upgrade(opened).is_current:
        made.append(f"registry {opened.engine.url.render_as_string(hide_password=True)}")
    migrate.require_current(opened)
    made += _record_folders(rg, opened)
    _make_folder(rg.folders.archive_folder)
    for name in (layout.DATA, layout.ALIAS):
        _make_folder(rg.folders.genome_folder / name)
    if rg.mode.writable:
        rg.mode.create_store()
        rg.alias.sync_copy()
    from refgenie.recipes.bundled import load_bundled

    count = load_bundled(rg.asset_class, rg.recipe)
    if count:
        made.append(f"{count} bundled asset classes and recipes")
    return made


def _record_folders(rg: Services, database: Database) -> list[str]:
    """Keep the folders in the registry where none are kept, or others were asked for; a line for each."""

    def record(session: Session) -> list[str]:
        row = session.get(models.Configuration, 1)
        wanted = rg.settings.folders(*((row.genome_folder, row.genome_archive_folder) if row else ()))
        genome, archive = str(wanted.genome_folder), str(wanted.archive_folder)
        kept = (row.genome_folder, row.genome_archive_folder) if row else (None, None)
        if row is None:
            row = models.Configuration(id=1)
            session.add(row)
        row.genome_folder, row.genome_archive_folder = genome, archive
        named = (("genome folder", kept[0], genome), ("archive folder", kept[1], archive))
        return [f"{what} {now}" for what, before, now in named if now != before]

    return database.write(record)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotPermittedError(f"cannot create {path}: {error.strerror}") from error


def purge(rg: Services, *, files: bool) -> None:
    """Remove all records, and with ``files`` everything that refgenie keeps in its folders.

    Where the folders are stays known, so that what is left in them can be found again.
    """
    from refgenie.db import transfer_models  # noqa: F401 - registers its tables

    folders = rg.folders

    def remove(session: Session) -> None:
        for table in reversed(models.Base.metadata.sorted_tables):
            if table is not models.Configuration.__table__:
                session.execute(delete(table))

    with rg.locks.hold("store"):
        rg.database.write(remove)
        if files:
            for name in (
                layout.DATA,
                layout.ALIAS,
                layout.MANIFEST,
                layout.BUILDS,
                layout.STORE,
                layout.WORK,
            ):
                _remove_tree(folders.genome_folder / name)
            for folder in _genomes_in(folders.archive_folder):
                _remove_tree(folder)


def _genomes_in(folder: Path) -> list[Path]:
    """The folders of genomes: the archive folder may be one in which others keep things, too."""
    return [entry for entry in folder.glob("*") if is_genome_digest(entry.name) and not entry.is_symlink()]


def _remove_tree(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise NotPermittedError(f"cannot remove {error.filename}: {error.strerror}") from error

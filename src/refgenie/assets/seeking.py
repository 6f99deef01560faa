"""Follows registry paths to paths on disk, by the statement and rules of ``core.seek``."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session

from refgenie.assets.missing import missing
from refgenie.core import seek
from refgenie.core.layout import Folders
from refgenie.core.names import is_genome_digest
from refgenie.core.registry_path import RegistryPath
from refgenie.core.seek import SeekRow
from refgenie.db.database import Database
from refgenie.errors import NotFoundError


class GenomeNames(Protocol):
    """The part of the alias service that assets need."""

    def resolve(self, genome: str) -> str:
        """Digest of the genome with this alias or digest; NotFoundError."""
        ...


class Seeker:
    """Answers `seek`; reads only."""

    def __init__(self, database: Database, folders: Folders, aliases: GenomeNames) -> None:
        self._database = database
        self._genome_folder = str(folders.genome_folder)
        self._aliases = aliases

    def path(self, path: RegistryPath, *, absolute: bool = False, must_exist: bool = False) -> str:
        """The path of a seek key, or of the asset's folder where no seek key is meant.

        Args:
            path: What is sought.
            absolute: Through the content tree, also where the alias tree has it.
            must_exist: It has to be on disk (a prefix is when a file starts with it).

        Raises:
            NotFoundError: Something of the path is unknown, or is not on disk.
        """
        genome_digest = self._aliases.resolve(path.genome)
        with self._database.read() as session:
            rows = seek_rows(session, genome_digest, path.group, path.asset)
            key = seek.choose_key(rows, path.seek_key) if rows else None
            if not rows or (path.seek_key is not None and key is None):
                raise missing(session, path, genome_digest)
        alias = None if absolute or is_genome_digest(path.genome) else path.genome
        return self._on_disk(path, rows[0], key, alias, must_exist)

    def _on_disk(
        self, path: RegistryPath, row: SeekRow, key: SeekRow | None, alias: str | None, must_exist: bool
    ) -> str:
        kind = key.type if key is not None else "directory"
        if kind not in seek.PATH_TYPES:
            return seek.locate(row, key, self._genome_folder, None)
        if alias is not None:
            linked = seek.locate(row, key, self._genome_folder, alias)
            if seek.exists(linked, kind):
                return linked
        found = seek.locate(row, key, self._genome_folder, None)
        if must_exist and not seek.exists(found, kind):
            raise NotFoundError(f"{path} is registered but not on disk: {found}", hint="refgenie doctor")
        return found


def seek_rows(session: Session, genome_digest: str, group: str, asset: str | None) -> list[SeekRow]:
    """An asset's rows of the one seek statement; none where there is no such asset."""
    connection = session.connection()
    sqlite = connection.dialect.name == "sqlite"
    values = {"genome": genome_digest, "group": group}
    if asset is None:
        statement = seek.SEEK_DEFAULT_SQLITE if sqlite else seek.SEEK_DEFAULT_POSTGRESQL
    else:
        statement = seek.SEEK_NAMED_SQLITE if sqlite else seek.SEEK_NAMED_POSTGRESQL
        values["asset"] = asset
    return [SeekRow(*row) for row in connection.exec_driver_sql(statement, values)]

"""Follows registry paths to paths on disk, by the statement and rules of ``core.seek``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.orm import Session

from refgenie.assets.missing import missing
from refgenie.core import seek
from refgenie.core.layout import Folders
from refgenie.core.names import is_genome_digest
from refgenie.core.registry_path import RegistryPath
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
            try:
                return seek.answer(
                    _seek_rows(session, genome_digest, path.group, path.asset),
                    self._genome_folder,
                    None if is_genome_digest(path.genome) else path.genome,
                    path.seek_key,
                    absolute=absolute,
                    must_exist=must_exist,
                )
            except LookupError:
                raise missing(session, path, genome_digest) from None
            except FileNotFoundError as error:
                raise NotFoundError(
                    f"{path} is registered but not on disk: {error}", hint="refgenie doctor"
                ) from error


def _seek_rows(session: Session, genome_digest: str, group: str, asset: str | None) -> Sequence[Row[Any]]:
    """An asset's rows of the one seek statement; none where there is no such asset."""
    connection = session.connection()
    sqlite = connection.dialect.name == "sqlite"
    values = {"genome": genome_digest, "group": group}
    if asset is None:
        statement = seek.SEEK_DEFAULT_SQLITE if sqlite else seek.SEEK_DEFAULT_POSTGRESQL
    else:
        statement = seek.SEEK_NAMED_SQLITE if sqlite else seek.SEEK_NAMED_POSTGRESQL
        values["asset"] = asset
    return connection.exec_driver_sql(statement, values).all()

"""Asset classes of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core import tables as drawn
from refgenie.core.records import AssetClassRecord
from refgenie.db import models as tables
from refgenie.db.database import Database
from refgenie.errors import ConflictError
from refgenie.recipes.documents import Document, Fetch, Source, read_document
from refgenie.recipes.inheritance import Ancestry
from refgenie.recipes.models import AssetClass
from refgenie.recipes.registration import (
    asset_class_record,
    children_of,
    find,
    refresh_children,
    register_asset_class,
    require,
)
from refgenie.recipes.versions import version_key

if TYPE_CHECKING:
    from rich.table import Table


class AssetClassService:
    """Adds, answers and removes asset classes.

    Args:
        database: The registry.
        fetch: Reads the bytes that a URL names; without it only files and mappings can be added.
    """

    def __init__(self, database: Database, fetch: Fetch | None = None) -> None:
        self.database = database
        self._fetch = fetch

    def add(self, source: Source, *, force: bool = False) -> AssetClassRecord:
        """Register the asset class in a file, at a URL, or in a mapping, with its missing parents.

        Args:
            source: YAML file, ``http(s)://`` address, or the definition itself.
            force: Replace other content that is registered under the same name and version.

        Raises:
            InvalidInputError: The definition is wrong, or inherits in a circle.
            ConflictError: The name and version have other content.
            NotFoundError: The file, or a parent, is not there.
        """
        document = read_document(source, self._fetch)
        model = AssetClass.from_definition(document.content)
        ordered = Ancestry(
            [(model, document.origin)], is_registered=self._is_registered, read=self._read
        ).ordered()

        def work(session: Session) -> AssetClassRecord:
            for entry in ordered:
                row, _ = register_asset_class(session, entry, on_conflict="replace" if force else "fail")
            return asset_class_record(row)

        return self.database.write(work)

    def get(self, name: str, version: str | None = None) -> AssetClassRecord:
        """The asset class of this name; without a version the highest one.

        Raises:
            NotFoundError: There is none.
        """
        with self.database.read() as session:
            return asset_class_record(require(session, tables.AssetClass, name, version))

    def list(self) -> list[AssetClassRecord]:
        """All asset classes, by name and version."""
        with self.database.read() as session:
            rows = list(session.scalars(select(tables.AssetClass)))
            rows.sort(key=lambda row: (row.name, version_key(row.version)))
            return [asset_class_record(row) for row in rows]

    def table(self) -> Table:
        """All asset classes as a rich table."""
        return drawn.asset_classes(self.list())

    def remove(self, name: str, version: str | None = None) -> AssetClassRecord:
        """Remove the asset class of this name; without a version the highest one.

        Returns:
            What was removed.

        Raises:
            NotFoundError: There is none.
            ConflictError: Assets have it, or recipes or classes need it.
        """

        def work(session: Session) -> AssetClassRecord:
            row = require(session, tables.AssetClass, name, version)
            if users := _users(session, row):
                raise ConflictError(
                    f"asset class {row.name} {row.version} is still used by {', '.join(users)}"
                )
            record = asset_class_record(row)
            session.delete(row)
            session.flush()
            refresh_children(session, record.name)
            return record

        return self.database.write(work)

    def _is_registered(self, name: str) -> bool:
        with self.database.read() as session:
            return find(session, tables.AssetClass, name) is not None

    def _read(self, place: str) -> Document:
        return read_document(place, self._fetch)


def _users(session: Session, row: tables.AssetClass) -> list[str]:
    """What needs this class, in words; at most a few of each kind."""
    groups = session.scalars(
        select(tables.AssetGroup).where(tables.AssetGroup.asset_class_id == row.id).limit(5)
    )
    users = [f"asset group {group.genome_digest}/{group.name}" for group in groups]
    versions = select(tables.AssetClass.id).where(tables.AssetClass.name == row.name).limit(2)
    if len(list(session.scalars(versions))) == 1:
        recipes = session.scalars(
            select(tables.Recipe.name).where(tables.Recipe.output_asset_class == row.name).distinct().limit(5)
        )
        users += [f"recipe {name}" for name in recipes]
        users += [f"asset class {child.name}" for child in children_of(session, row.name)[:5]]
    return users

"""Recipes of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core import tables as drawn
from refgenie.core.records import RecipeRecord
from refgenie.db import models as tables
from refgenie.db.database import Database
from refgenie.errors import ConflictError
from refgenie.recipes.dialects import to_canonical
from refgenie.recipes.documents import Fetch, Source, read_document
from refgenie.recipes.models import Recipe
from refgenie.recipes.registration import recipe_record, register_recipe, require
from refgenie.recipes.versions import version_key

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, slots=True)
class RecipeRequirements:
    """What a recipe wants to be given; each entry is as in the canonical dialect.

    Attributes:
        files: Files (``--files``); those without a ``default`` must be given.
        params: Parameters (``--params``).
        assets: Assets (``--assets``), with the ``asset_class`` each must have.
    """

    recipe_name: str
    recipe_version: str
    files: dict[str, dict[str, Any]]
    params: dict[str, dict[str, Any]]
    assets: dict[str, dict[str, Any]]


class RecipeService:
    """Adds, answers and removes recipes.

    Args:
        database: The registry.
        fetch: Reads the bytes that a URL names; without it only files and mappings can be added.
    """

    def __init__(self, database: Database, fetch: Fetch | None = None) -> None:
        self.database = database
        self._fetch = fetch

    def add(self, source: Source, *, force: bool = False) -> RecipeRecord:
        """Register the recipe in a file, at a URL, or in a mapping; any dialect is read.

        Args:
            source: YAML file, ``http(s)://`` address, or the definition itself.
            force: Replace other content that is registered under the same name and version.

        Raises:
            InvalidInputError: The definition is wrong.
            ConflictError: The name and version have other content.
            NotFoundError: The file, or the output asset class, is not there.
        """
        document = read_document(source, self._fetch)
        model = Recipe.from_definition(to_canonical(document.content))

        def work(session: Session) -> RecipeRecord:
            row, _ = register_recipe(session, model, on_conflict="replace" if force else "fail")
            return recipe_record(row)

        return self.database.write(work)

    def get(self, name: str, version: str | None = None) -> RecipeRecord:
        """The recipe of this name; without a version the highest one.

        Raises:
            NotFoundError: There is none.
        """
        with self.database.read() as session:
            return recipe_record(require(session, tables.Recipe, name, version))

    def list(self) -> list[RecipeRecord]:
        """All recipes, by name and version."""
        with self.database.read() as session:
            rows = list(session.scalars(select(tables.Recipe)))
            rows.sort(key=lambda row: (row.name, version_key(row.version)))
            return [recipe_record(row) for row in rows]

    def requirements(self, name: str, version: str | None = None) -> RecipeRequirements:
        """What the recipe wants to be given.

        Raises:
            NotFoundError: There is no such recipe.
        """
        record = self.get(name, version)
        return RecipeRequirements(
            recipe_name=record.name,
            recipe_version=record.version,
            files=record.definition.get("input_files", {}),
            params=record.definition.get("input_params", {}),
            assets=record.definition.get("input_assets", {}),
        )

    def table(self) -> Table:
        """All recipes as a rich table."""
        return drawn.recipes(self.list())

    def remove(self, name: str, version: str | None = None) -> RecipeRecord:
        """Remove the recipe of this name; without a version the highest one.

        Returns:
            What was removed.

        Raises:
            NotFoundError: There is none.
            ConflictError: An asset was built with it.
        """

        def work(session: Session) -> RecipeRecord:
            row = require(session, tables.Recipe, name, version)
            assets = session.scalars(select(tables.Asset).where(tables.Asset.recipe_id == row.id).limit(5))
            built = [f"{asset.group.genome_digest}/{asset.group.name}:{asset.name}" for asset in assets]
            if built:
                raise ConflictError(
                    f"recipe {row.name} {row.version} is still used: {', '.join(built)} came of it"
                )
            record = recipe_record(row)
            session.delete(row)
            return record

        return self.database.write(work)

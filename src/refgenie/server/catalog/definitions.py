"""Asset classes and recipes: all of their YAML, found by number or by name (the highest version)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from refgenie.db.models import AssetClass, DataChannel, Recipe
from refgenie.recipes.versions import version_key
from refgenie.server.catalog.listing import LARGEST_NUMBER, Listing, ListQuery, in_column
from refgenie.server.failure import missing

_CLASSES = select(AssetClass, DataChannel.name).join(
    DataChannel, DataChannel.id == AssetClass.data_channel_id, isouter=True
)
_RECIPES = select(Recipe, DataChannel.name).join(
    DataChannel, DataChannel.id == Recipe.data_channel_id, isouter=True
)
_FIELDS = ("name", "version", "description")


def _listing(
    name: str, source: Any, table: type[AssetClass] | type[Recipe], more: tuple[str, ...]
) -> Listing:
    return Listing(
        name=name,
        source=source,
        key=table.id.expression,
        search={field: in_column(getattr(table, field)) for field in _FIELDS},
        order={field: getattr(table, field) for field in ("id", "name", "version", "created_at", *more)},
    )


_CLASS_LISTING = _listing("asset_classes", _CLASSES, AssetClass, ())
_RECIPE_LISTING = _listing("recipes", _RECIPES, Recipe, ("output_asset_class",))


class AssetClassQuery(ListQuery):
    """Parameters of the list of asset classes."""

    searchable = _FIELDS
    sortable = tuple(_CLASS_LISTING.order)

    name: str | None = None
    version: str | None = None

    def filters(self) -> list[ColumnElement[bool]]:
        """The exact filters that are given."""
        given = ((AssetClass.name, self.name), (AssetClass.version, self.version))
        return [column == value for column, value in given if value is not None]


class RecipeQuery(ListQuery):
    """Parameters of the list of recipes."""

    searchable = _FIELDS
    sortable = tuple(_RECIPE_LISTING.order)

    output_asset_class: str | None = None
    name: str | None = None
    version: str | None = None

    def filters(self) -> list[ColumnElement[bool]]:
        """The exact filters that are given."""
        given = (
            (Recipe.output_asset_class, self.output_asset_class),
            (Recipe.name, self.name),
            (Recipe.version, self.version),
        )
        return [column == value for column, value in given if value is not None]


def asset_classes(session: Session, query: AssetClassQuery) -> dict[str, Any]:
    """One page of the asset classes."""
    rows, total = _CLASS_LISTING.page(session, query, query.filters())
    return {"items": [_asset_class(*row) for row in rows], "pagination": query.pagination(total)}


def recipes(session: Session, query: RecipeQuery) -> dict[str, Any]:
    """One page of the recipes."""
    rows, total = _RECIPE_LISTING.page(session, query, query.filters())
    return {"items": [_recipe(*row) for row in rows], "pagination": query.pagination(total)}


def asset_class(session: Session, identifier: str) -> dict[str, Any]:
    """The class with this number or name; NotFoundError where there is none."""
    return _asset_class(*_one(session, _CLASSES, AssetClass, "asset class", identifier))


def recipe(session: Session, identifier: str) -> dict[str, Any]:
    """The recipe with this number or name; NotFoundError where there is none."""
    return _recipe(*_one(session, _RECIPES, Recipe, "recipe", identifier))


def _one(
    session: Session, source: Any, table: type[AssetClass] | type[Recipe], what: str, identifier: str
) -> Any:
    if identifier.isascii() and identifier.isdigit() and int(identifier) <= LARGEST_NUMBER:
        found = session.execute(source.where(table.id == int(identifier))).one_or_none()
        if found is not None:
            return found
    named = session.execute(source.where(table.name == identifier)).all()
    if not named:
        raise missing(what, identifier)
    return max(named, key=lambda row: version_key(row[0].version))


def _asset_class(found: AssetClass, channel: str | None) -> dict[str, Any]:
    return {
        **found.definition,
        "id": found.id,
        "name": found.name,
        "version": found.version,
        "description": found.description,
        "serving_modes": found.serving_modes,
        "seek_keys": found.seek_keys,
        "definition": found.definition,
        "data_channel": channel,
        "created_at": found.created_at,
    }


def _recipe(found: Recipe, channel: str | None) -> dict[str, Any]:
    return {
        **found.definition,
        "id": found.id,
        "name": found.name,
        "version": found.version,
        "description": found.description,
        "output_asset_class": found.output_asset_class,
        "sha256": found.sha256,
        "definition": found.definition,
        "data_channel": channel,
        "created_at": found.created_at,
    }

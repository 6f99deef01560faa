"""Putting definitions into the registry: one set of rules for files, channels and bundled ones.

(name, version) is the key. The same content again does nothing, other content is a conflict
unless it is kept out or replaces what is there. These functions take the caller's session.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.names import nearest
from refgenie.core.records import AssetClassRecord, RecipeRecord
from refgenie.db import models as tables
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError
from refgenie.recipes.inheritance import merged_seek_keys
from refgenie.recipes.models import AssetClass, Recipe
from refgenie.recipes.versions import version_key

OnConflict = Literal["fail", "keep", "replace"]
Row = TypeVar("Row", tables.AssetClass, tables.Recipe)


class Outcome(StrEnum):
    """What registering a definition did."""

    ADDED = "added"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    REPLACED = "replaced"


def kind_of(table: type[Row]) -> str:
    """``asset class`` or ``recipe``."""
    return "asset class" if issubclass(table, tables.AssetClass) else "recipe"


def find(session: Session, table: type[Row], name: str, version: str | None = None) -> Row | None:
    """The definition of this name and version; without a version the highest one."""
    rows = list(session.scalars(select(table).where(table.name == name)))
    if version is not None:
        return next((row for row in rows if row.version == version), None)
    return max(rows, key=lambda row: version_key(row.version), default=None)


def require(session: Session, table: type[Row], name: str, version: str | None = None) -> Row:
    """As ``find``.

    Raises:
        NotFoundError: There is none; the hint names the nearest known one.
    """
    row = find(session, table, name, version)
    if row is not None:
        return row
    kind = kind_of(table)
    rows = list(session.execute(select(table.name, table.version)))
    versions = sorted((entry[1] for entry in rows if entry[0] == name), key=version_key)
    if versions:
        raise NotFoundError(f"no version {version} of {kind} {name}", hint=f"known are {', '.join(versions)}")
    near = nearest(name, sorted({entry[0] for entry in rows}))
    command = kind.replace(" ", "-")
    hint = f"did you mean {near}?" if near else f"refgenie {command} list"
    raise NotFoundError(f"no {kind} {name}", hint=hint)


def register_asset_class(
    session: Session,
    model: AssetClass,
    *,
    on_conflict: OnConflict = "fail",
    channel_id: int | None = None,
) -> tuple[tables.AssetClass, Outcome]:
    """Register a class whose parents are names of registered classes.

    Raises:
        ConflictError: Other content is there under the same name and version.
        NotFoundError: A parent is not registered.
        InvalidInputError: It would inherit from itself.
    """
    definition = model.definition()
    row = find(session, tables.AssetClass, model.name, model.version)
    if row is not None and row.definition == definition:
        return row, Outcome.UNCHANGED
    if row is not None and on_conflict == "keep":
        return row, Outcome.KEPT
    if row is not None and on_conflict == "fail":
        raise _conflict("asset class", model.name, model.version)
    outcome = Outcome.ADDED if row is None else Outcome.REPLACED
    if row is None:
        row = tables.AssetClass(name=model.name, version=model.version)
    row.description = model.description or None
    row.serving_modes = list(model.serving_modes)
    row.definition = definition
    row.seek_keys = _resolved(session, definition)
    row.data_channel_id = channel_id
    session.add(row)
    session.flush()
    if outcome is Outcome.REPLACED or _has_other_versions(session, row):
        refresh_children(session, model.name)
    return row, outcome


def register_recipe(
    session: Session,
    model: Recipe,
    *,
    on_conflict: OnConflict = "fail",
    channel_id: int | None = None,
) -> tuple[tables.Recipe, Outcome]:
    """Register a recipe whose output asset class is registered.

    Raises:
        ConflictError: Other content is there under the same name and version.
        NotFoundError: Its output asset class is not registered.
    """
    row = find(session, tables.Recipe, model.name, model.version)
    if row is not None and row.sha256 == model.sha256:
        return row, Outcome.UNCHANGED
    if row is not None and on_conflict == "keep":
        return row, Outcome.KEPT
    if row is not None and on_conflict == "fail":
        raise _conflict("recipe", model.name, model.version)
    if find(session, tables.AssetClass, model.output_asset_class) is None:
        raise NotFoundError(
            f"recipe {model.name} makes assets of the class {model.output_asset_class},"
            " which is not registered",
            hint="refgenie asset-class add FILE",
        )
    outcome = Outcome.ADDED if row is None else Outcome.REPLACED
    if row is None:
        row = tables.Recipe(name=model.name, version=model.version)
    row.description = model.description or None
    row.output_asset_class = model.output_asset_class
    row.definition = model.definition()
    row.sha256 = model.sha256
    row.data_channel_id = channel_id
    session.add(row)
    session.flush()
    return row, outcome


def asset_class_record(row: tables.AssetClass) -> AssetClassRecord:
    """The detached record of an asset class."""
    return AssetClassRecord(
        id=row.id,
        name=row.name,
        version=row.version,
        description=row.description,
        serving_modes=tuple(row.serving_modes),
        seek_keys=dict(row.seek_keys),
        definition=AssetClass.from_definition(row.definition).definition(),
        data_channel=row.data_channel.name if row.data_channel else None,
    )


def recipe_record(row: tables.Recipe) -> RecipeRecord:
    """The detached record of a recipe."""
    return RecipeRecord(
        id=row.id,
        name=row.name,
        version=row.version,
        description=row.description,
        output_asset_class=row.output_asset_class,
        definition=Recipe.from_definition(row.definition).definition(),
        sha256=row.sha256,
        data_channel=row.data_channel.name if row.data_channel else None,
    )


def children_of(session: Session, name: str) -> list[tables.AssetClass]:
    """Asset classes that name this one as a parent."""
    rows = session.scalars(select(tables.AssetClass).order_by(tables.AssetClass.id))
    return [row for row in rows if name in row.definition.get("parents", [])]


def refresh_children(session: Session, name: str) -> None:
    """Resolve anew what inherits from a class of which a version came, changed or went."""
    for child in children_of(session, name):
        child.seek_keys = _resolved(session, child.definition)
        refresh_children(session, child.name)


def _conflict(kind: str, name: str, version: str) -> ConflictError:
    return ConflictError(
        f"{kind} {name} {version} is registered already with other content",
        hint="raise its version, or replace it with --force",
    )


def _resolved(
    session: Session, definition: dict[str, Any], descent: tuple[str, ...] = ()
) -> dict[str, dict[str, Any]]:
    """Seek keys of a definition with those that it inherits."""
    name = str(definition["name"])
    if name in descent:
        circle = " -> ".join((*descent[descent.index(name) :], name))
        raise InvalidInputError(f"asset classes inherit in a circle: {circle}")
    inherited = [
        _resolved(session, require(session, tables.AssetClass, parent).definition, (*descent, name))
        for parent in definition.get("parents", [])
    ]
    own = AssetClass.from_definition(definition).definition().get("seek_keys", {})
    return merged_seek_keys(inherited, own)


def _has_other_versions(session: Session, row: tables.AssetClass) -> bool:
    others = select(tables.AssetClass.id).where(
        tables.AssetClass.name == row.name, tables.AssetClass.id != row.id
    )
    return session.scalar(others.limit(1)) is not None

"""Dialects in which recipes are written; each reads into the canonical one.

A third party adds a dialect with an entry point of the group ``refgenie.recipe_dialects``
that names an object with the members of ``RecipeDialect``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from refgenie.errors import InvalidInputError
from refgenie.recipes.dialects.canonical import CanonicalDialect
from refgenie.recipes.dialects.nested import NestedDialect
from refgenie.recipes.dialects.protocol import RecipeDialect

__all__ = ["DIALECTS", "ENTRY_POINT_GROUP", "RecipeDialect", "dialect_of", "dialects", "to_canonical"]

ENTRY_POINT_GROUP = "refgenie.recipe_dialects"

DIALECTS: dict[str, RecipeDialect] = {
    dialect.name: dialect for dialect in (NestedDialect(), CanonicalDialect())
}
"""The dialects of this package; the first that recognises a document reads it."""


@cache
def _third_party() -> dict[str, RecipeDialect]:
    found: dict[str, RecipeDialect] = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        loaded = entry.load()
        dialect = loaded() if isinstance(loaded, type) else loaded
        if not isinstance(dialect, RecipeDialect):
            raise InvalidInputError(f"entry point {entry.value} is no recipe dialect")
        found[dialect.name] = dialect
    return found


def dialects() -> dict[str, RecipeDialect]:
    """All dialects by name; those of third parties are asked first."""
    return _third_party() | DIALECTS


def dialect_of(document: Mapping[str, Any]) -> RecipeDialect:
    """The dialect that a document is written in; where none recognises it, the canonical one."""
    for dialect in dialects().values():
        if dialect.recognises(document):
            return dialect
    return DIALECTS["canonical"]


def to_canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document in the canonical dialect.

    Raises:
        InvalidInputError: The same thing is said under two names.
    """
    return dialect_of(document).to_canonical(document)

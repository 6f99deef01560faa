"""Asset classes that start from other classes' seek keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin

from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.recipes.documents import Document, is_url
from refgenie.recipes.models import AssetClass

Read = Callable[[str], Document]
"""Reads the definition at an absolute path or URL; raises NotFoundError where there is none."""


def merged_seek_keys(
    parents: Iterable[Mapping[str, dict[str, Any]]], own: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The parents' seek keys in the order listed, each overriding those before; then the own ones."""
    merged: dict[str, dict[str, Any]] = {}
    for keys in (*parents, own):
        merged.update(keys)
    return merged


class Ancestry:
    """Puts asset classes into an order in which parents come first, and fetches missing parents.

    Args:
        batch: Classes that are registered together, with the path or URL each came from.
        is_registered: Whether a class of this name is in the registry.
        read: Reads a parent's definition.
    """

    def __init__(
        self,
        batch: Iterable[tuple[AssetClass, str | None]],
        *,
        is_registered: Callable[[str], bool],
        read: Read,
    ) -> None:
        self._batch: list[tuple[AssetClass, str | None]] = list(batch)
        self._is_registered = is_registered
        self._read = read
        self._ordered: dict[tuple[str, str], AssetClass] = {}
        self._fetched: dict[str, AssetClass] = {}
        self._descent: list[str] = []

    def ordered(self) -> list[AssetClass]:
        """The batch and its missing parents, parents first; ``parents`` holds names alone.

        Raises:
            InvalidInputError: Classes inherit in a circle, or a parent's file is another class's.
            NotFoundError: A parent is neither registered nor beside its child.
        """
        for model, origin in list(self._batch):
            self._visit(model, origin)
        return list(self._ordered.values())

    def _visit(self, model: AssetClass, origin: str | None) -> None:
        self._refuse_circle(model.name)
        if (model.name, model.version) in self._ordered:
            return
        self._descent.append(model.name)
        names = [self._name_of(parent, model, origin) for parent in model.parents]
        self._descent.pop()
        self._ordered[model.name, model.version] = model.model_copy(update={"parents": names})

    def _refuse_circle(self, name: str) -> None:
        if name in self._descent:
            circle = " -> ".join([*self._descent[self._descent.index(name) :], name])
            raise InvalidInputError(f"asset classes inherit in a circle: {circle}")

    def _name_of(self, parent: str, child: AssetClass, origin: str | None) -> str:
        """The parent's name; it is visited where it is not registered yet."""
        if is_url(parent) or PurePosixPath(parent).is_absolute():
            found = self._fetch(parent)
            self._visit(found, parent)
            return found.name
        self._refuse_circle(parent)
        together = [entry for entry in self._batch if entry[0].name == parent]
        for model, where in together:
            self._visit(model, where)
        if not together and not self._is_registered(parent):
            self._visit_beside(parent, child, origin)
        return parent

    def _visit_beside(self, parent: str, child: AssetClass, origin: str | None) -> None:
        for place in _beside(origin, parent):
            try:
                found = self._fetch(place)
            except NotFoundError:
                continue
            if found.name != parent:
                raise InvalidInputError(f"{place} is asset class {found.name}, not {parent}")
            self._visit(found, place)
            return
        raise NotFoundError(
            f"asset class {child.name} inherits from {parent}, which is neither registered nor"
            " beside its file",
            hint="refgenie asset-class add FILE",
        )

    def _fetch(self, place: str) -> AssetClass:
        if place not in self._fetched:
            known = next((model for model, origin in self._batch if origin == place), None)
            self._fetched[place] = known or AssetClass.from_definition(self._read(place).content)
        return self._fetched[place]


def _beside(origin: str | None, name: str) -> list[str]:
    """Where the definition of a parent may lie, seen from its child's own file."""
    if origin is None or "/" in name:
        return []
    files = [f"{name}.yaml", f"{name}.yml"]
    if is_url(origin):
        return [urljoin(origin, file) for file in files]
    return [str(Path(origin).parent / file) for file in files]

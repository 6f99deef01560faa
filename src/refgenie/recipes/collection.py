"""An index of definitions and what it lists: the one engine of channels and bundled definitions.

The index (formats.md, Data channel) lies in a folder; nothing outside that folder is read. All
definitions are read and validated before any is registered, and all are registered in one
transaction.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy.orm import Session

from refgenie.db import models as tables
from refgenie.db.database import Database
from refgenie.errors import InvalidInputError, NotFoundError, RefgenieError
from refgenie.recipes.dialects import to_canonical
from refgenie.recipes.documents import Document, parse
from refgenie.recipes.inheritance import Ancestry
from refgenie.recipes.models import AssetClass, Recipe
from refgenie.recipes.registration import (
    OnConflict,
    Outcome,
    find,
    register_asset_class,
    register_recipe,
)

MAX_FILES = 5_000
Model = TypeVar("Model", AssetClass, Recipe)


class DefinitionFolder(Protocol):
    """The folder in which an index lies, wherever that is."""

    def read_index(self) -> bytes:
        """The index's bytes."""
        ...

    def read(self, paths: Sequence[str]) -> list[bytes | RefgenieError]:
        """The files at these checked relative paths, or why one cannot be read; in their order."""
        ...

    def origin_of(self, path: str) -> str:
        """Absolute path or URL of the file at a relative path."""
        ...

    def relative(self, origin: str) -> str | None:
        """The relative path of what an absolute path or URL names; None where it is outside."""
        ...


@dataclass(frozen=True, slots=True)
class Index:
    """Relative paths of the files that an index lists."""

    asset_classes: list[str]
    recipes: list[str]


@dataclass(frozen=True, slots=True)
class Collection:
    """Definitions that were read and validated, with where each came from."""

    asset_classes: list[tuple[AssetClass, str]]
    recipes: list[tuple[Recipe, str]]
    folder: DefinitionFolder


@dataclass(slots=True)
class SyncReport:
    """What registering a collection did; each entry is ``asset class|recipe NAME VERSION``.

    Attributes:
        added: Were not there.
        unchanged: Were there with the same content.
        kept: Are there with other content, which stays.
        replaced: Were there with other content, which is gone.
    """

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)

    def note(self, definition: str, outcome: Outcome) -> None:
        """Put one definition into its list."""
        entries: list[str] = getattr(self, outcome.value)
        entries.append(definition)

    def __str__(self) -> str:
        counts = [
            f"{len(entries)} {outcome.value}"
            for outcome in Outcome
            if (entries := getattr(self, outcome.value))
        ]
        return ", ".join(counts) or "nothing offered"


def read_index(data: bytes, origin: str) -> Index:
    """Parse an index and check every path in it.

    Raises:
        InvalidInputError: It is no index, or a path leaves the index's folder.
    """
    content = parse(data, origin)
    if not {"asset_class", "recipe"} & set(content):
        raise InvalidInputError(f"{origin} is no index: it has neither asset_class nor recipe")
    index = Index(
        asset_classes=_listed(content.get("asset_class"), "asset_class", origin),
        recipes=_listed(content.get("recipe"), "recipe", origin),
    )
    if len(index.asset_classes) + len(index.recipes) > MAX_FILES:
        raise InvalidInputError(f"{origin} lists more than {MAX_FILES} files")
    return index


def checked_path(*parts: str, origin: str) -> str:
    """Join relative paths of an index.

    Raises:
        InvalidInputError: One is absolute, an address, or has ``..`` in it.
    """
    for part in parts:
        segments = part.split("/")
        if (
            part.startswith(("/", "~"))
            or ".." in segments
            or "\\" in part
            or ":" in segments[0]
            or any(ord(character) < 32 or ord(character) == 127 for character in part)
        ):
            raise InvalidInputError(f"{origin}: {part!r} leads out of the index's folder")
    path = posixpath.normpath(posixpath.join(*parts))
    if path in {"", "."}:
        raise InvalidInputError(f"{origin}: {parts[-1]!r} names no file")
    return path


def load_collection(folder: DefinitionFolder, *, index_address: str) -> Collection:
    """Read an index and every file that it lists, and validate them all.

    Raises:
        RefgenieError: Names every file that cannot be read or used.
    """
    index = read_index(folder.read_index(), index_address)
    paths = [*index.asset_classes, *index.recipes]
    faults: list[RefgenieError] = []
    documents: dict[str, dict[str, Any]] = {}
    for path, data in zip(paths, folder.read(paths), strict=True):
        origin = folder.origin_of(path)
        try:
            if isinstance(data, RefgenieError):
                raise data
            documents[path] = parse(data, origin)
        except RefgenieError as error:
            faults.append(error)
    classes = _validated(index.asset_classes, documents, AssetClass.from_definition, folder, faults)
    recipes = _validated(
        index.recipes,
        documents,
        lambda content: Recipe.from_definition(to_canonical(content)),
        folder,
        faults,
    )
    _refuse_twice([*classes, *recipes], faults)
    if faults:
        raise type(faults[0])(
            "; ".join(dict.fromkeys(fault.message for fault in faults)), hint=faults[0].hint
        )
    return Collection(classes, recipes, folder)


def register_collection(
    database: Database,
    collection: Collection,
    *,
    on_conflict: OnConflict = "fail",
    channel_name: str | None = None,
) -> SyncReport:
    """Register everything in one transaction, parents and asset classes first.

    Args:
        database: The registry.
        collection: What was read.
        on_conflict: What is done with a name and version that has other content.
        channel_name: The data channel that it comes from; its time of synchronization is noted.

    Raises:
        ConflictError: Other content is registered; nothing was changed.
        NotFoundError: A parent, an output asset class or the channel is not there.
    """

    def is_registered(name: str) -> bool:
        with database.read() as session:
            return find(session, tables.AssetClass, name) is not None

    ordered = Ancestry(
        collection.asset_classes, is_registered=is_registered, read=_reader(collection.folder)
    ).ordered()

    def work(session: Session) -> SyncReport:
        report = SyncReport()
        channel = _channel(session, channel_name) if channel_name else None
        channel_id = channel.id if channel else None
        for asset_class in ordered:
            _, outcome = register_asset_class(
                session, asset_class, on_conflict=on_conflict, channel_id=channel_id
            )
            report.note(f"asset class {asset_class.name} {asset_class.version}", outcome)
        for recipe, _ in collection.recipes:
            _, outcome = register_recipe(session, recipe, on_conflict=on_conflict, channel_id=channel_id)
            report.note(f"recipe {recipe.name} {recipe.version}", outcome)
        if channel is not None:
            channel.synced_at = tables.now()
        return report

    return database.write(work)


def _channel(session: Session, name: str) -> tables.DataChannel:
    from sqlalchemy import select

    channel = session.scalar(select(tables.DataChannel).where(tables.DataChannel.name == name))
    if channel is None:
        raise NotFoundError(f"no data channel {name}", hint="refgenie data-channel list")
    return channel


def _reader(folder: DefinitionFolder) -> Callable[[str], Document]:
    """Reads parents that the index does not list, from its folder alone."""

    def read(place: str) -> Document:
        path = folder.relative(place)
        if path is None:
            raise InvalidInputError(
                f"parent {place} is outside of the channel's folder and is not read",
                hint="refgenie asset-class add",
            )
        data = folder.read([path])[0]
        if isinstance(data, RefgenieError):
            raise data
        return Document(parse(data, place), place)

    return read


def _listed(section: object, key: str, origin: str) -> list[str]:
    if section is None:
        return []
    if not isinstance(section, Mapping):
        raise InvalidInputError(f"{origin}: {key} is no mapping with dir and files")
    folder, files = section.get("dir"), section.get("files")
    files = [] if files is None else files
    if not isinstance(files, list) or not all(isinstance(file, str) and file for file in files):
        raise InvalidInputError(f"{origin}: {key}.files is no list of paths")
    if folder is not None and not isinstance(folder, str):
        raise InvalidInputError(f"{origin}: {key}.dir is no path")
    paths = [checked_path(folder or ".", file, origin=origin) for file in files]
    return list(dict.fromkeys(paths))


def _validated(
    paths: Sequence[str],
    documents: Mapping[str, dict[str, Any]],
    read: Callable[[dict[str, Any]], Model],
    folder: DefinitionFolder,
    faults: list[RefgenieError],
) -> list[tuple[Model, str]]:
    """The models of the documents that are sound; what is wrong with the others goes to ``faults``."""
    found: list[tuple[Model, str]] = []
    for path in paths:
        if path not in documents:
            continue
        origin = folder.origin_of(path)
        try:
            found.append((read(documents[path]), origin))
        except InvalidInputError as error:
            faults.append(InvalidInputError(f"{origin}: {error.message}", hint=error.hint))
    return found


def _refuse_twice(found: Sequence[tuple[AssetClass | Recipe, str]], faults: list[RefgenieError]) -> None:
    seen: dict[tuple[type, str, str], tuple[AssetClass | Recipe, str]] = {}
    for model, origin in found:
        key = (type(model), model.name, model.version)
        other = seen.setdefault(key, (model, origin))
        if other[0].definition() != model.definition():
            faults.append(
                InvalidInputError(
                    f"{origin}: {model.name} {model.version} is in {other[1]} with other content"
                )
            )

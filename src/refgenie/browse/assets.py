"""Assets: pages of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from refgenie.browse.paging import Page, PageQuery
from refgenie.browse.view import RegistryView
from refgenie.db.models import Alias, Asset, AssetClass, AssetGroup, Genome, Recipe

SORTS = ("path", "name", "asset_class", "size", "created_at")
"""Columns that a list of assets can be sorted by."""


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset with what is shown of it in a list.

    Attributes:
        id: Number in this registry.
        digest: Content digest.
        genome_digest: Its genome.
        genome: How that is called: its first alias, else its digest.
        group: Asset group.
        name: Name in the group.
        asset_class: Name of the asset class.
        is_default: Whether it is its group's default.
        size: Bytes.
        recipe: Name of the recipe, where one built it.
        created_at: When it was registered.
    """

    id: int
    digest: str
    genome_digest: str
    genome: str
    group: str
    name: str
    asset_class: str
    is_default: bool
    size: int
    recipe: str | None
    created_at: datetime

    @property
    def path(self) -> str:
        """The registry path that people use."""
        return f"{self.genome}/{self.group}:{self.name}"


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Exact conditions on assets; None sets none."""

    genome_digest: str | None = None
    group: str | None = None
    asset_class: str | None = None
    recipe: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same in SQL."""
        wanted = (
            (AssetGroup.genome_digest, self.genome_digest),
            (AssetGroup.name, self.group),
            (AssetClass.name, self.asset_class),
            (Recipe.name, self.recipe),
        )
        return [column == value for column, value in wanted if value is not None]


def rows_of_assets() -> Any:
    """The columns that an AssetRow is made of."""
    return (
        select(
            Asset.id,
            Asset.digest,
            AssetGroup.genome_digest,
            AssetGroup.name.label("group"),
            Asset.name,
            AssetClass.name.label("asset_class"),
            Asset.is_default,
            Asset.size,
            Recipe.name.label("recipe"),
            Asset.created_at,
        )
        .select_from(Asset)
        .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
        .join(AssetClass, AssetClass.id == AssetGroup.asset_class_id)
        .join(Recipe, Recipe.id == Asset.recipe_id, isouter=True)
    )


def list_assets(view: RegistryView, query: PageQuery, wanted: AssetFilter | None = None) -> Page[AssetRow]:
    """One page of the shown assets."""
    conditions = [view.condition(), *(wanted or AssetFilter()).conditions()]
    conditions += [has_word(view, word) for word in query.words]
    statement = rows_of_assets().where(*conditions)
    keys: dict[str | None, tuple[Any, ...]] = {
        None: (Asset.id,),
        "path": (AssetGroup.genome_digest, AssetGroup.name, Asset.name),
        "name": (Asset.name,),
        "asset_class": (AssetClass.name,),
        "size": (Asset.size,),
        "created_at": (Asset.created_at,),
    }
    ordering = [key.desc() if query.descending else key.asc() for key in keys[query.sort]]
    with view.database.read() as session:
        counted = statement.with_only_columns(func.count(), maintain_column_froms=True)
        total = int(session.execute(counted).scalar_one())
        # Only numbers are sorted; the rest of a row is read for what is on the page.
        chosen = statement.with_only_columns(Asset.id, maintain_column_froms=True)
        chosen = chosen.order_by(*ordering, Asset.id).offset(query.offset).limit(query.limit)
        numbers = session.scalars(chosen).all() if query.offset < total else []
        rows = {row.id: row for row in session.execute(rows_of_assets().where(Asset.id.in_(numbers)))}
        items = asset_rows(view, session, [rows[number] for number in numbers])
    return Page(items, total, query.offset, query.limit)


def asset_rows(view: RegistryView, session: Session, rows: Sequence[Any]) -> list[AssetRow]:
    """Rows of ``rows_of_assets`` with their genomes' names."""
    names = view.names_of(session, (row.genome_digest for row in rows))
    return [
        AssetRow(**row._mapping, genome=next(iter(names[row.genome_digest]), row.genome_digest))  # noqa: SLF001
        for row in rows
    ]


def has_word(view: RegistryView, word: str) -> ColumnElement[bool]:
    """An asset (joined with its group) has the word in its path, or its digest begins with it."""
    named = view.genomes_named(view.contains(Alias.name, word), lambda name: word.lower() in name.lower())
    genomes = select(Genome.digest).where(or_(named, view.contains(Genome.species_name, word)))
    return or_(
        view.contains(AssetGroup.name, word),
        view.contains(Asset.name, word),
        view.starts_with(Asset.digest, word),
        view.starts_with(AssetGroup.genome_digest, word),
        AssetGroup.genome_digest.in_(genomes),
    )

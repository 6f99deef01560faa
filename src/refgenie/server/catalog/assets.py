"""Assets as the server shows them: one statement for a page, and one for each kind of detail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, and_, literal, select
from sqlalchemy.orm import Session, aliased

from refgenie.core.layout import DATA, content_path
from refgenie.db.models import Asset, AssetClass, AssetGroup, AssetParent, AssetSeekKey, Recipe
from refgenie.db.transfer_models import DownloadCount, StagedAsset
from refgenie.server.catalog.listing import LARGEST_NUMBER, Listing, ListQuery, in_column
from refgenie.server.catalog.served import served_asset
from refgenie.server.failure import missing

_PATH: ColumnElement[str] = (
    literal(f"{DATA}/") + AssetGroup.genome_digest + "/" + AssetGroup.name + "/" + Asset.digest
)

_ASSETS = (
    select(
        Asset.id,
        Asset.digest,
        Asset.name,
        Asset.description,
        Asset.size,
        Asset.is_default,
        Asset.external_path,
        Asset.custom_properties,
        Asset.created_at,
        Asset.updated_at,
        AssetGroup.genome_digest,
        AssetGroup.id.label("asset_group_id"),
        AssetGroup.name.label("asset_group_name"),
        AssetClass.id.label("asset_class_id"),
        AssetClass.name.label("asset_class_name"),
        AssetClass.version.label("asset_class_version"),
        AssetClass.serving_modes,
        Recipe.id.label("recipe_id"),
        Recipe.name.label("recipe_name"),
        Recipe.version.label("recipe_version"),
        DownloadCount.count.label("download_count"),
    )
    .select_from(Asset)
    .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
    .join(AssetClass, AssetClass.id == AssetGroup.asset_class_id)
    .join(Recipe, Recipe.id == Asset.recipe_id, isouter=True)
    .join(
        DownloadCount,
        and_(DownloadCount.kind == "asset", DownloadCount.digest == Asset.digest),
        isouter=True,
    )
    .where(served_asset())
)

_LISTING = Listing(
    name="assets",
    source=_ASSETS,
    key=Asset.id.expression,
    search={"name": in_column(Asset.name), "digest": in_column(Asset.digest), "path": in_column(_PATH)},
    order={
        "id": Asset.id.expression,
        "name": Asset.name.expression,
        "digest": Asset.digest.expression,
        "size": Asset.size.expression,
        "created_at": Asset.created_at.expression,
        "updated_at": Asset.updated_at.expression,
        "genome_digest": AssetGroup.genome_digest.expression,
        "asset_group_name": AssetGroup.name.expression,
        "asset_class_name": AssetClass.name.expression,
        "recipe_name": Recipe.name.expression,
    },
    wide=True,
)


class AssetQuery(ListQuery):
    """Parameters of the list of assets."""

    searchable = tuple(_LISTING.search)
    sortable = tuple(_LISTING.order)

    name: str | None = None
    asset_group_name: str | None = None
    genome_digest: str | None = None
    recipe_name: str | None = None
    asset_group_id: int | None = Field(None, ge=0, le=LARGEST_NUMBER)

    def filters(self) -> list[ColumnElement[bool]]:
        """The exact filters that are given."""
        return [
            column == value
            for column, value in (
                (Asset.name, self.name),
                (AssetGroup.name, self.asset_group_name),
                (AssetGroup.genome_digest, self.genome_digest),
                (Recipe.name, self.recipe_name),
                (AssetGroup.id, self.asset_group_id),
            )
            if value is not None
        ]


def page(session: Session, query: AssetQuery) -> dict[str, Any]:
    """One page of the served assets."""
    rows, total = _LISTING.page(session, query, query.filters())
    return {"items": described(session, rows), "pagination": query.pagination(total)}


def asset_row(
    session: Session,
    digest: str,
    *,
    genome_digest: str | None = None,
    asset_group_name: str | None = None,
    name: str | None = None,
) -> Any:
    """The oldest served asset with this digest, of those that the arguments choose.

    Raises:
        NotFoundError: There is none, or none that is served.
    """
    statement = _ASSETS.where(Asset.digest == digest).order_by(Asset.id).limit(1)
    for column, value in (
        (AssetGroup.genome_digest, genome_digest),
        (AssetGroup.name, asset_group_name),
        (Asset.name, name),
    ):
        if value is not None:
            statement = statement.where(column == value)
    found = session.execute(statement).one_or_none()
    if found is None:
        raise missing("asset", digest)
    return found


def described(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The records of some rows with all that belongs to them, in their order."""
    if not rows:
        return []
    numbers = [row.id for row in rows]
    keys = _seek_keys(session, numbers)
    parents = _parents(session, numbers)
    children = _children(session, numbers)
    same = _same_content(session, [row.digest for row in rows])
    staged = _staged(session, numbers)
    return [
        _record(row, keys[row.id], parents[row.id], children[row.id], same[row.digest], staged[row.id])
        for row in rows
    ]


def _record(
    row: Any,
    seek_keys: dict[str, Any],
    parents: list[dict[str, Any]],
    children: list[str],
    same: list[tuple[int, str]],
    staged: dict[str, Any],
) -> dict[str, Any]:
    archive = staged.get("archive")
    return {
        "id": row.id,
        "digest": row.digest,
        "name": row.name,
        "description": row.description,
        "size": row.size,
        # Where a linked asset's files lie is this host's own business.
        "path": None
        if row.external_path
        else content_path(row.genome_digest, row.asset_group_name, row.digest),
        "genome_digest": row.genome_digest,
        "asset_group_id": row.asset_group_id,
        "asset_group_name": row.asset_group_name,
        "asset_class_id": row.asset_class_id,
        "asset_class_name": row.asset_class_name,
        "asset_class_version": row.asset_class_version,
        "is_default": row.is_default,
        "recipe_id": row.recipe_id,
        "recipe_name": row.recipe_name,
        "recipe_version": row.recipe_version,
        "custom_properties": row.custom_properties or {},
        "serving_modes": sorted(staged) or ["none"],
        "archive_digest": archive.digest if archive else None,
        "archive_size": archive.size if archive else None,
        "seek_keys": seek_keys,
        "parents": parents,
        "children": children,
        "same_content": [path for number, path in same if number != row.id],
        "download_count": row.download_count or 0,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _seek_keys(session: Session, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    key = AssetSeekKey
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    statement = (
        select(key.asset_id, key.name, key.value, key.type, key.description)
        .where(key.asset_id.in_(numbers))
        .order_by(key.asset_id, key.position)
    )
    for number, name, value, kind, description in session.execute(statement):
        found[number][name] = {"value": value, "type": kind, "description": description}
    return found


def _parents(session: Session, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    parent = AssetParent
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    statement = (
        select(parent.asset_id, parent.key, parent.digest, parent.registry_path)
        .where(parent.asset_id.in_(numbers))
        .order_by(parent.asset_id, parent.key)
    )
    for number, key, digest, path in session.execute(statement):
        found[number].append({"key": key, "digest": digest, "registry_path": path})
    return found


def _children(session: Session, numbers: Sequence[int]) -> dict[int, list[str]]:
    statement = (
        select(AssetParent.parent_id, AssetGroup.genome_digest, AssetGroup.name, Asset.name)
        .select_from(AssetParent)
        .join(Asset, Asset.id == AssetParent.asset_id)
        .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
        .where(AssetParent.parent_id.in_(numbers), served_asset())
        .order_by(AssetParent.parent_id, Asset.id)
    )
    found = _paths(session.execute(statement).tuples())
    # A child that has one parent as two of its inputs is one child.
    return defaultdict(list, {number: list(dict.fromkeys(paths)) for number, paths in found.items()})


def _paths(rows: Iterable[tuple[int | None, str, str, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for number, genome, group, name in rows:
        if number is not None:
            found[number].append(f"{genome}/{group}:{name}")
    return found


def _same_content(session: Session, digests: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    statement = (
        select(Asset.digest, Asset.id, AssetGroup.genome_digest, AssetGroup.name, Asset.name)
        .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
        .where(Asset.digest.in_(digests), served_asset())
        .order_by(Asset.id)
    )
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for digest, number, genome, group, name in session.execute(statement):
        found[digest].append((number, f"{genome}/{group}:{name}"))
    return found


def _staged(session: Session, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    row = aliased(StagedAsset)
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    statement = select(row.asset_id, row.mode, row.digest, row.size).where(row.asset_id.in_(numbers))
    for entry in session.execute(statement):
        found[entry.asset_id][entry.mode] = entry
    return found

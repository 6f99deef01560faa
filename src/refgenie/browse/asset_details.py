"""One asset with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from refgenie.browse.assets import AssetRow, asset_rows, rows_of_assets
from refgenie.browse.paging import Page
from refgenie.browse.view import RegistryView
from refgenie.core.digests import FileRecord
from refgenie.core.layout import content_path
from refgenie.core.records import ParentRecord, SeekKeyRecord
from refgenie.db.models import Asset, AssetFile, AssetGroup, AssetParent, AssetSeekKey, Build
from refgenie.db.transfer_models import DownloadCount, StagedAsset
from refgenie.errors import NotFoundError

SHOWN_CHILDREN = 50


@dataclass(frozen=True, slots=True)
class StagedMode:
    """How an asset is served. ``mode`` is ``file`` or ``archive``, ``digest`` the archive's SHA-256."""

    mode: str
    digest: str
    size: int
    path: str
    downloads: int


@dataclass(frozen=True, slots=True)
class AssetDetails:
    """An asset with all that belongs to it.

    Attributes:
        row: Its names, class, size.
        aliases: All names of its genome.
        description: Free text.
        path: Content folder, relative to the genome folder; absolute for a linked asset.
        external: Whether its files stay elsewhere.
        recipe_version: Version of the recipe.
        custom_properties: Values that the build recorded.
        provenance: The provenance document.
        build_id: The build that made it, where its log is here.
        updated_at: Last change.
        seek_keys: In the order of the class.
        parents: What it was built from.
        children: What was built from it; at most SHOWN_CHILDREN of ``children_total``.
        children_total: How many there are.
        files: One page of its files.
        same_content: Other assets with the same digest.
        staged: How it is served.
        downloads: How often it was downloaded.
    """

    row: AssetRow
    aliases: tuple[str, ...]
    description: str | None
    path: str
    external: bool
    recipe_version: str | None
    custom_properties: dict[str, str]
    provenance: dict[str, Any] | None
    build_id: str | None
    updated_at: datetime
    seek_keys: tuple[SeekKeyRecord, ...]
    parents: tuple[ParentRecord, ...]
    children: tuple[AssetRow, ...]
    children_total: int
    files: Page[FileRecord]
    same_content: tuple[AssetRow, ...]
    staged: tuple[StagedMode, ...]
    downloads: int


def get_asset(
    view: RegistryView,
    digest: str,
    *,
    genome: str | None = None,
    group: str | None = None,
    name: str | None = None,
    file_offset: int = 0,
    file_limit: int = 200,
) -> AssetDetails:
    """The asset with this digest; where several have it the oldest, or the one that the names choose.

    Raises:
        NotFoundError: There is none that is shown.
    """
    conditions = [Asset.digest == digest, view.condition()]
    with view.database.read() as session:
        if genome is not None:
            conditions.append(AssetGroup.genome_digest == view.digest_of(session, genome))
        if group is not None:
            conditions.append(AssetGroup.name == group)
        if name is not None:
            conditions.append(Asset.name == name)
        statement = rows_of_assets().where(*conditions).order_by(Asset.id).limit(1)
        found = session.execute(statement).one_or_none()
        if found is None:
            raise NotFoundError(f"there is no asset {digest[:16]}… here", hint="search for it by its name")
        return _details(view, session, found, file_offset, file_limit)


def find_asset(view: RegistryView, genome: str, group: str, name: str | None = None) -> AssetRow:
    """The asset that a registry path names, the group's default without a name.

    Raises:
        NotFoundError: There is none that is shown.
    """
    with view.database.read() as session:
        digest = view.digest_of(session, genome)
        chosen = Asset.name == name if name is not None else Asset.is_default
        statement = rows_of_assets().where(
            AssetGroup.genome_digest == digest, AssetGroup.name == group, chosen, view.condition()
        )
        found = session.execute(statement.limit(1)).one_or_none()
        if found is None:
            path = f"{genome}/{group}" + (f":{name}" if name else "")
            raise NotFoundError(f"there is no asset {path} here", hint=f"refgenie pull {path}")
        return asset_rows(view, session, [found])[0]


def _details(
    view: RegistryView, session: Session, found: Any, file_offset: int, file_limit: int
) -> AssetDetails:
    asset = session.get_one(Asset, found.id)
    row = asset_rows(view, session, [found])[0]
    built = rows_of_assets().join(AssetParent, AssetParent.asset_id == Asset.id)
    built = built.where(AssetParent.parent_id == asset.id, view.condition()).distinct()
    children_total = session.execute(select(func.count()).select_from(built.subquery())).scalar_one()
    children = session.execute(built.order_by(Asset.id).limit(SHOWN_CHILDREN)).all()
    same = rows_of_assets().where(Asset.digest == asset.digest, Asset.id != asset.id, view.condition())
    return AssetDetails(
        row=row,
        aliases=tuple(view.names_of(session, [row.genome_digest])[row.genome_digest]),
        description=asset.description,
        path=asset.external_path or content_path(row.genome_digest, row.group, row.digest),
        external=asset.external_path is not None,
        recipe_version=asset.recipe.version if asset.recipe else None,
        custom_properties=asset.custom_properties or {},
        provenance=asset.provenance,
        build_id=asset.build_id if _has_log(session, asset.build_id) else None,
        updated_at=asset.updated_at,
        seek_keys=_seek_keys(session, asset.id),
        parents=_parents(session, asset.id),
        children=tuple(asset_rows(view, session, children)),
        children_total=children_total,
        files=_files(session, asset.id, file_offset, file_limit),
        same_content=tuple(
            asset_rows(view, session, session.execute(same.order_by(Asset.id).limit(SHOWN_CHILDREN)).all())
        ),
        staged=_staged(session, asset.id),
        downloads=_downloads(session, "asset", asset.digest),
    )


def _has_log(session: Session, build_id: str | None) -> bool:
    return build_id is not None and session.get(Build, build_id) is not None


def _seek_keys(session: Session, number: int) -> tuple[SeekKeyRecord, ...]:
    rows = session.scalars(
        select(AssetSeekKey).where(AssetSeekKey.asset_id == number).order_by(AssetSeekKey.position)
    )
    return tuple(SeekKeyRecord(row.name, row.value, row.type, row.description) for row in rows)


def _parents(session: Session, number: int) -> tuple[ParentRecord, ...]:
    rows = session.scalars(
        select(AssetParent)
        .where(AssetParent.asset_id == number)
        .order_by(AssetParent.key)
        .limit(SHOWN_CHILDREN)
    )
    return tuple(ParentRecord(row.key, row.digest, row.registry_path, row.parent_id) for row in rows)


def _files(session: Session, number: int, offset: int, limit: int) -> Page[FileRecord]:
    of_asset = AssetFile.asset_id == number
    total = session.execute(select(func.count()).select_from(AssetFile).where(of_asset)).scalar_one()
    rows = session.scalars(
        select(AssetFile).where(of_asset).order_by(AssetFile.path).offset(offset).limit(limit)
    )
    return Page([FileRecord(row.path, row.size, row.sha256) for row in rows], total, offset, limit)


def _staged(session: Session, number: int) -> tuple[StagedMode, ...]:
    rows = session.execute(
        select(StagedAsset.mode, StagedAsset.digest, StagedAsset.size, StagedAsset.path)
        .where(StagedAsset.asset_id == number)
        .order_by(StagedAsset.mode)
    ).all()
    return tuple(StagedMode(*row, downloads=_downloads(session, row.mode, row.digest)) for row in rows)


def _downloads(session: Session, kind: str, digest: str) -> int:
    row = session.get(DownloadCount, ("archive" if kind == "archive" else "asset", digest))
    return row.count if row else 0

"""Archives as the server shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from refgenie.core.layout import Folders
from refgenie.db.models import Asset, AssetGroup
from refgenie.db.transfer_models import DownloadCount, StagedAsset
from refgenie.server.catalog.listing import Listing, ListQuery, in_column
from refgenie.server.failure import missing
from refgenie.server.host_paths import provenance_for_others

_ARCHIVES = (
    select(
        StagedAsset.id,
        StagedAsset.digest,
        StagedAsset.size,
        StagedAsset.path,
        StagedAsset.directory_contents,
        StagedAsset.created_at,
        Asset.digest.label("asset_digest"),
        Asset.provenance,
        AssetGroup.genome_digest,
        DownloadCount.count.label("download_count"),
    )
    .select_from(StagedAsset)
    .join(Asset, Asset.id == StagedAsset.asset_id)
    .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
    .join(
        DownloadCount,
        and_(DownloadCount.kind == "archive", DownloadCount.digest == StagedAsset.digest),
        isouter=True,
    )
    .where(StagedAsset.mode == "archive")
)

_LISTING = Listing(
    name="archives",
    source=_ARCHIVES,
    key=StagedAsset.id.expression,
    search={"digest": in_column(StagedAsset.digest), "asset_digest": in_column(Asset.digest)},
    order={
        "id": StagedAsset.id.expression,
        "digest": StagedAsset.digest.expression,
        "asset_digest": Asset.digest.expression,
        "size": StagedAsset.size.expression,
        "created_at": StagedAsset.created_at.expression,
    },
)


class ArchiveQuery(ListQuery):
    """Parameters of the list of archives."""

    searchable = tuple(_LISTING.search)
    sortable = tuple(_LISTING.order)

    digest: str | None = None
    asset_digest: str | None = None
    genome_digest: str | None = None

    def filters(self) -> list[ColumnElement[bool]]:
        """The exact filters that are given."""
        return [
            column == value
            for column, value in (
                (StagedAsset.digest, self.digest),
                (Asset.digest, self.asset_digest),
                (AssetGroup.genome_digest, self.genome_digest),
            )
            if value is not None
        ]


def page(session: Session, query: ArchiveQuery, folders: Folders) -> dict[str, Any]:
    """One page of the archives."""
    rows, total = _LISTING.page(session, query, query.filters())
    return {"items": [_record(row, folders) for row in rows], "pagination": query.pagination(total)}


def one(session: Session, digest: str, folders: Folders) -> dict[str, Any]:
    """The archive with this SHA-256; NotFoundError where there is none."""
    statement = _ARCHIVES.where(StagedAsset.digest == digest).order_by(StagedAsset.id).limit(1)
    found = session.execute(statement).one_or_none()
    if found is None:
        raise missing("archive", digest)
    return _record(found, folders)


def _record(row: Any, folders: Folders) -> dict[str, Any]:
    return {
        "digest": row.digest,
        "asset_digest": row.asset_digest,
        "genome_digest": row.genome_digest,
        "size": row.size,
        "directory_contents": row.directory_contents,
        "build_commands": _commands(provenance_for_others(row.provenance or {}, folders)),
        "path": row.path,
        "download_count": row.download_count or 0,
        "created_at": row.created_at,
    }


def _commands(provenance: dict[str, Any]) -> list[str]:
    """The commands that a provenance document records."""
    return [
        str(entry.get("command", "")) if isinstance(entry, dict) else str(entry)
        for entry in provenance["commands"]
        if isinstance(entry, (dict, str))
    ]

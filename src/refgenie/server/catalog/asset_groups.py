"""Asset groups as the server shows them: those of which an asset is served."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from refgenie.db.models import Asset, AssetClass, AssetGroup
from refgenie.server.catalog.listing import LARGEST_NUMBER, Listing, ListQuery, in_column
from refgenie.server.catalog.served import served_group
from refgenie.server.failure import missing

_GROUPS = (
    select(
        AssetGroup.id,
        AssetGroup.name,
        AssetGroup.genome_digest,
        AssetClass.id.label("asset_class_id"),
        AssetClass.name.label("asset_class_name"),
        Asset.name.label("default_asset"),
    )
    .select_from(AssetGroup)
    .join(AssetClass, AssetClass.id == AssetGroup.asset_class_id)
    .join(Asset, and_(Asset.asset_group_id == AssetGroup.id, Asset.is_default), isouter=True)
    .where(served_group())
)

_LISTING = Listing(
    name="asset_groups",
    source=_GROUPS,
    key=AssetGroup.id.expression,
    search={"name": in_column(AssetGroup.name)},
    order={
        "id": AssetGroup.id.expression,
        "name": AssetGroup.name.expression,
        "genome_digest": AssetGroup.genome_digest.expression,
        "asset_class_name": AssetClass.name.expression,
    },
)


class AssetGroupQuery(ListQuery):
    """Parameters of the list of asset groups."""

    searchable = tuple(_LISTING.search)
    sortable = tuple(_LISTING.order)

    genome_digest: str | None = None
    asset_class: str | None = None
    asset_group_name: str | None = None
    asset_group_id: int | None = Field(None, ge=0, le=LARGEST_NUMBER)

    def filters(self) -> list[ColumnElement[bool]]:
        """The exact filters that are given."""
        return [
            column == value
            for column, value in (
                (AssetGroup.genome_digest, self.genome_digest),
                (AssetClass.name, self.asset_class),
                (AssetGroup.name, self.asset_group_name),
                (AssetGroup.id, self.asset_group_id),
            )
            if value is not None
        ]


def page(session: Session, query: AssetGroupQuery) -> dict[str, Any]:
    """One page of the groups."""
    rows, total = _LISTING.page(session, query, query.filters())
    return {"items": [dict(row._mapping) for row in rows], "pagination": query.pagination(total)}  # noqa: SLF001


def one(session: Session, number: int) -> dict[str, Any]:
    """The group with this number; NotFoundError where there is none."""
    found = session.execute(_GROUPS.where(AssetGroup.id == number)).one_or_none()
    if found is None:
        raise missing("asset group", str(number))
    return dict(found._mapping)  # noqa: SLF001 - SQLAlchemy's documented name

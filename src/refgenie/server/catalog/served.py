"""Which assets are served: the staged ones, and those of serving mode ``none`` as metadata."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, cast, exists, or_, select

from refgenie.db.models import Asset, AssetClass, AssetGroup
from refgenie.db.transfer_models import StagedAsset

_DESCRIBED_CLASSES = select(AssetClass.id).where(cast(AssetClass.serving_modes, Text).like('%"none"%'))


def served_asset() -> ColumnElement[bool]:
    """The condition on an asset that is joined with its group."""
    return or_(
        exists().where(StagedAsset.asset_id == Asset.id),
        AssetGroup.asset_class_id.in_(_DESCRIBED_CLASSES),
    )


def served_group() -> ColumnElement[bool]:
    """The condition on a group: one of its assets is served."""
    return or_(
        exists()
        .where(StagedAsset.asset_id == Asset.id, Asset.asset_group_id == AssetGroup.id)
        .correlate(AssetGroup),
        AssetGroup.asset_class_id.in_(_DESCRIBED_CLASSES),
    )

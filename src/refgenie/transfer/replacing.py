"""Publication of assets that may be staged: what is staged follows what was replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refgenie.assets.new_asset import NewAsset
from refgenie.assets.publish import AssetLinks, Publisher
from refgenie.core.layout import Folders
from refgenie.core.records import AssetRecord

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from refgenie.db.database import Database


class StagingPublisher(Publisher):
    """Stages an asset again that it replaces: else the old files would be served under the new digest.

    Args:
        refresh: Stages an asset again that is staged.
    """

    def __init__(
        self,
        database: Database,
        folders: Folders,
        links: AssetLinks,
        refresh: Callable[[AssetRecord], object],
    ) -> None:
        super().__init__(database, folders, links)
        self._refresh = refresh

    def publish(
        self,
        folder: Path,
        asset: NewAsset,
        *,
        replace: bool = False,
        damaged: bool | None = None,
        also: Callable[[Session], None] | None = None,
        transaction: Callable[[Callable[[Session], Any]], Any] | None = None,
    ) -> AssetRecord:
        """See Publisher."""
        record = super().publish(
            folder, asset, replace=replace, damaged=damaged, also=also, transaction=transaction
        )
        if replace:
            self._refresh(record)
        return record

"""Which asset a route under `/v4/assets/{digest}` means: several names may have one content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from sqlalchemy.orm import Session

from refgenie.server.catalog.assets import asset_row


@dataclass(frozen=True)
class AssetChoice:
    """The oldest asset with this digest, of those that the other parameters choose."""

    digest: Annotated[str, Path(description="Asset digest")]
    genome_digest: Annotated[
        str | None, Query(description="Of those with this content, one of this genome")
    ] = None
    asset_group_name: Annotated[str | None, Query(description="… of this group")] = None
    name: Annotated[str | None, Query(description="… of this name")] = None

    def row(self, session: Session) -> Any:
        """The asset's row; NotFoundError where none is served."""
        return asset_row(
            session,
            self.digest,
            genome_digest=self.genome_digest,
            asset_group_name=self.asset_group_name,
            name=self.name,
        )


ChosenAsset = Annotated[AssetChoice, Depends()]

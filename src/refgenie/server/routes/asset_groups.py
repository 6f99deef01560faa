"""`/v4/asset_groups`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from refgenie.server import schemas
from refgenie.server.catalog import asset_groups as catalog
from refgenie.server.catalog.listing import LARGEST_NUMBER
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("asset groups")


@routes.get("/v4/asset_groups", operation_id="v4_asset_groups", response_model=schemas.AssetGroupPage)
def asset_groups(
    request: Request, site: SiteDependency, query: Annotated[catalog.AssetGroupQuery, Query()]
) -> Response:
    """Asset groups of which an asset is served."""
    return site.answer(request, lambda session: catalog.page(session, query))


@routes.get("/v4/asset_groups/{id}", operation_id="v4_asset_group", response_model=schemas.AssetGroup)
def asset_group(
    request: Request,
    site: SiteDependency,
    number: Annotated[int, Path(alias="id", ge=0, le=LARGEST_NUMBER)],
) -> Response:
    """One asset group."""
    return site.answer(request, lambda session: catalog.one(session, number))

"""`/v4/assets`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from refgenie.server import schemas
from refgenie.server.catalog import assets as catalog
from refgenie.server.routes.asset_choice import ChosenAsset
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("assets")


@routes.get("/v4/assets", operation_id="v4_assets", response_model=schemas.AssetPage)
def assets(request: Request, site: SiteDependency, query: Annotated[catalog.AssetQuery, Query()]) -> Response:
    """Assets that are staged, and those of serving mode none."""
    return site.answer(request, lambda session: catalog.page(session, query))


@routes.get("/v4/assets/{digest}", operation_id="v4_asset", response_model=schemas.Asset)
def asset(request: Request, site: SiteDependency, choice: ChosenAsset) -> Response:
    """One asset."""
    return site.answer(request, lambda session: catalog.described(session, [choice.row(session)])[0])

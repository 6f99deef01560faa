"""`/v4/asset_classes` and `/v4/recipes`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from refgenie.server import schemas
from refgenie.server.catalog import definitions as catalog
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("asset classes and recipes")


@routes.get("/v4/asset_classes", operation_id="v4_asset_classes", response_model=schemas.AssetClassPage)
def asset_classes(
    request: Request, site: SiteDependency, query: Annotated[catalog.AssetClassQuery, Query()]
) -> Response:
    """Asset classes."""
    return site.answer(request, lambda session: catalog.asset_classes(session, query))


@routes.get("/v4/asset_classes/{id}", operation_id="v4_asset_class", response_model=schemas.AssetClass)
def asset_class(request: Request, site: SiteDependency, id: str) -> Response:  # noqa: A002
    """One asset class, by its number or its name."""
    return site.answer(request, lambda session: catalog.asset_class(session, id))


@routes.get("/v4/recipes", operation_id="v4_recipes", response_model=schemas.RecipePage)
def recipes(
    request: Request, site: SiteDependency, query: Annotated[catalog.RecipeQuery, Query()]
) -> Response:
    """Recipes."""
    return site.answer(request, lambda session: catalog.recipes(session, query))


@routes.get("/v4/recipes/{id}", operation_id="v4_recipe", response_model=schemas.Recipe)
def recipe(request: Request, site: SiteDependency, id: str) -> Response:  # noqa: A002
    """One recipe, by its number or its name."""
    return site.answer(request, lambda session: catalog.recipe(session, id))

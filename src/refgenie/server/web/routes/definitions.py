"""Asset classes, recipes, data channels."""

from __future__ import annotations

from fastapi import Request, Response
from sqlalchemy import func, select

from refgenie.browse.view import RegistryView
from refgenie.core.records import DataChannelRecord
from refgenie.db.models import Asset, AssetClass, AssetGroup, DataChannel, Recipe
from refgenie.recipes.models import AssetClass as AssetClassModel
from refgenie.recipes.models import Recipe as RecipeModel
from refgenie.server.web.parameters import text
from refgenie.server.web.rendering import answer, pages_of
from refgenie.server.web.routing import page_router

routes = page_router()


@routes.get("/asset-classes")
def asset_classes(request: Request) -> Response:
    """The list of asset classes."""
    pages = pages_of(request)
    q = text(request, "q") or ""
    items = [item for item in pages.asset_classes.list() if _matches(q, item.name, item.description)]
    data = {"items": items, "assets": _assets_by_class(pages.view)}
    return answer(request, "asset_classes.html", "Asset classes", data, q=q)


@routes.get("/asset-classes/{name}")
def asset_class(request: Request, name: str) -> Response:
    """One asset class, its highest version or the one of ``version``."""
    pages = pages_of(request)
    record = pages.asset_classes.get(name, text(request, "version"))
    makers = [item for item in pages.recipes.list() if item.output_asset_class == record.name]
    data = {
        "asset_class": record,
        "recipes": [{"name": item.name, "version": item.version} for item in makers],
        "assets": _assets_by_class(pages.view).get(record.id, 0),
    }
    yaml = AssetClassModel.from_definition(record.definition).yaml()
    return answer(request, "asset_class.html", record.name, data, yaml=yaml)


@routes.get("/recipes")
def recipes(request: Request) -> Response:
    """The list of recipes."""
    pages = pages_of(request)
    q = text(request, "q") or ""
    items = [
        item
        for item in pages.recipes.list()
        if _matches(q, item.name, item.description, item.output_asset_class)
    ]
    data = {"items": items, "assets": _assets_by_recipe(pages.view)}
    return answer(request, "recipes.html", "Recipes", data, q=q)


@routes.get("/recipes/{name}")
def recipe(request: Request, name: str) -> Response:
    """One recipe with its requirements, its highest version or the one of ``version``."""
    pages = pages_of(request)
    record = pages.recipes.get(name, text(request, "version"))
    model = RecipeModel.from_definition(record.definition)
    data = {"recipe": record, "assets": _assets_by_recipe(pages.view).get(record.id, 0)}
    return answer(request, "recipe.html", record.name, data, model=model, yaml=model.yaml())


@routes.get("/channels")
def channels(request: Request) -> Response:
    """Data channels, the sources of classes and recipes."""
    with pages_of(request).view.database.read() as session:
        items = [
            DataChannelRecord(row.id, row.name, row.type, row.index_address, row.description, row.synced_at)
            for row in session.scalars(select(DataChannel).order_by(DataChannel.name))
        ]
        counts = {
            kind: dict(
                session.execute(
                    select(table.data_channel_id, func.count())
                    .where(table.data_channel_id.is_not(None))
                    .group_by(table.data_channel_id)
                )
                .tuples()
                .all()
            )
            for kind, table in (("asset_classes", AssetClass), ("recipes", Recipe))
        }
    return answer(request, "channels.html", "Data channels", {"items": items, "counts": counts})


def _matches(q: str, *texts: str | None) -> bool:
    return all(any(word in (value or "").lower() for value in texts) for word in q.lower().split())


def _assets_by_class(view: RegistryView) -> dict[int, int]:
    with view.database.read() as session:
        statement = (
            select(AssetGroup.asset_class_id, func.count(Asset.id))
            .join(Asset, Asset.asset_group_id == AssetGroup.id)
            .where(view.condition())
            .group_by(AssetGroup.asset_class_id)
        )
        return dict(session.execute(statement).tuples().all())


def _assets_by_recipe(view: RegistryView) -> dict[int, int]:
    with view.database.read() as session:
        statement = (
            select(Asset.recipe_id, func.count(Asset.id))
            .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
            .where(view.condition(), Asset.recipe_id.is_not(None))
            .group_by(Asset.recipe_id)
        )
        return {number: count for number, count in session.execute(statement) if number is not None}

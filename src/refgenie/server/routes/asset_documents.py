"""How an asset came about: its build log, provenance and recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from fastapi import APIRouter, Response
from sqlalchemy import select

from refgenie.core.layout import BUILDS
from refgenie.db.models import Asset, Build, Recipe
from refgenie.errors import NotFoundError
from refgenie.server.answers import json_answer
from refgenie.server.host_paths import provenance_for_others, without_host_paths
from refgenie.server.routes.asset_choice import ChosenAsset
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("assets")

LOG = "log"
_LONGEST = 32 << 20
"""Bytes of a log that are given at most; its end is what matters."""


def _content(kind: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {kind: {"schema": {}}}}}


@routes.get(
    "/v4/assets/{digest}/log",
    operation_id="v4_asset_log",
    response_class=Response,
    responses=_content("text/plain"),
)
def asset_log(site: SiteDependency, choice: ChosenAsset) -> Response:
    """The log of the asset's build, paths of the server's host removed."""
    with site.read() as session:
        number = choice.row(session).id
        folder = session.execute(
            select(Build.path).join(Asset, Asset.build_id == Build.id).where(Asset.id == number)
        ).scalar()
    if folder is None:
        raise NotFoundError(f"the asset {choice.digest} has no build log: it was not built here")
    builds = os.path.realpath(site.folders.genome_folder / BUILDS)
    path = os.path.realpath(site.folders.genome_folder / folder / LOG)
    if not path.startswith(f"{builds}/"):
        raise NotFoundError(f"the build log of the asset {choice.digest} is not here")
    try:
        with Path(path).open("rb") as handle:
            handle.seek(max(os.fstat(handle.fileno()).st_size - _LONGEST, 0))
            text = handle.read().decode("utf-8", "replace")
    except OSError as error:
        raise NotFoundError(f"the build log of the asset {choice.digest} is not here any more") from error
    return Response(without_host_paths(text, site.folders), media_type="text/plain")


@routes.get("/v4/assets/{digest}/provenance", operation_id="v4_asset_provenance")
def asset_provenance(site: SiteDependency, choice: ChosenAsset) -> Response:
    """What the asset was built from, how and when; paths of the server's host removed."""
    with site.read() as session:
        number = choice.row(session).id
        found = session.execute(select(Asset.provenance).where(Asset.id == number)).scalar()
    if found is None:
        raise NotFoundError(f"the asset {choice.digest} has no provenance: it was not built")
    return json_answer(provenance_for_others(found, site.folders))


@routes.get(
    "/v4/assets/{digest}/recipe",
    operation_id="v4_asset_recipe",
    response_class=Response,
    responses=_content("application/yaml"),
)
def asset_recipe(site: SiteDependency, choice: ChosenAsset) -> Response:
    """The recipe that the asset was built by, as YAML."""
    with site.read() as session:
        number = choice.row(session).id
        found = session.execute(
            select(Recipe.definition).join(Asset, Asset.recipe_id == Recipe.id).where(Asset.id == number)
        ).scalar()
    if found is None:
        raise NotFoundError(f"the asset {choice.digest} has no recipe: it was not built")
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    return Response(text, media_type="application/yaml")

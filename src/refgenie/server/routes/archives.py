"""`/v4/archives`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select

from refgenie.db.models import Asset
from refgenie.server import schemas
from refgenie.server.catalog import archives as catalog
from refgenie.server.routes.asset_files import BYTES, Direct, give_archive
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency
from refgenie.server.staged import staged_archive

routes: APIRouter = router("archives")


@routes.get("/v4/archives", operation_id="v4_archives", response_model=schemas.ArchivePage)
def archives(
    request: Request, site: SiteDependency, query: Annotated[catalog.ArchiveQuery, Query()]
) -> Response:
    """Archives of assets."""
    return site.answer(request, lambda session: catalog.page(session, query, site.folders))


@routes.get("/v4/archives/{digest}", operation_id="v4_archive", response_model=schemas.Archive)
def archive(request: Request, site: SiteDependency, digest: str) -> Response:
    """One archive, by its SHA-256."""
    return site.answer(request, lambda session: catalog.one(session, digest, site.folders))


@routes.get(
    "/v4/archives/{digest}/download",
    operation_id="v4_archive_download",
    response_class=Response,
    responses=BYTES,
)
def archive_download(request: Request, site: SiteDependency, digest: str, direct: Direct = False) -> Response:
    """The archive's bytes, or a redirection to a remote that has them."""
    with site.read() as session:
        staged, asset_id = staged_archive(session, digest)
        asset_digest = session.execute(select(Asset.digest).where(Asset.id == asset_id)).scalar_one()
    return give_archive(request, site, staged, asset_digest, direct=direct)

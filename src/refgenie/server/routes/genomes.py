"""`/v4/genomes`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from refgenie.server import schemas
from refgenie.server.catalog.genomes import GenomeCatalog, GenomeQuery
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("genomes")


@routes.get("/v4/genomes", operation_id="v4_genomes", response_model=schemas.GenomePage)
def genomes(request: Request, site: SiteDependency, query: Annotated[GenomeQuery, Query()]) -> Response:
    """Genomes, by digest."""
    catalog = GenomeCatalog(None if site.mode.writable else site.mode.aliases)
    return site.answer(request, lambda session: catalog.page(session, query))


@routes.get("/v4/genomes/{digest}", operation_id="v4_genome", response_model=schemas.Genome)
def genome(request: Request, site: SiteDependency, digest: str) -> Response:
    """One genome."""
    catalog = GenomeCatalog(None if site.mode.writable else site.mode.aliases)
    return site.answer(request, lambda session: catalog.one(session, digest))

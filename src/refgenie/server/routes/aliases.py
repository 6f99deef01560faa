"""`/v4/aliases`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from refgenie.errors import NotFoundError
from refgenie.server import schemas
from refgenie.server.answers import KeptBytes, encode
from refgenie.server.catalog.aliases import AliasCatalog, AliasQuery
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("aliases")


@routes.get("/v4/aliases", operation_id="v4_aliases", response_model=schemas.AliasPage)
def aliases(request: Request, site: SiteDependency, query: Annotated[AliasQuery, Query()]) -> Response:
    """Names of genomes, of the registry and of the sequence store."""
    catalog = AliasCatalog(site.mode.aliases)
    return site.answer(request, lambda session: catalog.page(session, query))


@routes.get("/v4/aliases/{alias}", operation_id="v4_alias", response_model=schemas.ResolvedAlias)
def alias(site: SiteDependency, alias: str) -> Response:
    """The genome that a name stands for: its digest, sequence collection (level 2) and FHR metadata."""
    site.current_aliases()
    with site.read() as session:
        found = AliasCatalog(site.mode.aliases).one(session, alias)
    try:
        collection = site.collections.level2(found.genome_digest)
    except NotFoundError:
        collection = b"null"  # known from a server, its sequences are nowhere yet
    head = encode(
        {
            "alias": found.name,
            "digest": found.genome_digest,
            "source": found.source,
            "fhr": site.mode.fhr(found.genome_digest),
        }
    )
    # The collection may be tens of megabytes and is kept as it is sent.
    return KeptBytes(head[:-1], b',"collection":', collection, b"}")

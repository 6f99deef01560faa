"""The server itself: is it well, what does it serve, how much."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from refgenie import __version__
from refgenie.errors import RefgenieError
from refgenie.server import schemas
from refgenie.server.addresses import base_address
from refgenie.server.answers import json_answer
from refgenie.server.catalog import summary as catalog
from refgenie.server.failure import UnavailableError
from refgenie.server.metrics import CONTENT_TYPE
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("service")

ORGANIZATION = {"name": "Refgenie", "url": "https://refgenie.org"}


def service_info(
    request: Request, identifier: str, name: str, group: str, artifact: str, version: str
) -> dict[str, Any]:
    """A GA4GH service-info document of one of this server's services."""
    return {
        "id": identifier,
        "name": name,
        "type": {"group": group, "artifact": artifact, "version": version},
        "organization": ORGANIZATION,
        "documentationUrl": f"{base_address(request)}/docs",
        "version": __version__,
    }


@routes.get(
    "/healthcheck",
    operation_id="healthcheck",
    response_model=schemas.Health,
    responses={503: {"model": schemas.Failure}},
)
def healthcheck(site: SiteDependency) -> Response:
    """Whether the server and its database answer."""
    try:
        with site.read() as session:
            session.execute(text("SELECT 1"))
    except RefgenieError as error:
        raise UnavailableError(error.message, hint=error.hint) from error
    return json_answer({"status": "ok"}, headers={"Cache-Control": "no-store"})


@routes.get("/service-info", operation_id="service_info", response_model=schemas.ServiceInfo)
def describe_service(request: Request) -> Response:
    """What this server is (GA4GH service-info 1.0)."""
    document = service_info(request, "org.refgenie", "Refgenie", "org.refgenie", "refgenie", "4.0.0")
    document["description"] = "Reference genome assets, sequence collections and sequences"
    return json_answer(document)


@routes.get("/v4/summary", operation_id="v4_summary", response_model=schemas.Summary)
def summary(request: Request, site: SiteDependency) -> Response:
    """Numbers of what is served, and the bytes of all files together."""
    return site.answer(request, catalog.summary)


@routes.get(
    "/v4/species/summary", operation_id="v4_species_summary", response_model=list[schemas.SpeciesSummary]
)
def species_summary(request: Request, site: SiteDependency) -> Response:
    """Numbers of genomes and assets by species."""
    return site.answer(request, catalog.species)


@routes.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(request.app.state.metrics.text(), headers={"Content-Type": CONTENT_TYPE})

"""`/seqcol`: GA4GH sequence collections 1.0, by refget's routes.

refget's endpoints are coroutines that read files and databases; here they run on worker threads, so
that a big collection does not hold up everybody else, and their pages have bounds.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response

from refgenie.core.addresses import without_credentials
from refgenie.sequences.serving.router import (
    RefgetRoute,
    collection_routes,
    fasta_object,
    fasta_routes,
    service_info,
)
from refgenie.server.addresses import base_address
from refgenie.server.answers import KeptBytes, json_answer
from refgenie.server.failure import missing
from refgenie.server.routes.drs import fasta_document
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

PREFIX = "/seqcol"
MAX_PAGE = 10_000
MAX_PAGE_SIZE = 1000
_MAX_ITEMS = 10_000
"""Sequences of an answer that is not collated."""


def seqcol_routes(*, fasta_files: bool) -> APIRouter:
    """All routes of the service.

    Args:
        fasta_files: Also those of FASTA files that `refget admin` registered (they need PostgreSQL).
    """
    routes = router("sequence collections")
    routes.add_api_route(
        f"{PREFIX}/collection/{{collection_digest}}", collection, operation_id="seqcol_collection"
    )
    routes.add_api_route(f"{PREFIX}/service-info", describe_service, operation_id="seqcol_service_info")
    routes.add_api_route(f"{PREFIX}/openapi.json", openapi, include_in_schema=False)
    for route in collection_routes():
        _add(routes, PREFIX, route)
    if fasta_files:
        routes.add_api_route(
            f"{PREFIX}/fasta/objects/{{object_id}}", fasta_file, operation_id="seqcol_fasta_object"
        )
        for route in fasta_routes():
            _add(routes, f"{PREFIX}/fasta", route)
    return routes


def _add(routes: APIRouter, prefix: str, route: RefgetRoute) -> None:
    routes.add_api_route(
        prefix + route.path,
        _on_a_thread(route.endpoint),
        methods=[route.method],
        summary=route.summary,
        operation_id=f"seqcol_{route.name}",
        response_model=route.response_model,
    )


def _on_a_thread(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine that never waits, as a function that FastAPI runs on a worker thread."""

    def run(**arguments: Any) -> Any:
        body = endpoint(**arguments)
        try:
            body.send(None)
        except StopIteration as end:
            return end.value
        except HTTPException as error:
            # Not found is told in one way by every route of this server.
            if error.status_code == 404:
                raise missing("such", str(error.detail).removesuffix(".")) from error
            raise
        finally:
            body.close()
        raise RuntimeError(f"{endpoint.__name__} waits for something")

    functools.update_wrapper(run, endpoint)
    del run.__wrapped__  # type: ignore[attr-defined]
    signature = inspect.signature(endpoint)
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[_bounded(parameter) for parameter in signature.parameters.values()]
    )
    return run


def _bounded(parameter: inspect.Parameter) -> inspect.Parameter:
    if parameter.name == "page_size":
        return parameter.replace(default=Query(100, ge=1, le=MAX_PAGE_SIZE, description="Results of a page"))
    if parameter.name == "page":
        return parameter.replace(default=Query(0, ge=0, le=MAX_PAGE, description="Page, from 0"))
    return parameter


def collection(
    site: SiteDependency,
    collection_digest: str,
    level: Annotated[int, Query(ge=1, le=2, description="1: digests of the attributes, 2: the arrays")] = 2,
    collated: Annotated[bool, Query(description="Arrays, or one object for each sequence")] = True,
    attribute: Annotated[str | None, Query(description="This array alone")] = None,
) -> Response:
    """A sequence collection."""
    try:
        if not collated:
            return json_answer(site.backend.get_collection_itemwise(collection_digest, limit=_MAX_ITEMS))
        if attribute is not None:
            return json_answer(site.backend.get_collection_attribute(collection_digest, attribute))
        if level == 1:
            return json_answer(site.backend.get_collection(collection_digest, level=1))
    except ValueError as error:
        raise missing("sequence collection", collection_digest, hint=str(error)) from error
    return KeptBytes(site.collections.level2(collection_digest))


def describe_service(request: Request, site: SiteDependency) -> Response:
    """The service: schema, store, aliases (GA4GH service-info)."""
    store = site.settings.refget_store_url
    return json_answer(
        service_info(
            store_url=None if store is None else without_credentials(store),
            capabilities=site.backend.capabilities(),
            documentation_url=f"{base_address(request)}/docs",
            fasta_files=site.agent is not None,
        )
    )


def openapi(request: Request) -> Response:
    """The server's OpenAPI document (the standard recommends it beside the service)."""
    return json_answer(request.app.openapi())


def fasta_file(request: Request, site: SiteDependency, object_id: str) -> Response:
    """A FASTA file that `refget admin` registered, as a DRS object."""
    found = fasta_object(site.agent, object_id)
    if found is None:
        raise missing("FASTA file", object_id)
    return json_answer(fasta_document(request, found))

"""refget's own routes, its service-info, and the checks that it offers; the server mounts them.

What is left out: the compliance endpoints (they fetch any address that they are given), the
routes of similarities (they need lists of samples that a site of its own does not have), and the
collection route, which the server answers from kept bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_OWN = frozenset({"/collection/{collection_digest}"})
_LEFT_OUT = "/similarities/"
IDENTIFIER = "org.refgenie.seqcol"


@dataclass(frozen=True, slots=True)
class RefgetRoute:
    """One of refget's routes: its path below the service, what answers it, and its description."""

    path: str
    method: str
    name: str
    endpoint: Callable[..., Any]
    summary: str
    response_model: Any


def collection_routes() -> list[RefgetRoute]:
    """The routes of sequence collections; their backend is ``app.state.backend``."""
    from refget.router import seqcol_router

    return [route for route in _routes(seqcol_router) if route.path not in _OWN]


def fasta_routes() -> list[RefgetRoute]:
    """The routes of FASTA files that `refget admin` registered; ``app.state.dbagent`` answers them."""
    from refget.router import fasta_drs_router

    return [
        route for route in _routes(fasta_drs_router) if route.path.endswith(("/index", "/access/{access_id}"))
    ]


def _routes(router: Any) -> list[RefgetRoute]:
    return [
        RefgetRoute(
            path=route.path,
            method=next(iter(route.methods)),
            name=route.endpoint.__name__,
            endpoint=route.endpoint,
            summary=route.summary or "",
            response_model=route.response_model,
        )
        for route in router.routes
        if not route.path.startswith(_LEFT_OUT)
    ]


def service_info(
    *, store_url: str | None, capabilities: dict[str, Any], documentation_url: str, fasta_files: bool
) -> dict[str, Any]:
    """The service-info document of the sequence collections.

    Args:
        store_url: Where clients can read the store directly, None where they cannot.
        capabilities: What the backend says of itself.
        documentation_url: For people.
        fasta_files: Whether FASTA files that `refget admin` registered are served.
    """
    from refget.seqcolapi.app import store_service_info

    document: dict[str, Any] = store_service_info(
        service_info_id=IDENTIFIER,
        service_info_name="Refgenie sequence collections",
        store_url=store_url,
        capabilities=capabilities,
        organization={"name": "Refgenie", "url": "https://refgenie.org"},
        contact_url="https://refgenie.org",
        documentation_url=documentation_url,
        extra_seqcol={"fasta_drs": {"enabled": fasta_files}},
    )
    document["seqcol"]["refget_store"].setdefault("url", None)
    # GA4GH service-info wants a text; the versions of the parts are beside it.
    document["versions"] = document["version"]
    document["version"] = str(document["versions"].get("refget_version"))
    return document


def fasta_object(agent: Any, digest: str) -> dict[str, Any] | None:
    """What `refget admin` recorded of a collection's FASTA file, as DRS has it; None without one."""
    try:
        found = agent.fasta_drs.get(digest)
    except ValueError:
        return None
    document: dict[str, Any] = found.model_dump(mode="json", exclude_none=True)
    methods = []
    for method in document.get("access_methods") or []:
        # `refget admin` appends a method each time that it runs.
        if method not in methods:
            methods.append(method)
    document["access_methods"] = methods
    for name in ("line_bases", "extra_line_bytes", "offsets"):
        document.pop(name, None)
    return document

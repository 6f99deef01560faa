"""What the subscribed servers have, and which of it is here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from sqlalchemy import select

from refgenie.core.names import check_alias, is_genome_digest
from refgenie.db.models import Asset, Genome
from refgenie.errors import InvalidInputError, NetworkError, NotFoundError, RefgenieError
from refgenie.server.dash.dashboard import dashboard_of
from refgenie.server.web.parameters import page_number, text
from refgenie.server.web.rendering import answer
from refgenie.server.web.routing import page_router
from refgenie.transfer.clients import ServerClient
from refgenie.transfer.offers import Offer

routes = page_router()
_GENOMES = 25


@routes.get("/remote")
def remote(request: Request) -> Response:
    """The subscribed servers; what each has is asked for when the page is there."""
    servers = dashboard_of(request).refgenie.configuration.servers()
    return answer(request, "dash/remote.html", "Get assets", {"servers": servers}, q=text(request, "q") or "")


@routes.get("/remote/genomes")
def remote_genomes(request: Request) -> Response:
    """A page of one server's genomes: a part of the page above."""
    client = _client(request)
    q, page = text(request, "q"), page_number(request)
    params = {"limit": str(_GENOMES), "offset": str((page - 1) * _GENOMES)}
    order = {"sort_by": "created_at", "sort_order": "desc"}
    error: str | None = None
    items: list[dict[str, Any]] = []
    total = 0
    try:
        found = client.get("v4_genomes", params={**params, **order, **({"q": q} if q else {})})
        items, total = _genomes(found, client.server_url)
    except RefgenieError as failure:
        error = failure.message
    known = _registered(request, [item["digest"] for item in items])
    data = {
        "server": client.server_url,
        "items": [{**item, "is_here": item["digest"] in known} for item in items],
        "pagination": {"offset": (page - 1) * _GENOMES, "limit": _GENOMES, "total": total},
        "error": error,
    }
    return answer(request, "dash/remote_genomes.html", client.server_url, data, q=q or "", page_number=page)


@routes.get("/remote/genome/{digest}")
def remote_genome(request: Request, digest: str) -> Response:
    """One server's assets of one genome, and which of them are here."""
    if not is_genome_digest(digest):
        raise NotFoundError(f"{digest[:60]!r} is no genome digest", hint="choose a genome of the list")
    client = _client(request)
    offer = Offer(client)
    record = offer.genome(digest)
    if record is None:
        raise NotFoundError(f"{client.server_url} has no genome {digest}", hint="see the list of its genomes")
    assets = sorted(offer.assets(digest), key=lambda item: (item.group, item.name))[:500]
    with dashboard_of(request).refgenie.database.read() as session:
        wanted = [item.digest for item in assets]
        here = set(session.scalars(select(Asset.digest).where(Asset.digest.in_(wanted))))
    names = _names(record)
    data = {
        "server": client.server_url,
        "genome": {"digest": digest, "aliases": names, "species": _word(record.get("species_name"))},
        "items": [
            {
                "group": item.group,
                "name": item.name,
                "digest": item.digest,
                "size": item.archive.size if item.archive else item.size,
                "asset_class": item.asset_class_name,
                "is_served": bool(item.modes),
                "is_here": item.digest in here,
            }
            for item in assets
        ],
    }
    return answer(request, "dash/remote_genome.html", names[0] if names else digest, data)


def _client(request: Request) -> ServerClient:
    """The client of the server that is asked about; only subscribed ones are asked."""
    wanted = text(request, "server")
    for client in dashboard_of(request).refgenie.transfers.subscriptions.clients():
        if client.server_url == wanted or client.server_url.rstrip("/") == (wanted or "").rstrip("/"):
            return client
    raise InvalidInputError(f"{wanted} is no subscribed server", hint="subscribe to it under Settings")


def _registered(request: Request, digests: list[str]) -> set[str]:
    with dashboard_of(request).refgenie.database.read() as session:
        return set(session.scalars(select(Genome.digest).where(Genome.digest.in_(digests))))


def _genomes(answered: Any, server: str) -> tuple[list[dict[str, Any]], int]:
    """The genomes of a server's answer; nothing that it says is trusted to be well formed."""
    if not isinstance(answered, Mapping) or not isinstance(answered.get("items"), list):
        raise NetworkError(f"{server} answered something that is no list of genomes")
    items = [
        {
            "digest": item["digest"],
            "aliases": _names(item),
            "species": _word(item.get("species_name")),
            "description": _word(item.get("description")),
        }
        for item in answered["items"]
        if isinstance(item, Mapping) and is_genome_digest(str(item.get("digest")))
    ]
    pagination = answered.get("pagination")
    total = pagination.get("total") if isinstance(pagination, Mapping) else None
    return items, total if isinstance(total, int) else len(items)


def _names(record: Mapping[str, Any]) -> list[str]:
    listed = record.get("aliases")
    names = []
    for name in listed if isinstance(listed, list) else []:
        try:
            names.append(check_alias(str(name)))
        except InvalidInputError:
            continue
    return names


def _word(value: object) -> str | None:
    return value[:300] if isinstance(value, str) else None

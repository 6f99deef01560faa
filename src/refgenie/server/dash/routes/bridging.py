"""The bridge: what a server's site may ask of the dashboard on its reader's machine."""

from __future__ import annotations

import json

from fastapi import Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from refgenie import __version__
from refgenie.core.names import is_asset_digest
from refgenie.core.registry_path import RegistryPath
from refgenie.db.models import Asset
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.server.answers import json_answer
from refgenie.server.dash.bridge import ASSETS, PING, PULL
from refgenie.server.dash.dashboard import dashboard_of
from refgenie.server.web.routing import page_router

routes = page_router()
_LARGEST_BODY = 4096
_NOT_KEPT = {"Cache-Control": "no-store"}


@routes.get(PING)
def ping(request: Request) -> Response:
    """Who answers here, and what a listed site may ask."""
    bridge = dashboard_of(request).bridge
    return json_answer(
        {
            "service": "refgenie-dashboard",
            "version": __version__,
            "mode": bridge.mode,
            "capabilities": bridge.capabilities,
        },
        headers=_NOT_KEPT,
    )


@routes.get(ASSETS + "{digest}")
def has_asset(request: Request, digest: str) -> Response:
    """Whether an asset with this digest is here; not where.

    Raises:
        NotFoundError: It is not.
    """
    if not is_asset_digest(digest) or not _is_here(request, digest):
        raise NotFoundError("this asset is not on this computer")
    return json_answer({"digest": digest, "is_here": True}, headers=_NOT_KEPT)


@routes.post(PULL)
async def pull(request: Request) -> Response:
    """Take on a pull from a subscribed server; large assets are left out, for nobody here was asked."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise InvalidInputError("the request is too large")
    try:
        asked = json.loads(body)
        path = RegistryPath.parse(asked["registry_path"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError('a pull is {"registry_path": "genome/group:asset"}') from error
    dashboard = dashboard_of(request)
    job = await run_in_threadpool(dashboard.submit, "pull", path, ["--batch"])
    return json_answer({"job": job.id, "state": job.state}, status=202, headers=_NOT_KEPT)


def _is_here(request: Request, digest: str) -> bool:
    with dashboard_of(request).refgenie.database.read() as session:
        return session.scalar(select(Asset.id).where(Asset.digest == digest).limit(1)) is not None

"""Routers of this server: they note which route answered, for the metrics."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send


class Route(APIRoute):
    """A route that leaves its pattern where the access log and the metrics find it."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        scope["state"]["route"] = self.path
        await super().handle(scope, receive, send)


def router(tag: str) -> APIRouter:
    """A router whose routes are shown under one heading of the documentation."""
    return APIRouter(route_class=Route, tags=[tag])

"""Routes of pages: what goes wrong in one is shown as a page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from refgenie.errors import RefgenieError
from refgenie.server.web.rendering import error_page, pages_of, wants_json


class PageRoute(APIRoute):
    """A route that answers a known error with a page; JSON clients get the server's own JSON."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the pattern is left where the access log and the metrics find it."""
        scope.setdefault("state", {})["route"] = self.path
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the error page around it."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                await run_in_threadpool(pages_of(request).refresh_aliases)
                return await handler(request)
            except RefgenieError as error:
                if wants_json(request):
                    raise
                return await run_in_threadpool(error_page, request, error)

        return guarded


def page_router() -> APIRouter:
    """A router of pages; they are no part of the API's description."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)

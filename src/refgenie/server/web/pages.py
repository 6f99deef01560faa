"""Puts the pages into an application."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from sqlalchemy import ColumnElement
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from refgenie.browse.view import RegistryView
from refgenie.errors import NotFoundError
from refgenie.server.catalog.served import served_asset
from refgenie.server.failure import failure
from refgenie.server.site import Served
from refgenie.server.web.face import SERVER, Face
from refgenie.server.web.rendering import STATIC, Pages, error_page
from refgenie.server.web.routes import assets, compare, definitions, general, genomes, sequences

_ROUTES = (general, genomes, assets, compare, sequences, definitions)
_YEAR = "public, max-age=31536000, immutable"


class _KeptFiles(StaticFiles):
    """Static files that a browser keeps: their addresses change with them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        kept = b"v=" in scope.get("query_string", b"")
        answer.headers["Cache-Control"] = _YEAR if kept else "no-cache"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def mount_pages(app: FastAPI, refgenie: Served, *, face: Face = SERVER) -> None:
    """Add the pages and their static files to an application.

    To be called after the application's error handlers were added: unknown addresses are answered
    with a page where a browser asks, and as before otherwise.

    Args:
        app: The application.
        refgenie: The registry to show.
        face: The server's site shows what is served, the dashboard everything.
    """
    shown: Callable[[], ColumnElement[bool]] | None = None if face.is_local else served_asset
    app.state.pages = Pages(refgenie, RegistryView(refgenie.database, refgenie.mode, shown), face)
    for module in _ROUTES:
        app.include_router(module.routes)
    app.mount("/static", _KeptFiles(directory=STATIC), name="static")
    before = app.exception_handlers.get(HTTPException)

    async def show(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
            lost = NotFoundError(
                f"there is no page {request.url.path}", hint="search, or begin at the first page"
            )
            return await run_in_threadpool(error_page, request, lost)
        if before is None:
            return failure(error.status_code, str(error.detail), headers=error.headers)
        answer: Response = await before(request, error)  # type: ignore[misc]
        return answer

    app.add_exception_handler(HTTPException, show)

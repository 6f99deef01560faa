"""Home, search, API, status."""

from __future__ import annotations

from fastapi import Request, Response

from refgenie import __version__
from refgenie.browse.genomes import list_genomes, species_counts
from refgenie.browse.paging import PageQuery
from refgenie.browse.search import search
from refgenie.browse.totals import count_all, disk_use
from refgenie.server.web.parameters import text
from refgenie.server.web.pictures.disk import draw_disk_use
from refgenie.server.web.rendering import answer, pages_of
from refgenie.server.web.routing import page_router

routes = page_router()


@routes.get("/")
def home(request: Request) -> Response:
    """What is here, and where to begin."""
    pages = pages_of(request)
    q = text(request, "q") or ""
    data = {
        "totals": count_all(pages.view),
        "species": [{"name": name, "genomes": count} for name, count in species_counts(pages.view)],
        "newest": list_genomes(pages.view, PageQuery(sort="created_at", descending=True, limit=6)).items,
        "found": search(pages.view, q) if q else None,
    }
    use = disk_use(pages.view) if pages.face.is_local else []
    return answer(request, "home.html", "Overview", data, q=q, picture=draw_disk_use(use), use=use)


@routes.get("/search")
def find(request: Request) -> Response:
    """What a search found: a part of a page while one types, else a page."""
    q = text(request, "q") or ""
    found = search(pages_of(request).view, q)
    template = "parts/found.html" if request.headers.get("hx-request") else "search.html"
    return answer(request, template, f"Search: {q}" if q else "Search", {"found": found}, q=q)


@routes.get("/api")
def api(request: Request) -> Response:
    """How programs ask."""
    return answer(
        request, "api.html", "API", {"openapi": "/openapi.json", "docs": "/docs", "redoc": "/redoc"}
    )


@routes.get("/status")
def status(request: Request) -> Response:
    """Whether all is well, and what runs here."""
    from refgenie.db import migrate

    pages = pages_of(request)
    database = pages.served.database
    data = {
        "status": "ok",
        "version": __version__,
        "database": {"engine": database.engine.dialect.name, "version": migrate.version(database).current},
        "sequences": "own store" if pages.view.mode.writable else "remote store",
        "totals": count_all(pages.view),
    }
    return answer(request, "status.html", "Status", data)

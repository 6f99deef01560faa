"""`/docs` and `/redoc`, from files of this machine: they work where the internet does not."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html

from refgenie.server.failure import missing
from refgenie.server.files import media_type
from refgenie.server.routing import router

routes: APIRouter = router("documentation")

ASSETS = {
    name: name for name in ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png")
}
TITLE = "refgenie"


@routes.get("/docs", include_in_schema=False)
def swagger() -> Response:
    """Interactive documentation."""
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title=TITLE,
        swagger_js_url="docs/assets/swagger-ui-bundle.js",
        swagger_css_url="docs/assets/swagger-ui.css",
        swagger_favicon_url="docs/assets/favicon.png",
    )


@routes.get("/redoc", include_in_schema=False)
def redoc() -> Response:
    """Documentation to read."""
    return get_redoc_html(
        openapi_url="openapi.json",
        title=TITLE,
        redoc_js_url="docs/assets/redoc.standalone.js",
        redoc_favicon_url="docs/assets/favicon.png",
        with_google_fonts=False,
    )


@routes.get("/docs/assets/{name}", include_in_schema=False)
def asset(name: str) -> Response:
    """A file that these two pages need."""
    if name not in ASSETS:
        raise missing("file", name)
    content = Path(str(files("fastapi_offline") / "static" / ASSETS[name])).read_bytes()
    return Response(content, media_type=media_type(name), headers={"Cache-Control": "max-age=86400"})

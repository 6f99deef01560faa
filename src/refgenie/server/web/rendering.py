"""From data to a page, or to its JSON twin."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from refgenie import __version__
from refgenie.browse.view import RegistryView
from refgenie.core.seek import alias_stamp
from refgenie.errors import NotPermittedError, RefgenieError
from refgenie.recipes.asset_classes import AssetClassService
from refgenie.recipes.recipes import RecipeService
from refgenie.server.answers import json_answer
from refgenie.server.site import Served
from refgenie.server.web.face import Face
from refgenie.server.web.wording import FILTERS

HERE = Path(__file__).parent
STATIC = HERE / "static"

# connect-src: the dashboard on the reader's own machine, asked only when the reader says so.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' http://127.0.0.1:* http://localhost:*; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, HX-Request",
    "Cache-Control": "no-cache",
}


@dataclass
class Pages:
    """What all pages of one application share.

    Attributes:
        served: The registry that is shown.
        view: The part of it that is shown.
        face: Server or dashboard.
    """

    served: Served
    view: RegistryView
    face: Face
    _alias_stamp: str | None = None

    @cached_property
    def asset_classes(self) -> AssetClassService:
        """The registered asset classes."""
        return AssetClassService(self.view.database)

    @cached_property
    def recipes(self) -> RecipeService:
        """The registered recipes."""
        return RecipeService(self.view.database)

    @cached_property
    def environment(self) -> Environment:
        """The templates."""
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(FILTERS)
        environment.globals.update(face=self.face, version=__version__, static=self._static)
        return environment

    @cached_property
    def _stamps(self) -> dict[str, str]:
        return {
            path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:10]
            for path in STATIC.rglob("*")
            if path.is_file()
        }

    def _static(self, name: str) -> str:
        """Address of a static file; it changes with the file, so that browsers may keep it for ever."""
        return f"/static/{name}?v={self._stamps[name]}"

    def refresh_aliases(self) -> None:
        """Take over names that another program gave in the store."""
        if not self.view.mode.writable:
            return
        stamp = alias_stamp(self.served.folders.alias_file)
        if stamp != self._alias_stamp:
            # A read-only registry shows the names that it has.
            with suppress(NotPermittedError):
                self.served.alias.sync_copy()
            self._alias_stamp = stamp


def pages_of(request: Request) -> Pages:
    """The pages' shared part."""
    pages: Pages = request.app.state.pages
    return pages


def wants_json(request: Request) -> bool:
    """Whether the client asks for the JSON twin: ``?format=json``, or by its Accept header.

    What changes something is asked for by the pages' script, which reads JSON.
    """
    if request.method not in {"GET", "HEAD"}:
        return True
    if request.query_params.get("format") == "json":
        return True
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def answer(
    request: Request,
    template: str,
    title: str,
    data: Mapping[str, Any],
    *,
    status: int = 200,
    **shown: Any,
) -> Response:
    """The page, or its data where JSON is wanted.

    Args:
        request: The request.
        template: File of the template.
        title: What the page is about; the template adds where one is.
        data: The JSON twin; the template sees its fields as well.
        status: HTTP status.
        **shown: What the template needs besides, such as pictures.
    """
    if wants_json(request):
        return json_answer(data, status=status, headers={"Vary": "Accept"})
    pages = pages_of(request)
    context = {
        "request": request,
        "root": request.scope.get("root_path", "").rstrip("/"),
        "title": title,
        "here": request.url.path,
        "address": lambda **changes: changed_address(request, **changes),
        "base_url": str(request.base_url).rstrip("/"),
        **data,
        **shown,
    }
    body = pages.environment.get_template(template).render(context)
    return HTMLResponse(body, status_code=status, headers=HEADERS)


def changed_address(request: Request, **changes: Any) -> str:
    """This page's address with other parameters; None takes one away."""
    kept = {key: value for key, value in request.query_params.items() if key not in changes}
    new = {key: str(value) for key, value in changes.items() if value is not None}
    query = urlencode({**kept, **new})
    return f"{request.url.path}?{query}" if query else request.url.path


def error_page(request: Request, error: RefgenieError) -> Response:
    """The error as a page that says what to do next."""
    data = {
        "error": {"code": error.code, "message": error.message, "hint": error.hint},
        "detail": error.message,
    }
    status = error.http_status
    return answer(request, "error.html", "Not found" if status == 404 else "Error", data, status=status)

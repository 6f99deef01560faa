"""The routes of the server, from its OpenAPI document."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any
from unittest import mock

INTRODUCTION = """\
# REST interface

This page is made from the program (`make reference`). A running server has the same, with the schemas of
all answers, at `/docs`, `/redoc` and `/openapi.json`.

Clients find a route by its operation, not by its path (see [operation identifiers](operations.md)).
Every GET answers HEAD. Every failure is `{"error": {"code", "message", "hint"}, "detail"}` with the
right status; the codes are those of the [errors](errors.md). Lists have `items` and `pagination`
(`offset`, `limit`, `total`), and take `offset`, `limit` (1 to 1000), `q`, `search_fields`, `operator`
(`contains`, `eq`, `starts_with`, `ends_with`), `sort_by` and `sort_order`; the tables below show their
exact filters alone. With PostgreSQL the routes below `/seqcol/fasta` are there too.
"""
LIST_PARAMETERS = {"offset", "limit", "q", "search_fields", "operator", "sort_by", "sort_order"}


def page() -> str:
    """One table for each part of the interface."""
    sections: dict[str, list[str]] = defaultdict(list)
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["service"])[0]
            sections[tag].append(_row(method, path, operation))
    head = "| route | operation | answer | parameters |\n|---|---|---|---|\n"
    return INTRODUCTION + "".join(
        f"\n## {tag[0].upper()}{tag[1:]}\n\n{head}{''.join(rows)}" for tag, rows in sections.items()
    )


def document() -> dict[str, Any]:
    """The OpenAPI document of a server over an empty registry."""
    with tempfile.TemporaryDirectory(prefix="refgenie-docs-") as home:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("REFGENIE_", "POSTGRES_"))
        }
        with mock.patch.dict(os.environ, {**kept, "REFGENIE_HOME_PATH": str(Path(home, "home"))}, clear=True):
            from refgenie import Refgenie
            from refgenie.server.app import create_app
            from refgenie.server.settings import ServerSettings

            with Refgenie() as rg:
                rg.init()
                made: dict[str, Any] = create_app(rg, ServerSettings()).openapi()
                return made


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = [
        parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
    ]
    if set(parameters) >= LIST_PARAMETERS:
        parameters = [name for name in parameters if name not in LIST_PARAMETERS]
    text = " ".join((operation.get("description") or operation.get("summary") or "").split())
    shown = ", ".join(f"`{name}`" for name in parameters)
    return (
        f"| {method.upper()} `{path}` | `{operation['operationId']}` | {text.replace('|', '/')} | {shown} |\n"
    )

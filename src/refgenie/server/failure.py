"""The one error handler: every fault leaves the server in one JSON shape.

``{"error": {"code": "not_found", "message": "…", "hint": "…"}, "detail": "…"}``; ``code`` is that of the
error tree, ``hint`` is null where there is none, ``detail`` repeats the message for clients that know
FastAPI's own shape.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from refgenie.errors import InvalidInputError, NetworkError, NotFoundError, RefgenieError
from refgenie.server.answers import json_answer

LOGGER = logging.getLogger("refgenie.server")

_CODES = {
    400: "usage",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    416: "range_not_satisfiable",
    422: "invalid_input",
    500: "error",
    501: "not_implemented",
    503: "unavailable",
    504: "timeout",
}


class UnavailableError(NetworkError):
    """The registry's database does not answer."""

    code = "unavailable"
    http_status = 503


class BadRequestError(InvalidInputError):
    """A request that a GA4GH specification wants answered by 400."""

    http_status = 400


class NotAcceptableError(InvalidInputError):
    """The client accepts none of the media types that there are."""

    code = "not_acceptable"
    http_status = 406


class RangeNotSatisfiableError(InvalidInputError):
    """A range lies outside of what was asked for."""

    code = "range_not_satisfiable"
    http_status = 416


class NotImplementedHereError(InvalidInputError):
    """The specification has it, this server does not."""

    code = "not_implemented"
    http_status = 501


def failure(
    status: int,
    message: str,
    *,
    code: str | None = None,
    hint: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error's answer."""
    body = {
        "error": {"code": code or _CODES.get(status, "error"), "message": message, "hint": hint},
        "detail": message,
    }
    return json_answer(body, status=status, headers={"Cache-Control": "no-store", **(headers or {})})


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefgenieError)
    if error.http_status >= 500:
        LOGGER.warning("%s %s: %s", request.method, request.url.path, error.message)
    return failure(error.http_status, error.message, code=error.code, hint=error.hint)


async def _no_database(request: Request, error: Exception) -> Response:
    # From refget's agent, which asks the database in its own ways.
    LOGGER.warning("%s %s: %s", request.method, request.url.path, error)
    return await _known(request, UnavailableError("the database does not answer"))


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = error.detail if isinstance(error.detail, str) else str(error.detail)
    if message == HTTPStatus(error.status_code).phrase:
        message = _plain_words(error.status_code, request)
    return failure(error.status_code, message, headers=error.headers)


def _plain_words(status: int, request: Request) -> str:
    if status == 404:
        return f"there is nothing at {request.url.path}"
    if status == 405:
        return f"{request.url.path} does not answer {request.method}"
    return HTTPStatus(status).phrase


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return failure(422, "; ".join(_fault(entry) for entry in error.errors()))


def _fault(entry: Mapping[str, Any]) -> str:
    # The first part says where (query, path, body), the rest which field.
    place = [str(part) for part in entry["loc"]]
    name = ".".join(place[1:]) or place[0]
    message = str(entry["msg"]).removeprefix("Value error, ")
    return message if len(place) < 2 or name in message else f"{name}: {message}"


def add_handlers(app: FastAPI) -> None:
    """Let no fault leave the application in another shape."""
    app.add_exception_handler(RefgenieError, _known)
    for kind in (OperationalError, InterfaceError):
        app.add_exception_handler(kind, _no_database)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _invalid)


def missing(what: str, name: str, *, hint: str | None = None) -> NotFoundError:
    """The error for a resource that is not there."""
    return NotFoundError(f"there is no {what} {name!r} on this server", hint=hint)

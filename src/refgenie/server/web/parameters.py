"""Parameters of pages, read and checked."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from refgenie.browse.paging import LARGEST_OFFSET, PageQuery
from refgenie.errors import InvalidInputError

PAGE_SIZE = 50
LONGEST_QUERY = 500


def text(request: Request, name: str) -> str | None:
    """A parameter's text without spaces around it; None where it is empty.

    Raises:
        InvalidInputError: It is too long, or holds characters that no name has.
    """
    value = (request.query_params.get(name) or "").strip()
    if len(value) > LONGEST_QUERY:
        raise InvalidInputError(f"{name} is longer than {LONGEST_QUERY} characters")
    if "\x00" in value:
        raise InvalidInputError(f"{name} holds a character that no name has")
    return value or None


def page_number(request: Request, name: str = "page") -> int:
    """The number of a page, from 1.

    Raises:
        InvalidInputError: It is no such number.
    """
    value = request.query_params.get(name) or "1"
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value[:12]) <= LARGEST_OFFSET // 1000:
        raise InvalidInputError(f"{name} {value[:20]!r} is no page", hint="pages are counted from 1")
    return int(value)


def page_query(request: Request, sorts: Sequence[str], limit: int = PAGE_SIZE) -> PageQuery:
    """``q``, ``sort``, ``order`` and ``page``.

    Raises:
        InvalidInputError: One of them cannot be.
    """
    sort = text(request, "sort")
    if sort is not None and sort not in sorts:
        raise InvalidInputError(f"sort {sort!r} is unknown", hint=f"one of {', '.join(sorts)}")
    order = request.query_params.get("order") or "asc"
    if order not in {"asc", "desc"}:
        raise InvalidInputError(f"order {order[:20]!r} is unknown", hint="asc or desc")
    return PageQuery(
        q=text(request, "q") or "",
        sort=sort,
        descending=order == "desc",
        offset=(page_number(request) - 1) * limit,
        limit=limit,
    )

"""JSON answers: documents made by us are encoded once, and not validated again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

JSON = "application/json"


def encode(document: Any) -> bytes:
    """The document as JSON; moments as RFC 3339 in UTC."""
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


def json_answer(document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of one JSON document."""
    return Response(encode(document), status_code=status, media_type=JSON, headers=headers)

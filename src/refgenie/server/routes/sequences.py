"""`/sequence`: GA4GH refget sequences 2.0.

Which status is due follows the specification's text: an unknown identifier is 404 whatever else is
wrong, then 406, then 400; a start behind the end is 501 as circular sequences are not known as such.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.serving.single import trunc512
from refgenie.server.answers import json_answer
from refgenie.server.failure import (
    BadRequestError,
    NotAcceptableError,
    NotImplementedHereError,
    RangeNotSatisfiableError,
)
from refgenie.server.residues import ResiduesAnswer
from refgenie.server.routes.general import service_info
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("sequences")

VERSION = "2.0.0"
PLAIN = f"text/vnd.ga4gh.refget.v{VERSION}+plain"
JSON = f"application/vnd.ga4gh.refget.v{VERSION}+json"
_CHARSET = "; charset=us-ascii"
_NUMBER = re.compile(r"\d{1,10}\Z", re.ASCII)
_LARGEST = 2**32 - 1
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})\Z", re.ASCII)

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {PLAIN: {"schema": {"type": "string"}}}},
    206: {"description": "The range that was asked for"},
    406: {"description": "Only plain text is to be had"},
    416: {"description": "The region is not in the sequence"},
    501: {"description": "Regions across the origin of circular sequences are not to be had"},
}


@routes.get(
    "/sequence/service-info",
    operation_id="sequence_service_info",
    response_class=Response,
    responses={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
)
def describe_service(request: Request) -> Response:
    """What this service can (GA4GH service-info)."""
    _check_accept(request, JSON, "application/json")
    document = service_info(
        request, "org.refgenie.sequence", "Refgenie sequences", "org.ga4gh", "refget", VERSION
    )
    document["refget"] = {
        "circular_supported": False,
        "subsequence_limit": None,
        "algorithms": ["md5", "ga4gh", "trunc512"],
        "identifier_types": [],
        "supported_api_versions": [VERSION],
    }
    return json_answer(document, media_type=JSON + _CHARSET)


@routes.get(
    "/sequence/{id}/metadata",
    operation_id="sequence_metadata",
    response_class=Response,
    responses={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
)
def metadata(request: Request, site: SiteDependency, id: str) -> Response:  # noqa: A002
    """Length and identifiers of a sequence."""
    found = site.sequences.find(id)
    _check_accept(request, JSON, "application/json")
    names = [
        {"alias": alias, "naming_authority": namespace}
        for namespace, alias in site.backend.aliases_for("sequence", found.digest)
    ]
    document = {
        "metadata": {
            "id": f"SQ.{found.digest}",
            "md5": found.md5 or None,
            "ga4gh": f"ga4gh:SQ.{found.digest}",
            "trunc512": trunc512(found.digest),
            "length": found.length,
            "aliases": names,
        }
    }
    return json_answer(document, media_type=JSON + _CHARSET)


@routes.get("/sequence/{id}", operation_id="sequence", response_class=Response, responses=_TEXT)
def sequence(
    request: Request,
    site: SiteDependency,
    id: str,  # noqa: A002
    start: Annotated[str | None, Query(description="First residue, 0-based")] = None,
    end: Annotated[str | None, Query(description="Behind the last residue, 0-based")] = None,
) -> Response:
    """Residues of a sequence, or of a region of it (`start`, `end`, or the header `Range`)."""
    found = site.sequences.find(id)
    _check_accept(request, PLAIN, "text/plain")
    header = request.headers.get("range")
    if header is not None and (start is not None or end is not None):
        raise BadRequestError("a region is asked for by start and end or by Range, not by both")
    if header is not None:
        first, last = _byte_range(header, found)
        return ResiduesAnswer(
            site.sequences,
            found,
            first,
            last,
            status=206,
            headers={"Content-Range": f"bytes {first}-{last - 1}/{found.length}", "Accept-Ranges": "bytes"},
            media_type=PLAIN + _CHARSET,
        )
    first, last = _region(start, end, found)
    by_query = start is not None or end is not None
    return ResiduesAnswer(
        site.sequences,
        found,
        first,
        last,
        headers={"Accept-Ranges": "none" if by_query else "bytes"},
        media_type=PLAIN + _CHARSET,
    )


def _region(start: str | None, end: str | None, found: SequenceInfo) -> tuple[int, int]:
    first, last = _position("start", start, 0), _position("end", end, found.length)
    if first > found.length:
        raise BadRequestError(f"start is {first}, the sequence has {found.length} residues")
    if last > found.length:
        raise RangeNotSatisfiableError(f"end is {last}, the sequence has {found.length} residues")
    if first > last:
        raise NotImplementedHereError(
            f"start {first} is behind end {last}: circular sequences are not supported"
        )
    return first, last


def _position(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not _NUMBER.match(text) or int(text) > _LARGEST:
        raise BadRequestError(f"{name} is no 32 bit unsigned integer: {text!r}")
    return int(text)


def _byte_range(header: str, found: SequenceInfo) -> tuple[int, int]:
    match = _RANGE.match(header.strip())
    if match is None:
        raise BadRequestError(f"{header!r} is not one range of bytes with its start")
    first = int(match[1])
    last = int(match[2]) + 1 if match[2] else found.length
    if last <= first or first >= found.length:
        raise RangeNotSatisfiableError(f"{header!r} is not in a sequence of {found.length} residues")
    return first, min(last, found.length)


def _check_accept(request: Request, *offered: str) -> None:
    """Refuse a client that takes none of the media types; what has no header takes all."""
    header = ",".join(request.headers.getlist("accept"))
    if not header.strip():
        return
    if not any(_takes(entry, offered) for entry in header.split(",")):
        raise NotAcceptableError(f"only {offered[0]} is to be had here")


def _takes(entry: str, offered: Sequence[str]) -> bool:
    kind, *parameters = [part.strip().lower() for part in entry.split(";")]
    if any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters):
        return False
    main = offered[0].partition("/")[0]
    return kind in {"*/*", f"{main}/*", *offered}

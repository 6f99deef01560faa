"""Lists of collections that servers cut into pages, each in its own way: whole, or a clear error."""

from __future__ import annotations

import http.server
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from refgenie.errors import NetworkError
from refgenie.sequences import make_source
from refgenie.sequences.seqcol import sha512t24u
from support.lying_server import Answer, failing, says, serving

DIGESTS = sorted(sha512t24u(str(number).encode()) for number in range(230))


def paged(
    digests: list[str], *, total: object, at_least: int = 0, at_most: int = 1000, first: bool = False
) -> Answer:
    """Pages of at least and at most so many digests; with ``first`` always the first one."""

    def answer(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
        query = {key: int(value[0]) for key, value in parse_qs(urlsplit(handler.path).query).items()}
        size = min(max(query["page_size"], at_least), at_most)
        start = 0 if first else query["page"] * size
        pagination = {} if total is None else {"pagination": {"total": total}}
        body: dict[str, Any] = {"results": digests[start : start + size], **pagination}
        says(json.dumps(body).encode(), "application/json")(handler, content)

    return answer


def listed(folder: Path, answer: Answer) -> list[str]:
    info = says(json.dumps({"seqcol": {}}).encode(), "application/json")
    lies = {"rgstore.json": failing(404), "service-info": info, "list/collection": answer}
    with serving(folder, lies) as url:
        return make_source(url).collections()


PAGES: dict[str, dict[str, Any]] = {
    "as asked": {},
    "smaller": {"at_most": 30},
    "larger": {"at_least": 150},
    "all at once": {"at_least": 230},
    "all at once, always": {"at_least": 230, "first": True},
}


@pytest.mark.parametrize("total", [len(DIGESTS), None, "many"], ids=["told", "not told", "no number"])
@pytest.mark.parametrize("pages", PAGES)
def test_every_collection_is_listed(tmp_path: Path, pages: str, total: object) -> None:
    assert listed(tmp_path, paged(DIGESTS, total=total, **PAGES[pages])) == DIGESTS


def test_a_full_last_page_and_none_at_all(tmp_path: Path) -> None:
    for digests in ([], DIGESTS[:100], DIGESTS[:200]):
        for total in (len(digests), None):
            assert listed(tmp_path, paged(digests, total=total)) == digests


def test_what_is_beyond_the_last_page_may_be_not_found(tmp_path: Path) -> None:
    pages = paged(DIGESTS, total=None)

    def answer(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
        (failing(404) if "page=3" in handler.path else pages)(handler, content)

    assert listed(tmp_path, answer) == DIGESTS


@pytest.mark.parametrize("first", [True, False], ids=["the same page", "an empty page"])
def test_less_than_promised_is_an_error(tmp_path: Path, first: bool) -> None:
    with pytest.raises(NetworkError, match="has 300 sequence collections and lists"):
        listed(tmp_path, paged(DIGESTS, total=300, first=first))

"""`/v4/genomes/{digest}/sequence` and `…/regions`: residues by region, for people."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from refgenie.core.region import Region, parse_region
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.sequences.model import CollectionReader
from refgenie.server import schemas
from refgenie.server.answers import json_answer
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("genomes")

MAX_RESIDUES = 10_000_000
MAX_REGIONS = 1000
"""Bounds of one answer; `/sequence/{id}` gives whole chromosomes."""


@routes.get(
    "/v4/genomes/{digest}/sequence",
    operation_id="v4_genome_sequence",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def genome_sequence(
    site: SiteDependency,
    digest: str,
    region: Annotated[
        str, Query(description="chr1, chr1:0-1000, chr1:5000; 0-based, half-open", max_length=1000)
    ],
) -> Response:
    """Residues of one region as text."""
    with site.mode.open(digest) as reader:
        found = _located(reader, region)
        return Response(_fetch(reader, found), media_type="text/plain; charset=us-ascii")


@routes.post(
    "/v4/genomes/{digest}/regions",
    operation_id="v4_genome_regions",
    response_model=list[schemas.SequenceRegion],
)
def genome_regions(
    site: SiteDependency, digest: str, regions: Annotated[list[str], Body(max_length=MAX_REGIONS)]
) -> Response:
    """Residues of many regions: a list of texts such as `chr1:0-1000`, answered in its order."""
    with site.mode.open(digest) as reader:
        located = [_located(reader, region) for region in regions]
        if sum(_length(region) for region in located) > MAX_RESIDUES:
            raise InvalidInputError(f"at most {MAX_RESIDUES} residues can be asked for at once")
        answer: list[dict[str, Any]] = [
            {
                "name": region.name,
                "start": region.start,
                "end": region.end,
                "sequence": _fetch(reader, region),
            }
            for region in located
        ]
    return json_answer(answer)


def _located(reader: CollectionReader, text: str) -> Region:
    found = parse_region(text, lambda name: _has(reader, name))
    start, end = found.within(reader.length(found.name))
    return Region(found.name, start, end)


def _has(reader: CollectionReader, name: str) -> bool:
    try:
        reader.length(name)
    except NotFoundError:
        return False
    return True


def _length(region: Region) -> int:
    return (region.end or 0) - region.start


def _fetch(reader: CollectionReader, region: Region) -> str:
    if _length(region) > MAX_RESIDUES:
        raise InvalidInputError(
            f"{region.name}:{region.start}-{region.end} has more than {MAX_RESIDUES} residues",
            hint="/sequence/{id} gives whole sequences",
        )
    return reader.fetch(region.name, region.start, region.end)

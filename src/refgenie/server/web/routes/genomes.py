"""Genomes and one genome."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from refgenie.browse.assets import AssetFilter, list_assets
from refgenie.browse.genomes import SORTS, GenomeRow, get_genome, list_genomes, species_counts
from refgenie.browse.paging import Page, PageQuery
from refgenie.sequences.model import SequenceInfo
from refgenie.server.web.parameters import page_number, page_query, text
from refgenie.server.web.pictures.lengths import draw_lengths
from refgenie.server.web.rendering import answer, pages_of
from refgenie.server.web.routing import page_router

routes = page_router()
_ASSETS = 200
_SEQUENCES = 50


@routes.get("/genomes")
def genomes(request: Request) -> Response:
    """The list of genomes."""
    pages = pages_of(request)
    query = page_query(request, SORTS)
    species = text(request, "species")
    page = list_genomes(pages.view, query, species)
    data = {"items": page.items, "pagination": pagination(page)}
    return answer(
        request,
        "genomes.html",
        "Genomes",
        data,
        query=query,
        page=page,
        chosen_species=species,
        species=species_counts(pages.view, 30),
    )


@routes.get("/genomes/{name}")
def genome(request: Request, name: str) -> Response:
    """One genome, by alias or digest."""
    pages = pages_of(request)
    row = get_genome(pages.view, name)
    assets = list_assets(
        pages.view, PageQuery(sort="path", limit=_ASSETS), AssetFilter(genome_digest=row.digest)
    )
    groups: dict[str, list[Any]] = {}
    for asset in assets.items:
        groups.setdefault(asset.group, []).append(asset)
    sequences, picture, fhr = _sequences(request, row)
    data = {
        "genome": row,
        "fhr": fhr,
        "sequences": sequences.items if sequences else None,
        "sequences_pagination": pagination(sequences) if sequences else None,
        "assets": assets.items,
        "assets_pagination": pagination(assets),
    }
    return answer(
        request, "genome.html", row.name, data, groups=groups, picture=picture, sequence_page=sequences
    )


def _sequences(
    request: Request, row: GenomeRow
) -> tuple[Page[SequenceInfo] | None, Any, dict[str, Any] | None]:
    """A page of the genome's sequences, the picture of their lengths, FHR metadata; None: not known here."""
    view = pages_of(request).view
    number = page_number(request, "sequences")
    if not view.has_sequences(row.digest):
        return None, None, None
    found = view.sequences(row.digest)
    offset = (number - 1) * _SEQUENCES
    page = Page(found[offset : offset + _SEQUENCES], len(found), offset, _SEQUENCES)
    return page, draw_lengths(found), view.mode.fhr(row.digest)


def pagination(page: Page[Any]) -> dict[str, int]:
    """The part of this name of a JSON twin."""
    return {"offset": page.offset, "limit": page.limit, "total": page.total}

"""Two genomes compared."""

from __future__ import annotations

from fastapi import Request, Response

from refgenie.browse.alignment import STATES, align
from refgenie.browse.genomes import GenomeRow, get_genome, list_genomes
from refgenie.browse.paging import Page, PageQuery
from refgenie.browse.view import RegistryView
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.genomes.comparison import Comparison, Operand, compare
from refgenie.server.web.parameters import page_number, text
from refgenie.server.web.pictures.ribbons import draw_alignment
from refgenie.server.web.rendering import answer, pages_of
from refgenie.server.web.routes.genomes import pagination
from refgenie.server.web.routing import page_router

routes = page_router()
_ROWS = 100


@routes.get("/compare")
def compare_genomes(request: Request) -> Response:
    """A picture, a reading in words, and the table behind it."""
    view = pages_of(request).view
    first, second = text(request, "a"), text(request, "b")
    known = list_genomes(view, PageQuery(sort="name", limit=100)).items
    if not (first and second):
        return answer(
            request,
            "compare.html",
            "Compare two genomes",
            {"comparison": None},
            a=first,
            b=second,
            known=known,
        )
    a, b = get_genome(view, first), get_genome(view, second)
    state = text(request, "state")
    if state is not None and state not in {*STATES, "moved"}:
        raise InvalidInputError(f"state {state!r} is unknown", hint=f"one of {', '.join(STATES)}, moved")
    for row in (a, b):
        if not view.has_sequences(row.digest):
            raise NotFoundError(
                f"the sequences of {row.name} are not here",
                hint=f"refgenie genome init --fasta FILE --name {row.name}",
            )
    alignment = align(view.sequences(a.digest), view.sequences(b.digest))
    rows = [
        pair
        for pair in alignment.pairs
        if state is None or pair.state == state or (state == "moved" and pair.moved)
    ]
    offset = (page_number(request) - 1) * _ROWS
    page = Page(rows[offset : offset + _ROWS], len(rows), offset, _ROWS)
    return answer(
        request,
        "compare.html",
        f"{a.name} and {b.name}",
        {
            "comparison": _comparison(view, a, b),
            "counts": alignment.counts,
            "moved": alignment.moved,
            "pairs": page.items,
            "pagination": pagination(page),
        },
        a=first,
        b=second,
        known=known,
        genome_a=a,
        genome_b=b,
        state=state,
        page=page,
        picture=draw_alignment(alignment, a.name, b.name),
    )


def _comparison(view: RegistryView, a: GenomeRow, b: GenomeRow) -> Comparison:
    return compare(*(Operand(row.name, row.digest, view.mode.level2(row.digest)) for row in (a, b)))

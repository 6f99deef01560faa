"""The sequence viewer."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from refgenie.browse.genomes import get_genome, list_genomes
from refgenie.browse.paging import PageQuery
from refgenie.core.region import Region
from refgenie.errors import InvalidInputError
from refgenie.genomes.retrieval import locate
from refgenie.server.web.parameters import text
from refgenie.server.web.rendering import answer, pages_of
from refgenie.server.web.routing import page_router

routes = page_router()
SHOWN = 20_000
"""Residues that a page shows at most; a download has all of them."""
_COLUMNS = 60


@routes.get("/sequences")
def viewer(request: Request) -> Response:
    """Type a genome and a region, see its residues."""
    view = pages_of(request).view
    q = text(request, "q")
    if q is None:
        known = list_genomes(view, PageQuery(sort="created_at", descending=True, limit=5)).items
        examples = [
            f"{row.name} {view.sequences(row.digest)[0].name}:0-600"
            for row in known
            if view.has_sequences(row.digest) and view.sequences(row.digest)
        ]
        return answer(request, "sequences.html", "Sequence viewer", {"region": None}, q="", examples=examples)
    genome, _, wanted = q.partition(" ")
    if not wanted.strip():
        raise InvalidInputError(
            f"{q!r} names no region", hint=f"write a genome and a region: {genome} chr1:1000-2000"
        )
    row = get_genome(view, genome)
    with pages_of(request).refgenie.sequences.opened(row.digest) as reader:
        region = locate(reader, wanted.strip())
        start, end = region.within(reader.length(region.name))
        shown_end = min(end, start + SHOWN)
        residues = reader.fetch(region.name, start, shown_end, True)
        length = reader.length(region.name)
    data = {
        "region": {"genome": row.digest, "name": region.name, "start": start, "end": end, "length": length},
        "sequence": residues,
        "complete": shown_end == end,
    }
    lines = [
        (start + offset, residues[offset : offset + _COLUMNS]) for offset in range(0, len(residues), _COLUMNS)
    ]
    title = f"{row.name} {region.name}:{start}-{end}"
    return answer(
        request, "sequences.html", title, data, q=q, genome=row, lines=lines, examples=[], shown=SHOWN
    )


@routes.get("/sequences/{genome}/{region:path}")
def download(request: Request, genome: str, region: str) -> Response:
    """A region as FASTA, whatever its length."""
    row = get_genome(pages_of(request).view, genome)
    retrieval = pages_of(request).refgenie.sequences
    with retrieval.opened(row.digest) as reader:
        found: Region = locate(reader, region)
    pieces = retrieval.text(row.digest, [found], fasta=True, keep_case=True)
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in f"{row.name}_{region}")[:100]
    return StreamingResponse(
        pieces,
        media_type="text/x-fasta",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.fa"',
            "X-Content-Type-Options": "nosniff",
        },
    )

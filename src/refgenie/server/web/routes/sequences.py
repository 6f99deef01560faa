"""The sequence viewer."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from refgenie.browse.genomes import GenomeRow, get_genome, list_genomes
from refgenie.browse.paging import PageQuery
from refgenie.core.region import Region
from refgenie.core.residues import wrap
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.genomes.retrieval import header, locate, stream
from refgenie.sequences.model import CollectionReader
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
    with _opened(request, row) as reader:
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
    with _opened(request, row) as reader:
        found = locate(reader, region)
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in f"{row.name}_{region}")[:100]
    return StreamingResponse(
        _fasta(request, row, found),
        media_type="text/x-fasta",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.fa"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _opened(request: Request, row: GenomeRow) -> CollectionReader:
    """A reader of the genome's residues.

    Raises:
        NotFoundError: They are nowhere yet.
    """
    view = pages_of(request).view
    if not view.has_sequences(row.digest):
        raise NotFoundError(
            f"the sequences of {row.name} are not here",
            hint=f"refgenie genome init --fasta FILE --name {row.name}",
        )
    return view.mode.open(row.digest)


def _fasta(request: Request, row: GenomeRow, region: Region) -> Iterator[str]:
    with _opened(request, row) as reader:
        yield f">{header(region, reader, one_based=False, reverse_complement=False)}\n"
        yield from wrap(stream(reader, region, keep_case=True), _COLUMNS)

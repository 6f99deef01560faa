"""getseq, compare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from refgenie.cli.options import Json
from refgenie.cli.output import emit, emit_json
from refgenie.cli.state import STATE
from refgenie.core.region import Region, read_bed
from refgenie.errors import InvalidInputError, NotFoundError, UsageError

if TYPE_CHECKING:
    from refgenie.genomes.comparison import Comparison

SHOWN_NAMES = 10
"""Names that are only in one of two collections, as many as are listed for people."""


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:  # noqa: ARG001
    """Add the commands."""
    app.command("getseq")(getseq)
    app.command("compare")(compare)


def getseq(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[GENOME] [REGION...]", help="Alias or digest; chr1, chr1:0-1000, chr1:50000."
        ),
    ] = None,
    genome: Annotated[str | None, typer.Option("--genome", "-g", help="Alias or digest.")] = None,
    region: Annotated[
        list[str] | None, typer.Option("--locus", "-l", help="A region; may be repeated.")
    ] = None,
    bed: Annotated[
        str | None,
        typer.Option("--bed", metavar="FILE", help="The regions of a BED file; - is standard input."),
    ] = None,
    one_based: Annotated[
        bool, typer.Option("--one-based", help="Regions are 1-based with their end included, as in samtools.")
    ] = False,
    fasta: Annotated[bool, typer.Option("--fasta", help="FASTA with headers.")] = False,
    width: Annotated[
        int | None, typer.Option("--width", min=0, help="Residues of a line; 0 is all on one.")
    ] = None,
    reverse_complement: Annotated[
        bool, typer.Option("--reverse-complement", "-i", help="The other strand.")
    ] = False,
    keep_case: Annotated[
        bool, typer.Option("--keep-case", help="Soft-masked residues in lower case, as imported.")
    ] = False,
    json: Json = False,
) -> None:
    """Print the sequence of regions; 0-based, half-open."""
    rest, given = list(arguments or ()), list(region or ())
    if genome is None:
        if not rest:
            raise UsageError("no genome is given", hint="refgenie getseq GENOME REGION...")
        genome, *rest = rest
        given = [*rest, *given]
    else:
        given += rest  # `-l one two`: what follows the option's first value is its second
    with _regions(given, bed) as regions:
        if not regions:
            raise UsageError("no region is given", hint=f"refgenie getseq {genome} chr1:0-1000")
        retrieval = STATE.reader.sequences
        options = {
            "one_based": one_based,
            "reverse_complement": reverse_complement,
            "keep_case": keep_case,
        }
        if json:
            emit_json(retrieval.records(genome, regions, **options))
            return
        for piece in retrieval.text(genome, regions, fasta=fasta, width=width, **options):
            sys.stdout.write(piece)


@contextmanager
def _regions(given: list[str], bed: str | None) -> Iterator[list[str | Region]]:
    regions: list[str | Region] = list(given)
    if bed is not None:
        with _open_text(bed) as lines:
            try:
                regions += read_bed(lines, bed)
            except UnicodeDecodeError as error:
                raise InvalidInputError(f"{bed} is not a text in UTF-8") from error
    yield regions


@contextmanager
def _open_text(path: str) -> Iterator[TextIO]:
    if path == "-":
        yield sys.stdin
        return
    try:
        handle = open(path, encoding="utf-8")  # noqa: PTH123, SIM115 - closed below
    except OSError as error:
        raise NotFoundError(f"cannot read {path}: {error.strerror}") from error
    with handle:
        yield handle


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="Alias, digest, FASTA file, or URL#digest.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    flags: Annotated[
        bool, typer.Option("--flags", help="Also the bit flags of earlier versions of refgenie.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare two sequence collections; --json is the seqcol standard's comparison document."""
    found = STATE.reader.genome.compare(a, b, STATE.reader.progress)
    if json:
        extra = {"flags": {"value": int(found.flags), "names": _flag_names(found)}} if flags else {}
        emit_json({**found.document, **extra})
        return
    emit(found.words)
    emit("")
    emit(f"A: {found.a_digest} ({found.a}), {found.a_count} sequences")
    emit(f"B: {found.b_digest} ({found.b}), {found.b_count} sequences")
    emit(
        f"in both: {found.shared_sequences} sequences, {found.shared_names} names, "
        f"{found.shared_named_sequences} sequences under the same name"
    )
    for side, names in (("A", found.names_only_in_a), ("B", found.names_only_in_b)):
        if names:
            more = f" … ({len(names)} in all)" if len(names) > SHOWN_NAMES else ""
            emit(f"names only in {side}: {', '.join(names[:SHOWN_NAMES])}{more}")
    if flags:
        emit("")
        emit(f"Flag: {int(found.flags)}")
        emit(f"Binary: {int(found.flags):#b}")
        for name in _flag_names(found):
            emit(name)


def _flag_names(found: Comparison) -> list[str]:
    return [str(flag.name) for flag in found.flags]

"""Residues of genomes, by region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from refgenie.core.names import nearest
from refgenie.core.region import Region, parse_region
from refgenie.core.residues import reverse_complement, wrap
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.genomes.aliases import AliasService
from refgenie.sequences.model import CollectionReader, StoreMode

PIECE = 1 << 20
"""Residues that are in memory at once while a long region is streamed."""
FASTA_WIDTH = 60
AMINO_ACIDS_ONLY = frozenset("EFIJLOPQZ")
"""Residues that no nucleotide code has (X does stand for an unknown base in old files)."""


@dataclass(frozen=True, slots=True)
class SequenceRegion:
    """Residues of one region.

    Attributes:
        start: 0-based, the first residue.
        end: 0-based, behind the last residue.
        name: The sequence.
        strand: ``+``, or ``-`` for the reverse complement.
        sequence: The residues.
    """

    start: int
    end: int
    name: str
    strand: str
    sequence: str


class SequenceRetrieval:
    """Reads regions from the store; no FASTA file is needed."""

    def __init__(self, mode: StoreMode, aliases: AliasService) -> None:
        self._mode = mode
        self._aliases = aliases

    def fetch(
        self,
        genome: str,
        region: str | Region,
        *,
        one_based: bool = False,
        reverse_complement: bool = False,
        keep_case: bool = False,
    ) -> str:
        """Residues of one region.

        Args:
            genome: Alias or digest.
            region: ``chr1``, ``chr1:0-1000``, ``chr1:50000`` (from there to the end); see
                core.region.
            one_based: Read the region as 1-based with its end included.
            reverse_complement: Give the other strand.
            keep_case: Soft-masked residues in lower case, as they were imported.

        Raises:
            NotFoundError: No such genome, or no such sequence; or its sequences are not here.
            InvalidInputError: The region is none, or out of range.
        """
        with self.opened(genome) as reader:
            found = locate(reader, region, one_based=one_based)
            if reverse_complement:
                self._check_strands(genome, reader, {found.name})
            return "".join(stream(reader, found, other_strand=reverse_complement, keep_case=keep_case))

    def text(
        self,
        genome: str,
        regions: Iterable[str | Region],
        *,
        one_based: bool = False,
        reverse_complement: bool = False,
        keep_case: bool = False,
        fasta: bool = False,
        width: int | None = None,
    ) -> Iterator[str]:
        """Regions as the text that `getseq` prints, in pieces of bounded size.

        All regions are checked before the first piece is given, so that wrong input gives no output.

        Args:
            genome: Alias or digest.
            regions: As for fetch, or Region values.
            one_based: Read the regions as 1-based with their ends included; FASTA headers follow.
            reverse_complement: Give the other strand; FASTA headers end in ``/rc``.
            keep_case: Soft-masked residues in lower case.
            fasta: Records with headers; otherwise one line of residues for each region.
            width: Residues of a line; by default 60 in FASTA, else all on one; 0 is all on one.
        """
        columns = width if width is not None else (FASTA_WIDTH if fasta else 0)
        with self.opened(genome) as reader:
            located = [locate(reader, region, one_based=one_based) for region in regions]
            if reverse_complement:
                self._check_strands(genome, reader, {region.name for region in located})
            for region in located:
                if fasta:
                    yield f">{header(region, reader, one_based, reverse_complement)}\n"
                pieces = stream(reader, region, other_strand=reverse_complement, keep_case=keep_case)
                if fasta or region.start != region.end:
                    yield from wrap(pieces, columns)
                else:
                    yield "\n"  # an empty region is an empty line, so that lines stay with regions

    def records(
        self,
        genome: str,
        regions: Iterable[str | Region],
        *,
        one_based: bool = False,
        reverse_complement: bool = False,
        keep_case: bool = False,
    ) -> list[SequenceRegion]:
        """Regions with their residues, in the order in which they were asked for; see fetch."""
        with self.opened(genome) as reader:
            located = [locate(reader, region, one_based=one_based) for region in regions]
            if reverse_complement:
                self._check_strands(genome, reader, {region.name for region in located})
            return [
                SequenceRegion(
                    *region.within(reader.length(region.name)),
                    name=region.name,
                    strand="-" if reverse_complement else "+",
                    sequence="".join(
                        stream(reader, region, other_strand=reverse_complement, keep_case=keep_case)
                    ),
                )
                for region in located
            ]

    @contextmanager
    def opened(self, genome: str) -> Iterator[CollectionReader]:
        """A reader of one genome's residues.

        Raises:
            NotFoundError: No such genome, or its sequences are nowhere yet.
        """
        digest = self._aliases.resolve(genome)
        try:
            reader = self._mode.open(digest)
        except NotFoundError as error:
            if self._mode.has_collection(digest):
                raise
            raise NotFoundError(
                f"the sequences of the genome {genome} are not here",
                hint="refgenie genome init --fasta FILE or --remote-url URL brings them in",
            ) from error
        with reader:
            yield reader

    def _check_strands(self, genome: str, reader: CollectionReader, names: set[str]) -> None:
        """Refuse the other strand of what has none."""
        for sequence in self._mode.sequences(self._aliases.resolve(genome)):
            # The alphabet alone does not tell: the store counts a gapped DNA as protein too.
            if sequence.name in names and not sequence.alphabet.startswith("dna"):
                for piece in reader.stream(sequence.name):
                    if not AMINO_ACIDS_ONLY.isdisjoint(piece):
                        raise InvalidInputError(f"{sequence.name} is a protein: it has no other strand")


def locate(reader: CollectionReader, region: str | Region, *, one_based: bool = False) -> Region:
    """The region with its bounds, 0-based half-open, within its sequence.

    Raises:
        NotFoundError: There is no such sequence; the hint has the nearest name.
        InvalidInputError: The region is none, or out of range.
    """
    try:
        found = (
            region
            if isinstance(region, Region)
            else parse_region(region, lambda name: _has(reader, name), one_based=one_based)
        )
        start, end = found.within(reader.length(found.name))
    except NotFoundError as error:
        asked = region.name if isinstance(region, Region) else region
        near = nearest(asked.rpartition(":")[0] or asked, list(reader.names))
        raise NotFoundError(error.message, hint=f"did you mean {near}?" if near else None) from None
    return Region(found.name, start, end)


def _has(reader: CollectionReader, name: str) -> bool:
    try:
        reader.length(name)
    except NotFoundError:
        return False
    return True


def stream(
    reader: CollectionReader, region: Region, *, other_strand: bool = False, keep_case: bool = False
) -> Iterator[str]:
    """Residues of a located region in pieces of bounded size."""
    start, end = region.within(reader.length(region.name))
    if not other_strand:
        yield from reader.stream(region.name, start, end, keep_case)
        return
    rna = _is_rna(reader, region.name)
    for high in range(end, start, -PIECE):
        piece = reader.fetch(region.name, max(start, high - PIECE), high, keep_case)
        yield reverse_complement(piece, rna=rna)


def _is_rna(reader: CollectionReader, name: str) -> bool:
    """Whether U pairs with A in a sequence; the first U or T in it tells."""
    for piece in reader.stream(name):
        u, t = piece.find("U"), piece.find("T")
        if u >= 0 or t >= 0:
            return u >= 0 and not 0 <= t < u
    return False


def header(region: Region, reader: CollectionReader, one_based: bool, reverse_complement: bool) -> str:
    """The FASTA header of a region: the bare name for a whole sequence."""
    start, end = region.within(reader.length(region.name))
    is_whole = start == 0 and end == reader.length(region.name)
    shown = region.name if is_whole else f"{region.name}:{start + one_based}-{end}"
    return f"{shown}/rc" if reverse_complement else shown

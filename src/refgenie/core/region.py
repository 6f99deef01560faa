"""Regions of sequences as people write them: ``chr1``, ``chr1:0-1000``, ``chr1:50,000``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from refgenie.core.region_text import bounds, position, split
from refgenie.errors import InvalidInputError, NotFoundError


class Region(NamedTuple):
    """A part of a sequence.

    Attributes:
        name: The sequence.
        start: 0-based, the first residue.
        end: 0-based, behind the last residue; None is the sequence's end.
    """

    name: str
    start: int = 0
    end: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is the sequence from its start to its end, whatever its length."""
        return self.start == 0 and self.end is None

    def within(self, length: int) -> tuple[int, int]:
        """Start and end, 0-based half-open, in a sequence of this length.

        Raises:
            InvalidInputError: The region reaches beyond the sequence; the message has its length.
        """
        end = length if self.end is None else self.end
        if self.start > end or end > length or (self.start == length and not self.is_whole):
            shown = f"{self.name}:{self.start}-{'' if self.end is None else self.end}"
            raise InvalidInputError(
                f"the region {shown} (0-based, half-open) is out of range: {self.name} has {length} residues"
            )
        return self.start, end


def parse_region(text: str, has_sequence: Callable[[str], bool], *, one_based: bool = False) -> Region:
    """Read a region.

    A text that is a sequence's name as a whole is that sequence, though it may hold colons
    (``HLA-DRB1*15:01:01:01``); otherwise the last colon starts the range.

    Args:
        text: ``name``, ``name:start-end``, or ``name:start`` (from there to the end); numbers may
            have commas between their thousands.
        has_sequence: Whether the genome has a sequence of this name.
        one_based: Positions are 1-based and the end is included, as samtools reads them; otherwise
            0-based and half-open.

    Raises:
        NotFoundError: There is no such sequence.
        InvalidInputError: What follows the last colon is no range.
    """
    found = split(text, has_sequence, one_based=one_based)
    if found is not None:
        return Region(*found)
    name, _, written = text.rpartition(":")
    asked = bounds(written)
    if not name or not has_sequence(name):
        raise NotFoundError(f"there is no sequence {name if name and asked else text!r}")
    if asked is None:
        raise InvalidInputError(
            f"{written!r} in {text!r} is no range", hint=f"write {name}:START-END or {name}:START"
        )
    if one_based and asked[0] == 0:
        raise InvalidInputError(f"{text!r}: the first position is 1 where regions are 1-based")
    raise InvalidInputError(f"{text!r}: the end lies before the start")


def read_bed(lines: Iterable[str], source: str) -> Iterator[Region]:
    """The regions of a BED file (0-based, half-open); columns after the third are passed over.

    Args:
        lines: The file's lines.
        source: Named in errors.

    Raises:
        InvalidInputError: A line is no BED; the message has its number.
    """
    for number, line in enumerate(lines, 1):
        stripped = line.rstrip("\r\n")
        if not stripped.strip() or stripped.startswith("#"):
            continue
        fields = stripped.split("\t") if "\t" in stripped else stripped.split()
        if fields[0] in {"track", "browser"} or fields[0].startswith(("track ", "browser ")):
            continue
        start, end = (position(field) for field in (*fields[1:3], "", "")[:2])
        if start is None or end is None:
            raise InvalidInputError(
                f"{source}, line {number}: not BED: a name, a start and an end are expected"
            )
        if end < start:
            raise InvalidInputError(f"{source}, line {number}: the end lies before the start")
        yield Region(fields[0], start, end)

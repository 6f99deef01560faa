"""Regions of sequences as people write them: ``chr1``, ``chr1:0-1000``, ``chr1:50,000``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from refgenie.errors import InvalidInputError, NotFoundError

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_RANGE = re.compile(rf"(?P<start>{_NUMBER})(?:-(?P<end>{_NUMBER})?)?\Z", re.ASCII)
_MAX_DIGITS = 18


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
    if has_sequence(text):
        return Region(text)
    name, colon, bounds = text.rpartition(":")
    if not colon or not name or not has_sequence(name):
        asked = name if name and _RANGE.match(bounds) else text
        raise NotFoundError(f"there is no sequence {asked!r}")
    match = _RANGE.match(bounds)
    if match is None:
        raise InvalidInputError(
            f"{bounds!r} in {text!r} is no range", hint=f"write {name}:START-END or {name}:START"
        )
    start = _number(match["start"], text)
    end = _number(match["end"], text) if match["end"] is not None else None
    if one_based:
        if start == 0:
            raise InvalidInputError(f"{text!r}: the first position is 1 where regions are 1-based")
        start -= 1
    if end is not None and end < start + one_based:
        raise InvalidInputError(f"{text!r}: the end lies before the start")
    return Region(name, start, end)


def _number(digits: str, text: str) -> int:
    plain = digits.replace(",", "")
    if len(plain) > _MAX_DIGITS:
        raise InvalidInputError(f"{text!r}: a position has too many digits")
    return int(plain)


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
        if len(fields) < 3 or not _is_position(fields[1]) or not _is_position(fields[2]):
            raise InvalidInputError(
                f"{source}, line {number}: not BED: a name, a start and an end are expected"
            )
        start, end = int(fields[1]), int(fields[2])
        if end < start:
            raise InvalidInputError(f"{source}, line {number}: the end lies before the start")
        yield Region(fields[0], start, end)


def _is_position(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS

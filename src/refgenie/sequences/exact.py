"""Residues that the store's packed codes cannot give back (RNA, protein, some IUPAC codes).

A file has the runs that differ: the number of runs, their starts and lengths (unsigned 64 bit,
little endian), then their residues one after the other, upper case.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import IO

_MAGIC = b"RGXRES1\n"


def write_exact(handle: IO[bytes], runs: array[int], spool: Path) -> None:
    """Write the runs (start, length, offset in the spool) of one sequence."""
    starts, lengths = runs[0::3], runs[1::3]
    handle.write(_MAGIC)
    handle.write(_little(array("Q", [len(starts)])) + _little(starts) + _little(lengths))
    with spool.open("rb") as source:
        for at in range(0, len(runs), 3):
            source.seek(runs[at + 2])
            handle.write(source.read(runs[at + 1]))


class ExactResidues:
    """The runs of one sequence, laid over what the store decodes."""

    def __init__(self, path: Path) -> None:
        self._handle = path.open("rb")
        self._handle.seek(len(_MAGIC))
        count = self._numbers(1)[0]
        self._starts = self._numbers(count)
        self._lengths = self._numbers(count)
        self._offsets = array("Q", accumulate(self._lengths, initial=self._handle.tell()))

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def apply(self, residues: bytearray, start: int) -> None:
        """Put the right residues into a region that begins at ``start``."""
        end = start + len(residues)
        for at in range(max(bisect_right(self._starts, start) - 1, 0), len(self._starts)):
            low = self._starts[at]
            high = low + self._lengths[at]
            if low >= end:
                return
            if high <= start:
                continue
            a, b = max(low, start), min(high, end)
            self._handle.seek(self._offsets[at] + a - low)
            residues[a - start : b - start] = self._handle.read(b - a)

    def _numbers(self, count: int) -> array[int]:
        numbers = array("Q", self._handle.read(8 * count))
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers


def _little(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()

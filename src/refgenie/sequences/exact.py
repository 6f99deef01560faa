"""Residues that the store's packed codes cannot give back (RNA, protein, some IUPAC codes).

A file has the runs that differ: the number of runs, their starts and lengths (unsigned 64 bit,
little endian), then their residues one after the other, upper case.
"""

from __future__ import annotations

import os
import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import IO

from refgenie.errors import InvalidInputError

_MAGIC = b"RGXRES1\n"
_HEAD = len(_MAGIC) + 8
"""Bytes before the starts."""


def write_exact(handle: IO[bytes], runs: array[int], spool: Path) -> None:
    """Write the runs (start, length, offset in the spool) of one sequence."""
    starts, lengths = runs[0::3], runs[1::3]
    handle.write(_MAGIC)
    handle.write(_little(array("Q", [len(starts)])) + _little(starts) + _little(lengths))
    with spool.open("rb") as source:
        for at in range(0, len(runs), 3):
            source.seek(runs[at + 2])
            handle.write(source.read(runs[at + 1]))


class Runs:
    """Runs of one sequence's residues, laid over what the store decodes.

    Args:
        handle: The file that has the residues.
        starts: Where the runs begin in the sequence, ascending.
        lengths: Of the runs.
        offsets: Where the runs begin in the file.
    """

    def __init__(
        self, handle: IO[bytes], starts: Sequence[int], lengths: Sequence[int], offsets: Sequence[int]
    ) -> None:
        self._handle = handle
        self._starts = starts
        self._lengths = lengths
        self._offsets = offsets

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
            residues[a - start : b - start] = self._read(b - a)

    def _read(self, size: int) -> bytes:
        return self._handle.read(size)


class ExactResidues(Runs):
    """The runs that a store keeps of one sequence.

    Raises:
        InvalidInputError: The file is damaged; ``apply`` raises it too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = path.open("rb")
        try:
            starts, lengths = self._read_runs()
        except BaseException:
            self._handle.close()
            raise
        offsets = array("Q", accumulate(lengths, initial=self._handle.tell()))
        super().__init__(self._handle, starts, lengths, offsets)

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def _read(self, size: int) -> bytes:
        found = super()._read(size)
        if not found.isascii():
            raise self._damaged()
        return found

    def _read_runs(self) -> tuple[array[int], array[int]]:
        """Starts and lengths; no more is read than the file's size vouches for."""
        size = os.fstat(self._handle.fileno()).st_size
        head = self._handle.read(_HEAD)
        count = int.from_bytes(head[len(_MAGIC) :], "little")
        if not head.startswith(_MAGIC) or _HEAD + 16 * count > size:
            raise self._damaged()
        starts, lengths = self._numbers(count), self._numbers(count)
        if self._handle.tell() + sum(lengths) != size:
            raise self._damaged()
        return starts, lengths

    def _damaged(self) -> InvalidInputError:
        return InvalidInputError(
            f"sequence {self._path.stem} is damaged: {self._path.name} cannot be read",
            hint="run 'refgenie verify GENOME --repair FASTA'",
        )

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

"""Soft masks: which residues of a collection were lower case, kept beside it.

A mask file is one JSON line (the index), then the blocks it points to. A block has the
differences of up to 8192 successive case changes (unsigned 64 bit, little endian) in a zlib
stream. A region is read from the blocks that it meets.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from operator import sub
from pathlib import Path
from typing import IO

from refgenie.errors import InvalidInputError

_Index = dict[str, list[tuple[int, int, int, int]]]
"""Of each sequence, its blocks: first and last case change, place in the file and size in bytes."""
_BLOCK = 8192
_DAMAGE = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError, zlib.error)
"""What reading the blocks raises where they, or the numbers that point to them, are wrong."""


class MaskBuilder:
    """Packs the mask of a collection, one sequence after the other; few bytes for each case change."""

    def __init__(self) -> None:
        self._state = hashlib.sha512()
        self._index: _Index = {}
        self._blocks: list[bytes] = []
        self._offset = 0

    def add(self, name: str, positions: array[int]) -> None:
        """Add the positions at which the case of a sequence changes; none where all is upper case."""
        if not positions:
            return
        from isal import isal_zlib  # four times as fast as zlib, and the files are smaller

        self._state.update(f"{name}\t{len(positions)}\n".encode())
        self._state.update(_little(positions))
        blocks = self._index[name] = []
        for at in range(0, len(positions), _BLOCK):
            part = positions[at : at + _BLOCK]
            steps = array("Q", map(sub, part[1:], part))
            packed = isal_zlib.compress(_little(steps), 1)
            blocks.append((part[0], part[-1], self._offset, len(packed)))
            self._blocks.append(packed)
            self._offset += len(packed)

    @property
    def digest(self) -> str | None:
        """sha512t24u over name, number and positions (unsigned 64 bit, little endian) of each sequence.

        None where nothing is lower case.
        """
        if not self._index:
            return None
        return base64.urlsafe_b64encode(self._state.digest()[:24]).decode()

    def write(self, handle: IO[bytes]) -> None:
        """Write the mask file; sequences without lower case are left out."""
        content = {"version": 1, "digest": self.digest, "sequences": self._index}
        handle.write(json.dumps(content).encode() + b"\n")
        handle.writelines(self._blocks)


def is_mask(content: bytes) -> bool:
    """Whether these bytes begin like a mask file."""
    try:
        index = json.loads(content.split(b"\n", 1)[0])
        return bool(index["version"] == 1 and index["digest"] and index["sequences"])
    except (ValueError, KeyError, TypeError):
        return False


def _little(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _parse_index(line: bytes) -> tuple[str, _Index]:
    content = json.loads(line)
    digest, index = content["digest"], content["sequences"]
    if not isinstance(digest, str) or not isinstance(index, dict):
        raise TypeError("no mask begins with this line")
    return digest, index


class Mask:
    """A mask file that is read where it is needed.

    Raises:
        InvalidInputError: It is damaged; ``apply`` raises it too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = path.open("rb")
        try:
            self.digest, self._index = _parse_index(self._handle.readline())
        except (ValueError, KeyError, TypeError) as error:
            self._handle.close()
            raise self._damaged() from error
        self._data = self._handle.tell()
        self._last: tuple[int, list[int]] = (-1, [])

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def apply(self, name: str, residues: bytearray, start: int) -> None:
        """Make the masked residues of a region that begins at ``start`` lower case."""
        try:
            for a, b in self._intervals(name, start, start + len(residues)):
                residues[a - start : b - start] = residues[a - start : b - start].lower()
        except _DAMAGE as error:
            raise self._damaged() from error

    def _intervals(self, name: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Masked intervals of a sequence that meet [start, end), cut to it."""
        blocks = self._index.get(name, ())
        first = bisect_right([block[0] for block in blocks], start) - 1
        for low, high, offset, size in blocks[max(first, 0) :]:
            if low >= end:
                return
            if high <= start:
                continue
            positions = self._positions(low, offset, size)
            at = max(bisect_right(positions, start) - 1, 0) & ~1
            for number in range(at, len(positions), 2):
                a, b = positions[number], positions[number + 1]
                if a >= end:
                    return
                if b > start:
                    yield max(a, start), min(b, end)

    def _damaged(self) -> InvalidInputError:
        return InvalidInputError(
            f"the mask {self._path} is damaged", hint="import the FASTA again with --mask replace"
        )

    def _positions(self, first: int, offset: int, size: int) -> list[int]:
        """The case changes of a block; the last one is kept, since regions follow one another."""
        if self._last[0] != offset:
            self._last = (offset, list(accumulate(self._steps(offset, size), initial=first)))
        return self._last[1]

    def _steps(self, offset: int, size: int) -> array[int]:
        self._handle.seek(self._data + offset)
        steps = array("Q", zlib.decompress(self._handle.read(size)))
        if sys.byteorder == "big":
            steps.byteswap()
        return steps

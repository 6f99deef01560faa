"""One pass over the text of a FASTA file: what is refused, what is lower case, what is rare.

The pass works on large pieces by operations that the interpreter does in C: one
translation tells the classes of all residues of a piece and drops its line ends; searches for
single bytes then find what is of interest.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from refgenie.errors import InvalidInputError
from refgenie.sequences.masks import MaskBuilder

CORE = b"ACGTN"
"""Residues that every packed alphabet of the store gives back."""
_OTHER = bytes(set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ*.-") - set(CORE))
_UPPER_CORE, _LOWER_CORE, _UPPER_OTHER, _LOWER_OTHER, _INVALID = range(5)
_LONGEST_HEADER = 1 << 20


def _classes() -> bytes:
    table = bytearray([_INVALID]) * 256
    for residue in CORE:
        table[residue] = _UPPER_CORE
        table[residue | 0x20] = _LOWER_CORE
    for residue in _OTHER:
        table[residue] = _UPPER_OTHER
        if chr(residue).isalpha():
            table[residue | 0x20] = _LOWER_OTHER
    return bytes(table)


CLASSES = _classes()
_LOWER_CASE = bytes.maketrans(bytes([_UPPER_OTHER, _LOWER_OTHER]), bytes([0, 1]))
_UPPER = bytes(range(256)).upper()
_UPPER_AGAIN, _LOWER = b"\0", b"\1"
_RARE = re.compile(rb"[\2\3]+")
_BAD = re.compile(rb"[^A-Za-z*.\n-]")


@dataclass(slots=True)
class ScannedSequence:
    """What the pass found of one sequence.

    Attributes:
        name: First word of the header.
        sha512: State of the upper case residues' digest, where digests are computed.
        length: Residues.
        rare: Starts, lengths and offsets (in the spool) of the runs of residues that not every
            packed alphabet gives back, three numbers each.
    """

    name: str
    length: int = 0
    rare: array[int] = field(default_factory=lambda: array("Q"))
    sha512: Any = None


class FastaScan:
    """Checks FASTA text piece by piece and keeps what the store's packed form loses.

    Args:
        path: Named in messages.
        spool: Where the rare residues are written, upper case; None computes the sequences'
            digests instead, and no mask.

    Attributes:
        sequences: What was read, in the file's order.
        mask: Which residues are lower case, of the sequences that were read whole.
    """

    def __init__(self, path: Path, spool: Path | None) -> None:
        self._path = path
        self._spool_path = spool
        self._spool: IO[bytes] | None = None
        self._spooled = 0
        self._header: bytearray | None = None
        self._line = 1
        self._at_line_start = True
        self._carry = b""
        self._lower = False
        self._case_changes = array("Q")
        """Where the sequence's case changes, beginning with upper case."""
        self._names: set[str] = set()
        self.sequences: list[ScannedSequence] = []
        self.mask = MaskBuilder()

    def clean(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the text on, checked, with Unix line ends; raises InvalidInputError at a fault."""
        try:
            for piece in pieces:
                yield from self._piece(piece)
            if self._carry:
                yield from self._piece(b"", last=True)
            self._finish()
        finally:
            if self._spool is not None:
                self._spool.close()

    def _piece(self, piece: bytes, *, last: bool = False) -> Iterator[bytes]:
        if self._carry:
            piece, self._carry = self._carry + piece, b""
        if b"\r" in piece:
            if piece.endswith(b"\r") and not last:
                piece, self._carry = piece[:-1], b"\r"
            piece = piece.replace(b"\r\n", b"\n")
            if last and piece.endswith(b"\r"):
                piece = piece[:-1]
        if not self.sequences and self._header is None:
            # Blank lines before the first header are no text.
            stripped = piece.lstrip(b"\n")
            self._line += len(piece) - len(stripped)
            piece = stripped
        if piece:
            self._read(piece)
            yield piece

    def _read(self, piece: bytes) -> None:
        at, size = 0, len(piece)
        while at < size:
            if self._header is not None:
                end = piece.find(b"\n", at)
                self._header += piece[at : size if end < 0 else end]
                if len(self._header) > _LONGEST_HEADER:
                    raise self._fault("the header is longer than a megabyte")
                if end < 0:
                    return
                self._begin(bytes(self._header))
                self._header, self._at_line_start, at = None, True, end + 1
            elif self._at_line_start and piece[at] == 62:  # >
                self._end()
                self._header, at = bytearray(), at + 1
            else:
                stop = _next_header(piece, at + 1)
                residues = piece if stop - at == size else piece[at:stop]
                self._residues(residues)
                self._at_line_start, at = residues.endswith(b"\n"), stop

    def _begin(self, header: bytes) -> None:
        try:
            text = header.decode()
        except UnicodeDecodeError as error:
            raise self._fault("the header is not UTF-8 text") from error
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise self._fault("the header has a tab or another control character")
        words = text.split(None, 1)
        if not words or text[0].isspace():
            raise self._fault("the header has no name")
        name = words[0]
        if name.startswith("#"):
            raise self._fault(f"the name {name!r} begins with '#'")
        if name in self._names:
            raise self._fault(f"there is a second sequence with the name {name!r}")
        self._names.add(name)
        self._line += 1
        state = hashlib.sha512() if self._spool_path is None else None
        self.sequences.append(ScannedSequence(name, sha512=state))

    def _residues(self, text: bytes) -> None:
        # Half the time of a translation that drops the line ends itself.
        classes = text.replace(b"\n", b"").translate(CLASSES)
        if not self.sequences:
            raise self._fault(_no_header(text))
        if bytes([_INVALID]) in classes:
            raise self._bad_residue(text)
        sequence = self.sequences[-1]
        if sequence.sha512 is not None:
            sequence.sha512.update(text.translate(_UPPER, b"\n"))
        elif b"\2" in classes or b"\3" in classes:
            self._rare(sequence, text, classes)
            classes = classes.translate(_LOWER_CASE)
        if sequence.sha512 is None and (self._lower or _LOWER in classes):
            self._case(sequence, classes)
        sequence.length += len(classes)
        self._line += len(text) - len(classes)

    def _case(self, sequence: ScannedSequence, classes: bytes) -> None:
        find, note, start = classes.find, self._case_changes.append, sequence.length
        lower, at = self._lower, 0
        while (at := find(_UPPER_AGAIN if lower else _LOWER, at)) >= 0:
            note(start + at)
            lower = not lower
        self._lower = lower

    def _rare(self, sequence: ScannedSequence, text: bytes, classes: bytes) -> None:
        upper = text.translate(_UPPER, b"\n")
        if (classes.count(b"\2") + classes.count(b"\3")) * 16 > len(classes):
            self._keep(sequence, 0, upper)
            return
        for run in _RARE.finditer(classes):
            self._keep(sequence, run.start(), upper[run.start() : run.end()])

    def _keep(self, sequence: ScannedSequence, at: int, residues: bytes) -> None:
        if self._spool is None:
            assert self._spool_path is not None
            self._spool = self._spool_path.open("wb")
        self._spool.write(residues)
        sequence.rare.extend((sequence.length + at, len(residues), self._spooled))
        self._spooled += len(residues)

    def _end(self) -> None:
        if not self.sequences:
            return
        sequence = self.sequences[-1]
        if not sequence.length:
            raise self._fault(f"the sequence {sequence.name!r} has no residues", before=True)
        if self._lower:
            self._case_changes.append(sequence.length)
            self._lower = False
        self.mask.add(sequence.name, self._case_changes)
        self._case_changes = array("Q")

    def _finish(self) -> None:
        if self._header is not None:
            self._begin(bytes(self._header))
        if not self.sequences:
            raise InvalidInputError(f"{self._path}: there is no sequence in the file")
        self._end()

    def _bad_residue(self, text: bytes) -> InvalidInputError:
        found = _BAD.search(text)
        assert found is not None
        line = self._line + text.count(b"\n", 0, found.start())
        residue = found.group()
        if residue == b"+" and text[: found.start()].endswith(b"\n"):
            return self._fault("this is FASTQ, not FASTA", line=line)
        shown = {b" ": "a space", b"\t": "a tab", b">": "a '>' inside a line"}.get(
            residue, f"the character {residue.decode('latin-1')!r}"
        )
        return self._fault(f"sequence {self.sequences[-1].name!r} has {shown} among its residues", line=line)

    def _fault(self, reason: str, *, line: int | None = None, before: bool = False) -> InvalidInputError:
        number = (self._line if line is None else line) - before
        return InvalidInputError(f"{self._path}, line {number}: {reason}")


def _next_header(piece: bytes, at: int) -> int:
    """Where the next line that begins with '>' is, or the end; one byte is sought faster than two."""
    while (at := piece.find(b">", at)) >= 0:
        if piece[at - 1] == 10:
            return at
        at += 1
    return len(piece)


def _no_header(text: bytes) -> str:
    start = text.lstrip()[:1]
    if start == b"@":
        return "this is FASTQ (or SAM), not FASTA"
    if start == b"<":
        return "this is HTML or XML, not FASTA"
    return "there is text before the first header ('>')"

"""Single sequences by identifier: GA4GH digest, MD5 or TRUNC512 (GA4GH refget sequences 2.0)."""

from __future__ import annotations

import base64
import binascii
import mmap
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, cast

from refgenie.errors import NotFoundError
from refgenie.sequences.engine import open_store, pieces
from refgenie.sequences.model import SequenceInfo, StoreMode
from refgenie.sequences.reader import Residues
from refgenie.sequences.store_files import StoreFiles, parse_sequence, sequence_line
from refgenie.sequences.views import passing_view

if TYPE_CHECKING:
    from refgenie.sequences.server_mode import ServerMode

_GA4GH = re.compile(r"(?:ga4gh:)?SQ\.([A-Za-z0-9_-]{32})\Z")
_MD5 = re.compile(r"[0-9a-fA-F]{32}\Z")
_TRUNC512 = re.compile(r"[0-9a-fA-F]{48}\Z")
_DIGEST_COLUMN, _MD5_COLUMN = 3, 4


class StoreOnDisk(StoreMode, Protocol):
    """A mode whose indices are files on this machine: both are."""

    @property
    def files(self) -> StoreFiles:
        """The store's files on this machine."""
        ...


def trunc512(digest: str) -> str:
    """The TRUNC512 identifier of a sequence digest (without ``SQ.``)."""
    return base64.urlsafe_b64decode(digest).hex()


class SingleSequences:
    """Finds and reads sequences of a store without knowing their collection."""

    def __init__(self, mode: StoreOnDisk) -> None:
        self._mode = mode
        self._bringing: dict[str, Lock] = {}

    def find(self, identifier: str) -> SequenceInfo:
        """The sequence that an identifier names.

        Args:
            identifier: ``SQ.…``, ``ga4gh:SQ.…``, MD5 or TRUNC512 (hexadecimal, case ignored).

        Raises:
            NotFoundError: It is no identifier of a sequence of this store.
        """
        found = None
        if match := _GA4GH.match(identifier):
            found = self._search(match[1], _DIGEST_COLUMN)
        elif _TRUNC512.match(identifier):
            digest = base64.urlsafe_b64encode(binascii.unhexlify(identifier)).decode()
            found = self._search(digest, _DIGEST_COLUMN)
        elif _MD5.match(identifier):
            found = self._search(identifier.lower(), _MD5_COLUMN)
        if found is None:
            raise NotFoundError(f"there is no sequence {identifier!r} on this server")
        return found

    @contextmanager
    def opened(self, entry: SequenceInfo) -> Iterator[OpenSequence]:
        """A sequence's residues, as long as the block lasts.

        Raises:
            NotFoundError: It is listed, and its residues are elsewhere.
        """
        files = self._mode.files
        if not files.sequence(entry.digest).exists():
            entry = self._bring(entry)
        with passing_view(files, [sequence_line(entry)]) as view:
            residues = Residues(open_store(view), files)
            try:
                yield OpenSequence(residues, entry)
            finally:
                residues.close()

    def _bring(self, entry: SequenceInfo) -> SequenceInfo:
        """Have a sequence of the remote store in this server's cache.

        The own store is not written to: a genome whose sequences lie elsewhere is read from there.
        """
        if self._mode.writable:
            raise NotFoundError(f"the residues of sequence SQ.{entry.digest} are not on this server")
        with self._bringing.setdefault(entry.digest, Lock()):
            if self._mode.files.sequence(entry.digest).exists():
                return entry
            return cast("ServerMode", self._mode).bring(entry)

    def _search(self, key: str, column: int) -> SequenceInfo | None:
        """The first line of the index that has the key in its column."""
        return _search(self._mode.files.sequence_index, b"\t" + key.encode() + b"\t", column)


class OpenSequence:
    """Residues of one sequence, in upper case."""

    def __init__(self, residues: Residues, entry: SequenceInfo) -> None:
        self._residues = residues
        self.entry = entry

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Residues [start, end), 0-based half-open, about a megabyte at a time."""
        for low, high in pieces(start, end):
            yield bytes(self._residues.read(self.entry.digest, low, high))


def _search(index: Path, wanted: bytes, column: int) -> SequenceInfo | None:
    try:
        descriptor = os.open(index, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if os.fstat(descriptor).st_size == 0:
            return None
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
            at = content.find(wanted)
            while at >= 0:
                start = content.rfind(b"\n", 0, at) + 1
                end = content.find(b"\n", at)
                line = content[start : end + 1 if end >= 0 else len(content)]
                columns = line.split(b"\t")
                # A description may hold anything.
                if not line.startswith(b"#") and len(columns) > column and columns[column] == wanted[1:-1]:
                    return parse_sequence(line)
                at = content.find(wanted, at + 1)
    finally:
        os.close(descriptor)
    return None

"""Reading the residues of one collection of a store on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from refgenie.errors import InvalidInputError
from refgenie.sequences.absence import cut_off, missing, no_sequence
from refgenie.sequences.engine import Decoder, open_store, pieces
from refgenie.sequences.exact import ExactResidues
from refgenie.sequences.masks import Mask
from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.store_files import StoreFiles
from refgenie.sequences.views import passing_view

_KEPT_OPEN = 50
"""Sequences whose exact residues stay open."""


def bounds(name: str, length: int, start: int | None, end: int | None) -> tuple[int, int]:
    """The region [start, end) with its defaults filled in.

    Raises:
        InvalidInputError: It does not lie within the sequence.
    """
    first = 0 if start is None else start
    last = length if end is None else end
    if first < 0 or last < first:
        raise InvalidInputError(f"{name}:{first}-{last} is no region: the start is after the end")
    if last > length:
        raise InvalidInputError(f"{name}:{first}-{last} reaches beyond the end of {name} ({length})")
    return first, last


class Residues:
    """Decoded residues of single sequences, those corrected that the packed form loses."""

    def __init__(self, store: Any, files: StoreFiles) -> None:
        self._decoder = Decoder(store)
        self._files = files
        self._exact: dict[str, ExactResidues | None] = {}

    def read(self, digest: str, start: int, end: int) -> bytearray:
        """Residues [start, end) of a sequence in upper case."""
        if start == end:
            return bytearray()
        if digest not in self._exact:
            self._open(digest)
        residues = bytearray(self._decoder.read(digest, start, end).encode())
        if len(residues) != end - start:
            raise cut_off(digest, len(residues), end - start)
        if (exact := self._exact[digest]) is not None:
            exact.apply(residues, start)
        return residues

    def _open(self, digest: str) -> None:
        if not self._files.sequence(digest).exists():
            raise missing(self._files.root, digest)
        if len(self._exact) >= _KEPT_OPEN and (oldest := self._exact.pop(next(iter(self._exact)))):
            oldest.close()
        path = self._files.exact(digest)
        self._exact[digest] = ExactResidues(path) if path.exists() else None

    def close(self) -> None:
        """Close the files that are open."""
        for exact in self._exact.values():
            if exact is not None:
                exact.close()


class StoreReader:
    """CollectionReader over a store on this machine.

    Args:
        files: The store.
        digest: The collection.
    """

    def __init__(self, files: StoreFiles, digest: str) -> None:
        self.digest = digest
        self._sequences = {entry.name: entry for entry in files.sequences(digest)}
        with ExitStack() as stack:
            view = files.view(digest)
            if not (view / "rgstore.json").exists():
                view = stack.enter_context(passing_view(files, files.lines(digest)))
            self._residues = Residues(open_store(view), files)
            stack.callback(self._residues.close)
            self._mask: Mask | None = None
            if files.mask(digest).exists():
                self._mask = Mask(files.mask(digest))
                stack.callback(self._mask.close)
            self._open = stack.pop_all()

    @property
    def names(self) -> Sequence[str]:
        """Names in the collection's order."""
        return tuple(self._sequences)

    @property
    def sequences(self) -> Sequence[SequenceInfo]:
        """The collection's sequences in its order."""
        return tuple(self._sequences.values())

    def length(self, name: str) -> int:
        """Residues of a sequence."""
        try:
            return self._sequences[name].length
        except KeyError:
            raise no_sequence(self.digest, name) from None

    def fetch(
        self, name: str, start: int | None = None, end: int | None = None, keep_case: bool = False
    ) -> str:
        """Residues of a region, in upper case or as they were imported."""
        return "".join(self.stream(name, start, end, keep_case))

    def stream(
        self, name: str, start: int | None = None, end: int | None = None, keep_case: bool = False
    ) -> Iterator[str]:
        """The same in pieces of 64 thousand residues."""
        first, last = bounds(name, self.length(name), start, end)
        return self._pieces(name, first, last, keep_case)

    def _pieces(self, name: str, start: int, end: int, keep_case: bool) -> Iterator[str]:
        for low, high in pieces(start, end):
            yield self.read(name, low, high, keep_case=keep_case).decode()

    def read(self, name: str, start: int, end: int, *, keep_case: bool) -> bytearray:
        """Residues of a region that is known to lie within the sequence."""
        residues = self._residues.read(self._sequences[name].digest, start, end)
        if keep_case and self._mask is not None:
            self._mask.apply(name, residues, start)
        return residues

    def close(self) -> None:
        """Close the files and remove the view that was made for this reader."""
        self._open.close()

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_open"):
            self._open.close()

"""Reading a collection whose sequences are brought here when they are first asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from refgenie.errors import NotPermittedError
from refgenie.sequences.absence import no_sequence
from refgenie.sequences.engine import open_store, pieces
from refgenie.sequences.masks import Mask
from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.reader import Residues, bounds
from refgenie.sequences.remote.arrival import Keeper
from refgenie.sequences.store_files import StoreFiles, sequence_line
from refgenie.sequences.views import passing_view


class RemoteReader:
    """CollectionReader over a remote collection.

    Args:
        files: The store that lists the collection.
        digest: The collection.
        keeper: Brings its sequences into that store; where it cannot be written, into a
            temporary one that ends with this reader.
    """

    def __init__(self, files: StoreFiles, digest: str, keeper: Keeper) -> None:
        self.digest = digest
        self._sequences = {entry.name: entry for entry in files.sequences(digest)}
        self._keeper = keeper
        self._open: dict[str, Residues] = {}
        self._stack = ExitStack()
        self._mask: Mask | None = None
        if files.mask(digest).exists():
            self._mask = Mask(files.mask(digest))
            self._stack.callback(self._mask.close)

    @property
    def names(self) -> Sequence[str]:
        """Names in the collection's order."""
        return tuple(self._sequences)

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

    def bring_all(self) -> None:
        """Have every sequence of the collection here."""
        self._keeper.ensure_all(self.digest, list(self._sequences.values()))

    def close(self) -> None:
        """Close the files and remove what was made for this reader."""
        self._stack.close()

    def __enter__(self) -> RemoteReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_stack"):
            self._stack.close()

    def _pieces(self, name: str, start: int, end: int, keep_case: bool) -> Iterator[str]:
        digest = self._sequences[name].digest
        residues = self._residues(self._sequences[name])
        for low, high in pieces(start, end):
            found = residues.read(digest, low, high)
            if keep_case and self._mask is not None:
                self._mask.apply(name, found, low)
            yield found.decode()

    def _residues(self, entry: SequenceInfo) -> Residues:
        if entry.digest not in self._open:
            try:
                known = self._keeper.ensure(self.digest, entry)
            except NotPermittedError:
                self._keep_apart()
                known = self._keeper.ensure(self.digest, entry)
            files = self._keeper.files
            view = self._stack.enter_context(passing_view(files, [sequence_line(known)]))
            residues = Residues(open_store(view), files)
            self._stack.callback(residues.close)
            self._open[entry.digest] = residues
        return self._open[entry.digest]

    def _keep_apart(self) -> None:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="refgenie-remote-"))
        private = StoreFiles(Path(folder) / "store")
        private.collections.mkdir(parents=True)
        private.write_indices({}, {})
        lines = [sequence_line(entry) for entry in self._sequences.values()]
        private.collection(self.digest).write_bytes(b"".join(lines))
        self._keeper = Keeper(self._keeper.find_source, private, Path(folder), None)

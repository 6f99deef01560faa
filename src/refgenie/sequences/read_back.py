"""Reading back what the engine stored, by two processes, each taking one sequence after the other.

The engine lists its sequences last of all. A long one that lies in the private store before that is
read by the second process through a view: its name is its digest, the text tells its length, and its
size tells how it is packed. What the engine lists in the end is compared with what was proven.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from refgenie.core.progress import Progress
from refgenie.errors import DigestMismatchError
from refgenie.sequences.fasta_scan import FastaScan, ScannedSequence
from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.store_files import ALPHABETS, StoreFiles, packed_size, sequence_line
from refgenie.sequences.views import fill
from refgenie.sequences.workers import Worker

_SHARED = 32 << 20
"""Residues from which a second process is worth its start."""
_PORTION = 4 << 20
"""Residues that a process takes at once, if not a whole sequence."""
_LONG = 1 << 20
"""Residues from which a sequence is read before the engine lists it."""
_FEW = 200
"""Sequences up to which the private store is searched for such."""
_PAUSE = 0.1
"""Seconds between two searches."""


@dataclass(eq=False, slots=True)
class _Portion:
    """What a process reads at once.

    Attributes:
        message: What the process is told.
        early: The sequence, if the engine has not listed it yet.
        proven: Whether its digest was found.
    """

    message: dict[str, Any]
    early: SequenceInfo | None = None
    proven: bool = True


class ReadBack:
    """Proves that a private store gives back what was scanned; leaving the block ends its process.

    Args:
        private: The engine's store, which may still grow.
        scan: The pass over the text, which may still go on.
        spool: Where it wrote the rare residues; a file beside it tells of which runs they are.
    """

    def __init__(self, private: StoreFiles, scan: FastaScan, spool: Path) -> None:
        self._private = private
        self._scan = scan
        self._spool = spool
        self._runs = spool.with_name(f"{spool.name}.runs")
        self._stack = ExitStack()
        self._pool = ThreadPoolExecutor(2)
        self._todo: SimpleQueue[_Portion | None] = SimpleQueue()
        self._heard: SimpleQueue[tuple[_Portion, dict[str, Any]] | BaseException] = SimpleQueue()
        self._second = False
        self._next_look = 0.0
        self._early: set[str] = set()
        self._waiting: set[_Portion] = set()
        self._listed: dict[str, SequenceInfo] = {}
        self._items: dict[str, list[Any]] = {}

    def __enter__(self) -> ReadBack:
        self._stack.enter_context(self._pool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(2):
            self._todo.put(None)
        self._stack.__exit__(kind, error, trace)

    def begin_early(self) -> None:
        """Read what is there already, where there is much; called again and again while the text is read."""
        sequences = self._scan.sequences
        if len(sequences) > _FEW or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _PAUSE
        if self._second:
            # The last one of the text is not whole yet.
            for entry in self._arrived(sequences[:-1]):
                self._read_early(entry)
        elif sum(entry.length for entry in sequences) > _SHARED:
            self._begin_second()

    def _begin_second(self) -> None:
        self._second = True
        self._serve(self._stack.enter_context(Worker({"do": "digest"})))

    def _arrived(self, scanned: list[ScannedSequence]) -> Iterator[SequenceInfo]:
        lengths = {entry.length for entry in scanned if entry.length >= _LONG and not entry.rare}
        sizes = {packed_size(length, name): (length, name) for length in lengths for name in ALPHABETS}
        for path in (self._private.root / "sequences").glob("*/*.seq"):
            if path.stem not in self._early and (size := path.stat().st_size) in sizes:
                length, alphabet = sizes[size]
                yield SequenceInfo("early", length, path.stem, "", alphabet, "")

    def _read_early(self, entry: SequenceInfo) -> None:
        view = self._private.root.with_name(f"early-{len(self._early)}")
        view.mkdir()
        fill(view, str(self._private.root.resolve() / "sequences"), [sequence_line(entry)], "Encoded")
        message = {"store": str(view), "sequences": [[entry.digest, entry.length, None]]}
        self._early.add(entry.digest)
        self._put(_Portion(message, entry))

    def begin_rest(self, engine: Worker, sequences: list[SequenceInfo]) -> None:
        """Read what the engine has listed by now; it is free to read, too."""
        self._serve(engine)
        if sum(entry.length for entry in sequences) > _SHARED and not self._second:
            self._begin_second()
        # A file: there may be millions of runs, which need not be in memory three times.
        with self._runs.open("wb") as table:
            for entry, found in zip(sequences, self._scan.sequences, strict=True):
                place = (table.tell(), len(found.rare)) if found.rare else None
                found.rare.tofile(table)
                self._listed[entry.digest] = entry
                self._items[entry.digest] = [entry.digest, entry.length, place]
        self._read([item for digest, item in self._items.items() if digest not in self._early])

    def finish(self, progress: Progress) -> set[str]:
        """Wait until all was read.

        Returns:
            Digests of the sequences that need their rare residues kept.

        Raises:
            DigestMismatchError: A sequence came back altered.
        """
        inexact: set[str] = set()
        with progress.task("Reading back", sum(entry.length for entry in self._listed.values())) as advance:
            while self._waiting:
                portion, answer = self._hear()
                if "done" in answer:
                    self._waiting.discard(portion)
                if portion.early is not None:
                    advance(self._end_early(portion, portion.early, answer))
                    continue
                advance(answer.get("advance", 0))
                if answer.get("found") == "inexact":
                    inexact.add(answer["digest"])
                elif "found" in answer:
                    raise DigestMismatchError(f"sequence {answer['digest']} came back from the store altered")
        return inexact

    def _end_early(self, portion: _Portion, entry: SequenceInfo, answer: dict[str, Any]) -> int:
        """How many residues an answer has proven; what it has not is read like the rest."""
        portion.proven = portion.proven and "found" not in answer
        listed = self._listed.get(entry.digest)
        if "done" not in answer or listed is None:
            return 0
        if portion.proven and (listed.length, listed.alphabet) == (entry.length, entry.alphabet):
            return entry.length
        self._read([self._items[entry.digest]])
        return 0

    def _read(self, items: list[list[Any]]) -> None:
        rare = [str(self._spool), str(self._runs)] if self._spool.exists() else None
        for part in _portions(items):
            self._put(_Portion({"store": str(self._private.root), "rare": rare, "sequences": part}))

    def _put(self, portion: _Portion) -> None:
        self._waiting.add(portion)
        self._todo.put(portion)

    def _hear(self) -> tuple[_Portion, dict[str, Any]]:
        heard = self._heard.get()
        if isinstance(heard, BaseException):
            raise heard
        return heard

    def _serve(self, worker: Worker) -> None:
        """Give a process one portion after the other, in a thread that waits for its answers."""

        def serve() -> None:
            try:
                while (portion := self._todo.get()) is not None:
                    worker.tell(portion.message)
                    for answer in worker.answers_to_one():
                        self._heard.put((portion, answer))
            except BaseException as error:  # noqa: BLE001 - raised where it is heard
                self._heard.put(error)

        self._pool.submit(serve)


def _portions(items: list[list[Any]]) -> Iterator[list[list[Any]]]:
    """The longest first; short ones together. An item's second entry is its length."""
    part: list[list[Any]] = []
    size = 0
    for item in sorted(items, key=lambda entry: -entry[1]):
        part.append(item)
        size += item[1]
        if size >= _PORTION:
            yield part
            part, size = [], 0
    if part:
        yield part

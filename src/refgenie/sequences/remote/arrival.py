"""Sequences that arrive from elsewhere: checked against their digest, then kept, whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.names import is_genome_digest
from refgenie.core.progress import NoProgress, Progress
from refgenie.errors import DigestMismatchError, InvalidInputError, NotPermittedError
from refgenie.sequences.durable import sync_files, sync_folder, write_bytes, writing
from refgenie.sequences.engine import open_store, pieces
from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.reader import Residues
from refgenie.sequences.recovery import ready_to_write
from refgenie.sequences.remote.sources import RemoteSource
from refgenie.sequences.staging import staging_folder
from refgenie.sequences.store_files import (
    ALPHABETS,
    UNKNOWN,
    StoreFiles,
    packed_size,
    sequence_line,
)
from refgenie.sequences.views import fill, make_view

_AT_ONCE = 4


class Keeper:
    """Brings sequences of one source into a store on this machine.

    Args:
        find_source: Where they come from; called when the first one is missing.
        files: Where they are kept.
        work: Where they arrive, on the same disk.
        locks: The store's, or None for a private store.
        progress: Told the bytes that arrive.
    """

    def __init__(
        self,
        find_source: Callable[[], RemoteSource],
        files: StoreFiles,
        work: Path,
        locks: Locks | None,
        progress: Progress | None = None,
    ) -> None:
        self.find_source = cache(find_source)
        self.files = files
        self._work = work
        self._locks = locks
        self._progress = progress or NoProgress()

    def ensure(self, collection: str, entry: SequenceInfo) -> SequenceInfo:
        """Have a sequence here; answers what is now known of it.

        Raises:
            DigestMismatchError: Something else arrived; it was not kept.
            NetworkError, NotFoundError: It did not arrive.
        """
        known = self._have(entry)
        if known != entry:
            with suppress(NotPermittedError):  # it can be read all the same
                self._note(collection, [known])
        return known

    def ensure_all(self, collection: str, entries: Sequence[SequenceInfo]) -> None:
        """Have many sequences here, several at a time; errors as of ``ensure``."""
        learned: list[SequenceInfo] = []

        def have(entry: SequenceInfo) -> None:
            known = self._have(entry)
            if known != entry:
                learned.append(known)

        different = {entry.digest: entry for entry in entries}
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(have, different.values()))
        finally:
            # Also where one of them failed: what has arrived need not come again.
            if learned:
                self._note(collection, learned)

    def _have(self, entry: SequenceInfo) -> SequenceInfo:
        if self.files.sequence(entry.digest).exists():
            known = self.files.known(entry)
            # Where the lengths differ, one of the two lists lies: the residues tell which.
            if known.alphabet != UNKNOWN and known.length == entry.length:
                return known
        return self.bring(entry)

    def bring(self, entry: SequenceInfo) -> SequenceInfo:
        """Fetch a sequence whatever collection it is of, and keep it; errors as of ``ensure``."""
        with (
            staging_folder(self._work) as folder,
            self._progress.task(f"Fetching {entry.name}") as advance,
        ):
            private, known = arrive(self.find_source(), entry, folder, advance)
            with writing(str(self.files.root)):
                move_in(private, self.files, entry.digest)
        return known

    def _note(self, collection: str, known: Sequence[SequenceInfo]) -> None:
        """Put what only the residues tell (MD5, alphabet) into the collection's file."""
        if self._locks is None:
            _rewrite_collection(self.files, collection, known)
            return
        with self._locks.hold(STORE_LOCK):
            ready_to_write(self.files)
            with self.files.committing():
                _rewrite_collection(self.files, collection, known)
                lines = self.files.sequence_lines()
                lines |= {entry.digest.encode(): sequence_line(entry) for entry in known}
                self.files.write_indices(lines, self.files.index_lines())
            make_view(self.files, collection)


def _rewrite_collection(files: StoreFiles, collection: str, known: Sequence[SequenceInfo]) -> None:
    path = files.collection(collection)
    found = {entry.digest.encode(): entry for entry in known}
    lines = []
    for line in path.read_bytes().splitlines(keepends=True):
        columns = line.split(b"\t")
        if not line.startswith(b"#") and columns[3] in found:
            name = columns[0].decode()
            line = sequence_line(replace(found[columns[3]], name=name))  # noqa: PLW2901 - the new line
        lines.append(line)
    write_bytes(path, b"".join(lines))


def move_in(private: StoreFiles, files: StoreFiles, digest: str) -> None:
    """Move one sequence's files from a private store, what it lacks without them first."""
    for source, place in (
        (private.exact(digest), files.exact(digest)),
        (private.sequence(digest), files.sequence(digest)),
    ):
        if source.exists():
            sync_files([source])
            place.parent.mkdir(parents=True, exist_ok=True)
            source.replace(place)
            sync_folder(place.parent)


def arrive(
    source: RemoteSource, entry: SequenceInfo, folder: Path, advance: Callable[[int], None]
) -> tuple[StoreFiles, SequenceInfo]:
    """Download a sequence and prove it; answers the private store that has it, and what it is."""
    if not is_genome_digest(entry.digest):  # files are named by it
        raise _wrong(source, entry)
    arrived = folder / "arrived"
    with writing(str(folder)), arrived.open("w+b") as target:

        def watch(count: int) -> None:
            advance(count)
            if target.tell() > entry.length + 2:  # at most a byte a residue, and perhaps a line end
                raise _wrong(source, entry)

        form = source.download(entry, target, watch)
    if form == "Encoded":
        return _unpack(source, entry, folder, arrived)
    return _pack(source, entry, folder, arrived)


def _unpack(
    source: RemoteSource, entry: SequenceInfo, folder: Path, arrived: Path
) -> tuple[StoreFiles, SequenceInfo]:
    """Take a packed sequence as it is, if its residues have the digest.

    What was listed before any residue was seen does not say how it is packed: the one way that
    gives the digest is right.
    """
    private = StoreFiles(folder / "store")
    place = private.sequence(entry.digest)
    place.parent.mkdir(parents=True)
    arrived.replace(place)
    ways = [entry] if entry.alphabet != UNKNOWN else [replace(entry, alphabet=name) for name in ALPHABETS]
    known = _proven(private, ways, folder)
    if known is None:
        exact = source.optional(f"exact/{entry.digest[:2]}/{entry.digest}.res")
        if exact is None:
            raise _wrong(source, entry)
        write_bytes(private.exact(entry.digest), exact)
        known = _proven(private, ways, folder)
    if known is None:
        raise _wrong(source, entry)
    return private, known


def _proven(files: StoreFiles, ways: Sequence[SequenceInfo], folder: Path) -> SequenceInfo | None:
    """What is known of a sequence whose stored residues have its digests; None where they have not."""
    for entry in ways:
        if files.sequence(entry.digest).stat().st_size == packed_size(entry.length, entry.alphabet):
            view = folder / f"view-{secrets.token_hex(4)}"
            view.mkdir()
            fill(view, str(files.root.resolve() / "sequences"), [sequence_line(entry)], "Encoded")
            digest, md5 = _digests(view, files, entry)
            # Tools that know a sequence by its MD5 find it through the list of sequences.
            if digest == entry.digest and entry.md5 in {"", md5}:
                return replace(entry, md5=md5)
    return None


def _digests(view: Path, files: StoreFiles, entry: SequenceInfo) -> tuple[str, str]:
    """GA4GH digest and MD5 of stored residues; empty where they cannot be read."""
    state, md5 = hashlib.sha512(), hashlib.md5(usedforsecurity=False)
    try:
        residues = Residues(open_store(view), files)
        try:
            for start, end in pieces(0, entry.length):
                piece = residues.read(entry.digest, start, end)
                state.update(piece)
                md5.update(piece)
        finally:
            residues.close()
    except InvalidInputError:
        return "", ""
    return base64.urlsafe_b64encode(state.digest()[:24]).decode(), md5.hexdigest()


def _pack(
    source: RemoteSource, entry: SequenceInfo, folder: Path, arrived: Path
) -> tuple[StoreFiles, SequenceInfo]:
    """Import plain residues into a private store, if they have the digest."""
    from refgenie.sequences.importing import stage

    fasta = folder / "arrived.fa"
    with writing(str(fasta)), fasta.open("wb") as text, arrived.open("rb") as residues:
        text.write(b">arrived\n")
        shutil.copyfileobj(residues, text, 1 << 20)
    arrived.unlink()
    try:
        staged = stage(folder, fasta, NoProgress())
    except InvalidInputError as error:
        raise _wrong(source, entry) from error
    found = staged.sequences[0]
    if (found.digest, found.length) != (entry.digest, entry.length):
        raise _wrong(source, entry)
    known = replace(found, name=entry.name, description=entry.description)
    return staged.files, known


def _wrong(source: RemoteSource, entry: SequenceInfo) -> DigestMismatchError:
    return DigestMismatchError(
        f"{source.shown} answered something else than sequence {entry.name} (SQ.{entry.digest}); "
        "nothing of it was kept"
    )

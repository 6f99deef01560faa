"""Import of a FASTA file: checked, stored, read back and digested before the store shows it.

The engine imports into a fresh private store on the same disk, fed through a pipe with the text
that was checked. What it stored is read back (``read_back``). Only then, under the store's
lock, the files of the sequences are moved in, and last of all the index lists the collection.
"""

from __future__ import annotations

import errno
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.progress import Progress
from refgenie.errors import DigestMismatchError
from refgenie.sequences.durable import (
    sync_files,
    sync_folder,
    sync_folders,
    write_bytes,
    write_through,
    writing,
)
from refgenie.sequences.exact import write_exact
from refgenie.sequences.fasta_scan import FastaScan, ScannedSequence
from refgenie.sequences.fasta_source import open_fasta, size_of
from refgenie.sequences.masks import Mask
from refgenie.sequences.model import CollectionInfo, ImportResult, MaskRule, SequenceInfo
from refgenie.sequences.read_back import ReadBack
from refgenie.sequences.recovery import is_proven, ready_to_write
from refgenie.sequences.staging import staging_folder
from refgenie.sequences.store_files import StoreFiles, index_entry, is_unknown
from refgenie.sequences.views import make_view
from refgenie.sequences.workers import Worker


@dataclass(frozen=True, slots=True)
class Staged:
    """A collection in its private store, proven to be what the FASTA has.

    Attributes:
        files: The private store, with the rare residues of the sequences whose packed form lacks them.
        digest: The collection.
        sequences: What the engine lists, in the FASTA's order.
        mask: The mask's file, flushed; there is none where ``mask_digest`` is None.
        mask_digest: Digest of the mask.
    """

    files: StoreFiles
    digest: str
    sequences: list[SequenceInfo]
    mask: Path
    mask_digest: str | None


def import_fasta(
    files: StoreFiles,
    work: Path,
    locks: Locks,
    fasta: Path,
    *,
    mask: MaskRule,
    progress: Progress,
    accept: Callable[[str], object] | None = None,
    staged: Staged | None = None,
) -> ImportResult:
    """Import a FASTA file into the store; see LocalMode.import_fasta."""
    with ExitStack() as stack:
        if staged is None:
            staged = stage(stack.enter_context(staging_folder(work)), fasta, progress)
        with locks.hold(STORE_LOCK):
            if accept is not None:
                accept(staged.digest)
            return publish(files, staged, mask)


def stage(
    folder: Path, fasta: Path, progress: Progress, *, nearly_read: Callable[[], object] | None = None
) -> Staged:
    """Import into a private store below ``folder``, flushed, and prove that it gives the FASTA back.

    Args:
        folder: An empty folder on the disk of the store that it is for; see staging_folder.
        fasta: Only read.
        progress: Told the bytes that were read, then the residues that were read back.
        nearly_read: Called once, when half of the file was read: the largest sequences, for which the
            engine needs most memory, are mostly behind then.
    """
    private, spool = StoreFiles(folder / "store"), folder / "spool"
    scan = FastaScan(fasta, spool)
    size = size_of_input(fasta)
    with ExitStack() as stack:
        with progress.task(f"Importing {fasta.name}", size) as advance:
            read_back = stack.enter_context(ReadBack(private, scan, spool))
            late = _Late(size, advance, nearly_read, read_back.begin_early)
            text = scan.clean(stack.enter_context(open_fasta(fasta, late.advance)))
            first = next(text, b"")  # most bad files are refused before a process is started
            pipe = folder / f"{secrets.token_hex(8)}.fa"
            os.mkfifo(pipe, 0o600)
            job = {"do": "import", "store": str(private.root), "fasta": str(pipe)}
            engine = stack.enter_context(Worker(job))
            engine.answer("ready")
            _feed(pipe, engine, first, late.watch(text))
            mask = folder / "mask"
            if scan.mask.digest is not None:
                write_through(mask, scan.mask.write)
            digest = engine.answer("collection")
        sequences = private.sequences(digest)
        _compare(fasta, sequences, scan.sequences)
        read_back.begin_rest(engine, sequences)
        sync_files(private.root.glob("sequences/*/*"))
        inexact = read_back.finish(progress)
    with writing(str(folder)):
        for entry, found in zip(sequences, scan.sequences, strict=True):
            if entry.digest in inexact:
                _write_exact(private.exact(entry.digest), found, spool)
        sync_files((private.beside / "exact").glob("*/*"))
    return Staged(private, digest, sequences, mask, scan.mask.digest)


class _Late:
    """Does something with each piece of text once half of the file was read, and at the end.

    Args:
        size: Of the file in bytes; of what has none, only the end is late.
        advance: Told the bytes that were read.
        first: Done once.
        then: Done with each piece.
    """

    def __init__(
        self,
        size: int | None,
        advance: Callable[[int], object],
        first: Callable[[], object] | None,
        then: Callable[[], object],
    ) -> None:
        self._left = sys.maxsize if size is None else size // 2
        self._advance = advance
        self._first = first
        self._then = then

    def advance(self, count: int) -> None:
        self._left -= count
        self._advance(count)

    def watch(self, text: Iterator[bytes]) -> Iterator[bytes]:
        for piece in text:
            if self._left <= 0:
                self._act()
            yield piece
        self._act()

    def _act(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            first()
        self._then()


def _write_exact(path: Path, found: ScannedSequence, spool: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as handle:
        write_exact(handle, found.rare, spool)


def size_of_input(fasta: Path) -> int | None:
    """Bytes of the file, None where it is a pipe or not there."""
    try:
        return size_of(fasta)
    except OSError:
        return None


def _feed(pipe: Path, engine: Worker, first: bytes, text: Iterator[bytes]) -> None:
    with _writing_end(pipe, engine) as descriptor:
        try:
            _write_all(descriptor, first)
            for piece in text:
                _write_all(descriptor, piece)
        except BrokenPipeError:
            return  # the engine's own answer says why it went away


def _write_all(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


@contextmanager
def _writing_end(pipe: Path, engine: Worker) -> Iterator[int]:
    """The pipe's writing end, once the engine reads at the other."""
    while True:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if not engine.alive:
                engine.answer("collection")  # raises what the engine failed with
            time.sleep(0.001)
    try:
        os.set_blocking(descriptor, True)
        if sys.platform.startswith("linux"):
            import fcntl

            with suppress(OSError):  # the system's or the user's limit: it works as it is, too
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
        yield descriptor
    finally:
        os.close(descriptor)


def _compare(fasta: Path, stored: list[SequenceInfo], read: list[ScannedSequence]) -> None:
    expected = [(entry.name, entry.length) for entry in read]
    if [(entry.name, entry.length) for entry in stored] != expected:
        raise DigestMismatchError(
            f"{fasta}: the sequence engine stored other names or lengths than the file has"
        )


def publish(files: StoreFiles, staged: Staged, mask: MaskRule) -> ImportResult:
    """Move a staged collection into the store; the caller holds the store's lock."""
    ready_to_write(files)
    was_new = not files.listed(staged.digest)
    with writing(str(files.root)):
        _move_sequences(files, staged)
        kept = _keep_mask(files, staged, mask, _is_case_unknown(files, staged.digest, was_new))
        origin = files.origin(staged.digest)
        if was_new or origin.exists() or not is_proven(files, staged.digest):
            # The view comes first: a disk that it fills must not leave a collection half brought in.
            make_view(files, staged.digest, staged.files)
            _list_collection(files, staged, was_new)
        else:
            make_view(files, staged.digest)
    return ImportResult(describe_collection(files, staged.digest), was_new, kept)


def _move_sequences(files: StoreFiles, staged: Staged) -> None:
    """Put the residues in, what they lack first; over damaged ones too, since these are proven."""
    exact = staged.files.beside / "exact"
    if exact.exists():
        _move_folders(files, exact, files.beside / "exact")
    _move_folders(files, staged.files.root / "sequences", files.root / "sequences")


def _move_folders(files: StoreFiles, source: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    changed = [files.root, place.parent, place]
    for moved in source.iterdir():
        folder = place / moved.name
        try:
            moved.rename(folder)
        except OSError:  # it holds others already
            changed.append(folder)
            for name in os.listdir(moved):  # noqa: PTH208 - hundreds of thousands
                os.replace(f"{moved}/{name}", f"{folder}/{name}")  # noqa: PTH105
    sync_folders(changed)


def _is_case_unknown(files: StoreFiles, digest: str, was_new: bool) -> bool:
    """Whether nobody has told the case of the residues yet; a seqcol API never tells it."""
    if was_new:
        return not files.damaged_collection(digest).exists()
    return files.origin(digest).exists() and not files.mask(digest).exists()


def _keep_mask(files: StoreFiles, staged: Staged, rule: MaskRule, is_first: bool) -> bool:
    """Write the mask, or keep the one that is there; answers whether another one was kept."""
    if rule == "keep" and not is_first:
        return read_mask_digest(files, staged.digest) != staged.mask_digest
    # Nothing is read of the old one: it may be damaged, and this is what mends it.
    path = files.mask(staged.digest)
    if staged.mask_digest is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.mask.replace(path)
        sync_folder(path.parent)
    return False


def read_mask_digest(files: StoreFiles, digest: str) -> str | None:
    """Digest of the mask that is kept for a collection, None where all is upper case."""
    path = files.mask(digest)
    if not path.exists():
        return None
    mask = Mask(path)
    mask.close()
    return mask.digest


def _list_collection(files: StoreFiles, staged: Staged, was_new: bool) -> None:
    """List it last of all; a remote collection becomes one that is here."""
    place = files.collection(staged.digest)
    with files.committing():
        try:
            write_bytes(place, staged.files.collection(staged.digest).read_bytes())
            own = staged.files.sequence_lines()
            others = {
                digest: line
                for digest, line in files.sequence_lines().items()
                if digest not in own or not is_unknown(line)
            }
            collections = files.index_lines()
            collections[staged.digest] = index_entry(staged.files.head(staged.digest), len(staged.sequences))
            files.write_indices(own | others, collections)
            for path in (files.origin(staged.digest), files.damaged_collection(staged.digest)):
                path.unlink(missing_ok=True)
        except BaseException:
            # The journal stays: the next writer makes the indices from the collections' files.
            if was_new:
                place.unlink(missing_ok=True)
            raise


def describe_collection(files: StoreFiles, digest: str) -> CollectionInfo:
    """Digests, sizes and mask of a collection."""
    mask = read_mask_digest(files, digest)
    masking = "none" if mask is None else "soft"
    return replace(files.info(digest), masking=masking, mask_digest=mask)

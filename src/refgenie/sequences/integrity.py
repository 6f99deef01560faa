"""Stored residues digested again, and damaged ones restored from a FASTA or a server."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.progress import Progress
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.sequences.importing import stage
from refgenie.sequences.model import Fault, SequenceInfo
from refgenie.sequences.recovery import (
    UNPROVEN,
    index_faults,
    prove_collection,
    ready_to_write,
)
from refgenie.sequences.remote.arrival import arrive, move_in
from refgenie.sequences.remote.registration import list_collections, origin_of
from refgenie.sequences.remote.sources import make_source
from refgenie.sequences.staging import staging_folder
from refgenie.sequences.store_files import UNKNOWN, StoreFiles, sequence_line
from refgenie.sequences.views import make_view, passing_view
from refgenie.sequences.workers import Worker

_SHARED = 32 << 20
_OWN_FASTA = (
    "import the genome's own FASTA again with verify GENOME --repair FASTA; register a remote one again"
)
"""What restores a damaged list of sequences."""


def verify(files: StoreFiles, digest: str | None, progress: Progress) -> list[Fault]:
    """Prove one collection, or all of them, from the stored bytes; changes nothing."""
    faults = index_faults(files) if digest is None else []
    present: dict[str, SequenceInfo] = {}
    for collection in sorted(files.index_lines()) if digest is None else [digest]:
        try:
            prove_collection(files, collection)
        except UNPROVEN as error:
            faults.append(Fault("altered", collection, f"the list of sequences: {error}"))
            continue
        remote = files.origin(collection).exists()
        for entry in files.sequences(collection):
            here = files.sequence(entry.digest).exists()
            known = files.known(entry) if here and entry.digest not in present else entry
            if here and known.alphabet != UNKNOWN:
                present[entry.digest] = known
            elif not here and not remote:
                faults.append(Fault("missing", entry.digest, f"{entry.name} is not in the store"))
    return faults + _digest_again(files, list(present.values()), progress)


def _digest_again(files: StoreFiles, entries: list[SequenceInfo], progress: Progress) -> list[Fault]:
    if not entries:
        return []
    total = sum(entry.length for entry in entries)
    work = [[entry.digest, entry.length] for entry in entries]
    names = {entry.digest: entry.name for entry in entries}
    faults = []
    with ExitStack() as stack:
        view = stack.enter_context(passing_view(files, [sequence_line(entry) for entry in entries]))
        advance = stack.enter_context(progress.task("Verifying sequences", total))
        parts = _share(work) if total > _SHARED else [work]
        workers = []
        for part in parts:
            job = {"do": "verify", "view": str(view), "store": str(files.root)}
            worker = stack.enter_context(Worker(job))
            worker.tell({"sequences": part})
            workers.append(worker)
        for worker in workers:
            for answer in worker.answers():
                advance(answer.get("advance", 0))
                if "found" in answer:
                    detail = f"{names[answer['digest']]}: {answer['found']}"
                    faults.append(Fault("altered", answer["digest"], detail))
    return faults


def _share(work: list[list[Any]]) -> list[list[list[Any]]]:
    """Two parts of about the same number of residues; an entry's second item is its length."""
    parts: list[list[list[Any]]] = [[], []]
    sizes = [0, 0]
    for entry in sorted(work, key=lambda item: -item[1]):
        smaller = sizes.index(min(sizes))
        parts[smaller].append(entry)
        sizes[smaller] += entry[1]
    return parts


def repair(
    files: StoreFiles,
    work: Path,
    locks: Locks,
    faults: list[Fault],
    source: Path | str | None,
    progress: Progress,
) -> list[Fault]:
    """Restore the sequences of these faults, and from a FASTA the damaged list of its collection.

    Args:
        files: The store.
        work: Where sequences arrive.
        locks: The store's.
        faults: What ``verify`` found.
        source: A FASTA file, or the address of a server; None asks the server that a remote
            collection came from.
        progress: Shows what is read.

    Returns:
        The same faults; those that were mended say so, the others why not or what to do.
    """
    wanted = {fault.subject for fault in faults if fault.kind in {"missing", "altered"}}
    entries = {
        entry.digest: (entry, collection)
        for collection in files.index_lines()
        for entry in _sequences(files, collection)
        if entry.digest in wanted
    }
    restored = dict.fromkeys(wanted & files.index_lines().keys(), _OWN_FASTA)
    with staging_folder(work) as folder:
        if isinstance(source, Path):
            _from_fasta(files, folder, locks, source, set(entries), progress, restored)
        else:
            for entry, collection in entries.values():
                address = source or origin_of(files, collection)
                _from_server(files, folder / entry.digest, locks, address, entry, restored)
    return [
        replace(
            fault,
            repaired=restored.get(fault.subject) == "",
            detail=fault.detail + _why(restored.get(fault.subject)),
        )
        if fault.subject in entries or fault.subject in restored
        else fault
        for fault in faults
    ]


def _sequences(files: StoreFiles, collection: str) -> Iterable[SequenceInfo]:
    try:
        return files.sequences(collection)
    except (NotFoundError, ValueError):
        return ()


def _why(outcome: str | None) -> str:
    if outcome == "":
        return " (restored)"
    return f" (not restored: {outcome or 'the file does not have this sequence'})"


def _from_fasta(
    files: StoreFiles,
    folder: Path,
    locks: Locks,
    fasta: Path,
    wanted: set[str],
    progress: Progress,
    restored: dict[str, str],
) -> None:
    staged = stage(folder, fasta, progress)
    is_list_damaged = staged.digest in restored
    with locks.hold(STORE_LOCK):
        for entry in staged.sequences:
            # What a damaged list names was not verified.
            if (entry.digest in wanted or is_list_damaged) and entry.digest not in restored:
                files.exact(entry.digest).unlink(missing_ok=True)
                move_in(staged.files, files, entry.digest)
                restored[entry.digest] = ""
        if is_list_damaged:
            ready_to_write(files)
            content = staged.files.collection(staged.digest).read_bytes()
            list_collections(files, {staged.digest: content})
            make_view(files, staged.digest)
            restored[staged.digest] = ""


def _from_server(
    files: StoreFiles,
    folder: Path,
    locks: Locks,
    address: str | None,
    entry: SequenceInfo,
    restored: dict[str, str],
) -> None:
    if address is None:
        restored[entry.digest] = "give a FASTA file or a server that has it"
        return
    try:
        folder.mkdir()
        private, _ = arrive(make_source(address), entry, folder, lambda _count: None)
    except (NotFoundError, InvalidInputError) as error:
        restored[entry.digest] = error.message
        return
    with locks.hold(STORE_LOCK):
        files.exact(entry.digest).unlink(missing_ok=True)
        move_in(private, files, entry.digest)
    restored[entry.digest] = ""

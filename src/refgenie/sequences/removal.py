"""Taking a collection out of the store, and collecting what nothing refers to."""

from __future__ import annotations

import shutil
from pathlib import Path

from refgenie.sequences.aliases import read_aliases, write_aliases
from refgenie.sequences.collection_file import read_lines
from refgenie.sequences.durable import writing
from refgenie.sequences.model import GarbageReport
from refgenie.sequences.recovery import ready_to_write, set_aside
from refgenie.sequences.staging import abandoned
from refgenie.sequences.store_files import SET_ASIDE, StoreFiles
from refgenie.sequences.views import remove_view


def remove_collection(files: StoreFiles, digest: str) -> None:
    """Remove a collection, and the sequences that no other one uses; the caller holds the lock."""
    ready_to_write(files)
    own = {line.split(b"\t", 4)[3] for line in files.lines(digest)}
    unshared = own - used_sequences(files, without=digest)
    with writing(str(files.root)):
        with files.committing():
            files.collection(digest).unlink()
            files.damaged_collection(digest).unlink(missing_ok=True)
            collections = files.index_lines()
            collections.pop(digest, None)
            kept = {key: line for key, line in files.sequence_lines().items() if key not in unshared}
            files.fhr(digest).unlink(missing_ok=True)
            files.write_indices(kept, collections)
            # The names last: by them a removal that was cut short is asked for again.
            _remove_aliases(files, digest)
        remove_view(files, digest)
        for path in (files.mask(digest), files.origin(digest)):
            path.unlink(missing_ok=True)
        _remove_sequences(files, unshared)


def remove_set_aside(files: StoreFiles, digest: str) -> None:
    """Remove what is left of a collection whose damaged list was set aside; the caller holds the lock.

    Its residues are garbage from then on.
    """
    with writing(str(files.root)):
        remove_view(files, digest)
        for path in (files.mask(digest), files.origin(digest), files.fhr(digest)):
            path.unlink(missing_ok=True)
        files.damaged_collection(digest).unlink(missing_ok=True)


def _remove_aliases(files: StoreFiles, digest: str) -> None:
    for path in (files.root / "aliases" / "collections").glob("*.tsv"):
        before = read_aliases(path)
        after = {name: named for name, named in before.items() if named != digest}
        if after != before:
            write_aliases(files, path.stem, after)


def _remove_sequences(files: StoreFiles, digests: set[bytes]) -> None:
    folders = set()
    for digest in digests:
        for path in (files.sequence(digest.decode()), files.exact(digest.decode())):
            path.unlink(missing_ok=True)
            folders.add(path.parent)
    for folder in folders:
        _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # not empty, or gone already


def used_sequences(files: StoreFiles, *, without: str | None = None) -> set[bytes]:
    """Digests of the sequences of all collections on disk.

    Damaged ones count, too: their residues may be all that is left of a genome.
    """
    used: set[bytes] = set()
    for pattern in ("*.rgsi", f"*{SET_ASIDE}"):
        for path in files.collections.glob(pattern):
            if path.name.split(".")[0] != without:
                with path.open("rb") as handle:
                    lines = [line.split(b"\t", 4) for line in read_lines(handle)]
                used |= {columns[3] for columns in lines if len(columns) > 4}
    return used


def collect_garbage(files: StoreFiles, work: Path) -> GarbageReport:
    """Remove what nothing refers to; the caller holds the lock."""
    sequences = others = size = 0
    with writing(str(files.root)):
        if files.exists():
            ready_to_write(files)
            used, listed = used_sequences(files), files.index_lines()
            kept_beside = listed.keys() | {fault.subject for fault in set_aside(files)}
            for path in _stored(files):
                if path.stem.encode() not in used:
                    size += path.stat().st_size
                    path.unlink()
                    _remove_if_empty(path.parent)
                    sequences += path.suffix == ".seq"
                    others += path.suffix != ".seq"
            lines = files.sequence_lines()
            kept = {key: line for key, line in lines.items() if key in used}
            if kept != lines:
                with files.committing():
                    files.write_indices(kept, listed)
            for path in _beside(files):
                if path.name.startswith(".") or path.name.split(".")[0] not in kept_beside:
                    size += _remove(path)
                    others += 1
        for folder in abandoned(work):
            size += _remove(folder)
            others += 1
    return GarbageReport(sequences=sequences, others=others, bytes=size)


def _stored(files: StoreFiles) -> list[Path]:
    """Files of residues, also unfinished ones."""
    found = list((files.root / "sequences").glob("*/*"))
    return found + list((files.beside / "exact").glob("*/*"))


def _beside(files: StoreFiles) -> list[Path]:
    """Files and folders named by a collection, and unfinished ones."""
    found = [path for folder in ("views", "masks", "remote") for path in (files.beside / folder).glob("*")]
    found += (files.root / "fhr").glob("*.fhr.json")
    for folder in (files.root, files.collections, files.beside):
        found += folder.glob(".*.part")
    return found


def _remove(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        size = path.lstat().st_size
        path.unlink(missing_ok=True)
        return size
    size = sum(entry.lstat().st_size for entry in path.rglob("*") if not entry.is_symlink())
    shutil.rmtree(path, ignore_errors=True)
    return size

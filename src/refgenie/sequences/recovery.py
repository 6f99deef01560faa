"""Indices that lost something: found before a writer makes the loss final, and made again."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from refgenie.core.names import is_genome_digest
from refgenie.errors import InvalidInputError, NotFoundError, RefgenieError
from refgenie.sequences.durable import write_bytes, writing
from refgenie.sequences.engine_lock import engine_lock
from refgenie.sequences.model import Fault
from refgenie.sequences.seqcol import ancillary_of, are_lengths, collection_digest, level1_of
from refgenie.sequences.store_files import LEVEL1, SET_ASIDE, StoreFiles, index_entry

_log = logging.getLogger("refgenie")


def ready_to_write(files: StoreFiles) -> None:
    """Finish what a killed writer began, and refuse a damaged store.

    The caller holds the store's lock.

    Raises:
        InvalidInputError: The index lost something that no interrupted commit explains.
    """
    if files.journal.exists():
        for fault in repair_index(files):
            if not fault.repaired:
                _log.warning("collection %s: %s", fault.subject, fault.detail)
    if not files.root.exists():
        files.check()
    with engine_lock(files.root):  # else another tool's commit, half done, would look like damage
        files.check()


def index_faults(files: StoreFiles) -> list[Fault]:
    """What is wrong with the store's index files; nothing is changed."""
    if not files.exists():
        return []
    try:
        files.check()
    except RefgenieError as error:
        return [Fault("index", files.collection_index.name, error.message)]
    return [
        Fault("index", str(path.relative_to(files.root)), "is not UTF-8 text")
        for path in _alias_files(files)
        if not _is_text(path)
    ]


def repair_index(files: StoreFiles) -> list[Fault]:
    """Make the indices and the description anew from ``collections/*.rgsi``.

    The caller holds the store's lock. A collection file counts if its digest follows from its
    lines; any other one is set aside, so that the store can be written and the collection can
    come again. Residues are not looked at; ``verify`` does that.

    Returns:
        What was wrong, mended or not.
    """
    faults = [Fault(fault.kind, fault.subject, fault.detail, repaired=True) for fault in index_faults(files)]
    collections: dict[str, bytes] = {}
    sequences: dict[bytes, bytes] = {}
    damaged: list[str] = []
    for path in sorted(files.collections.glob("*.rgsi")):
        try:
            collections[path.stem] = index_entry(*prove_collection(files, path.stem))
        except UNPROVEN as error:
            damaged.append(path.stem)
            faults.append(_set_aside(files, path.stem, f": {error}"))
            continue
        for line in files.lines(path.stem):
            sequences.setdefault(line.split(b"\t", 4)[3], line)
    with writing(str(files.root)):
        for path in _alias_files(files):
            if not _is_text(path):
                _keep_readable_lines(path)
        if not _has_description(files):
            write_bytes(files.manifest, json.dumps({"mode": _mode(files, sequences)}).encode())
        with files.committing():
            for digest in damaged:
                files.collection(digest).replace(files.damaged_collection(digest))
            files.write_indices(sequences, collections)
    return faults


def set_aside(files: StoreFiles) -> list[Fault]:
    """The lists of sequences that were set aside since they are damaged, and how they come back."""
    return [
        _set_aside(files, path.name.removesuffix(SET_ASIDE))
        for path in sorted(files.collections.glob(f"*{SET_ASIDE}"))
    ]


def _set_aside(files: StoreFiles, digest: str, reason: str = "") -> Fault:
    again = (
        "register the genome again from its server"
        if files.origin(digest).exists()
        else "import the FASTA again: refgenie genome init --fasta FILE"
    )
    return Fault("altered", digest, f"its list of sequences is damaged and set aside{reason}; {again}")


UNPROVEN = (RefgenieError, ValueError, IndexError)
"""What ``prove_collection`` and the reading of lines before it raise for a damaged file."""


def is_proven(files: StoreFiles, digest: str) -> bool:
    """Whether the list of a collection's sequences is there and undamaged."""
    try:
        prove_collection(files, digest)
    except UNPROVEN:
        return False
    return True


def prove_collection(files: StoreFiles, digest: str) -> tuple[dict[str, str], int]:
    """The head of a collection file and its number of sequences, once its digests were computed again.

    Raises:
        InvalidInputError: The file is cut off or altered, what names a sequence's file is no digest, or
            what should be its length cannot be one.
    """
    head, level2 = files.head(digest), files.level2(digest)
    level1 = level1_of(level2)
    expected = {LEVEL1[name]: value for name, value in (level1 | ancillary_of(level2)).items()}
    if not digest == collection_digest(level1) == head.get("seqcol_digest") or any(
        head.get(key, value) != value for key, value in expected.items()
    ):
        raise InvalidInputError(f"the list of sequences of collection {digest} is damaged")
    if not are_lengths(level2["lengths"]):
        raise InvalidInputError(f"the collection {digest} has sequences of impossible lengths")
    if not all(is_genome_digest(sequence.removeprefix("SQ.")) for sequence in level2["sequences"]):
        raise InvalidInputError(f"the collection {digest} has sequences without a digest")
    return head, len(level2["names"])


def _alias_files(files: StoreFiles) -> list[Path]:
    return sorted((files.root / "aliases").glob("*/*.tsv"))


def _is_text(path: Path) -> bool:
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def _keep_readable_lines(path: Path) -> None:
    content = path.read_bytes()
    write_bytes(path.with_name(f"{path.name}.damaged"), content)
    good = []
    for line in content.splitlines():
        try:
            line.decode()
        except UnicodeDecodeError:
            continue
        if line.count(b"\t") == 1:
            good.append(line + b"\n")
    write_bytes(path, b"".join(good))


def _has_description(files: StoreFiles) -> bool:
    try:
        files.read_manifest()
    except (InvalidInputError, NotFoundError):
        return False
    return True


def _mode(files: StoreFiles, sequences: dict[bytes, bytes]) -> Any:
    """Whether residues are packed; the sizes of the files tell."""
    for digest, line in sequences.items():
        _, length, alphabet, _ = line.split(b"\t", 3)
        path = files.sequence(digest.decode())
        if alphabet != b"ASCII" and int(length) > 1 and path.exists():
            return "Raw" if path.stat().st_size == int(length) else "Encoded"
    return "Encoded"

"""Making an empty store, on a disk that can hold one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from refgenie.errors import NotPermittedError
from refgenie.sequences.durable import writing
from refgenie.sequences.store_files import StoreFiles


def tells_case(folder: Path) -> bool:
    """Whether the file system keeps two names apart that differ only in upper and lower case."""
    name = f".case-{secrets.token_hex(6)}"
    probe = folder / f"{name}-a"
    probe.touch()
    try:
        return not (folder / f"{name}-A").exists()
    finally:
        probe.unlink(missing_ok=True)


def create_store(files: StoreFiles, probe: Callable[[Path], bool] = tells_case) -> None:
    """Make an empty store; the caller holds the store's lock.

    Args:
        files: Where.
        probe: Tells whether a folder's file system keeps upper and lower case apart.

    Raises:
        NotPermittedError: The disk cannot be written, or it does not keep the cases apart: files
            are named by digests that may differ by nothing else.
    """
    if files.exists() and not files.journal.exists():
        return
    with writing(str(files.root)):
        files.root.mkdir(parents=True, exist_ok=True)
        if not probe(files.root):
            raise NotPermittedError(
                f"{files.root} is on a file system that does not tell upper from lower case; "
                "sequences are kept in files whose names may differ by nothing else",
                hint="choose a genome folder on a case-sensitive file system",
            )
        for folder in (files.root / "sequences", files.collections):
            folder.mkdir(exist_ok=True)
        with files.committing():
            files.write_indices({}, {})

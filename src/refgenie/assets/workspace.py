"""Temporary folders below ``.work``: each belongs to one process, and one that died is known by it.

A folder ``X`` goes with a lock file ``X.lock`` that its process holds (flock), so that
a process number that was given out again, or one of another container, deceives nobody.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from refgenie.core.layout import Folders
from refgenie.sequences.durable import writing

FORGOTTEN_AFTER = 24 * 3600.0
"""Seconds without a change after which a temporary folder that no lock file goes with is left over."""


@contextmanager
def working_folder(folders: Folders, purpose: str, *, name: str | None = None) -> Iterator[Path]:
    """A new empty folder on the genome folder's disk; what is still in it at the end is removed.

    Args:
        folders: The installation.
        purpose: Begins the folder's name (``add``, ``build``, ``pull`` …).
        name: Ends it, where it has to be the same each time; the caller sees to it that no other process
            has the same at the same time. What a crash left under this name is removed first.

    Raises:
        DiskFullError, NotPermittedError: It cannot be made.
    """
    root = folders.work / f"{purpose}-{name or secrets.token_hex(8)}"
    lock = _lock_of(root)
    with writing(str(folders.work)):
        folders.work.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        with suppress(OSError):  # a file system without locks; then age decides
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        with writing(str(root)):
            if name is not None:
                discard(root)
            root.mkdir()
        yield root
    finally:
        discard(root)
        with suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def discard(folder: Path) -> None:
    """Remove a folder with all that is in it; what cannot be removed now is found by `doctor`."""
    shutil.rmtree(folder, ignore_errors=True)


def stale_entries(folders: Folders) -> list[Path]:
    """Entries of ``.work`` that no living process owns; nothing is changed."""
    try:
        entries = sorted(folders.work.iterdir())
    except OSError:
        return []
    return [entry for entry in entries if _is_stale(entry)]


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _is_stale(entry: Path) -> bool:
    lock = entry if entry.suffix == ".lock" else _lock_of(entry)
    held = _is_held(lock)
    return not held if held is not None else _last_change(entry) < time.time() - FORGOTTEN_AFTER


def _is_held(lock: Path) -> bool | None:
    """Whether a living process holds the lock file; None where that cannot be told."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    else:
        return False
    finally:
        os.close(descriptor)


def _last_change(entry: Path) -> float:
    latest = 0.0
    with suppress(OSError):
        latest = entry.lstat().st_mtime
    for root, folders, files in os.walk(entry):
        for name in (*folders, *files):
            with suppress(OSError):
                latest = max(latest, Path(root, name).lstat().st_mtime)
    return latest

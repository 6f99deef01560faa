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
def working_folder(folders: Folders, purpose: str) -> Iterator[Path]:
    """A new empty folder on the genome folder's disk; what is still in it at the end is removed.

    Args:
        folders: The installation.
        purpose: Begins the folder's name (``add``, ``build``, ``pull`` …).

    Raises:
        DiskFullError, NotPermittedError: It cannot be made.
    """
    with named_folder(folders, f"{purpose}-{secrets.token_hex(8)}") as (root, _):
        yield root


@contextmanager
def named_folder(folders: Folders, name: str) -> Iterator[tuple[Path, int]]:
    """The same under a name that is the same each time, and the descriptor of its lock.

    A process that inherits the descriptor owns the folder too: the next caller waits for its end.
    What a crash left under this name is removed first.
    """
    root = folders.work / name
    lock = _lock_of(root)
    with writing(str(folders.work)):
        folders.work.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        with suppress(OSError):  # a file system without locks; then age decides
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        with writing(str(root)):
            discard(root)
            root.mkdir()
        yield root, descriptor
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
    # An import of sequences keeps its lock file within its folder.
    locks = [entry] if entry.suffix == ".lock" else [_lock_of(entry), entry / "alive"]
    held = next((held for held in map(_is_held, locks) if held is not None), None)
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

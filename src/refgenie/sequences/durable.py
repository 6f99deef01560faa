"""Files that are whole or absent, also after a crash, and errors of the disk in refgenie's words."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO

from refgenie.errors import DiskFullError, NotPermittedError, RefgenieError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


def disk_error(error: OSError, what: str) -> RefgenieError | None:
    """The refgenie error for a full or write-protected disk, None for any other."""
    if error.errno in _FULL:
        return DiskFullError(
            f"no space left on the disk: {what}", hint="free some space and run the command again"
        )
    if error.errno in _DENIED:
        return NotPermittedError(f"cannot write: {what} ({error.strerror})")
    return None


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Translate a full or write-protected disk inside the block."""
    try:
        yield
    except OSError as error:
        translated = disk_error(error, what)
        if translated is None:
            raise
        raise translated from error


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Some network file systems cannot flush a folder; there the rename itself is durable.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


_FEW = 200
"""Files or folders up to which each is flushed; flushing the whole disk once is faster beyond."""


def sync_folders(folders: Collection[Path]) -> None:
    """Flush the entries of many folders."""
    if len(folders) > _FEW:
        os.sync()
        return
    for folder in folders:
        sync_folder(folder)


def sync_files(paths: Iterable[Path]) -> None:
    """Flush the content of many files."""
    listed = list(islice(paths, _FEW + 1))
    if len(listed) > _FEW:
        os.sync()
        return
    for path in listed:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_through(path: Path, fill: Callable[[IO[bytes]], object], *, mode: int = 0o666) -> None:
    """Let ``fill`` write a file under a temporary name, flush it, then put it in its place.

    Args:
        path: Its place; folders that are missing are made.
        fill: Writes the content.
        mode: Permissions of the file from its beginning, less the umask.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as handle:
                fill(handle)
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def write_bytes(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Put a small file in its place, whole or not at all; ``mode`` as of ``write_through``."""
    write_through(path, lambda handle: handle.write(content), mode=mode)

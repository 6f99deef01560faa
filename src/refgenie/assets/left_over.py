"""Where things are that no living process and no record has: content, builds, locks."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.assets.manifest import ContentKey
from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.core.names import is_asset_digest, is_genome_digest
from refgenie.db.models import Asset, AssetGroup, Build, now
from refgenie.sequences.durable import writing
from refgenie.sequences.removal import used_sequences
from refgenie.sequences.store_files import StoreFiles

RUNNING = "running"
INTERRUPTED = "interrupted"
UNUSED_AFTER = 24 * 3600.0
"""Seconds after which the file of a lock that nobody holds is old; younger ones will be used again."""
SETTLED_AFTER = 3600.0
"""Seconds after which a file that is recorded nowhere is none that is about to be."""
_CLOCK_SLACK = 2.0


def recorded_keys(session: Session) -> set[ContentKey]:
    """The content of all assets."""
    rows = session.execute(select(AssetGroup.genome_digest, AssetGroup.name, Asset.digest).join(Asset.group))
    return {(genome, group, digest) for genome, group, digest in rows}


def content_keys(folders: Folders) -> set[ContentKey]:
    """The content folders on disk."""
    root = folders.genome_folder / layout.DATA
    return {
        (path.parent.parent.name, path.parent.name, path.name)
        for path in root.glob("*/*/*")
        if is_asset_digest(path.name) and path.is_dir()
    }


def foreign_entries(folders: Folders) -> Iterator[Path]:
    """What lies among the content without being the folder of a genome, a group or an asset."""
    root = folders.genome_folder / layout.DATA
    for genome in _visible(root):
        if not is_genome_digest(genome.name) or _is_no_folder(genome):
            yield genome
            continue
        for group in _visible(genome):
            if _is_no_folder(group):
                yield group
                continue
            yield from (
                entry for entry in _visible(group) if not is_asset_digest(entry.name) or _is_no_folder(entry)
            )


def _is_no_folder(path: Path) -> bool:
    return not path.is_dir() and os.path.lexists(path)  # not one that was removed meanwhile


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    found = 0
    for root, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                found += Path(root, name).lstat().st_size
    with suppress(OSError):
        found += path.lstat().st_size if path.is_file() else 0
    return found


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; somebody else may do the same.

    Raises:
        NotPermittedError: It is not ours to remove.
    """
    with writing(str(path)), suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def unused_sequences(files: StoreFiles) -> list[Path]:
    """Residues that no collection of the store uses; what is being imported is passed over."""
    if files.journal.exists():  # an import is being ended, or was cut short: the index is mended first
        return []
    stored = [path for path in sorted((files.root / "sequences").glob("*/*.seq")) if is_settled(path)]
    if not stored:
        return []
    used = used_sequences(files)
    return [path for path in stored if path.stem.encode() not in used]


def is_settled(path: Path) -> bool:
    """Whether a file is not of this hour, be it made or moved here."""
    try:
        status = path.lstat()
    except OSError:
        return False
    # The second is the moment at which it was moved here.
    return max(status.st_mtime, status.st_ctime) < time.time() - SETTLED_AFTER


def is_dead(build: Build) -> bool:
    """Whether a build's process is gone; of another host's that cannot be told."""
    if build.host != socket.gethostname():
        return False
    import psutil

    try:
        started = psutil.Process(build.pid).create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
    # The number was given to another process since.
    return bool(started > build.started_at.timestamp() + _CLOCK_SLACK)


def end_build(session: Session, build_id: str) -> None:
    """Record a build as interrupted, unless it has ended meanwhile."""
    build = session.get(Build, build_id)
    if build is not None and build.status == RUNNING:
        build.status = INTERRUPTED
        build.message = "its process was gone"
        build.ended_at = now()


def stale_locks(folders: Folders) -> list[Path]:
    """Lock files that have not been used for a while and that nobody holds."""
    limit = time.time() - UNUSED_AFTER
    found = []
    for path in sorted(folders.locks.glob("*.lock")):
        with suppress(OSError):
            if path.stat().st_mtime < limit and not _is_held(path):
                found.append(path)
    return found


def remove_lock(path: Path) -> None:
    """Remove a lock's files, unless somebody took it meanwhile; a process that waits for it notices."""
    with suppress(FileNotFoundError, BlockingIOError):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            path.with_suffix(".holder").unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _is_held(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False

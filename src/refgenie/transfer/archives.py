"""Reproducible archives: the tar stream depends on an asset's content and name alone."""

from __future__ import annotations

import hashlib
import os
import secrets
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from refgenie.core.digests import CHUNK, FileRecord
from refgenie.core.progress import Advance
from refgenie.errors import DigestMismatchError, NotFoundError
from refgenie.sequences.durable import sync_folder, writing

_LEVEL = 1
_FILE_MODE = 0o644
_FOLDER_MODE = 0o755


@dataclass(frozen=True, slots=True)
class WrittenArchive:
    """What was written: the SHA-256 (hex) and the size of the ``.tgz`` in bytes."""

    sha256: str
    size: int


class _DigestingFile:
    """A file for writing that knows the SHA-256 and the number of its bytes."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle
        self._state = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._state.update(data)
        self.size += len(data)
        return self._handle.write(data)

    def flush(self) -> None:
        self._handle.flush()

    def hexdigest(self) -> str:
        return self._state.hexdigest()


class _Positioned:
    """The compressor as tarfile wants its output: it asks once where it is."""

    def __init__(self, compressed: IO[bytes]) -> None:
        self.write = compressed.write

    def tell(self) -> int:
        return 0


class _DigestingReader:
    """A file for reading that hashes what goes through it, so that no altered file is archived."""

    def __init__(self, handle: IO[bytes], advance: Advance) -> None:
        self._handle = handle
        self._advance = advance
        self.state = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        data = self._handle.read(count)
        self.state.update(data)
        self._advance(len(data))
        return data


def write_archive(
    folder: Path,
    files: Sequence[FileRecord],
    name: str,
    target: Path,
    *,
    threads: int | None = None,
    advance: Advance = lambda _count: None,
) -> WrittenArchive:
    """Write ``<name>/<files>`` as a ``.tgz``: sorted, without times, owned by 0.

    The archive appears under its name when it is whole and on the disk. The tar stream is the same
    wherever the asset has the same content and name; the compressed bytes depend on the compressor's
    build as well, not on the number of threads.

    Args:
        folder: The asset's content folder.
        files: Its files as they are registered; each is hashed while it is read.
        name: The asset's name, the folder in the archive.
        target: The ``.tgz``; its parents are made.
        threads: Threads that compress; None takes all cores.
        advance: Told the bytes of content that were archived.

    Raises:
        DigestMismatchError: A file is not what was registered.
        NotFoundError: A file is missing.
        DiskFullError: No space left.
        NotPermittedError: The archive folder cannot be written.
    """
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    with writing(str(target)):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as raw:
                output = _DigestingFile(raw)
                _compress(folder, files, name, output, threads or _cores(), advance)
                raw.flush()
                os.fsync(raw.fileno())
            partial.replace(target)
            sync_folder(target.parent)
        finally:
            partial.unlink(missing_ok=True)
    return WrittenArchive(output.hexdigest(), output.size)


def _cores() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _compress(
    folder: Path,
    files: Sequence[FileRecord],
    name: str,
    output: _DigestingFile,
    threads: int,
    advance: Advance,
) -> None:
    from isal import igzip_threaded

    # The compressor is closed in any case: its threads would else outlive an error.
    with igzip_threaded.open(output, "wb", compresslevel=_LEVEL, threads=threads) as compressed:
        positioned: Any = _Positioned(compressed)
        archive = tarfile.TarFile(
            fileobj=positioned,
            mode="w",
            format=tarfile.PAX_FORMAT,
            encoding="utf-8",
            errors="surrogateescape",
            copybufsize=CHUNK,
        )
        for folder_name in _folders(files, name):
            archive.addfile(_entry(folder_name, tarfile.DIRTYPE, _FOLDER_MODE, 0))
        for file in sorted(files, key=lambda entry: os.fsencode(entry.path)):
            _add(archive, folder, file, name, advance)
        archive.close()


def _add(archive: tarfile.TarFile, folder: Path, file: FileRecord, name: str, advance: Advance) -> None:
    path = folder / file.path
    try:
        handle = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} is missing", hint="refgenie verify, refgenie doctor") from error
    with handle:
        if os.fstat(handle.fileno()).st_size != file.size:
            raise _altered(path)
        reader: Any = _DigestingReader(handle, advance)
        archive.addfile(_entry(f"{name}/{file.path}", tarfile.REGTYPE, _FILE_MODE, file.size), reader)
        if reader.state.hexdigest() != file.sha256:
            raise _altered(path)


def _altered(path: Path) -> DigestMismatchError:
    return DigestMismatchError(
        f"{path} is not what was registered", hint="refgenie verify says what else was changed"
    )


def _entry(name: str, kind: bytes, mode: int, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size = kind, mode, size
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _folders(files: Sequence[FileRecord], name: str) -> list[str]:
    """The folders that hold files, parents before children."""
    found = {name}
    for file in files:
        parts = file.path.split("/")[:-1]
        found.update("/".join([name, *parts[: depth + 1]]) for depth in range(len(parts)))
    return sorted(found, key=os.fsencode)

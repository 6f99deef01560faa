"""Unpacks an archive as far as its manifest allows: nothing else, nowhere else, nothing bigger."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import tarfile
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol

from refgenie.core.digests import CHUNK, FileRecord
from refgenie.core.progress import Advance
from refgenie.errors import DigestMismatchError
from refgenie.sequences.durable import writing

_HEADERS_PER_ENTRY = 16 << 10
"""Bytes of tar headers and padding that one entry may take: long names, PAX records."""
_HEADERS = 1 << 20
_FORBIDDEN_BITS = 0o6000
_BEHIND = 16
"""Pieces that may wait to be hashed."""


class ArchiveSource(Protocol):
    """Where an archive's bytes come from, perhaps while they arrive; a raw binary stream."""

    def read(self, count: int = -1, /) -> bytes | None:
        """At most ``count`` bytes; none at the end."""
        ...

    def readinto(self, buffer: Any, /) -> int:
        """Fill a part of the buffer; 0 at the end."""
        ...

    def abort(self) -> None:
        """No more is wanted: a read that waits returns."""
        ...


def unpack(
    source: ArchiveSource,
    files: Sequence[FileRecord],
    name: str,
    folder: Path,
    *,
    advance: Advance = lambda _count: None,
) -> None:
    """Unpack ``<name>/<files>`` from a ``.tgz`` into a folder and verify each file's SHA-256.

    Only what the manifest lists is written, as regular files made anew; a link to a file that was
    unpacked before becomes a hard link to it. The archive is read to its end.

    Args:
        source: The compressed bytes.
        files: The manifest, whose paths were checked before.
        name: The one folder in the archive.
        folder: Where the files go; it is there and empty.
        advance: Told the bytes of content that were written.

    Raises:
        DigestMismatchError: The archive is damaged, holds what the manifest does not, or lacks what
            it does: an absolute path, ``..``, a link that leaves the folder, a device, a setuid bit,
            another size, another digest.
        DiskFullError: No space left.
    """
    from isal import igzip_threaded, isal_zlib

    inflate_error: Any = isal_zlib.error
    stream: Any = source
    try:
        with _Hashing() as hashing, igzip_threaded.open(stream, "rb") as inflated:
            try:
                _Unpacking(inflated, files, name, folder, advance, hashing).run()
                _check_end(inflated, name)
            except BaseException:
                source.abort()  # the inflating thread may wait for bytes that nobody wants any more
                raise
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, inflate_error) as error:
        raise DigestMismatchError(f"the archive of {name} is damaged: {error}") from error
    rest = memoryview(bytearray(CHUNK))
    while source.readinto(rest):  # what lies behind the gzip stream counts for the archive's digest
        pass


def _check_end(inflated: IO[bytes], name: str) -> None:
    rest = 0
    while data := inflated.read(CHUNK):
        rest += len(data)
        if rest > _HEADERS or data.strip(b"\0"):
            raise DigestMismatchError(f"the archive of {name} goes on after its end")


class _Bounded:
    """Lets no more through than the manifest accounts for, so that no header can fill the memory."""

    def __init__(self, inflated: IO[bytes], allowance: int) -> None:
        self._inflated = inflated
        self.allowance = allowance

    def read(self, count: int) -> bytes:
        data = self._inflated.read(count)
        self.allowance -= len(data)
        if self.allowance < 0:
            raise DigestMismatchError("the archive is bigger than its manifest says")
        return data


class _Hashing:
    """SHA-256 on a thread of its own, beside inflating and writing."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hash")
        self._pending: deque[Future[None]] = deque()
        self._state = hashlib.sha256()

    def update(self, data: bytes) -> None:
        """Hash these bytes next; waits where hashing is far behind."""
        self._pending.append(self._pool.submit(self._state.update, data))
        while len(self._pending) > _BEHIND:
            self._pending.popleft().result()

    def finish(self) -> str:
        """The SHA-256 (hex) since the last call."""
        while self._pending:
            self._pending.popleft().result()
        digest = self._state.hexdigest()
        self._state = hashlib.sha256()
        return digest

    def __enter__(self) -> _Hashing:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._pool.shutdown(cancel_futures=True)


class _Unpacking:
    """One pass over an archive's entries."""

    def __init__(
        self,
        inflated: IO[bytes],
        files: Sequence[FileRecord],
        name: str,
        folder: Path,
        advance: Advance,
        hashing: _Hashing,
    ) -> None:
        self._hashing = hashing
        # What is read ahead comes on top of headers and content.
        self._bounded = _Bounded(inflated, _HEADERS + CHUNK + _HEADERS_PER_ENTRY * 2 * (len(files) + 1))
        self._expected: Mapping[str, FileRecord] = {file.path: file for file in files}
        self._folders = {
            posixpath.normpath(posixpath.join(name, *file.path.split("/")[:depth]))
            for file in files
            for depth in range(file.path.count("/") + 1)
        }
        self._done: set[str] = set()
        self._name = name
        self._folder = folder
        self._advance = advance

    def run(self) -> None:
        bounded: Any = self._bounded
        with tarfile.open(
            fileobj=bounded, mode="r|", bufsize=CHUNK, encoding="utf-8", errors="surrogateescape"
        ) as archive:
            while (entry := archive.next()) is not None:
                self._take(archive, entry)
        missing = self._expected.keys() - self._done
        if missing:
            self._refuse(f"lacks {len(missing)} files, {min(missing)!r} among them")

    def _take(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        shown = entry.name.removeprefix("./")
        if posixpath.isabs(entry.name) or ".." in entry.name.split("/"):
            self._refuse(f"holds {entry.name!r}, which leaves its folder")
        if entry.isdir():
            if shown.rstrip("/") not in self._folders | {"", "."}:
                self._refuse(f"holds the folder {shown!r}, which its manifest does not")
            return
        path = shown.removeprefix(f"{self._name}/")
        file = self._expected.get(path)
        if file is None or path == shown:
            self._refuse(f"holds {shown!r}, which its manifest does not")
        if path in self._done:
            self._refuse(f"holds {shown!r} twice")
        if entry.mode & _FORBIDDEN_BITS:
            self._refuse(f"holds {shown!r} with a setuid or setgid bit")
        if entry.islnk() or entry.issym():
            self._link(entry, file)
        elif entry.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and not entry.issparse():
            self._write(archive, entry, file)
        else:
            self._refuse(f"holds {shown!r}, which is no regular file")
        self._done.add(path)

    def _link(self, entry: tarfile.TarInfo, file: FileRecord) -> None:
        base = posixpath.dirname(entry.name) if entry.issym() else ""
        target = posixpath.normpath(posixpath.join(base, entry.linkname))
        path = target.removeprefix(f"{self._name}/")
        if posixpath.isabs(target) or path == target:
            self._refuse(f"holds the link {entry.name!r} that leaves its folder: {entry.linkname!r}")
        if path not in self._done:
            self._refuse(f"holds the link {entry.name!r} to what it has not: {entry.linkname!r}")
        if self._expected[path].sha256 != file.sha256:
            self._refuse(f"holds {entry.name!r} with other content than its manifest says")
        with writing(str(self._folder / file.path)):
            self._make_parent(file.path).hardlink_to(self._folder / path)
        self._advance(file.size)

    def _write(self, archive: tarfile.TarFile, entry: tarfile.TarInfo, file: FileRecord) -> None:
        if entry.size != file.size:
            self._refuse(f"holds {file.path!r} with {entry.size} bytes, its manifest says {file.size}")
        self._bounded.allowance += entry.size
        content = archive.extractfile(entry)
        assert content is not None
        full = self._folder / file.path
        with writing(str(full)), self._make_parent(file.path).open("xb") as out:
            while data := content.read(CHUNK):
                self._hashing.update(data)
                out.write(data)
                self._advance(len(data))
        if self._hashing.finish() != file.sha256:
            self._refuse(f"holds {file.path!r} with other content than its manifest says")

    def _make_parent(self, path: str) -> Path:
        full = self._folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        return full

    def _refuse(self, what: str) -> NoReturn:
        raise DigestMismatchError(f"the archive of {self._name} {what}; nothing of it is kept")

"""Opening a FASTA file: what is in it decides how it is read, never its name."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from refgenie.errors import InvalidInputError, NotFoundError, NotPermittedError

CHUNK = 1 << 18
GZIP = b"\x1f\x8b"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every BGZF file (SAM specification, section 4.1.2)."""

_REFUSED = {
    b"BZh": "is compressed with bzip2; unpack it, or compress it with gzip or bgzip",
    b"\xfd7zXZ\x00": "is compressed with xz; unpack it, or compress it with gzip or bgzip",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it, or compress it with gzip or bgzip",
    b"\x04\x22\x4d\x18": "is compressed with lz4; unpack it, or compress it with gzip or bgzip",
    b"PK\x03\x04": "is a zip archive; unpack it first",
    b"\x1aE\xdf\xa3": "is no FASTA file",
    b"\xef\xbb\xbf": "begins with a byte-order mark; save it as plain text without one",
    b"\xff\xfe": "is UTF-16 text; save it as plain ASCII",
    b"\xfe\xff": "is UTF-16 text; save it as plain ASCII",
    b"C'A\x1a": "is a 2bit file; convert it with twoBitToFa first",
    b"\x1a'AC": "is a 2bit file; convert it with twoBitToFa first",
    b"CRAM": "is a CRAM file",
    b"BAM\x01": "is a BAM file",
}


class _Raw:
    """The file's own bytes; remembers the last of them and tells how many were read."""

    def __init__(self, handle: IO[bytes], advance: Callable[[int], None]) -> None:
        self._handle = handle
        self._advance = advance
        self._ahead = b""
        self.tail = b""

    def look(self, count: int) -> bytes:
        while len(self._ahead) < count and (more := self._handle.read(count - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def read(self, size: int = CHUNK) -> bytes:
        if self._ahead:
            piece, self._ahead = self._ahead, b""
        else:
            piece = self._handle.read(CHUNK if size < 0 else size)
        self.tail = (self.tail + piece[-len(BGZF_END) :])[-len(BGZF_END) :]
        self._advance(len(piece))
        return piece

    def readinto(self, buffer: memoryview) -> int:
        piece = self.read(len(buffer))
        if len(piece) > len(buffer):
            self._ahead, piece = piece[len(buffer) :], piece[: len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)


def size_of(path: Path) -> int | None:
    """Bytes of a regular file, None for a pipe."""
    status = path.stat()
    return status.st_size if path.is_file() else None


@contextmanager
def open_fasta(path: Path, advance: Callable[[int], None]) -> Iterator[Iterator[bytes]]:
    """The text of a FASTA file, in pieces of a quarter of a megabyte.

    Args:
        path: Plain, gzip (also of several members) or BGZF, by content; a pipe is fine.
        advance: Told the bytes that were read of the file itself.

    Raises:
        NotFoundError, NotPermittedError: There is no such file, or it may not be read.
        InvalidInputError: Another compression, or damaged; also while the pieces are read.
    """
    try:
        handle = cast("IO[bytes]", path.open("rb", buffering=0))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise InvalidInputError(f"{path} is a folder, not a FASTA file") from error
    except PermissionError as error:
        raise NotPermittedError(f"{path} may not be read") from error
    with handle:
        raw = _Raw(handle, advance)
        start = raw.look(18)
        _refuse(path, start)
        yield _inflated(path, raw, start) if start.startswith(GZIP) else _plain(path, raw)


def _refuse(path: Path, start: bytes) -> None:
    if not start:
        raise InvalidInputError(f"{path}: the file is empty")
    for magic, reason in _REFUSED.items():
        if start.startswith(magic):
            raise InvalidInputError(f"{path} {reason}")


def _plain(path: Path, raw: _Raw) -> Iterator[bytes]:
    try:
        while piece := raw.read():
            yield piece
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error


def _inflated(path: Path, raw: _Raw, start: bytes) -> Iterator[bytes]:
    from isal import igzip
    from isal.igzip_lib import IsalError

    blocked = start[3] & 4 and start[12:14] == b"BC"
    first = True
    broken = cast("type[Exception]", IsalError)  # isal's stubs call it an instance
    try:
        with igzip.IGzipFile(fileobj=raw, mode="rb") as text:
            while piece := text.read(CHUNK):
                if first:
                    _refuse(path, piece[:18])
                    first = False
                yield piece
    except EOFError as error:
        raise InvalidInputError(f"{path}: the gzip file is cut off") from error
    except (broken, zlib.error, OSError) as error:
        raise InvalidInputError(f"{path}: the gzip file is damaged ({error})") from error
    if first:
        raise InvalidInputError(f"{path}: the gzip file has no content")
    if blocked and raw.tail != BGZF_END:
        raise InvalidInputError(f"{path}: the bgzip file is cut off, the block that ends it is missing")

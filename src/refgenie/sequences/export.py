"""A genome as FASTA file, its faidx index and its table of lengths.

The place of every line of the file follows from the lengths, so that two processes write a
large file at once.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from refgenie.core.progress import Progress
from refgenie.sequences.durable import write_bytes, writing
from refgenie.sequences.model import Case, SequenceInfo
from refgenie.sequences.reader import StoreReader
from refgenie.sequences.store_files import StoreFiles
from refgenie.sequences.workers import Worker

WIDTH = 60
_LINES = 1024
"""Lines that are cut at once; as many as fit the processor's cache."""
_BLOCK = struct.Struct(f"{WIDTH}s" * _LINES)
_PIECE = WIDTH * _LINES
_SHARED = 32 << 20
"""Bytes from which the file is written by two processes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A range of a collection's residues: from one (sequence, position) up to another.

    Attributes:
        first: Number of the first sequence.
        start: Position in it, a multiple of the line width.
        last: Number of the last sequence.
        end: Position in it that is no longer written.
        offset: Where the part begins in the file, in bytes.
    """

    first: int
    start: int
    last: int
    end: int
    offset: int


def export_fasta(
    files: StoreFiles, digest: str, folder: Path, *, case: Case, progress: Progress
) -> list[Path]:
    """Write ``<digest>.fa``, ``.fa.fai`` and ``.chrom.sizes``; see LocalMode.export_fasta."""
    sequences = files.sequences(digest)
    fasta = folder / f"{digest}.fa"
    index, sizes = folder / f"{digest}.fa.fai", folder / f"{digest}.chrom.sizes"
    keep_case = case == "keep"
    with writing(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{digest}.fa.part"
        try:
            _write_fasta(files, digest, sequences, part, keep_case, progress)
            part.replace(fasta)
        finally:
            part.unlink(missing_ok=True)
        write_bytes(index, faidx(sequences))
        write_bytes(sizes, "".join(f"{entry.name}\t{entry.length}\n" for entry in sequences).encode())
    return [fasta, index, sizes]


def header(entry: SequenceInfo) -> bytes:
    """The FASTA header line as it was imported."""
    text = f"{entry.name} {entry.description}" if entry.description else entry.name
    return f">{text}\n".encode()


def text_size(residues: int) -> int:
    """Bytes of so many residues with their line ends."""
    return residues + (residues + WIDTH - 1) // WIDTH


def faidx(sequences: list[SequenceInfo]) -> bytes:
    """The index that ``samtools faidx`` writes for the exported file."""
    rows, offset = [], 0
    for entry in sequences:
        offset += len(header(entry))
        width = min(WIDTH, entry.length)
        rows.append(f"{entry.name}\t{entry.length}\t{offset}\t{width}\t{width + 1}\n")
        offset += text_size(entry.length)
    return "".join(rows).encode()


def parts_of(sequences: list[SequenceInfo], *, shared: int = _SHARED) -> tuple[list[Part], int]:
    """The file in one part, or in two where it is large; and its size in bytes."""
    sizes = [len(header(entry)) + text_size(entry.length) for entry in sequences]
    total, last = sum(sizes), len(sequences) - 1
    whole = Part(0, 0, last, sequences[-1].length if sequences else 0, 0)
    if total < shared or not sequences:
        return [whole], total
    number, before = 0, 0
    while before + sizes[number] < total // 2:
        before += sizes[number]
        number += 1
    lines = (total // 2 - before) // (WIDTH + 1)
    cut = min(lines * WIDTH, (sequences[number].length - 1) // WIDTH * WIDTH)
    if cut <= 0:
        return [whole], total
    offset = before + len(header(sequences[number])) + text_size(cut)
    return [Part(0, 0, number, cut, 0), Part(number, cut, last, whole.end, offset)], total


def _write_fasta(
    files: StoreFiles,
    digest: str,
    sequences: list[SequenceInfo],
    path: Path,
    keep_case: bool,
    progress: Progress,
) -> None:
    parts, total = parts_of(sequences)
    with path.open("wb") as handle:
        _reserve(handle, total)
    with progress.task(f"Exporting {digest}", total) as advance, ExitStack() as stack:
        if len(parts) == 1:
            write_part(files, digest, path, parts[0], keep_case, advance)
            return
        workers = [
            stack.enter_context(
                Worker(
                    {
                        "do": "export",
                        "store": str(files.root),
                        "collection": digest,
                        "path": str(path),
                        "part": [part.first, part.start, part.last, part.end, part.offset],
                        "keep_case": keep_case,
                    }
                )
            )
            for part in parts
        ]
        for worker in workers:
            for answer in worker.answers():
                advance(answer.get("advance", 0))


def _reserve(handle: IO[bytes], size: int) -> None:
    """Take the disk's space first: a full disk is found before the work and not after it."""
    try:
        os.posix_fallocate(handle.fileno(), 0, max(size, 1))
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        handle.truncate(size)


def write_part(
    files: StoreFiles,
    digest: str,
    path: Path,
    part: Part,
    keep_case: bool,
    advance: Callable[[int], None],
) -> None:
    """Write one part of the file in its place."""
    with StoreReader(files, digest) as reader, path.open("r+b", buffering=1 << 20) as handle:
        handle.seek(part.offset)
        sequences = reader.sequences
        for number in range(part.first, part.last + 1):
            entry = sequences[number]
            start = part.start if number == part.first else 0
            end = part.end if number == part.last else entry.length
            if start == 0:
                handle.write(header(entry))
            for low, high in _pieces(start, end):
                residues = reader.read(entry.name, low, high, keep_case=keep_case)
                handle.writelines(wrapped(residues))
                advance(high - low)


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, _PIECE):
        yield at, min(at + _PIECE, end)


def wrapped(residues: bytearray) -> Iterator[bytes]:
    """Residues in lines, each with its end; the first one begins a line."""
    view, step = memoryview(residues), WIDTH * _LINES
    whole = len(residues) // step * step
    for at in range(0, whole, step):
        yield b"\n".join(_BLOCK.unpack_from(view, at))
        yield b"\n"
    rest = bytes(view[whole:])
    for at in range(0, len(rest), WIDTH):
        yield rest[at : at + WIDTH] + b"\n"

"""Whether a FASTA file is a collection as it was exported: faster than to read it as any FASTA file."""

from __future__ import annotations

import base64
import hashlib
import mmap
from pathlib import Path

from refgenie.sequences.export import header, parts_of, text_size
from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.seqcol import digest_of_level2
from refgenie.sequences.store_files import StoreFiles

_PIECE = 1 << 20
_UPPER = bytes.maketrans(b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def is_export(files: StoreFiles, digest: str, fasta: Path) -> bool:
    """Whether a file has the collection's headers and residues where ``export_fasta`` puts them.

    All of it is read and digested: True means that the file has the collection's digest, be its
    residues in upper or lower case. False means that it has not, or that it is laid out otherwise.
    """
    sequences = files.sequences(digest)
    _, size = parts_of(sequences)
    if not sequences or fasta.stat().st_size != size or _digest_of(sequences) != digest:
        return False
    at = 0
    with fasta.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for entry in sequences:
            head = header(entry)
            start = at + len(head)
            at = start + text_size(entry.length)
            if content[start - len(head) : start] != head or not _holds(content, start, at, entry):
                return False
    return at == size


def _digest_of(sequences: list[SequenceInfo]) -> str:
    return digest_of_level2(
        {
            "names": [entry.name for entry in sequences],
            "lengths": [entry.length for entry in sequences],
            "sequences": [f"SQ.{entry.digest}" for entry in sequences],
        }
    )


def _holds(content: mmap.mmap, start: int, end: int, entry: SequenceInfo) -> bool:
    state, residues = hashlib.sha512(), 0
    for low in range(start, end, _PIECE):
        piece = content[low : min(low + _PIECE, end)].translate(_UPPER, b"\n")
        residues += len(piece)
        state.update(piece)
    found = base64.urlsafe_b64encode(state.digest()[:24]).decode()
    return residues == entry.length and found == entry.digest

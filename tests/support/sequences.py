"""Small genomes and stores for tests of the sequences room and of those above it."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from pathlib import Path

from refgenie.core.layout import Folders
from refgenie.db.locks import FileLocks
from refgenie.sequences import LocalMode

SMALL = """\
>chr1 the first one
ACGTacgtNNNN
acgt
>chr2
GGGGCCCC
>chrM mitochondrion, circular
ACGTACGTAC
GTACGTACGT
AAAA
"""
MIXED = """\
>dna
ACGTNACGTN
>rna
ACGUUGCAACGUACGUACGU
>iupac with every code
ACGTRYKMSWBDHVNacgtrykmswbdhvn
>protein
MKLVBZXJUO*AC-DEFGHIK.
"""


def local_mode(root: Path) -> LocalMode:
    """A local mode whose genome folder is ``root``; nothing is made yet."""
    folders = Folders(root, root.parent / "archives")
    return LocalMode(folders, FileLocks(folders.locks))


def write_fasta(path: Path, text: str = SMALL) -> Path:
    """Write a FASTA file and answer its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def read_fasta(text: str) -> dict[str, str]:
    """Name to residues, read in the plainest way."""
    found: dict[str, str] = {}
    for record in text.split(">")[1:]:
        header, _, body = record.partition("\n")
        found[header.split()[0]] = "".join(body.split())
    return found


def sequence_digest(residues: str) -> str:
    """GA4GH sha512t24u of residues."""
    raw = hashlib.sha512(residues.upper().encode()).digest()[:24]
    return urlsafe_b64encode(raw).decode()


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its content (None for a folder); links are not followed."""
    return {
        path.relative_to(folder).as_posix(): (
            path.read_bytes() if path.is_file() and not path.is_symlink() else None
        )
        for path in sorted(folder.rglob("*"))
    }

"""The seqcol digest of a FASTA file, computed without the engine and without storing anything."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from refgenie.core.progress import NoProgress, Progress
from refgenie.sequences.fasta_scan import FastaScan
from refgenie.sequences.fasta_source import open_fasta
from refgenie.sequences.importing import size_of_input
from refgenie.sequences.seqcol import digest_of_level2


def level2_of_fasta(fasta: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Seqcol level 2 of a FASTA file: names, lengths and sequences as lists; nothing is stored.

    Raises:
        InvalidInputError: It is no FASTA file.
    """
    scan = FastaScan(fasta, None)
    with (
        (progress or NoProgress()).task(f"Digesting {fasta.name}", size_of_input(fasta)) as advance,
        open_fasta(fasta, advance) as pieces,
    ):
        for _ in scan.clean(pieces):
            pass
    digests = [base64.urlsafe_b64encode(entry.sha512.digest()[:24]).decode() for entry in scan.sequences]
    return {
        "names": [entry.name for entry in scan.sequences],
        "lengths": [entry.length for entry in scan.sequences],
        "sequences": [f"SQ.{digest}" for digest in digests],
    }


def digest_fasta(fasta: Path, progress: Progress) -> str:
    """Seqcol digest of a FASTA file; see LocalMode.digest_fasta."""
    return digest_of_level2(level2_of_fasta(fasta, progress))

"""``refgenie getseq`` beside ``samtools faidx``, and beside itself with a large store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.installation import Installation
from benchmarks.measure import Command, Row, timed
from benchmarks.sequence_data import write_contigs, write_genome

REGION = "chr1:1000-2000"
"""0-based, half-open; samtools counts from 1."""
SAMTOOLS_REGION = "chr1:1001-2000"
CONTIGS = 150
CONTIG_LENGTH = 120


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """All rows."""
    runs = 1 if smoke else 30
    collections = 20 if smoke else 2000
    fasta = write_genome(folder / "genome.fa", 1_000_000 if smoke else 10_000_000, chromosomes=8)
    small = Installation(folder / "small").with_genome(fasta)
    exported = small.refgenie("seek", "bench/fasta")
    ours = small.command("getseq", "bench", REGION)
    samtools = Command(["samtools", "faidx", exported, SAMTOOLS_REGION])
    same_bases(ours, samtools)

    yield timed(
        "getseq of 1,000 bases, store of one genome", "samtools faidx",
        ours, samtools, bar=12, runs=runs,
    )  # fmt: skip

    large = Installation(folder / "large").with_genome(fasta)
    add_collections(large.store, folder / "contigs", collections)
    crowded = large.command("getseq", "bench", REGION)
    same_bases(crowded, samtools)
    size = f"{collections:,} collections, {collections * CONTIGS:,} sequences"
    yield timed(f"getseq, {size}", "samtools faidx", crowded, samtools, bar=12, runs=runs)
    yield timed(f"getseq, {size}", "itself with one genome", crowded, ours, bar=2, runs=runs)


def same_bases(ours: Command, samtools: Command) -> None:
    """Both give the same text, else nothing is compared."""

    def bases(command: Command) -> str:
        ended = subprocess.run(
            [str(argument) for argument in command.arguments],
            env=command.env and dict(command.env), check=True, capture_output=True, text=True,
        )  # fmt: skip
        lines = ended.stdout.splitlines()
        return "".join(line for line in lines if not line.startswith(">")).upper()

    if bases(ours) != bases(samtools):
        raise RuntimeError("refgenie and samtools give different bases")


ADD_ALL = """
import sys
from gtars.refget import RefgetStore
store = RefgetStore.on_disk(sys.argv[1])
store.set_quiet(True)
store.add_sequence_collections_from_fastas(sys.argv[2:])
"""


def add_collections(store: Path, folder: Path, count: int) -> None:
    """Add collections of short sequences to a store by the engine's own bulk import."""
    folder.mkdir()
    fastas = [
        write_contigs(folder / f"{number}.fa", CONTIGS, CONTIG_LENGTH, seed=number) for number in range(count)
    ]
    subprocess.run(
        [sys.executable, "-c", ADD_ALL, str(store), *map(str, fastas)],
        check=True,
        stdout=subprocess.DEVNULL,
    )

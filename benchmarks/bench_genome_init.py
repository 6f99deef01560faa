"""``refgenie genome init`` beside the import of gtars alone: time and memory."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.installation import Installation, then_flushed
from benchmarks.measure import Command, Row, peak_memory, timed
from benchmarks.sequence_data import gzipped, write_contigs, write_genome

IMPORT = """
import sys
from gtars.refget import RefgetStore
store = RefgetStore.on_disk(sys.argv[1])
store.add_sequence_collection_from_fasta(sys.argv[2])
"""


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """Rows for a plain and a compressed FASTA file, and for one of many short sequences."""
    total = 300_000 if smoke else 300_000_000
    runs = 1 if smoke else 5
    count = 100 if smoke else 20_000
    plain = write_genome(folder / "genome.fa", total)
    for fasta, kind in ((plain, "plain"), (gzipped(plain), "gzip")):
        what = f"genome init, {total // 1_000_000} Mb, {kind}"
        ours, theirs = refgenie_import(folder, fasta), gtars_import(folder, fasta)
        yield timed(what, "gtars' import", ours, theirs, bar=1.6, runs=runs)
        peaks = [(peak_memory(ours), peak_memory(theirs)) for _ in range(runs)]
        our_peak, their_peak = (statistics.median(column) for column in zip(*peaks, strict=True))
        yield Row(f"{what}: peak memory", "gtars' import", our_peak, their_peak, bar=1.5, unit="B")
    contigs = write_contigs(folder / "contigs.fa", count, 600, seed=2)
    ours, theirs = refgenie_import(folder, contigs), gtars_import(folder, contigs)
    yield timed(f"genome init, {count:,} contigs", "gtars' import", ours, theirs, bar=1.6, runs=runs)


def refgenie_import(folder: Path, fasta: Path) -> Command:
    """Ours, into a new installation each time."""
    home = Installation(folder / "ours")

    def prepare() -> None:
        shutil.rmtree(home.home, ignore_errors=True)
        home.refgenie("init")

    arguments = home.flushed("genome", "init", "--fasta", fasta, "--name", "bench")
    return Command(arguments, env=home.env, prepare=prepare)


def gtars_import(folder: Path, fasta: Path) -> Command:
    """The yardstick, into a new store each time; what it left beside the FASTA is removed."""
    store = folder / "store"

    def prepare() -> None:
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir()
        for sidecar in folder.glob("*.rgs*"):
            sidecar.unlink()

    arguments = then_flushed([sys.executable, "-c", IMPORT, store, fasta], store)
    return Command(arguments, prepare=prepare)

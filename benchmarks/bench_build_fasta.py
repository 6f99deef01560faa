"""``refgenie build G/fasta`` beside the export of gtars and ``sha256sum`` of what it wrote."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.installation import Installation, then_flushed
from benchmarks.measure import Command, Row, timed
from benchmarks.sequence_data import write_genome

EXPORT = """
import subprocess, sys
from gtars.refget import RefgetStore
store_path, digest, output = sys.argv[1:]
store = RefgetStore.open_local(store_path)
store.load_collection(digest)
sequences = store.get_collection(digest).sequences
for sequence in sequences:
    store.load_sequence(sequence.metadata.sha512t24u)
names = [sequence.metadata.name for sequence in sequences]
store.export_fasta(digest, output, names, 60)
subprocess.run(["sha256sum", output], check=True)
"""


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """The one row."""
    total = 300_000 if smoke else 300_000_000
    fasta = write_genome(folder / "genome.fa", total)
    home = Installation(folder / "home")
    home.refgenie("init")
    home.refgenie("genome", "init", "--fasta", fasta, "--name", "bench")
    digest = json.loads(home.refgenie("alias", "get", "-a", "bench", "--json"))[0]["genome_digest"]
    fasta.unlink()
    built = home.home / "genomes" / "data" / digest / "fasta"
    export = folder / "export"

    def remove_ours() -> None:
        if built.exists():
            home.refgenie("remove", "bench/fasta", "--yes")

    def remove_theirs() -> None:
        shutil.rmtree(export, ignore_errors=True)
        export.mkdir()

    ours = Command(home.flushed("build", "bench/fasta"), env=home.env, prepare=remove_ours)
    exporting = [sys.executable, "-c", EXPORT, home.store, digest, export / "genome.fa"]
    theirs = Command(then_flushed(exporting, export), prepare=remove_theirs)
    yield timed(
        f"build of the asset fasta, {total // 1_000_000} Mb", "gtars' export and sha256sum",
        ours, theirs, bar=1.3, runs=1 if smoke else 5,
    )  # fmt: skip

"""Small answers of a server while it sends a collection of many sequences, and how fast it sends that."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clients import Connection, answers_per_second, asking
from benchmarks.installation import Installation
from benchmarks.loopback import serving
from benchmarks.measure import Row
from benchmarks.sequence_data import write_contigs, write_genome

CLIENTS = 8
LENGTH = 24
SHARE_LEFT = 0.5
BIG_ANSWERS = 10.0
IMPORT = """
import sys
from gtars.refget import RefgetStore
store = RefgetStore.on_disk(sys.argv[1])
store.set_quiet(True)
print(store.add_sequence_collection_from_fasta(sys.argv[2])[0].digest)
"""


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """Both rows, of the same runs."""
    sequences = 2_000 if smoke else 200_000
    seconds, runs = (0.3, 2) if smoke else (3.0, 7)
    site = Installation(folder / "site")
    site.refgenie("init")
    small = collection(site, write_genome(folder / "small.fa", 10_000, chromosomes=2))
    big = collection(site, write_contigs(folder / "big.fa", sequences, LENGTH, seed=5))
    targets = [
        "/healthcheck",
        f"/seqcol/collection/{small}?level=2",
        "/v4/genomes?limit=10",
        "/service-info",
    ]
    with serving(site) as server:
        target = f"/seqcol/collection/{big}?level=2"
        with Connection(server.url) as connection:
            size = connection.get(target)  # made and kept
        alone, beside, answers = [], [], []
        for _ in range(runs + 1):
            alone.append(answers_per_second(server.url, targets, CLIENTS, seconds))
            with asking(server.url, target) as answered:
                begin = time.perf_counter()
                beside.append(answers_per_second(server.url, targets, CLIENTS, seconds))
                answers.append(answered() / (time.perf_counter() - begin))
    what = f"a collection of {sequences:,} sequences ({size / 1e6:.1f} MB)"
    yield Row(
        f"small answers to {CLIENTS} clients while one reads {what}", "the same without it",
        statistics.median(beside[1:]), statistics.median(alone[1:]), SHARE_LEFT, "/s", at_least=True,
    )  # fmt: skip
    yield Row(
        f"{what}, beside {CLIENTS} clients with small questions", "fixed",
        statistics.median(answers[1:]), BIG_ANSWERS, 1, "/s", at_least=True,
    )  # fmt: skip


def collection(site: Installation, fasta: Path) -> str:
    """Import a FASTA by the engine alone, which many sequences are quicker with; the collection's digest."""
    return site.python(IMPORT, site.store, fasta)

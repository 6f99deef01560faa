"""``refgenie seek`` beside a bare interpreter, and beside itself with a large registry."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.installation import Installation
from benchmarks.measure import Command, Row, timed
from benchmarks.registry_data import fill
from benchmarks.sequence_data import write_genome
from refgenie.db.database import Database

SIZES = {"1,000 genomes × 10 assets": (1000, 10, 1), "1,000,000 assets": (10_000, 10, 10)}
SMOKE_SIZES = {"10 genomes × 10 assets": (10, 10, 1)}


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """All rows."""
    fasta = write_genome(folder / "genome.fa", 100_000, chromosomes=2)
    small = Installation(folder / "small").with_genome(fasta)
    bare = Command([sys.executable, "-c", "pass"])
    runs = 1 if smoke else 100

    yield timed(
        "seek, small registry, SQLite", "python -c pass",
        small.command("seek", "bench/fasta"), bare, bar=3, runs=runs,
    )  # fmt: skip
    yield from on_postgresql(folder, fasta, bare, runs)
    for size, (genomes, groups, assets) in (SMOKE_SIZES if smoke else SIZES).items():
        large = Installation(folder / f"large{genomes}").with_genome(fasta)
        database = Database.from_url(f"sqlite:///{large.registry}")
        fill(database, large.home / "genomes", genomes=genomes, groups=groups, assets=assets)
        database.dispose()
        yield timed(
            f"seek, {size}, SQLite", "itself with 1 asset (minima)",
            large.command("seek", "bench/fasta"), small.command("seek", "bench/fasta"),
            bar=1.15, runs=runs, summary=min,
        )  # fmt: skip


def on_postgresql(folder: Path, fasta: Path, bare: Command, runs: int) -> Iterator[Row]:
    """The row for a registry on a PostgreSQL server."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from support.postgres import running_server, write_database_config

    with running_server() as server:
        url = server.create_database()
        config = write_database_config(folder / "postgresql.yaml", url)
        served = Installation(folder / "postgresql", config).with_genome(fasta)
        yield timed(
            "seek, small registry, PostgreSQL", "python -c pass",
            served.command("seek", "bench/fasta"), bare, bar=20, runs=runs,
        )  # fmt: skip
        server.drop_database(url)

"""Run the measurements: ``python -m benchmarks [NAME…] [--smoke]``.

``--smoke`` does the same on small data in few runs, to see that the measurements themselves work.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks import (
    bench_build_fasta,
    bench_download,
    bench_genome_init,
    bench_getseq,
    bench_listing,
    bench_seek,
    bench_seqcol,
    bench_transfer,
)
from benchmarks.measure import Row, table

Measurement = Callable[[Path, bool], Iterator[Row]]

MEASUREMENTS: dict[str, Measurement] = {
    "seek": bench_seek.measure,
    "getseq": bench_getseq.measure,
    "genome_init": bench_genome_init.measure,
    "build_fasta": bench_build_fasta.measure,
    "transfer": bench_transfer.measure,
    "download": bench_download.measure,
    "listing": bench_listing.measure,
    "seqcol": bench_seqcol.measure,
}


def main() -> int:
    """Print one table of all that was measured; 1 where a bar was missed (not with --smoke)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--smoke", action="store_true", help="small data, few runs")
    parser.add_argument("--folder", type=Path, help="where the data go; the system's temporary folder")
    options = parser.parse_args()
    if unknown := set(options.names) - set(MEASUREMENTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    rows: list[Row] = []
    for name in options.names or MEASUREMENTS:
        folder = Path(tempfile.mkdtemp(prefix=f"refgenie-bench-{name}-", dir=options.folder))
        try:
            for row in MEASUREMENTS[name](folder, options.smoke):
                print(f"{row.what}: {row.ratio:.2f}×, bar {row.shown_bar}", file=sys.stderr, flush=True)
                rows.append(row)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(machine())
    print(table(rows))
    return int(not options.smoke and not all(row.reached for row in rows))


def machine() -> str:
    """Where and when this was measured."""
    memory = psutil.virtual_memory().total / 1e9
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {psutil.cpu_count()} cores, {memory:.0f} GB, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}\n"
    )


if __name__ == "__main__":
    sys.exit(main())

"""Downloads of a file from ``refgenie serve`` beside nginx, and the server's memory under many of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.clients import download
from benchmarks.installation import Installation
from benchmarks.loopback import nginx, serving
from benchmarks.measure import Row, highest_memory, tree_memory
from benchmarks.sequence_data import write_genome, write_noise

FILE = "file.bin"
CLASS = "name: binary\nversion: 1.0.0\nserving_modes: [file]\nseek_keys: {}\n"
MOST_MEMORY = 250e6
STAGE = """
import sys
from refgenie import Refgenie
fasta, definition, folder = sys.argv[1:]
with Refgenie() as rg:
    rg.init()
    rg.genome.initialize_genome(fasta, ["bench"])
    rg.asset_class.add(definition)
    asset = rg.asset.add("bench", "binary", path=folder, asset_class="binary", mode="move")
    rg.stage.add("bench", "binary")
    print(rg.folders.genome_folder / asset.path, asset.digest, sep="\\n")
"""


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """A download whole and by range, then the memory of many at once."""
    size = 6_000_000 if smoke else 600_000_000
    clients, runs = (5, 1) if smoke else (50, 9)
    site = Installation(folder / "site")
    content, target = site_with_file(site, folder, size)
    with serving(site) as server, nginx(folder / "nginx", content) as yardstick:
        ours, theirs = server.url + target, f"{yardstick.url}/{FILE}"
        # First of all: idle is a server that has sent nothing yet.
        idle = tree_memory(server.pid)
        busy = highest_memory(server.pid, lambda: at_once(ours, clients))
        shown = f"{size // 1_000_000} MB"
        yield speed(f"download of {shown}", ours, theirs, None, runs)
        yield speed(f"the last two thirds of {shown} as a range", ours, theirs, (size // 3, size), runs)
    what = f"memory of the server above idle, {clients} downloads of {shown} at once"
    yield Row(what, "fixed", max(busy - idle, 0), MOST_MEMORY, bar=1, unit="B")


def site_with_file(site: Installation, folder: Path, size: int) -> tuple[Path, str]:
    """Stage one file; the folder that has it, and its path on the server."""
    fasta = write_genome(folder / "genome.fa", 10_000, chromosomes=2)
    definition = folder / "binary.yaml"
    definition.write_text(CLASS)
    made = folder / "made"
    made.mkdir()
    write_noise(made / FILE, size)
    content, digest = site.python(STAGE, fasta, definition, made).splitlines()
    return Path(content), f"/v4/assets/{digest}/files/{FILE}"


def speed(what: str, ours: str, theirs: str, wanted: tuple[int, int] | None, runs: int) -> Row:
    """Bytes per second of both in turn, after one download each that does not count."""
    speeds = [(download(ours, wanted), download(theirs, wanted)) for _ in range(runs + 1)]
    our_median, their_median = (statistics.median(column) for column in zip(*speeds[1:], strict=True))
    return Row(what, "nginx, sendfile", our_median, their_median, bar=0.9, unit="B/s", at_least=True)


def at_once(url: str, clients: int) -> None:
    """Download a file that many times side by side."""
    with ThreadPoolExecutor(clients) as pool:
        for running in [pool.submit(download, url) for _ in range(clients)]:
            running.result()

"""`stage`, `pull` and `push` beside tar, curl, sha256sum and obstore's own `put`."""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks.installation import Installation, then_flushed
from benchmarks.loopback import s3, serving
from benchmarks.measure import Command, Row, timed
from benchmarks.sequence_data import write_genome

CLASS = "name: {name}\nversion: 1.0.0\nserving_modes: [{mode}]\nseek_keys: {{}}\n"
MODES = {"packed": "archive", "loose": "file"}
"""Serving mode by group."""
SITE = """
import sys
from pathlib import Path
from refgenie import Refgenie
fasta, content, *definitions = sys.argv[1:]
with Refgenie() as rg:
    rg.init()
    rg.genome.initialize_genome(fasta, ["bench"])
    for definition in definitions:
        rg.asset_class.add(definition)
        group = Path(definition).stem
        asset = rg.asset.add("bench", group, path=content, asset_class=group)
    print(asset.genome_digest, asset.digest)
"""
LAPTOP = """
import sys
from refgenie import Refgenie
with Refgenie() as rg:
    rg.init()
    rg.transfers.subscriptions.subscribe([sys.argv[1]])
    rg.genome.initialize_genome(sys.argv[2], ["bench"])
"""
PUSH = """
import sys, time
from pathlib import Path
import obstore
from obstore.store import from_url
from refgenie import Refgenie
archive, runs = Path(sys.argv[1]), int(sys.argv[2])
with Refgenie() as rg:
    for run in range(runs + 1):
        if run:
            rg.remote.remove("bench")
        rg.remote.add("s3", "s3://bench/ours", name="bench")
        begin = time.perf_counter()
        assert [result.status for result in rg.push()] == ["pushed"]
        ours = time.perf_counter() - begin
        begin = time.perf_counter()
        store = from_url("s3://bench/theirs", client_options={"allow_http": True})
        obstore.put(store, archive.name, archive)
        print(ours, time.perf_counter() - begin)
        # The server keeps all in memory, and what is there already would not be pushed again.
        bucket = from_url("s3://bench", client_options={"allow_http": True})
        for found in [entry for page in obstore.list(bucket) for entry in page]:
            obstore.delete(bucket, found["path"])
"""
PULL = """
import subprocess, sys, time
from refgenie import Refgenie
from refgenie.transfer import download, pulling, unpack
group, folder, script, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
with Refgenie() as rg:
    for run in range(runs + 1):
        subprocess.run(["bash", "-ec", f"rm -rf {folder} && mkdir {folder}"], check=True)
        begin = time.perf_counter()
        rg.pull("bench", group)
        subprocess.run(["sync", "-f", str(rg.folders.genome_folder)], check=True)
        ours = time.perf_counter() - begin
        begin = time.perf_counter()
        subprocess.run(["bash", "-ec", script], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["sync", "-f", folder], check=True)
        print(ours, time.perf_counter() - begin)
        rg.asset.remove("bench", group)
"""


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """Staging, the archive's size, pulling in both modes, pushing."""
    total = 1_000_000 if smoke else 590_000_000
    runs = 1 if smoke else 5
    site = Installation(folder / "site")
    genome, digest = _fill(site, folder, total)
    content = site.home / "genomes" / "data" / genome / "packed" / digest
    yield from _stage(folder, site, content, total)
    with serving(site) as server:
        yield from _pull(folder, server.url, digest, runs, total)
    yield from _push(site, genome, runs)


def _fill(site: Installation, folder: Path, total: int) -> tuple[str, str]:
    """Add an asset of a genome's size in two groups, served as an archive and file by file.

    Returns:
        The digests of genome and asset.
    """
    content = folder / "content"
    content.mkdir()
    write_genome(content / "genome.fa", total // 2, seed=2)
    _write_index(content, total // 2)
    definitions = []
    for group, mode in MODES.items():
        definition = folder / f"{group}.yaml"
        definition.write_text(CLASS.format(name=group, mode=mode))
        definitions.append(definition)
    small = write_genome(folder / "small.fa", 100_000)
    genome, digest = site.python(SITE, small, content, *definitions).split()
    shutil.rmtree(content)
    return genome, digest


def _write_index(folder: Path, total: int) -> None:
    """What an aligner's index is made of: packed residues, and positions as 64-bit numbers."""
    chance = random.Random(4)
    half = total // 16 * 8
    (folder / "genome.pac").write_bytes(chance.randbytes(half))
    positions = bytearray(half)
    for byte in range(4):
        positions[byte::8] = chance.randbytes(half // 8)
    (folder / "genome.sa").write_bytes(positions)


def _stage(folder: Path, site: Installation, content: Path, total: int) -> Iterator[Row]:
    archives = site.home / "archives"

    def unstage() -> None:
        if any(archives.rglob("*.tgz")):
            site.refgenie("stage", "remove", "bench/packed")

    theirs = folder / "theirs.tgz"
    shown = f"{total // 1_000_000} MB"
    # tar takes a minute: two runs, and the files are in memory already, since they were just added.
    yield timed(
        f"stage, archive of {shown}", "tar czf",
        Command(site.flushed("stage", "bench/packed"), env=site.env, prepare=unstage),
        Command(then_flushed(["tar", "czf", theirs, "-C", content.parent, content.name], folder)),
        bar=0.06, runs=2, warm_up=0,
    )  # fmt: skip
    ours = next(archives.rglob("*.tgz"))
    yield Row(
        f"size of the archive of {shown}", "tar czf", ours.stat().st_size, theirs.stat().st_size, 1.05, "B"
    )
    theirs.unlink()
    site.refgenie("stage", "bench/loose")


def _pull(folder: Path, url: str, digest: str, runs: int, total: int) -> Iterator[Row]:
    laptop = Installation(folder / "laptop")
    laptop.python(LAPTOP, url, folder / "small.fa")
    there = folder / "curl"
    shown = f"{total // 1_000_000} MB"
    archive = f"{url}/v4/assets/{digest}/archive?asset_group_name=packed"
    files = f"{url}/v4/assets/{digest}/files"
    scripts = {
        "packed": (
            f"curl -sf '{archive}' -o x.tgz && tar xzf x.tgz && sha256sum default/*",
            "curl, tar xzf, sha256sum",
            0.6,
        ),
        "loose": (
            f"curl -sf -O '{files}/genome.{{fa,pac,sa}}?asset_group_name=loose' && sha256sum *",
            "curl, sha256sum",
            1.2,
        ),
    }
    # From the first request on: what is compared is the transfer, not the start of a program.
    for group, (script, yardstick, bar) in scripts.items():
        printed = laptop.python(PULL, group, there, script, str(runs))
        ours, theirs = _medians(printed)
        yield Row(f"pull of {shown}, {MODES[group]} mode", yardstick, ours, theirs, bar)


def _medians(printed: str) -> tuple[float, float]:
    """Of two columns; the first line is the warm-up."""
    times = [[float(part) for part in line.split()] for line in printed.splitlines()[1:]]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return ours, theirs


def _push(site: Installation, genome: str, runs: int) -> Iterator[Row]:
    """Both in one process: what is compared is the upload, not the start of a program."""
    archive = next((site.home / "archives" / genome / "packed").glob("*.tgz"))
    site.refgenie("stage", "remove", "bench/loose")
    with s3("bench") as environment:
        printed = site.python(PUSH, archive, str(runs), environment=environment)
    ours, theirs = _medians(printed)
    shown = f"push of {archive.stat().st_size // 1_000_000} MB to S3"
    yield Row(shown, "obstore's put, in process", ours, theirs, 1.15)

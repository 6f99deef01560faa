"""`stage`, `pull` and `push` beside tar, curl, sha256sum and obstore's own `put`."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.installation import SCRIPTS, Installation, then_flushed
from benchmarks.measure import Command, Row, timed
from benchmarks.sequence_data import write_genome

CLASS = "name: {name}\nversion: 1.0.0\nserving_modes: [{mode}]\nseek_keys: {{}}\n"
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
        rg.remote.add("s3", f"s3://bench/{run}", name="bench")
        begin = time.perf_counter()
        assert [result.status for result in rg.push()] == ["pushed"]
        ours = time.perf_counter() - begin
        begin = time.perf_counter()
        store = from_url(f"s3://bench/theirs/{run}", client_options={"allow_http": True})
        obstore.put(store, archive.name, archive)
        print(ours, time.perf_counter() - begin)
"""
PULL = """
import subprocess, sys, time
from refgenie import Refgenie
from refgenie.transfer import download, pulling, unpack
group, folder, script, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
with Refgenie() as rg:
    for run in range(runs + 1):
        if run:
            rg.asset.remove("bench", group)
        subprocess.run(["bash", "-ec", f"rm -rf {folder} && mkdir {folder}"], check=True)
        begin = time.perf_counter()
        rg.pull("bench", group)
        subprocess.run(["sync", "-f", str(rg.folders.genome_folder)], check=True)
        ours = time.perf_counter() - begin
        begin = time.perf_counter()
        subprocess.run(["bash", "-ec", script], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["sync", "-f", folder], check=True)
        print(ours, time.perf_counter() - begin)
"""
S3 = """
import sys, time, boto3, logging
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False)
server.start()
boto3.client("s3", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", region_name="us-east-1",
             aws_access_key_id="x", aws_secret_access_key="x").create_bucket(Bucket="bench")
while True:
    time.sleep(60)
"""


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """Staging, its archive's size, pulling in both modes, pushing."""
    total = 6_000_000 if smoke else 590_000_000
    runs = 2 if smoke else 5
    site = _site(folder, total)
    digest = site.refgenie("id", "bench/packed").split()[-1]
    genome = json.loads(site.refgenie("alias", "get", "-a", "bench", "--json"))[0]["genome_digest"]
    content = site.home / "genomes" / "data" / genome / "packed" / digest
    yield from _stage(folder, site, content, runs, total)
    with _serving(site) as url:
        yield from _pull(folder, url, digest, runs, total)
    yield from _push(site, genome, runs)


def _site(folder: Path, total: int) -> Installation:
    """A site with one asset of a genome's size, in two groups: served as an archive, and file by file."""
    small = write_genome(folder / "small.fa", 100_000)
    site = Installation(folder / "site")
    site.refgenie("init")
    site.refgenie("genome", "init", "--fasta", small, "--name", "bench")
    content = folder / "content"
    content.mkdir()
    write_genome(content / "genome.fa", total // 2, seed=2)
    _write_index(content, total // 2)
    for group, mode in (("packed", "archive"), ("loose", "file")):
        definition = folder / f"{group}.yaml"
        definition.write_text(CLASS.format(name=group, mode=mode))
        site.refgenie("asset-class", "add", definition)
        site.refgenie("add", f"bench/{group}", "--path", content, "--asset-class", group)
    shutil.rmtree(content)
    return site


def _write_index(folder: Path, total: int) -> None:
    """What an aligner's index is made of: packed residues, and positions as 64-bit numbers."""
    chance = random.Random(4)
    half = total // 16 * 8
    (folder / "genome.pac").write_bytes(chance.randbytes(half))
    positions = bytearray(half)
    for byte in range(4):
        positions[byte::8] = chance.randbytes(half // 8)
    (folder / "genome.sa").write_bytes(positions)


def _stage(folder: Path, site: Installation, content: Path, runs: int, total: int) -> Iterator[Row]:
    archives = site.home / "archives"

    def unstage() -> None:
        if any(archives.rglob("*.tgz")):
            site.refgenie("stage", "remove", "bench/packed")

    theirs = folder / "theirs.tgz"
    shown = f"{total // 1_000_000} MB"
    yield timed(
        f"stage, archive of {shown}", "tar czf",
        Command(site.flushed("stage", "bench/packed"), env=site.env, prepare=unstage),
        Command(then_flushed(["tar", "czf", theirs, "-C", content.parent, content.name], folder)),
        bar=0.06, runs=max(1, runs // 2),
    )  # fmt: skip
    ours = next(archives.rglob("*.tgz"))
    yield Row(
        f"size of the archive of {shown}", "tar czf", ours.stat().st_size, theirs.stat().st_size, 1.05, "B"
    )
    theirs.unlink()
    site.refgenie("stage", "bench/loose")


def _pull(folder: Path, url: str, digest: str, runs: int, total: int) -> Iterator[Row]:
    laptop = Installation(folder / "laptop")
    laptop.refgenie("init")
    laptop.refgenie("subscribe", url)
    laptop.refgenie("genome", "init", "--fasta", folder / "small.fa", "--name", "bench")
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
        printed = subprocess.run(
            [sys.executable, "-c", PULL, group, there, script, str(runs)],
            env=laptop.env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        laptop.refgenie("remove", f"bench/{group}", "--yes")
        ours, theirs = _medians(printed)
        yield Row(f"pull of {shown}, {group}", yardstick, ours, theirs, bar)


def _medians(printed: str) -> tuple[float, float]:
    """Of two columns; the first line is the warm-up."""
    times = [[float(part) for part in line.split()] for line in printed.splitlines()[1:]]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return ours, theirs


def _push(site: Installation, genome: str, runs: int) -> Iterator[Row]:
    """Both in one process: what is compared is the upload, not the start of a program."""
    archive = next((site.home / "archives" / genome / "packed").glob("*.tgz"))
    port = _free_port()
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    env = {**site.env, **keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", S3, str(port)], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/bench")
        site.refgenie("stage", "remove", "bench/loose")
        printed = subprocess.run(
            [sys.executable, "-c", PUSH, archive, str(runs)],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    finally:
        server.terminate()
        server.wait()
    ours, theirs = _medians(printed)
    shown = f"push of {archive.stat().st_size // 1_000_000} MB to S3"
    yield Row(shown, "obstore's put, in process", ours, theirs, 1.15)


@contextlib.contextmanager
def _serving(site: Installation) -> Iterator[str]:
    port = _free_port()
    server = subprocess.Popen(
        [str(SCRIPTS / "refgenie"), "serve", "--port", str(port)],
        env=site.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthcheck")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError as error:
            if getattr(error, "code", None) is not None:
                return  # it answers, if only that it does not permit this
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} does not answer")

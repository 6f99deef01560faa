"""24 processes add, alias, build and pull at once on one registry: nothing that was recorded is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from refgenie.api import Refgenie
from support.console import Console

PROCESSES = 24

# One interpreter imports the program, then forks: 24 processes start at the same moment.
WORK = """
import json, os, sys, traceback
from pathlib import Path
from refgenie.api import Refgenie
from refgenie.build.request import BuildRequest
import refgenie.assets.service, refgenie.build.service, refgenie.genomes.service, refgenie.transfer.pull

digest, extra = sys.argv[1], Path(sys.argv[2])

def add(rg, number):
    rg.asset.add("phage", "notes", f"n{number}", path=extra, asset_class="notes")

def alias(rg, number):
    rg.alias.set([f"name{number}"], digest)

def build(rg, number):
    # Two jobs want the same asset each time: it is built once.
    rg.builds.build(BuildRequest(genome="phage", group="fasta", asset=f"b{number // 2}", recipe="fasta"))

def pull(rg, number):
    rg.pull("phage", "shared", f"p{number // 2}")

begin, wait = os.pipe(), []
for number in range(24):
    child = os.fork()
    if child == 0:
        os.close(begin[1])
        os.read(begin[0], 1)  # returns for all of them when the parent closes the other end
        try:
            with Refgenie() as rg:
                (add, alias, build, pull)[number % 4](rg, number // 4)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    wait.append(child)
os.close(begin[1])
print(json.dumps([os.waitpid(child, 0)[1] for child in wait]))
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Address of a server that stages six assets of the genome."""
    home = Console(tmp_path / "site")
    fasta, extra = write_inputs(tmp_path)
    home("init").succeeded()
    home("genome", "init", "--fasta", fasta, "--name", "phage").succeeded()
    home("asset-class", "add", tmp_path / "notes.yaml").succeeded()
    paths = [f"phage/shared:p{number}" for number in range(3)]
    for number, path in enumerate(paths):
        (extra / "notes.txt").write_text(f"shared {number}\n")
        home("add", path, "--path", extra, "--asset-class", "notes").succeeded()
    (extra / "notes.txt").write_text("notes\n")
    home("stage", *paths).succeeded()
    port = free_port()
    server = home.start("serve", "-p", str(port))
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=30)


def write_inputs(folder: Path) -> tuple[Path, Path]:
    """A genome, and a folder that can be added as an asset of the class ``notes``."""
    fasta, extra = folder / "phage.fa", folder / "extra"
    fasta.write_text(">chr1\n" + "ACGTTGCA" * 40 + "\n")
    extra.mkdir(exist_ok=True)
    (extra / "notes.txt").write_text("notes\n")
    (folder / "notes.yaml").write_text(
        "name: notes\nversion: 0.0.1\ndescription: Notes\nserving_modes: [file]\n"
        "seek_keys: {notes: {value: notes.txt, type: file, description: Text}}\n"
    )
    return fasta, extra


def free_port() -> int:
    """A port that nothing listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until something listens."""
    import socket
    import time

    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_nothing_is_lost(
    engine: str, site: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = Console(tmp_path / "laptop")
    if engine == "postgresql":
        from support.postgres import write_database_config

        laptop.home.mkdir()
        write_database_config(laptop.database_config, request.getfixturevalue("empty_postgres_url"))
    laptop("init").succeeded()
    digest = (
        laptop("genome", "init", "--fasta", tmp_path / "phage.fa", "--name", "phage")
        .succeeded()
        .stdout.strip()
    )
    laptop("asset-class", "add", tmp_path / "notes.yaml").succeeded()
    laptop("subscribe", site).succeeded()

    ended = subprocess.run(
        [sys.executable, "-c", WORK, digest, str(tmp_path / "extra")],
        env=laptop.environment(), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert json.loads(ended.stdout or "[]") == [0] * PROCESSES, ended.stderr

    for name, value in laptop.environment().items():
        monkeypatch.setitem(os.environ, name, value)
    with Refgenie() as rg:
        assert sorted(rg.alias.of_genome(digest)) == sorted(
            ["phage", *(f"name{number}" for number in range(6))]
        )
        found = {(asset.asset_group_name, asset.name) for asset in rg.asset.list()}
        assert found == {
            *(("notes", f"n{number}") for number in range(6)),
            *(("fasta", f"b{number}") for number in range(3)),
            *(("shared", f"p{number}") for number in range(3)),
        }
        for group, name in found:
            for alias in ("phage", "name3"):
                assert Path(rg.asset.seek(alias, group, name)).exists()
        assert rg.asset.verify() == []
        assert rg.verify_sequences() == []
        assert rg.doctor.find() == []
    with (laptop.genome_folder / ".refget_store/aliases/collections/refgenie.tsv").open() as handle:
        assert len(handle.readlines()) == 7

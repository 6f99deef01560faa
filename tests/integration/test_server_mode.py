"""A site with its sequence store elsewhere: `genome sync`, then `serve`, then a client of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from refgenie import Refgenie
from refgenie.core.layout import Folders
from refgenie.db.locks import FileLocks
from refgenie.sequences import LocalMode
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.console import Console
from support.running_app import running
from support.sequences import SMALL, read_fasta
from support.static_server import StaticServer

QUIET = ServerSettings(access_log="off")


@pytest.fixture
def published(static_server: StaticServer, tmp_path: Path) -> str:
    """A RefgetStore behind a file server: one collection that two namespaces name; its digest."""
    folders = Folders(tmp_path / "store", tmp_path / "archives")
    mode = LocalMode(folders, FileLocks(folders.locks))
    fasta = tmp_path / "small.fa"
    fasta.write_text(SMALL)
    digest = mode.import_fasta(fasta).collection.digest
    mode.set_fhr(digest, {"schemaVersion": 1.0, "genome": "Small", "version": "1"})
    aliases = mode.files.root / "aliases" / "collections"
    aliases.mkdir(parents=True, exist_ok=True)
    (aliases / "refgenie.tsv").write_text(f"small\t{digest}\n")
    (aliases / "ncbi.tsv").write_text(f"GCF_000001\t{digest}\n")
    mode.files.write_manifest()
    static_server.folder.rmdir()
    mode.files.root.rename(static_server.folder)
    return digest


def test_a_registry_is_filled_from_the_store_and_served(
    run_cli: Console, published: str, static_server: StaticServer
) -> None:
    env = {"REFGENIE_REFGET_STORE_URL": static_server.url}
    run_cli("init", env=env).succeeded()
    run_cli("genome", "sync", env=env).succeeded()
    run_cli("genome", "sync", static_server.url, env=env).succeeded()
    rg = Refgenie(database_config_path=run_cli.database_config, refget_store_url=static_server.url)
    with rg, TestClient(create_app(rg, QUIET)) as client:
        [genome] = client.get("/v4/genomes").json()["items"]
        assert genome["digest"] == published
        assert {"small", "GCF_000001"} <= set(genome["aliases"])
        assert client.get("/v4/genomes", params={"alias": "GCF_000001"}).json()["items"] == [genome]
        found = client.get("/v4/aliases/GCF_000001").json()
        assert found["digest"] == published
        assert found["collection"]["names"] == ["chr1", "chr2", "chrM"]
        assert found["fhr"]["genome"] == "Small"
        assert client.get(f"/v4/genomes/{published}/sequence?region=chr2:0-4").text == "GGGG"
    rg.mode.close()


def test_a_library_user_reads_the_store_at_once(
    run_cli: Console, published: str, static_server: StaticServer
) -> None:
    run_cli("init").succeeded()
    with Refgenie(database_config_path=run_cli.database_config, refget_store_url=static_server.url) as rg:
        assert rg.alias.resolve("GCF_000001") == published
        assert rg.getseq("small", "chr2:0-4") == "GGGG"
        cache = rg.mode.store_path  # type: ignore[attr-defined]
        assert cache.exists()
    assert not cache.exists()


def test_a_client_makes_a_genome_of_a_server_and_reads_it(
    run_cli: Console, published: str, static_server: StaticServer, sqlite_url: URL, tmp_path: Path
) -> None:
    run_cli("init").succeeded()
    site = Refgenie(
        database_config_path=run_cli.database_config,
        refget_store_url=static_server.url,
        genome_folder=tmp_path / "site",
        genome_archive_folder=tmp_path / "site-archives",
    )
    laptop = Console(tmp_path / "laptop")
    laptop.home.mkdir()
    laptop("init").succeeded()
    with site, running(create_app(site, QUIET)) as address:
        laptop(
            "genome", "init", "--remote-url", f"{address}/seqcol", "--remote-digest", published, "--name", "s"
        ).succeeded()
        got = laptop("getseq", "s", "chrM:2-9").succeeded().stdout.strip()
        assert got == read_fasta(SMALL)["chrM"][2:9]
        assert laptop("getseq", "s", "chrM:2-9").succeeded().stdout.strip() == got
        # A recipe that reads the store has the other sequences, too.
        laptop("build", "s/fasta").succeeded()
    built = Path(laptop("seek", "s/fasta").succeeded().stdout.strip()).read_text()
    upper = {name: residues.upper() for name, residues in read_fasta(SMALL).items()}
    assert {name: residues.upper() for name, residues in read_fasta(built).items()} == upper
    assert laptop("getseq", "s", "chr1:0-4").succeeded().stdout == "ACGT\n"  # it is here now
    site.mode.close()

"""Sequence collections: refget's own compliance checks, and what its router must not do here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL, delete, make_url

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.db.models import Alias
from refgenie.sequences import LocalMode, ServerMode
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.running_app import running
from support.sequences import sequence_digest
from support.served_home import Home
from support.static_server import serve_folder

TEXT = "TTGGGGAA"
DIGEST = sequence_digest(TEXT)
RESIDUES = {f"SQ.{sequence_digest(text)}": text for text in (TEXT, "GGAA", "GCGC")}
FIXTURES: dict[str, Any] = json.loads(
    (files("refget") / "compliance_data" / "test_fasta_digests.json").read_text()
)
BASE = "XZlrcEGi6mlopZ2uD8ObHkQB1d0oDwKk"
SUBSET = "sv7GIP1K0qcskIKF3iaBmQpaum21vH74"
QUIET = ServerSettings(access_log="off")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A store with the collections that refget's checks know."""
    root = tmp_path_factory.mktemp("seqcol")
    folders = Folders(root / "genomes", root / "archives")
    from refgenie.db.locks import FileLocks

    mode = LocalMode(folders, FileLocks(folders.locks))
    for name, bundle in FIXTURES.items():
        level2 = bundle["level2"]
        text = "".join(
            f">{header}\n{RESIDUES[digest]}\n"
            for header, digest in zip(level2["names"], level2["sequences"], strict=True)
        )
        fasta = root / name
        fasta.write_text(text)
        imported = mode.import_fasta(fasta)
        assert imported.collection.digest == bundle["top_level_digest"]
    mode.set_fhr(BASE, {"schemaVersion": 1.0, "genome": "Test", "version": "1"})
    aliases = mode.files.root / "aliases" / "collections"
    aliases.mkdir(parents=True, exist_ok=True)
    (aliases / "refgenie.tsv").write_text(f"base\t{BASE}\n")
    (aliases / "ncbi.tsv").write_text(f"GCF_1\t{BASE}\nbase\t{SUBSET}\n")
    sequences = aliases.with_name("sequences")
    sequences.mkdir()
    (sequences / "ncbi.tsv").write_text(f"NC_1.1\t{DIGEST}\n")
    mode.files.write_manifest()
    return folders


def opened_home(mode_name: str, store: Folders, url: URL) -> Iterator[Home]:
    database = Database.from_url(url)
    if mode_name == "local":
        yield Home(database, store)
    else:
        with serve_folder(store.store) as static:
            mode = ServerMode(static.url)
            elsewhere = Folders(store.genome_folder.with_name("other"), store.archive_folder)
            yield Home(database, elsewhere, mode=mode)
            mode.close()
    database.dispose()


@pytest.fixture(params=["local", pytest.param("server", marks=pytest.mark.postgres)])
def mode_home(request: pytest.FixtureRequest, store: Folders) -> Iterator[Home]:
    """The store as the server's own, and as a remote one with PostgreSQL, as a site has them."""
    name = "sqlite_url" if request.param == "local" else "postgres_url"
    yield from opened_home(request.param, store, request.getfixturevalue(name))


@pytest.fixture(scope="module", params=["local", pytest.param("server", marks=pytest.mark.postgres)])
def served(
    request: pytest.FixtureRequest, store: Folders, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """The same for tests that change nothing."""
    if request.param == "local":
        path = tmp_path_factory.mktemp("registry") / "refgenie"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        url = make_url(f"sqlite:///{path}")
    else:
        server = request.getfixturevalue("postgres_server")
        url = server.create_database(request.getfixturevalue("_postgres_template"))
    for home in opened_home(request.param, store, url):
        with TestClient(create_app(home, QUIET)) as client:
            yield client
    if request.param == "server":
        server.drop_database(url)


def test_all_of_refgets_own_checks_pass(mode_home: Home) -> None:
    from refget.compliance import run_compliance

    with running(create_app(mode_home, QUIET)) as address:
        report = run_compliance(f"{address}/seqcol")
    failed = [result for result in report["results"] if not result["passed"]]
    assert failed == []
    assert report["total"] > 40


def test_a_collection_in_all_its_forms(served: TestClient) -> None:
    level2 = served.get(f"/seqcol/collection/{BASE}").json()
    assert level2 == {**FIXTURES["base.fa"]["level2"]}
    assert served.get(f"/seqcol/collection/{BASE}?level=1").json() == FIXTURES["base.fa"]["level1"]
    assert served.get(f"/seqcol/collection/{BASE}?attribute=names").json() == ["chrX", "chr1", "chr2"]
    rows = served.get(f"/seqcol/collection/{BASE}?collated=false").json()
    assert rows[0]["name_length_pairs"] == {"length": 8, "name": "chrX"}
    assert len(rows) == 3
    head = served.head(f"/seqcol/collection/{BASE}")
    assert head.headers["content-length"] == str(len(served.get(f"/seqcol/collection/{BASE}").content))


@pytest.mark.parametrize(
    "path",
    [
        "/seqcol/collection/nothing",
        f"/seqcol/collection/{'x' * 32}",
        f"/seqcol/collection/{BASE}?attribute=colours",
        "/seqcol/collection/..%2f..%2frgstore",
        f"/seqcol/attribute/collection/names/{'x' * 32}",
        f"/seqcol/attribute/collection/colours/{'x' * 32}",
        f"/seqcol/comparison/{BASE}/{'x' * 32}",
        "/seqcol/list/attributes/colours",
        "/seqcol/alias/collection/..%2f/x",
        f"/seqcol/collection/{SUBSET}/fhr",
    ],
)
def test_what_is_not_there_is_404_in_the_servers_shape(served: TestClient, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "query", ["page_size=0", "page_size=100000", "page=-1", "page=99999999999", "page_size=x"]
)
def test_pages_have_bounds(served: TestClient, query: str) -> None:
    for path in ("/seqcol/list/collection", "/seqcol/list/attributes/names"):
        assert served.get(f"{path}?{query}").status_code == 422


def test_the_server_fetches_no_address_for_anyone(served: TestClient) -> None:
    for path in ("/seqcol/compliance/run", "/seqcol/compliance/stream"):
        assert served.get(path, params={"target_url": "http://127.0.0.1:1"}).status_code == 404
    answer = served.get(f"/seqcol/collection/{BASE}", headers={"Origin": "https://a.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_lists_are_paged_and_filtered(served: TestClient) -> None:
    whole = served.get("/seqcol/list/collection").json()
    assert whole["pagination"]["total"] == len(FIXTURES)
    assert whole["results"] == sorted(whole["results"])
    page = served.get("/seqcol/list/collection?page=1&page_size=4").json()
    assert page["results"] == whole["results"][4:8]
    names = FIXTURES["base.fa"]["level1"]["names"]
    filtered = served.get(f"/seqcol/list/collection?names={names}").json()["results"]
    assert BASE in filtered
    assert SUBSET not in filtered


def test_regions_are_read(served: TestClient) -> None:
    wanted = [{"chrom": "chrX", "start": 1, "end": 4}, {"chrom": "chr2", "start": 0, "end": 4}]
    answer = served.post(f"/seqcol/collection/{BASE}/regions", json=wanted)
    assert [entry["sequence"] for entry in answer.json()] == ["TGG", "GCGC"]
    for bad in ([{"chrom": "chrX"}], [{"chrom": "chrX", "start": 3, "end": 99}], [{}], [{"chrom": 1}]):
        refused = served.post(f"/seqcol/collection/{BASE}/regions", json=bad)
        assert refused.status_code == 422, bad
        assert refused.json()["error"]["code"] == "invalid_input"


@pytest.mark.parametrize(
    "posted",
    [{}, {"names": 1}, {"names": [], "lengths": [1], "sequences": []}, {"names": None, "lengths": {}}],
)
def test_what_is_no_collection_is_not_compared(served: TestClient, posted: dict[str, Any]) -> None:
    assert served.post(f"/seqcol/comparison/{BASE}", json=posted).status_code == 422


def test_aliases_and_metadata_of_the_store(served: TestClient) -> None:
    assert served.get("/seqcol/list/alias/collection").json() == {"namespaces": ["ncbi", "refgenie"]}
    assert served.get("/seqcol/alias/collection/ncbi/GCF_1").json()["digest"] == BASE
    assert served.get(f"/seqcol/aliases/collection/{BASE}").json()["aliases"] == [
        ["ncbi", "GCF_1"],
        ["refgenie", "base"],
    ]
    assert served.get(f"/seqcol/collection/{BASE}/fhr").json()["genome"] == "Test"
    assert served.get("/seqcol/list/fhr").json() == {"collections": [BASE]}
    info = served.get("/seqcol/service-info").json()
    assert info["id"] == "org.refgenie.seqcol"
    assert info["seqcol"]["refget_store"] == {"enabled": False, "url": None}


def test_an_advertised_store(mode_home: Home) -> None:
    settings = ServerSettings(access_log="off", refget_store_url="https://bucket.example/store")
    with TestClient(create_app(mode_home, settings)) as client:
        store = client.get("/seqcol/service-info").json()["seqcol"]["refget_store"]
    assert store["enabled"] is True
    assert store["url"] == "https://bucket.example/store"
    assert store["n_collections"] == len(FIXTURES)


def test_aliases_are_resolved_by_the_registry_first(mode_home: Home) -> None:
    mode_home.genome(SUBSET, "base")
    with TestClient(create_app(mode_home, QUIET)) as client:
        mine = client.get("/v4/aliases/base").json()
        assert (mine["digest"], mine["source"]) == (SUBSET, "server")
        assert mine["collection"] == FIXTURES["subset.fa"]["level2"]
        assert mine["fhr"] is None
        if mode_home.mode.writable:
            return
        store = client.get("/v4/aliases/GCF_1").json()
        assert (store["digest"], store["source"]) == (BASE, "ncbi")
        assert store["fhr"]["genome"] == "Test"
        listed = {item["name"]: item["source"] for item in client.get("/v4/aliases").json()["items"]}
        assert listed == {"base": "server", "GCF_1": "ncbi"}
        mode_home.database.write(lambda session: session.execute(delete(Alias)))
        own = client.get("/v4/aliases/base").json()
        assert (own["digest"], own["source"]) == (BASE, "refgenie")


def test_nothing_is_asked_of_the_remote_store_by_requests(store: Folders, sqlite_url: URL) -> None:
    database = Database.from_url(sqlite_url)
    with serve_folder(store.store) as static:
        mode = ServerMode(static.url)
        home = Home(database, Folders(Path("/nowhere/g"), Path("/nowhere/a")), mode=mode)
        app = create_app(home, QUIET)
        with TestClient(app) as client:
            before = len(static.requests)
            for _ in range(3):
                assert client.get(f"/seqcol/collection/{BASE}/fhr").status_code == 200
                assert client.get("/seqcol/alias/collection/ncbi/GCF_1").status_code == 200
                assert client.get("/v4/aliases").status_code == 200
                assert client.get("/seqcol/list/collection").status_code == 200
            assert len(static.requests) == before
            assert client.get("/v4/aliases/GCF_1").status_code == 200
        mode.close()
    database.dispose()


def test_a_sequence_is_fetched_alone_and_known_by_its_aliases(store: Folders, sqlite_url: URL) -> None:
    database = Database.from_url(sqlite_url)
    with serve_folder(store.store) as static:
        mode = ServerMode(static.url)
        home = Home(database, Folders(Path("/nowhere/g"), Path("/nowhere/a")), mode=mode)
        with TestClient(create_app(home, QUIET)) as client:
            before = len(static.requests)
            assert client.get(f"/sequence/SQ.{DIGEST}").text == TEXT
            assert client.get(f"/sequence/SQ.{DIGEST}?start=1&end=3").text == TEXT[1:3]
            assert len(static.requests) == before + 1
            metadata = client.get(f"/sequence/SQ.{DIGEST}/metadata").json()["metadata"]
            assert metadata["aliases"] == [{"alias": "NC_1.1", "naming_authority": "ncbi"}]
        mode.close()
    database.dispose()


def test_the_stores_credentials_stay_here(store: Folders, sqlite_url: URL) -> None:
    database = Database.from_url(sqlite_url)
    with serve_folder(store.store) as static:
        url = static.url.replace("://", "://user:secret@")
        mode = ServerMode(url)
        home = Home(database, Folders(Path("/nowhere/g"), Path("/nowhere/a")), mode=mode)
        settings = ServerSettings(access_log="off", refget_store_url=url)
        client = TestClient(create_app(home, settings))
        advertised = client.get("/seqcol/service-info").json()["seqcol"]["refget_store"]["url"]
        assert advertised == static.url
        missing = client.get(f"/v4/genomes/{'A' * 32}/sequence?region=chr1")
        assert (missing.status_code, "secret" in missing.text) == (404, False)
    gone = client.get(f"/sequence/SQ.{DIGEST}")
    assert (gone.status_code, "secret" in gone.text) == (502, False)
    assert static.url in gone.text
    mode.close()
    database.dispose()

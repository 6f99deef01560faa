"""GA4GH refget sequences 2.0, rule by rule, and residues by region."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.db.locks import FileLocks
from refgenie.sequences import LocalMode, ServerMode
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.running_app import running
from support.sequences import MIXED, SMALL, read_fasta, sequence_digest
from support.served_home import Home
from support.static_server import serve_folder

QUIET = ServerSettings(access_log="off")
PLAIN = "text/vnd.ga4gh.refget.v2.0.0+plain"
JSON = "application/vnd.ga4gh.refget.v2.0.0+json"
RESIDUES = {name: text.upper() for name, text in read_fasta(SMALL).items()}
CHR1 = RESIDUES["chr1"]
MD5 = hashlib.md5(CHR1.encode()).hexdigest()
GA4GH = f"SQ.{sequence_digest(CHR1)}"
TRUNC512 = hashlib.sha512(CHR1.encode()).digest()[:24].hex()
SIZE = len(CHR1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folders, str]:
    root = tmp_path_factory.mktemp("sequences")
    folders = Folders(root / "genomes", root / "archives")
    mode = LocalMode(folders, FileLocks(folders.locks))
    for name, text in (("small.fa", SMALL), ("mixed.fa", MIXED)):
        (root / name).write_text(text)
    digest = mode.import_fasta(root / "small.fa").collection.digest
    mode.import_fasta(root / "mixed.fa")
    return folders, digest


@pytest.fixture(scope="module", params=["local", "server"])
def client(
    request: pytest.FixtureRequest,
    store: tuple[Folders, str],
    _sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TestClient]:
    """The store as the server's own, and as a remote one; nothing changes either."""
    path = tmp_path_factory.mktemp("registry") / "refgenie"
    shutil.copy(_sqlite_template, path)
    database = Database.from_url(f"sqlite:///{path}")
    folders = store[0]
    if request.param == "local":
        with TestClient(create_app(Home(database, folders), QUIET)) as opened:
            yield opened
    else:
        elsewhere = Folders(folders.genome_folder.with_name("no"), folders.archive_folder)
        with serve_folder(folders.store) as static:
            mode = ServerMode(static.url)
            home = Home(database, elsewhere, mode=mode)
            with TestClient(create_app(home, QUIET)) as opened:
                yield opened
            mode.close()
    database.dispose()


@pytest.mark.parametrize(
    "identifier", [GA4GH, f"ga4gh:{GA4GH}", MD5, MD5.upper(), TRUNC512, TRUNC512.upper()]
)
def test_a_sequence_has_four_identifiers(client: TestClient, identifier: str) -> None:
    answer = client.get(f"/sequence/{identifier}")
    assert answer.status_code == 200
    assert answer.text == CHR1
    assert answer.headers["content-type"] == f"{PLAIN}; charset=us-ascii"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    head = client.head(f"/sequence/{identifier}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(SIZE)


def test_every_residue_comes_back_as_it_was_imported(client: TestClient) -> None:
    for text in (*RESIDUES.values(), *(value.upper() for value in read_fasta(MIXED).values())):
        assert client.get(f"/sequence/SQ.{sequence_digest(text)}").text == text


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("start=0&end=5", 0, 5),
        ("start=3", 3, SIZE),
        ("end=3", 0, 3),
        (f"start=0&end={SIZE}", 0, SIZE),
        (f"start={SIZE - 1}", SIZE - 1, SIZE),
        ("start=0&end=0", 0, 0),
        ("start=7&end=7", 7, 7),
        (f"start={SIZE}", SIZE, SIZE),
    ],
)
def test_start_and_end(client: TestClient, query: str, start: int, end: int) -> None:
    answer = client.get(f"/sequence/{MD5}?{query}")
    assert answer.status_code == 200
    assert answer.text == CHR1[start:end]
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["accept-ranges"] == "none"


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-4", 0, 5),
        ("bytes=5-5", 5, 6),
        ("bytes=3-", 3, SIZE),
        (f"bytes=0-{SIZE - 1}", 0, SIZE),
        ("bytes=10-99999", 10, SIZE),
        (f"bytes={SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE),
    ],
)
def test_one_range_of_bytes(client: TestClient, header: str, start: int, end: int) -> None:
    answer = client.get(f"/sequence/{MD5}", headers={"Range": header})
    assert answer.status_code == 206
    assert answer.text == CHR1[start:end]
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"


@pytest.mark.parametrize(
    ("identifier", "query", "headers", "status"),
    [
        ("Garbagechecksum", "", {}, 404),
        ("SQ." + "x" * 32, "", {}, 404),
        (GA4GH.removeprefix("SQ."), "", {}, 404),
        ("0" * 32, "", {}, 404),
        ("some1111garbage1111ID", "?start=1&end=10", {"Accept": "text/embl"}, 404),
        (MD5, "", {"Accept": "embl/some_json"}, 406),
        (MD5, "", {"Accept": "text/html"}, 406),
        (MD5, "", {"Accept": "text/plain;q=0"}, 406),
        (MD5, "?start=0&end=abc", {"Accept": "text/embl"}, 406),
        (MD5, "?start=abc", {}, 400),
        (MD5, "?start=-1", {}, 400),
        (MD5, "?start=1.5", {}, 400),
        (MD5, "?end=", {}, 400),
        (MD5, f"?end={2**32}", {}, 400),
        (MD5, f"?start={SIZE + 1}", {}, 400),
        (MD5, "?start=0&end=10", {"Range": "bytes=0-10"}, 400),
        (MD5, "?start=0", {"Range": "bytes=0-10"}, 400),
        (MD5, f"?end={SIZE + 1}", {}, 416),
        (MD5, "?start=5&end=2", {}, 501),
        (MD5, "", {"Range": "units=0-3"}, 400),
        (MD5, "", {"Range": "bytes=ab-19"}, 400),
        (MD5, "", {"Range": "bytes=-10--5"}, 400),
        (MD5, "", {"Range": "bytes=10"}, 400),
        (MD5, "", {"Range": "bytes=0-1,3-4"}, 400),
        (MD5, "", {"Range": "bytes==0-3"}, 400),
        (MD5, "", {"Range": f"bytes={SIZE}-{SIZE}"}, 416),
        (MD5, "", {"Range": "bytes=99999-"}, 416),
        (MD5, "", {"Range": "bytes=5-2"}, 416),
    ],
)
def test_the_status_that_the_specification_names(
    client: TestClient, identifier: str, query: str, headers: dict[str, str], status: int
) -> None:
    answer = client.get(f"/sequence/{identifier}{query}", headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize(
    "accept", [f"{PLAIN}; charset=us-ascii", PLAIN, "text/plain", "text/*", "*/*", f"a/b, {PLAIN}"]
)
def test_media_types_degrade(client: TestClient, accept: str) -> None:
    assert client.get(f"/sequence/{MD5}", headers={"Accept": accept}).status_code == 200


def test_metadata_names_all_identifiers(client: TestClient) -> None:
    answer = client.get(f"/sequence/{TRUNC512}/metadata")
    assert answer.headers["content-type"] == f"{JSON}; charset=us-ascii"
    found = answer.json()["metadata"]
    assert found["md5"] == MD5
    assert found["ga4gh"] == f"ga4gh:{GA4GH}"
    assert found["trunc512"] == TRUNC512
    assert found["length"] == SIZE
    assert found["aliases"] == []
    assert client.get("/sequence/nothing/metadata").status_code == 404
    assert client.get(f"/sequence/{MD5}/metadata", headers={"Accept": "text/plain"}).status_code == 406
    assert client.get(f"/sequence/{MD5}/metadata", headers={"Accept": "application/json"}).status_code == 200


def test_the_service_says_what_it_can(client: TestClient) -> None:
    answer = client.get("/sequence/service-info")
    assert answer.headers["content-type"].startswith(JSON)
    info = answer.json()
    assert info["type"] == {"group": "org.ga4gh", "artifact": "refget", "version": "2.0.0"}
    assert info["refget"]["circular_supported"] is False
    assert set(info["refget"]["algorithms"]) == {"md5", "ga4gh", "trunc512"}
    assert info["refget"]["subsequence_limit"] is None


def test_regions_of_a_genome(client: TestClient, store: tuple[Folders, str]) -> None:
    path = f"/v4/genomes/{store[1]}"
    assert client.get(f"{path}/sequence", params={"region": "chr1:2-9"}).text == CHR1[2:9]
    assert client.get(f"{path}/sequence", params={"region": "chr2"}).text == RESIDUES["chr2"]
    many = client.post(f"{path}/regions", json=["chr2:0-2", "chrM:3-5"])
    assert [entry["sequence"] for entry in many.json()] == [RESIDUES["chr2"][:2], RESIDUES["chrM"][3:5]]
    assert client.get(f"{path}/sequence", params={"region": "chr1:2-999"}).status_code == 422
    assert client.get(f"{path}/sequence", params={"region": "chr9"}).status_code == 404
    assert client.get(f"{path}/sequence").status_code == 422
    assert client.get("/v4/genomes/nothing/sequence", params={"region": "chr1"}).status_code == 404


def test_samtools_decodes_a_cram_by_the_server(
    require_program: Callable[..., Path], lambda_fasta: Path, sqlite_url: URL, tmp_path: Path
) -> None:
    samtools = require_program("samtools")
    database = Database.from_url(sqlite_url)
    folders = Folders(tmp_path / "genomes", tmp_path / "archives")
    home = Home(database, folders)
    home.mode.import_fasta(lambda_fasta)
    reference = tmp_path / "reference.fa"
    reference.write_bytes(lambda_fasta.read_bytes())
    name, residues = next(iter(read_fasta(lambda_fasta.read_text()).items()))
    md5 = hashlib.md5(residues.upper().encode()).hexdigest()
    sam = tmp_path / "reads.sam"
    reads = [
        f"r{at}\t0\t{name}\t{at + 1}\t60\t50M\t*\t0\t0\t{residues[at : at + 50].upper()}\t{'I' * 50}\n"
        for at in range(100, 40000, 997)
    ]
    sam.write_text(
        f"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:{name}\tLN:{len(residues)}\tM5:{md5}\n" + "".join(reads)
    )
    cram = tmp_path / "reads.cram"
    subprocess.run(
        [samtools, "view", "-C", "-T", reference, "-o", cram, sam], check=True, capture_output=True
    )
    for path in tmp_path.glob("reference.fa*"):
        path.unlink()
    with running(create_app(home, QUIET)) as address:
        decoded = subprocess.run(
            [samtools, "view", cram],
            env={
                "REF_PATH": f"{address}/sequence/%s",
                "REF_CACHE": str(tmp_path / "cache" / "%s"),
                "PATH": "/usr/bin",
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    assert [line.split("\t")[9] for line in decoded.splitlines()] == [read.split("\t")[9] for read in reads]
    database.dispose()

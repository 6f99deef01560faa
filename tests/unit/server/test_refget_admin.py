"""What the real `refget admin` commands write into the registry's database is served."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL, text

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.served_home import Home

pytestmark = pytest.mark.postgres

BASE = "XZlrcEGi6mlopZ2uD8ObHkQB1d0oDwKk"
FASTA = ">chrX\nTTGGGGAA\n>chr1\nGGAA\n>chr2\nGCGC\n"
OTHER = ">one\nACGTACGT\n"


@pytest.fixture
def bucket() -> Iterator[dict[str, str]]:
    """Environment of an S3 server that has the bucket ``references``."""
    boto3 = pytest.importorskip("boto3")
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="references")
    yield environment
    server.stop()


def admin(url: URL, *arguments: str | Path, **environment: str) -> str:
    """Run `refget admin` against the database that a URL names."""
    if url.host is None:
        pytest.skip("refget reaches PostgreSQL by a host and a port")
    done = subprocess.run(
        [Path(sys.executable).parent / "refget", "admin", *map(str, arguments)],
        env={
            **os.environ,
            "POSTGRES_HOST": url.host,
            "POSTGRES_PORT": str(url.port),
            "POSTGRES_DB": url.database or "",
            "POSTGRES_USER": url.username or "",
            "POSTGRES_PASSWORD": url.password or "",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_was_loaded_registered_and_ingested_is_served(
    postgres_url: URL, tmp_path: Path, bucket: dict[str, str]
) -> None:
    base, other = tmp_path / "base.fa", tmp_path / "other.fa"
    base.write_text(FASTA)
    other.write_text(OTHER)
    admin(postgres_url, "load", base, "--name", "Base")
    admin(postgres_url, "ingest", other, "--bucket", "references", "--name", "Other", **bucket)
    admin(postgres_url, "register", base, "--digest", BASE, "--bucket", "references", **bucket)
    admin(postgres_url, "register", base, "--digest", BASE, "--bucket", "references", **bucket)

    database = Database.from_url(postgres_url)
    home = Home(database, Folders(tmp_path / "genomes", tmp_path / "archives"))
    with TestClient(create_app(home, ServerSettings(access_log="off"))) as client:
        listed = client.get("/seqcol/list/collection").json()
        assert listed["pagination"]["total"] == 2
        assert BASE in listed["results"]
        collection = client.get(f"/seqcol/collection/{BASE}").json()
        assert collection["names"] == ["chrX", "chr1", "chr2"]
        assert collection["lengths"] == [8, 4, 4]
        level1 = client.get(f"/seqcol/collection/{BASE}?level=1").json()
        names = client.get(f"/seqcol/attribute/collection/names/{level1['names']}").json()
        assert names == ["chrX", "chr1", "chr2"]
        assert client.get(f"/seqcol/list/collection?names={level1['names']}").json()["results"] == [BASE]
        assert level1["names"] in client.get("/seqcol/list/attributes/names").json()["results"]
        compared = client.get(f"/seqcol/comparison/{BASE}/{BASE}").json()
        assert compared["array_elements"]["a_and_b_count"]["names"] == 3

        # The alias of a genome that only the database knows the sequences of.
        home.genome(BASE, "base")
        assert client.get("/v4/aliases/base").json()["collection"] == collection

        for path in (f"/seqcol/fasta/objects/{BASE}", f"/ga4gh/drs/v1/objects/{BASE}"):
            found = client.get(path).json()
            assert found["id"] == BASE
            assert found["self_uri"] == f"drs://testserver/{BASE}"
            assert found["size"] == len(FASTA)
            assert {"sha-256", "md5"} <= {checksum["type"] for checksum in found["checksums"]}
            # refget repeats a method each time that it registers a file.
            assert len(found["access_methods"]) == 1
            assert "references" in found["access_methods"][0]["access_url"]["url"]
            assert client.get(f"{path}/access/none").status_code == 404
        index = client.get(f"/seqcol/fasta/objects/{BASE}/index").json()
        assert len(index["offsets"]) == 3
        assert client.get("/seqcol/fasta/objects/" + "x" * 32).status_code == 404
        assert client.get("/seqcol/service-info").json()["seqcol"]["fasta_drs"] == {"enabled": True}
    with database.engine.connect() as connection:
        kind = connection.execute(
            text(
                "SELECT data_type FROM information_schema.columns"
                " WHERE table_name = 'fastadrsobject' AND column_name = 'size'"
            )
        ).scalar()
    assert kind == "bigint"
    database.dispose()

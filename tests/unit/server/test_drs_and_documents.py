"""DRS objects, seek, logs, provenance, recipes."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlalchemy import URL, update
from sqlalchemy.orm import Session

from refgenie.core.layout import build_path
from refgenie.db.models import Asset, Build
from support.served_home import GENOME, Home

DRS = "/ga4gh/drs/v1"
NAME = f"{GENOME}.fa"
FILES = {NAME: b">a\nACGT\n", f"{NAME}.fai": b"a\t4\n", "sub/x": b"x", "sub/y": b"yy"}
KEYS = {
    "fasta": ("{genome}.fa", "file"),
    "all": ("{genome}.fa", "prefix"),
    "folder": ("sub", "directory"),
    "whole": (".", "directory"),
    "build": ("38", "string"),
}


@pytest.fixture
def database_url(sqlite_url: URL) -> URL:
    return sqlite_url


@pytest.fixture
def digest(home: Home) -> str:
    home.genome()
    home.asset_class("fasta", ["file", "archive"])
    home.recipe("fasta", "fasta")
    found = home.asset("fasta", FILES, recipe="fasta", seek_keys=KEYS, provenance={"commands": ["true"]})
    home.stage(found, "file")
    return found


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_an_asset_is_a_bundle_of_its_files(client: TestClient, digest: str) -> None:
    for query in ("", "?expand=true"):
        found = client.get(f"{DRS}/objects/{digest}{query}").json()
        assert found["id"] == digest
        assert found["self_uri"] == f"drs://testserver/{digest}"
        assert found["size"] == sum(map(len, FILES.values()))
        assert {entry["id"] for entry in found["contents"]} == {sha256(data) for data in FILES.values()}
        assert found["checksums"][0]["type"] == "sha-256"
        assert "access_methods" not in found


def test_a_file_is_a_blob_with_ways_to_it(client: TestClient, home: Home, digest: str) -> None:
    home.push(digest, "s3", "s3://bucket/a")
    home.push(digest, "https", "https://mirror.example")
    identifier = sha256(FILES[NAME])
    found = client.get(f"{DRS}/objects/{identifier}").json()
    assert found["checksums"] == [{"type": "sha-256", "checksum": identifier}]
    assert (found["name"], found["size"]) == (NAME, len(FILES[NAME]))
    ways = {method["access_id"]: method for method in found["access_methods"]}
    assert [method["type"] for method in found["access_methods"]] == ["https", "https", "s3"]
    for access_id, method in ways.items():
        answer = client.get(f"{DRS}/objects/{identifier}/access/{access_id}")
        assert answer.json() == method["access_url"]
    assert ways["s3-1"]["access_url"]["url"].startswith("s3://bucket/a/")
    home_url = ways["server"]["access_url"]["url"]
    assert home_url.endswith(f"/files/{NAME}")
    assert client.get(f"{DRS}/objects/{identifier}/access/nothing").status_code == 404


def test_an_archive_is_a_blob(client: TestClient, home: Home, digest: str) -> None:
    archive = home.stage(digest, "archive")
    found = client.get(f"{DRS}/objects/{archive}").json()
    assert found["mime_type"] == "application/gzip"
    data = client.get(found["access_methods"][0]["access_url"]["url"]).content
    assert sha256(data) == archive == found["checksums"][0]["checksum"]
    assert len(data) == found["size"]


def test_what_drs_does_not_have(client: TestClient, home: Home, digest: str) -> None:
    for identifier in ("nothing", "0" * 64, "x" * 32):
        assert client.get(f"{DRS}/objects/{identifier}").status_code == 404
    hidden = home.asset("fasta", {"secret": b"not staged"}, name="hidden", is_default=False)
    assert client.get(f"{DRS}/objects/{hidden}").status_code == 404
    assert client.get(f"{DRS}/objects/{sha256(b'not staged')}").status_code == 404
    info = client.get(f"{DRS}/service-info").json()
    assert info["maxBulkRequestLength"] == 1
    assert info["type"] == {"group": "org.ga4gh", "artifact": "drs", "version": "1.4.0"}


def seek(client: TestClient, digest: str, **parameters: str) -> dict[str, Any]:
    answer = client.get(f"/v4/assets/{digest}/seek", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_seek_names_the_file_or_what_files_begin_with(client: TestClient, digest: str) -> None:
    base = f"http://testserver/v4/assets/{digest}/files/"
    default = seek(client, digest)
    assert default == seek(client, digest, seek_key="fasta")
    assert (default["uri"], default["size"]) == (base + NAME, len(FILES[NAME]))
    assert default["sha256"] == sha256(FILES[NAME])
    assert client.get(default["uri"]).content == FILES[NAME]
    prefix = seek(client, digest, seek_key="all")
    assert (prefix["uri"], prefix["sha256"]) == (base + NAME, None)
    assert {entry["path"] for entry in prefix["files"]} == {NAME, f"{NAME}.fai"}
    folder = seek(client, digest, seek_key="folder")
    assert folder["uri"] == f"{base}sub/"
    assert [entry["url"] for entry in folder["files"]] == [f"{base}sub/x", f"{base}sub/y"]
    assert len(seek(client, digest, seek_key="whole")["files"]) == 4
    assert seek(client, digest, seek_key="build")["uri"] == "38"


def test_seek_names_remotes(client: TestClient, home: Home, digest: str) -> None:
    refused = client.get(f"/v4/assets/{digest}/seek", params={"remote_class": "s3"})
    assert refused.status_code == 404
    home.push(digest, "s3", "s3://bucket/a")
    home.push(digest, "http", "http://mirror.example")
    folder = f"{GENOME}/fasta/{digest}__default"
    assert seek(client, digest, remote_class="s3")["uri"] == f"s3://bucket/a/{folder}/{NAME}"
    assert seek(client, digest)["uri"] == f"http://mirror.example/{folder}/{NAME}"
    assert seek(client, digest, seek_key="whole")["uri"] == f"http://mirror.example/{folder}/"
    assert client.get(f"/v4/assets/{digest}/seek?remote_class=ftp").status_code == 422
    assert client.get(f"/v4/assets/{digest}/seek?seek_key=none").json()["error"]["hint"].startswith("it has")


def test_seek_of_an_archive_says_how_to_pull(client: TestClient, home: Home) -> None:
    home.genome()
    home.asset_class("bwa_index", ["archive"])
    index = home.asset(
        "bwa_index", {"x": b"1"}, asset_class="bwa_index", seek_keys={"bwa_index": ("x", "file")}
    )
    home.stage(index, "archive")
    answer = client.get(f"/v4/assets/{index}/seek")
    assert answer.status_code == 404
    assert answer.json()["error"]["hint"] == f"refgenie pull {GENOME}/bwa_index:default"


def test_the_recipe_and_provenance_of_an_asset(client: TestClient, home: Home, digest: str) -> None:
    recipe = client.get(f"/v4/assets/{digest}/recipe")
    assert recipe.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(recipe.text)["extra"] == [1]
    assert client.get(f"/v4/assets/{digest}/provenance").json() == {"commands": ["true"]}
    added = home.asset("fasta", {"by": b"hand"}, name="added", is_default=False)
    home.stage(added, "file")
    for document in ("recipe", "provenance", "log"):
        assert client.get(f"/v4/assets/{added}/{document}").status_code == 404


def record_build(home: Home, digest: str, path: str) -> None:
    def add(session: Session) -> None:
        session.add(
            Build(
                id="b1",
                genome_digest=GENOME,
                asset_group_name="fasta",
                asset_name="default",
                recipe_name="fasta",
                recipe_version="0.0.1",
                status="succeeded",
                path=path,
                host="h",
                pid=1,
            )
        )
        session.flush()
        session.execute(update(Asset).where(Asset.digest == digest).values(build_id="b1"))

    home.database.write(add)


def test_the_log_tells_nothing_of_the_host(client: TestClient, home: Home, digest: str) -> None:
    path = build_path(GENOME, "fasta", "b1")
    folder = home.folders.genome_folder / path
    folder.mkdir(parents=True)
    genomes = home.folders.genome_folder
    (folder / "log").write_text(
        f"bwa index {genomes}/data/x.fa > /home/secret/project/out.txt\n"
        "see http://host.example/a/b and ratio 1/2 and 3/4/5, /tmp\n"
        f"'{genomes}' done"
    )
    record_build(home, digest, path)
    text = client.get(f"/v4/assets/{digest}/log").text
    assert str(genomes) not in text
    assert "secret" not in text
    assert "{genome_folder}/data/x.fa > …/out.txt" in text
    assert "http://host.example/a/b and ratio 1/2 and 3/4/5" in text
    assert "'{genome_folder}' done" in text


def test_commands_tell_nothing_of_the_host(client: TestClient, home: Home) -> None:
    home.genome()
    home.asset_class("bwa_index", ["archive"])
    home.recipe("bwa_index", "bwa_index")
    command = f"bwa index {home.folders.genome_folder}/data/x.fa /home/secret/y.fa"
    index = home.asset(
        "bwa_index",
        {"x.bwt": b"1"},
        asset_class="bwa_index",
        recipe="bwa_index",
        provenance={"host": "h", "commands": [{"command": command, "exit_code": 0}]},
    )
    archive = home.stage(index, "archive")
    shown = "bwa index {genome_folder}/data/x.fa …/y.fa"
    provenance = client.get(f"/v4/assets/{index}/provenance").json()
    assert provenance == {"host": "h", "commands": [{"command": shown, "exit_code": 0}]}
    assert client.get(f"/v4/archives/{archive}").json()["build_commands"] == [shown]
    assert client.get("/v4/archives").json()["items"][0]["build_commands"] == [shown]


def test_a_log_elsewhere_is_not_shown(client: TestClient, home: Home, digest: str) -> None:
    (home.folders.genome_folder / "log").write_text("secret")
    record_build(home, digest, ".")
    assert client.get(f"/v4/assets/{digest}/log").status_code == 404

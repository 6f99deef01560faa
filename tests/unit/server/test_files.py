"""Files and archives: ranges, conditions, digests, redirections, and what must not be given."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import tarfile
from email.parser import BytesParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from refgenie.core.layout import content_path
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.served_home import GENOME, Home


@pytest.fixture
def database_url(sqlite_url: URL) -> URL:
    """Where the bytes come from does not depend on the database."""
    return sqlite_url


FASTA = b">chr1\n" + b"ACGT" * 1000 + b"\n"
SHA256 = hashlib.sha256(FASTA).hexdigest()
NAME = f"{GENOME}.fa"


@pytest.fixture
def digest(home: Home) -> str:
    home.genome()
    home.asset_class("fasta", ["file", "archive"])
    found = home.asset("fasta", {NAME: FASTA, "deep/ü 1.txt": b"hello", "empty": b""})
    home.stage(found, "file")
    return found


@pytest.fixture
def address(digest: str) -> str:
    return f"/v4/assets/{digest}/files/{NAME}"


def test_a_file_has_its_digest_in_the_headers(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.content == FASTA
    assert answer.headers["etag"] == f'"{SHA256}"'
    assert answer.headers["repr-digest"] == (
        f"sha-256=:{base64.b64encode(hashlib.sha256(FASTA).digest()).decode()}:"
    )
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(FASTA))
    assert answer.headers["content-disposition"] == f'attachment; filename="{NAME}"'
    assert answer.headers["last-modified"].endswith("GMT")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_is_a_get_without_its_body(client: TestClient, address: str) -> None:
    got, headed = client.get(address), client.head(address, headers={"Range": "bytes=0-1"})
    assert headed.status_code == 200
    assert headed.content == b""
    for name in ("content-length", "etag", "repr-digest", "last-modified", "content-type"):
        assert headed.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=4000-", 4000, len(FASTA)),
        ("bytes=-7", len(FASTA) - 7, len(FASTA)),
        ("bytes=-99999", 0, len(FASTA)),
        ("bytes=4000-99999", 4000, len(FASTA)),
        ("BYTES = 3 - 5", 3, 6),
        ("bytes=3-5,4-9", 3, 10),
        ("bytes=5-9,99999-", 5, 10),
    ],
)
def test_one_range(client: TestClient, address: str, wanted: str, start: int, end: int) -> None:
    answer = client.get(address, headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == FASTA[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(FASTA)}"
    assert answer.headers["content-length"] == str(end - start)


def test_several_ranges_come_as_parts(client: TestClient, address: str) -> None:
    answer = client.get(address, headers={"Range": "bytes=0-4, 100-109, -3"})
    assert answer.status_code == 206
    assert answer.headers["content-length"] == str(len(answer.content))
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + answer.content).get_payload()
    assert [part["content-range"] for part in parts] == [
        f"bytes 0-4/{len(FASTA)}",
        f"bytes 100-109/{len(FASTA)}",
        f"bytes {len(FASTA) - 3}-{len(FASTA) - 1}/{len(FASTA)}",
    ]
    bodies = [part.get_payload(decode=True) for part in parts]
    assert bodies[:2] == [FASTA[:5], FASTA[100:110]]
    assert FASTA[-3:].startswith(bodies[2].rstrip(b"\r\n")[:2])


@pytest.mark.parametrize(
    "wanted",
    ["bytes=5-3", "bytes=a-b", "bytes=", "items=0-1", "bytes=-", "bytes=1-2;3", "bytes=" + "1-1," * 99],
)
def test_what_is_no_range_is_not_looked_at(client: TestClient, address: str, wanted: str) -> None:
    answer = client.get(address, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, FASTA)


@pytest.mark.parametrize("wanted", [f"bytes={len(FASTA)}-", "bytes=-0", "bytes=99999-100000, 200000-"])
def test_a_range_outside_is_416(client: TestClient, address: str, wanted: str) -> None:
    answer = client.get(address, headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FASTA)}"
    assert answer.json()["error"]["code"] == "range_not_satisfiable"


def test_conditions(client: TestClient, address: str) -> None:
    first = client.get(address)
    for tag in (f'"{SHA256}"', f'W/"{SHA256}"', f'"x", "{SHA256}"', "*"):
        same = client.get(address, headers={"If-None-Match": tag})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == f'"{SHA256}"'
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    modified = first.headers["last-modified"]
    assert client.get(address, headers={"If-Modified-Since": modified}).status_code == 304
    both = {"If-Modified-Since": modified, "If-None-Match": '"other"'}
    assert client.get(address, headers=both).status_code == 200
    for condition, status in (
        (f'"{SHA256}"', 206),
        (modified, 206),
        ('"other"', 200),
        (f'W/"{SHA256}"', 200),
    ):
        answer = client.get(address, headers={"Range": "bytes=0-9", "If-Range": condition})
        assert answer.status_code == status


def test_empty_files_and_odd_names(client: TestClient, digest: str) -> None:
    listed = {entry["path"]: entry for entry in client.get(f"/v4/assets/{digest}/files").json()}
    assert set(listed) == {NAME, "deep/ü 1.txt", "empty"}
    assert client.get(listed["empty"]["url"]).content == b""
    odd = client.get(listed["deep/ü 1.txt"]["url"])
    assert odd.content == b"hello"
    assert odd.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%BC%201.txt"
    assert listed[NAME] | {"url": ""} == {"path": NAME, "size": len(FASTA), "sha256": SHA256, "url": ""}


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "..%2f..%2fsecret",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "deep",
        "",
        "nothing",
        "a%00b",
    ],
)
def test_nothing_but_the_assets_files_is_given(client: TestClient, digest: str, path: str) -> None:
    answer = client.get(f"/v4/assets/{digest}/files/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_a_link_out_of_the_asset_is_not_followed(client: TestClient, home: Home, digest: str) -> None:
    content = home.folders.genome_folder / content_path(GENOME, "fasta", digest)
    secret = home.folders.genome_folder / "secret"
    secret.write_bytes(FASTA)
    (content / NAME).unlink()
    (content / NAME).symlink_to(secret)
    assert client.get(f"/v4/assets/{digest}/files/{NAME}").status_code == 404


def test_a_staged_link_that_leads_elsewhere_is_not_followed(
    client: TestClient, home: Home, digest: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / NAME).write_bytes(FASTA)
    [link] = [path for path in home.folders.archive_folder.glob("*/*/*") if path.is_symlink()]
    link.unlink()
    link.symlink_to(elsewhere)
    assert client.get(f"/v4/assets/{digest}/files/{NAME}").status_code == 404


def test_a_file_that_is_not_as_recorded_is_not_given(client: TestClient, home: Home, digest: str) -> None:
    path = home.folders.genome_folder / content_path(GENOME, "fasta", digest) / NAME
    path.write_bytes(FASTA[:-1])
    answer = client.get(f"/v4/assets/{digest}/files/{NAME}")
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "digest_mismatch"
    path.unlink()
    assert client.get(f"/v4/assets/{digest}/files/{NAME}").status_code == 404


def test_archives_are_given_by_both_addresses(client: TestClient, home: Home) -> None:
    home.genome()
    home.asset_class("bwa_index", ["archive"])
    digest = home.asset("bwa_index", {"x.bwt": b"1"}, asset_class="bwa_index")
    archive = home.stage(digest, "archive")
    by_asset = client.get(f"/v4/assets/{digest}/archive")
    assert by_asset.status_code == 200
    assert by_asset.headers["etag"] == f'"{archive}"'
    assert by_asset.headers["content-type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(by_asset.content))) as opened:
        assert opened.extractfile("default/x.bwt").read() == b"1"  # type: ignore[union-attr]
    assert client.get(f"/v4/archives/{archive}/download").content == by_asset.content
    [listed] = client.get(f"/v4/assets/{digest}/files").json()
    assert listed["url"] is None
    single = client.get(f"/v4/assets/{digest}/files/x.bwt")
    assert single.status_code == 404
    assert client.get(f"/v4/archives/{'0' * 64}/download").status_code == 404


def test_a_remote_that_has_it_is_pointed_to(client: TestClient, home: Home, digest: str) -> None:
    address = f"/v4/assets/{digest}/files/{NAME}"
    home.push(digest, "s3", "s3://bucket/prefix")
    assert client.get(address).status_code == 200
    home.push(digest, "http", "http://mirror.example/a/")
    home.push(digest, "https", "https://pending.example", status="pending")
    answer = client.get(address)
    assert answer.status_code == 307
    assert answer.headers["location"] == f"http://mirror.example/a/{GENOME}/fasta/{digest}__default/{NAME}"
    home.push(digest, "https", "https://mirror.example/b")
    assert client.get(address).headers["location"].startswith("https://mirror.example/b/")
    assert client.get(address, params={"direct": "true"}).content == FASTA
    odd = client.get(f"/v4/assets/{digest}/files/deep/ü 1.txt").headers["location"]
    assert odd.endswith("/deep/%C3%BC%201.txt")


def test_the_rest_of_a_redirected_download_is_no_second_one(
    client: TestClient, home: Home, digest: str
) -> None:
    home.push(digest, "https", "https://mirror.example")
    for wanted in ("bytes=0-9", "bytes=10-"):
        answer = client.get(f"/v4/assets/{digest}/files/{NAME}", headers={"Range": wanted})
        assert answer.status_code == 307
    assert client.app.state.site.downloads._counts[("asset", digest)] == 1  # type: ignore[attr-defined]


def test_the_body_can_be_left_to_nginx(home: Home, digest: str) -> None:
    settings = ServerSettings(access_log="off", x_accel="/internal")
    with TestClient(create_app(home, settings)) as client:
        answer = client.get(f"/v4/assets/{digest}/files/deep/ü 1.txt")
        assert answer.status_code == 200
        assert answer.content == b""
        assert answer.headers["x-accel-redirect"] == (
            f"/internal/{GENOME}/fasta/{digest}__default/deep/%C3%BC%201.txt"
        )
        for wanted in ("bytes=0-1", "bytes=2-"):  # the second is the rest of a download
            client.get(f"/v4/assets/{digest}/files/empty", headers={"Range": wanted})
        assert client.app.state.site.downloads._counts[("asset", digest)] == 2  # type: ignore[attr-defined]
        kept = {"If-None-Match": answer.headers["etag"]}
        assert client.get(f"/v4/assets/{digest}/files/deep/ü 1.txt", headers=kept).status_code == 304


def test_a_big_file_comes_whole(client: TestClient, home: Home) -> None:
    home.genome()
    home.asset_class("fasta", ["file"])
    data = os.urandom((3 << 20) + 12345)
    digest = home.asset("fasta", {"big": data})
    home.stage(digest, "file")
    address = f"/v4/assets/{digest}/files/big"
    assert client.get(address).content == data
    tail = client.get(address, headers={"Range": f"bytes={(1 << 20) - 5}-"})
    assert tail.content == data[(1 << 20) - 5 :]

"""Remotes and push: native upload to an S3 server, push commands, intents."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from refgenie.errors import (
    ConflictError,
    DigestMismatchError,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
)
from refgenie.transfer.push_command import PLACEHOLDERS, render_push_command
from support.s3 import CREDENTIALS, S3Server, s3_server
from support.transfer_site import Installation

FILES = {"a.bin": secrets.token_bytes(9 << 20), "sub/b.txt": b"small"}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return s3.bucket(f"b-{secrets.token_hex(6)}")


def stage(home: Installation, tmp_path: Path) -> None:
    home.add("lambda", "toy", FILES, folder=tmp_path / "toy")
    home.stage.add("lambda", "toy")


def push(home: Installation, **options: object) -> list[tuple[str, str]]:
    return [(result.staged.mode, result.status) for result in home.rg.push(**options)]


def test_what_is_staged_is_uploaded_once(
    any_home: Installation, tmp_path: Path, s3: S3Server, bucket: str
) -> None:
    home = any_home
    stage(home, tmp_path)
    home.rg.remote.add("s3", f"s3://{bucket}/refs", "Site bucket", "bucket")
    assert push(home, dry_run=True) == [("archive", "pending"), ("file", "pending")]
    assert s3.keys(bucket) == {}
    assert push(home) == [("archive", "pushed"), ("file", "pushed")]
    archive, files = home.stage.list()
    assert s3.keys(bucket) == {
        f"refs/{archive.path}": archive.size,
        f"refs/{files.path}/a.bin": 9 << 20,
        f"refs/{files.path}/sub/b.txt": 5,
    }
    body = s3.client.get_object(Bucket=bucket, Key=f"refs/{archive.path}")["Body"].read()
    assert hashlib.sha256(body).hexdigest() == archive.digest
    assert push(home) == []
    (status,) = home.rg.remote.status()
    assert (status.name, status.pushed, status.pending, status.failed) == ("bucket", 2, 0, 0)


def test_a_push_that_was_cut_off_skips_what_is_there(
    home: Installation, tmp_path: Path, s3: S3Server, bucket: str
) -> None:
    stage(home, tmp_path)
    _archive, files = home.stage.list()
    home.rg.remote.add("s3", f"s3://{bucket}", name="one")
    push(home)
    before = {key: s3.client.head_object(Bucket=bucket, Key=key)["LastModified"] for key in s3.keys(bucket)}
    # As a kill leaves it: uploaded, but not recorded; and one object is another's.
    home.rg.remote.remove("one")
    home.rg.remote.add("s3", f"s3://{bucket}", name="one")
    s3.client.put_object(Bucket=bucket, Key=f"{files.path}/sub/b.txt", Body=b"other")
    assert push(home) == [("archive", "pushed"), ("file", "pushed")]
    assert s3.client.get_object(Bucket=bucket, Key=f"{files.path}/sub/b.txt")["Body"].read() == b"small"
    for key, moment in before.items():
        if not key.endswith("b.txt"):
            assert s3.client.head_object(Bucket=bucket, Key=key)["LastModified"] == moment


def test_what_is_staged_anew_is_pending_again(home: Installation, tmp_path: Path, bucket: str) -> None:
    stage(home, tmp_path)
    home.rg.remote.add("s3", f"s3://{bucket}", name="one")
    push(home)
    home.add("lambda", "toy", {"a.bin": b"new"}, folder=tmp_path / "new", force=True)
    assert home.stage.refresh(home.rg.asset.get("lambda", "toy"))
    (status,) = home.rg.remote.status(["one"])
    assert (status.pushed, status.pending) == (0, 2)
    assert push(home) == [("archive", "pushed"), ("file", "pushed")]


def test_what_cannot_be_uploaded_is_told_and_tried_again(
    home: Installation, tmp_path: Path, s3: S3Server, bucket: str
) -> None:
    stage(home, tmp_path)
    home.rg.remote.add("s3", "s3://there-is-no-such-bucket/x", name="missing")
    results = home.rg.push()
    assert {result.status for result in results} == {"failed"}
    assert "no such bucket" in results[0].message
    (status,) = home.rg.remote.status()
    assert (status.pushed, status.failed) == (0, 2)
    assert status.messages
    s3.bucket("there-is-no-such-bucket")
    assert push(home) == [("archive", "pushed"), ("file", "pushed")]


def test_missing_credentials_are_told(
    home: Installation, tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(home, tmp_path)
    home.rg.remote.add("s3", f"s3://{bucket}", name="one")
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")  # no cloud here
    first, _second = home.rg.push()
    assert isinstance(first.error, NotPermittedError)
    assert "no credentials" in first.message
    assert "AWS_ACCESS_KEY_ID" in str(first.error.hint)


def test_why_an_upload_failed_keeps_its_kind(
    home: Installation, tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(home, tmp_path)
    archive, _files = home.stage.list()
    home.rg.remote.add("s3", f"s3://{bucket}", name="one")
    (home.rg.folders.archive_folder / archive.path).write_bytes(b"damaged")
    first, second = home.rg.push()
    assert (first.status, second.status, second.error) == ("failed", "pushed", None)
    assert isinstance(first.error, DigestMismatchError)
    assert first.message == first.error.message


def test_a_push_command_uploads_each_asset(home: Installation, tmp_path: Path) -> None:
    stage(home, tmp_path)
    web = tmp_path / "web"
    home.rg.remote.add(
        "https", "https://data.example.org/refs", name="web", push_command="false {local_path}"
    )
    assert {status for _, status in push(home, remotes=["web"])} == {"failed"}
    home.rg.remote.remove("web")
    command = (
        f"mkdir -p {web}/$(dirname {{relative_path}}) && cp -RL {{local_path}} {web}/{{relative_path}}"
        " && test -d {genome_archive_folder} && test {genome_stage_folder} = {genome_archive_folder}"
    )
    home.rg.remote.add("https", "https://data.example.org/refs", name="web", push_command=command)
    assert push(home) == [("archive", "pushed"), ("file", "pushed")]
    archive, files = home.stage.list()
    assert (web / archive.path).stat().st_size == archive.size
    assert (web / files.path / "sub" / "b.txt").read_bytes() == b"small"


@pytest.mark.parametrize("value", ["a b", "$(touch hacked)", "; touch hacked", "it's", "-x", "`id`", "", "*"])
def test_values_of_a_push_command_are_data(value: str, tmp_path: Path) -> None:
    values = dict.fromkeys(PLACEHOLDERS, value)
    command = render_push_command("printf '%s' {local_path}{{}}", values)
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert ended.stdout == f"{value}{{}}"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_synchronized_by_one_command(home: Installation, tmp_path: Path) -> None:
    stage(home, tmp_path)
    calls = tmp_path / "calls"
    home.rg.remote.add(
        "http", "http://data.example.org/refs", name="web", push_command=f"echo {{local_path}} >> {calls}"
    )
    assert push(home, strategy="folder_sync") == [("archive", "pushed"), ("file", "pushed")]
    assert calls.read_text() == f"{home.rg.folders.archive_folder}\n"
    assert push(home, strategy="folder_sync") == []
    home.rg.remote.remove("web")
    home.rg.remote.add(
        "http", "http://data.example.org/refs", name="web", push_command="echo broken >&2; exit 3"
    )
    results = home.rg.push(strategy="folder_sync")
    assert {result.status for result in results} == {"failed"}
    assert "broken" in results[0].message


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"type": "ftp", "prefix": "ftp://x/y"}, InvalidInputError),
        ({"type": "s3", "prefix": "https://x/y"}, InvalidInputError),
        ({"type": "https", "prefix": "s3://x/y"}, InvalidInputError),
        ({"type": "s3", "prefix": "s3://key:secret@bucket/x"}, InvalidInputError),
        ({"type": "s3", "prefix": "bucket"}, InvalidInputError),
        ({"type": "http", "prefix": "http://[x"}, InvalidInputError),
        ({"type": "ftp", "prefix": "ftp://key:secret@x/y"}, InvalidInputError),
        ({"type": "s3", "prefix": "https://key:secret@x/y"}, InvalidInputError),
        ({"type": "https", "prefix": "https://x/y?token=secret"}, InvalidInputError),
        ({"type": "https", "prefix": "https://x/y#z"}, InvalidInputError),
        ({"type": "s3", "prefix": "s3://x", "push_command": "cp {nothing}"}, InvalidInputError),
        ({"type": "s3", "prefix": "s3://x", "push_command": "cp {local_path"}, InvalidInputError),
        ({"type": "s3", "prefix": "s3://x", "push_command": "  "}, InvalidInputError),
        ({"type": "s3", "prefix": "s3://x", "name": "a/b"}, InvalidInputError),
        ({"type": "s3", "prefix": "s3://other", "name": "taken"}, ConflictError),
    ],
)
def test_a_remote_that_cannot_be_is_refused(
    home: Installation, fields: dict[str, str], error: type[Exception]
) -> None:
    home.rg.remote.add("s3", "s3://bucket/x", name="taken")
    with pytest.raises(error) as raised:
        home.rg.remote.add(**fields)
    assert "secret" not in f"{raised.value.message} {raised.value.hint}"
    assert [remote.name for remote in home.rg.remote.list()] == ["taken"]


def test_remotes_are_known_by_name(home: Installation) -> None:
    with pytest.raises(NotFoundError, match="no remote"):
        home.rg.push()
    first = home.rg.remote.add("s3", "s3://bucket/x/", "Text")
    assert home.rg.remote.add("s3", "s3://bucket/x/") == first
    assert first.name == "bucket-x"
    with pytest.raises(NotFoundError) as raised:
        home.rg.remote.remove("bucket-y")
    assert raised.value.hint is not None
    assert "bucket-x" in raised.value.hint
    home.rg.remote.add("https", "https://mirror.example.org", name="web")
    with pytest.raises(InvalidInputError, match="push command"):
        home.rg.push(remotes=["web"])
    assert home.rg.push(remotes=["bucket-x"]) == []
    home.rg.remote.remove("bucket-x")
    assert [remote.name for remote in home.rg.remote.list()] == ["web"]
    with pytest.raises(InvalidInputError, match="push command"):
        home.rg.push()
    assert home.rg.remote.add("https", "https://données.example.org/é").name == "donn-es.example.org--"
    with pytest.raises(InvalidInputError, match="cannot name a remote"):
        home.rg.remote.add("https", "https://x", name="a b")

"""A static RefgetStore in an S3 bucket: server mode and remote genomes read it by s3:// addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refgenie.errors import NetworkError, NotPermittedError
from refgenie.sequences import ServerMode, make_source
from support.running_app import running
from support.s3 import CREDENTIALS, s3_server
from support.sequences import MIXED, local_mode, read_fasta

from .conftest import Published, seqcol_app


@pytest.fixture
def bucket(published: Published, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of the published store in a bucket."""
    with s3_server() as server:
        for name, value in {**server.environment, "AWS_ALLOW_HTTP": "true"}.items():
            monkeypatch.setenv(name, value)
        server.bucket("genomes", public=True)
        root = published.mode.store_path
        for path in root.rglob("*"):
            if path.is_file() and "views" not in path.parts:
                server.client.upload_file(str(path), "genomes", f"stores/one/{path.relative_to(root)}")
        yield "s3://genomes/stores/one"


def test_server_mode(bucket: str, published: Published) -> None:
    server = ServerMode(bucket)
    server.create_store()
    assert server.collections() == published.mode.collections()
    assert server.aliases.resolve("tiny") == published.small
    assert server.fhr(published.small)
    with server.open(published.mixed) as reader:
        assert {name: reader.fetch(name, keep_case=True) for name in reader.names} == read_fasta(MIXED)
    server.close()


def test_a_remote_genome(bucket: str, published: Published, tmp_path: Path) -> None:
    mode = local_mode(tmp_path / "genomes")
    mode.register_remote(bucket, published.mixed)
    with mode.open(published.mixed) as reader:
        assert reader.fetch("rna") == read_fasta(MIXED)["rna"]
    assert mode.verify() == []


def test_a_bucket_without_a_store(bucket: str) -> None:
    with pytest.raises(NetworkError, match="no RefgetStore"):
        make_source("s3://genomes/stores/none")
    with pytest.raises(NetworkError):
        make_source("s3://nothing-here/x")


def test_a_public_bucket_needs_no_credentials(
    bucket: str, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")  # no cloud here
    with pytest.raises(NotPermittedError, match="no credentials") as raised:
        make_source(bucket)
    with running(seqcol_app(published, store_url=bucket)) as url:
        assert make_source(f"{url}/seqcol").kind == "seqcol"  # a store that cannot be read is not needed
    assert "AWS_SKIP_SIGNATURE=true" in str(raised.value.hint)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    assert make_source(bucket).collections() == published.mode.collections()

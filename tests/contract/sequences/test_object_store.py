"""A static RefgetStore in an S3 bucket: server mode and remote genomes read it by s3:// addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refgenie.errors import NetworkError
from refgenie.sequences import ServerMode, make_source
from support.sequences import MIXED, local_mode, read_fasta

from .conftest import Published


@pytest.fixture
def bucket(published: Published, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of the published store in a bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="genomes")
    root = published.mode.store_path
    for path in root.rglob("*"):
        if path.is_file() and "views" not in path.parts:
            client.upload_file(str(path), "genomes", f"stores/one/{path.relative_to(root)}")
    try:
        yield "s3://genomes/stores/one"
    finally:
        server.stop()


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

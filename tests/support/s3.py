"""A real S3 server on loopback for tests (moto's), and the environment that names it."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@dataclass(frozen=True)
class S3Server:
    """A running server; ``environment`` is what a client needs."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    @property
    def client(self) -> Any:
        """A client of its own, that the code under test does not use."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def bucket(self, name: str, *, public: bool = False) -> str:
        """Make a bucket, perhaps one that anybody may read by HTTP; its name."""
        self.client.create_bucket(Bucket=name)
        if public:
            self.client.put_bucket_acl(Bucket=name, ACL="public-read")
        return name

    def keys(self, bucket: str) -> dict[str, int]:
        """Objects of a bucket with their sizes."""
        listed = self.client.list_objects_v2(Bucket=bucket)
        return {entry["Key"]: entry["Size"] for entry in listed.get("Contents", [])}


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server as long as the block lasts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
    host, port = server.get_host_and_port()
    try:
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()

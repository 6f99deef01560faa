"""What servers offer: listed, by its address, and refused where it cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from refgenie.core.digests import FileRecord, asset_digest
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import DigestMismatchError, NetworkError, NotFoundError, UsageError
from refgenie.transfer.catalog import RemoteCatalog
from refgenie.transfer.offers import Offer, OfferedAsset
from refgenie.transfer.subscriptions import Clients
from support.transfer_site import FAST, Installation, digest_of


def catalog(*urls: str) -> RemoteCatalog:
    clients = Clients(patience=FAST)
    return RemoteCatalog(lambda given: [clients.of(url) for url in given or urls])


def test_what_servers_offer_is_listed(url: str) -> None:
    dead = "http://127.0.0.1:1"
    first, second = catalog(dead, url).list()
    assert (first.server, first.assets) == (dead, ())
    assert first.error is not None
    assert [(item.genome, item.asset_group_name, item.serving_modes) for item in second.assets] == [
        ("lambda", "described", ()),
        ("lambda", "loose", ("file",)),
        ("lambda", "packed", ("archive",)),
    ]
    assert catalog(url).list(["lambda"]) == [second]
    with pytest.raises(NotFoundError, match="hg38"):
        catalog(url).list(["hg38"])
    with pytest.raises(NetworkError):
        catalog(dead).list()


def test_a_file_of_a_server_has_an_address(site: Installation, url: str) -> None:
    import httpx

    found = catalog("http://127.0.0.1:1", url).seek(RegistryPath.parse("lambda/loose.fai"))
    assert httpx.get(found).content == b"x"
    assert found.startswith(f"{url}/v4/assets/{digest_of(site, 'loose')}/")
    text = "index: refgenie://lambda/loose.fai, sequences: refgenie://lambda/loose."
    populated = catalog(url).populate({"a": [text]})
    assert populated == {"a": [f"index: {found}, sequences: {found.removesuffix('.fai')}."]}


def test_what_has_no_address_is_told(url: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        catalog(url).seek(RegistryPath.parse("lambda/packed"))
    assert raised.value.hint == "refgenie pull lambda/packed"
    with pytest.raises(NotFoundError) as raised:
        catalog(url).seek(RegistryPath.parse("lambda/described"))
    assert raised.value.hint == "refgenie build lambda/described"
    for path in ("lambda/nothing", "hg38/fasta", "lambda/loose.nothing", "lambda/loose:nothing"):
        with pytest.raises(NotFoundError):
            catalog(url).seek(RegistryPath.parse(path))
    with pytest.raises(NotFoundError, match="s3"):
        catalog(url).seek(RegistryPath.parse("lambda/loose"), remote_class="s3")
    with pytest.raises(UsageError):
        catalog(url).seek(RegistryPath.parse("lambda/loose"), remote_class="ftp")
    with pytest.raises(NetworkError):
        catalog("http://127.0.0.1:1").seek(RegistryPath.parse("lambda/loose"))
    with pytest.raises(NotFoundError, match="2 unknown"):
        catalog(url).populate("refgenie://lambda/x refgenie://lambda/y")


class Answering:
    """A server that answers everything by the same document."""

    server_url = "http://s"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get(self, operation_id: str, params: Any = None, url_format_params: Any = None) -> Any:
        return self.answer

    def download_with_progress(self, *args: Any, **kwargs: Any) -> Path:
        raise AssertionError


@pytest.mark.parametrize(
    "paths", [["x" * 300], ["a", "a/b"], ["../x"], ["/x"], ["a", "a"], ["a\nb"], ["a//b"]], ids=repr
)
def test_a_manifest_that_cannot_be_files_is_refused(paths: list[str]) -> None:
    files = [FileRecord(path, 1, "0" * 64) for path in paths]
    offered = OfferedAsset(
        "A" * 32, "g", "n", asset_digest(files), 1, None, ("file",), "c", "c", None, (), (), {}
    )
    listed = [{"path": file.path, "size": 1, "sha256": file.sha256} for file in files]
    with pytest.raises((NetworkError, DigestMismatchError)):
        Offer(Answering(listed)).files(offered)


def test_a_list_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refgenie.transfer.offers._MAX_ITEMS", 100)
    endless = Answering({"items": [{"digest": "x"}], "pagination": {"total": 10**12}})
    with pytest.raises(NetworkError, match="does not end"):
        Offer(endless).genomes()

"""Clients of servers, subscriptions, and what servers offer."""

from __future__ import annotations

import base64
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refgenie.api import Refgenie
from refgenie.core.digests import FileRecord, asset_digest
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import (
    DigestMismatchError,
    InvalidInputError,
    NetworkError,
    NotFoundError,
    NotPermittedError,
    UsageError,
)
from refgenie.server.models import ServerClient
from refgenie.transfer.catalog import RemoteCatalog
from refgenie.transfer.clients import HttpServerClient
from refgenie.transfer.offers import Offer, OfferedAsset
from refgenie.transfer.subscriptions import Clients, SubscriptionService
from support import fault_proxy as faults
from support.fault_proxy import FaultProxy, fault_proxy
from support.static_server import StaticServer
from support.transfer_site import FAST, Installation, copy_of, serving


@pytest.fixture(scope="module")
def site(home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    root = tmp_path_factory.mktemp("site")
    made = copy_of(home_template, root / "home")
    for group, modes in (("loose", ("file",)), ("packed", ("archive",)), ("described", ("none",))):
        made.add(
            "lambda",
            group,
            {"x.fa": b">x\nACGT\n", "x.fa.fai": b"x"},
            modes=modes,
            folder=root / group,
            seek_keys={group: "x.fa", "fai": "x.fa.fai"},
        )
        if modes != ("none",):
            made.stage.add("lambda", group)
    yield made
    made.rg.close()


@pytest.fixture(scope="module")
def url(site: Installation) -> Iterator[str]:
    with serving(site) as address:
        yield address


@pytest.fixture
def proxy(url: str) -> Iterator[FaultProxy]:
    with fault_proxy(url) as running:
        yield running


def client(url: str) -> HttpServerClient:
    return HttpServerClient(url, patience=FAST)


def digest_of(site: Installation, group: str) -> str:
    return site.rg.asset.get("lambda", group).digest


# --- the protocol ---------------------------------------------------------------------------


class Complete:
    server_url = "http://s"

    def get(self, operation_id: str, params: Any = None, url_format_params: Any = None) -> Any:
        return {}

    def download_with_progress(self, *args: Any, **kwargs: Any) -> Path:
        return Path()


def test_the_protocol_has_three_members_and_is_runtime_checkable() -> None:
    members = {name for name in vars(ServerClient) if not name.startswith("_")}
    assert members == {"server_url", "get", "download_with_progress"}
    assert isinstance(Complete(), ServerClient)
    assert isinstance(client("http://s"), ServerClient)
    assert not isinstance(object(), ServerClient)


@pytest.mark.parametrize("member", ["server_url", "get", "download_with_progress"])
def test_a_client_that_lacks_a_member_is_refused_by_name(member: str) -> None:
    incomplete = type(
        "Incomplete", (), {name: value for name, value in vars(Complete).items() if name != member}
    )
    with pytest.raises(ValueError, match=member):
        Refgenie(server_clients_mapping={"http://s": incomplete()})
    Refgenie(server_clients_mapping={"http://s": Complete()}).close()


def test_the_protocol_needs_nothing_of_the_server_extra() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('fastapi', 'starlette', 'uvicorn', 'sqlmodel'), None));"
        "from refgenie.server.models import ServerClient; print(ServerClient.__name__, 'httpx' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "ServerClient False\n"


# --- ours -----------------------------------------------------------------------------------


def test_routes_are_found_by_operation_id_and_asked_for_once(site: Installation, proxy: FaultProxy) -> None:
    ours = client(f"{proxy.url}/")
    assert ours.server_url == proxy.url
    answer = ours.get("v4_asset", url_format_params={"digest": digest_of(site, "loose")})
    assert answer["asset_group_name"] == "loose"
    assert ours.get("v4_assets", {"limit": 1, "asset_group_name": None})["pagination"]["limit"] == 1
    assert len(proxy.paths("/openapi.json")) == 1
    with pytest.raises(NetworkError, match="v4_nothing"):
        ours.get("v4_nothing")
    with pytest.raises(NetworkError, match="needs more"):
        ours.get("v4_asset")


def test_the_document_is_asked_for_again_by_a_conditional_request(
    static_server: StaticServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    document = {"paths": {"/moved": {"get": {"operationId": "v4_summary"}}}}
    (static_server.folder / "openapi.json").write_text(json.dumps(document))
    (static_server.folder / "moved").write_text("text")
    with fault_proxy(static_server.url) as proxy:

        def tagged(exchange: faults.Exchange) -> None:
            seen.append(exchange.handler.headers.get("If-None-Match"))
            if seen[-1] == '"tag"':
                exchange.answer = faults.Answer(304, {"ETag": '"tag"'}, b"")
            else:
                exchange.answer.headers["ETag"] = '"tag"'
            exchange.send()

        proxy.fault("/openapi.json", tagged)
        ours = client(proxy.url)
        assert ours.get("v4_summary") == "text"
        monkeypatch.setattr("refgenie.transfer.clients._FRESH", -1.0)
        assert ours.get("v4_summary") == "text"
    assert seen == [None, '"tag"']


def test_a_servers_error_is_told_in_its_words(url: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        client(url).get("v4_alias", url_format_params={"alias": "lamda"})
    assert raised.value.message.startswith(f"{url}: ")
    assert "lamda" in raised.value.message
    assert raised.value.hint is not None
    assert "lambda" in raised.value.hint
    with pytest.raises(InvalidInputError):
        client(url).get("v4_assets", {"limit": 100_000})


@pytest.mark.parametrize(
    "fault", [faults.html, faults.cut_off, faults.circle, faults.silence, faults.always_503, faults.hang]
)
def test_what_is_no_answer_is_a_network_error(proxy: FaultProxy, fault: faults.Fault) -> None:
    proxy.fault("/v4/summary", fault)
    with pytest.raises(NetworkError):
        client(proxy.url).get("v4_summary")


def test_a_busy_server_is_asked_again(proxy: FaultProxy) -> None:
    proxy.fault("/v4/summary", faults.busy_twice)
    assert client(proxy.url).get("v4_summary")["assets"] == 3
    assert len(proxy.paths("/v4/summary")) == 3


def test_a_dead_server_is_told_at_once() -> None:
    with pytest.raises(NetworkError, match="cannot reach"):
        client("http://127.0.0.1:1").get("v4_summary")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://x/?a=b",
        "http://x/#a",
        "ftp://x",
        "x",
        "http://",
        "http://[",
        "file:///etc/passwd",
        "http://x:99999",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        HttpServerClient(text)


def test_a_file_is_downloaded_whole_or_not_at_all(
    site: Installation, proxy: FaultProxy, tmp_path: Path
) -> None:
    digest = digest_of(site, "loose")
    target = tmp_path / "x.fa"
    assert client(proxy.url).download_file(digest, "x.fa", target) == target
    assert target.read_bytes() == b">x\nACGT\n"
    proxy.fault("/files/x.fa$", faults.reset_halfway)
    with pytest.raises(NetworkError):
        client(proxy.url).download_file(digest, "x.fa", tmp_path / "y.fa")
    with pytest.raises(NotFoundError):
        client(proxy.url).download_file(digest, "../../../etc/passwd", tmp_path / "z")
    assert [path.name for path in tmp_path.iterdir()] == ["x.fa"]


# --- on the way ------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_used(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert client("http://site.invalid").get("v4_summary")["assets"] == 3
    assert {path.split("/")[2] for path, _ in proxy.requests} == {"site.invalid"}
    monkeypatch.setenv("http_proxy", proxy.url.removeprefix("http://"))
    assert client("http://site.invalid").get("v4_summary")["assets"] == 3


def test_a_server_of_the_own_network_needs_no_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "example.org,127.0.0.1")
    assert client(url).get("v4_summary")["assets"] == 3


def test_a_proxy_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "gopher://me:secret@127.0.0.1:1")
    with pytest.raises(InvalidInputError, match="proxy") as raised:
        client("http://site.invalid").get("v4_summary")
    assert "secret" not in str(raised.value)


# --- credentials -----------------------------------------------------------------------------

ALLOWED = "Basic " + base64.b64encode(b"me:se/cret").decode()


@pytest.fixture
def guarded(proxy: FaultProxy) -> FaultProxy:
    """A server that wants a user name and a password."""

    def guard(exchange: faults.Exchange) -> None:
        if exchange.handler.headers.get("Authorization") != ALLOWED:
            exchange.answer = faults.Answer(401, {}, b"")
        exchange.send()

    proxy.fault(".", guard)
    return proxy


def test_credentials_of_an_address_are_used_and_never_shown(
    any_home: Installation, guarded: FaultProxy, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    home = any_home
    service = subscriptions(home)
    address = guarded.url.replace("http://", "http://me:se%2Fcret@")
    with pytest.raises(NotPermittedError):
        service.subscribe(guarded.url)
    with caplog.at_level(logging.DEBUG, "refgenie"):
        assert service.subscribe(f"{address}/") == [guarded.url]
        assert service.list() == home.rg.configuration.servers() == [guarded.url]
        (ours,) = service.clients()
        assert ours.server_url == guarded.url
        assert ours.get("v4_summary")["assets"] == 3
        with pytest.raises(NotFoundError) as raised:
            ours.get("v4_alias", url_format_params={"alias": "nothing"})
        record = home.pulls(address).pull("lambda", "loose")
    assert service.subscribe(address) == []
    told = (
        f"{raised.value.message} {caplog.text} {record} {home.rg.genome.list()} {home.rg.configuration.get()}"
    )
    manifests = "".join(
        path.read_text() for path in (home.rg.folders.genome_folder / "manifest").rglob("*.json")
    )
    assert "cret" not in told + manifests
    service.unsubscribe(guarded.url)
    assert service.list() == []


def test_other_credentials_replace_those_of_a_server(home: Installation) -> None:
    service = subscriptions(home)
    assert service.subscribe("http://me:old@127.0.0.1:1") == ["http://127.0.0.1:1"]
    assert service.subscribe("http://me:new@127.0.0.1:1") == []
    assert service.subscribe("http://127.0.0.1:1") == []
    (ours,) = service.clients()
    assert isinstance(ours, HttpServerClient)
    assert ours.address == "http://me:new@127.0.0.1:1"


def test_credentials_stay_with_their_server(guarded: FaultProxy, url: str) -> None:
    """Not with where it redirects to, whose address may itself be a secret."""
    seen: list[str | None] = []
    with fault_proxy(url) as bucket:

        def keeps(exchange: faults.Exchange) -> None:
            seen.append(exchange.handler.headers.get("Authorization"))
            exchange.answer = faults.Answer(403, {}, b"")
            exchange.send()

        bucket.fault(".", keeps)

        def redirects(exchange: faults.Exchange) -> None:
            target = f"http://localhost:{bucket.url.rpartition(':')[2]}/x?signature=secret"
            exchange.answer = faults.Answer(307, {"Location": target}, b"")
            exchange.send()

        guarded.rules.insert(0, (re.compile("/v4/summary"), redirects, [0]))
        ours = client(guarded.url.replace("http://", "http://me:se%2Fcret@"))
        with pytest.raises(NotPermittedError) as raised:
            ours.get("v4_summary")
    assert seen == [None]
    assert "secret" not in raised.value.message


def test_a_wrong_address_shows_no_credentials() -> None:
    for text in ("ftp://me:secret@host", "http://me:secret@host?x=1", "http://me:secret@["):
        with pytest.raises(InvalidInputError) as raised:
            HttpServerClient(text)
        assert "secret" not in str(raised.value)


# --- subscriptions --------------------------------------------------------------------------


def subscriptions(home: Installation) -> SubscriptionService:
    return SubscriptionService(home.rg.database, Clients(patience=FAST))


def test_servers_are_kept_in_their_order(any_home: Installation, url: str, proxy: FaultProxy) -> None:
    service = subscriptions(any_home)
    assert service.subscribe([f"{url}/", proxy.url, url]) == [url, proxy.url]
    assert service.subscribe(url) == []
    assert service.list() == [url, proxy.url]
    with pytest.raises(NotFoundError, match="not subscribed"):
        service.unsubscribe([url, "http://unknown"])
    assert service.list() == [url, proxy.url]
    service.unsubscribe([f"{url}/"])
    assert service.list() == [proxy.url]
    with pytest.raises(NotFoundError, match="no server"):
        service.unsubscribe(proxy.url)
        service.clients()


def test_a_server_that_is_none_is_not_subscribed(home: Installation, static_server: StaticServer) -> None:
    service = subscriptions(home)
    with pytest.raises(NetworkError, match="no refgenie server"):
        service.subscribe(static_server.url)
    (static_server.folder / "openapi.json").write_text('{"paths": {"/x": {"get": {"operationId": "x"}}}}')
    with pytest.raises(NetworkError, match="no refgenie server"):
        service.subscribe(static_server.url)
    (static_server.folder / "openapi.json").write_text(
        '{"paths": {"/v3/genomes/list": {"get": {"operationId": "x"}}}}'
    )
    with pytest.raises(NetworkError, match="legacy v3"):
        service.subscribe(static_server.url)
    assert service.list() == []


def test_a_server_that_cannot_be_reached_is_subscribed_with_a_warning(
    home: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    service = subscriptions(home)
    with caplog.at_level(logging.WARNING, "refgenie"):
        assert service.subscribe("http://127.0.0.1:1") == ["http://127.0.0.1:1"]
    assert "cannot be reached" in caplog.text
    assert service.list() == ["http://127.0.0.1:1"]


def test_a_gateway_of_a_server_that_is_down_is_no_other_server(
    home: Installation, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.fault(".", faults.always_503)
    with caplog.at_level(logging.WARNING, "refgenie"):
        assert subscriptions(home).subscribe(proxy.url) == [proxy.url]
    assert "cannot be reached" in caplog.text


# --- what servers offer ---------------------------------------------------------------------


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

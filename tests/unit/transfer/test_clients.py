"""Clients of servers: the protocol, ours, what is on the way, and credentials."""

from __future__ import annotations

import base64
import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refgenie.api import Refgenie
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import (
    InvalidInputError,
    NetworkError,
    NotFoundError,
    NotPermittedError,
)
from refgenie.server.models import ServerClient
from refgenie.transfer.clients import HttpServerClient
from support import fault_proxy as faults
from support.fault_proxy import FaultProxy, fault_proxy
from support.static_server import StaticServer
from support.transfer_site import FAST, Installation, digest_of, subscriptions


def client(url: str) -> HttpServerClient:
    return HttpServerClient(url, patience=FAST)


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


def test_credentials_of_a_subscription_serve_where_the_server_is_named(
    home: Installation, guarded: FaultProxy
) -> None:
    address = guarded.url.replace("http://", "http://me:se%2Fcret@")
    transfers = home.rg.transfers
    with pytest.raises(NotPermittedError):
        transfers.catalog.seek(RegistryPath("lambda", "loose"), servers=[guarded.url])
    transfers.subscriptions.subscribe(address)
    assert transfers.catalog.seek(RegistryPath("lambda", "loose"), servers=[f"{guarded.url}/"])
    results = transfers.mirror.mirror(guarded.url, ["lambda"])
    assert {result.pull.status for result in results} == {"pulled"}


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

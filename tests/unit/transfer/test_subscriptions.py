"""Which servers an installation asks, and in which order."""

from __future__ import annotations

import logging

import pytest

from refgenie.errors import NetworkError, NotFoundError
from support import fault_proxy as faults
from support.fault_proxy import FaultProxy
from support.static_server import StaticServer
from support.transfer_site import Installation, subscriptions


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

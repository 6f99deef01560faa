"""Channels on servers that lead elsewhere, break off or never end."""

from __future__ import annotations

import socket
import time

import pytest

from refgenie.channels import fetch as fetching
from refgenie.errors import (
    InvalidInputError,
    NetworkError,
    NotFoundError,
)
from support.channel_site import (
    EVIL,
    asset_class,
    nothing_is_registered,
    one_registry,
    pages,
    recipe,
    redirect,
)


@one_registry
@pytest.mark.parametrize(
    ("path", "where"),
    [(path, where) for path in EVIL for where in ("file", "dir") if (path, where) != (".", "dir")],
)
def test_nothing_outside_is_asked_for(path, where, serve, add, channels):
    section = {"files": [path]} if where == "file" else {"dir": path, "files": ["secret.yaml"]}
    site = serve({"index.yaml": {"asset_class": section}, "/secret.yaml": asset_class("a")})
    add(site)
    with pytest.raises(InvalidInputError, match=r"leads out|names no file"):
        channels.sync_channel("main")
    assert site.requests == ["/channel/index.yaml"]


def test_an_escaped_path_stays_in_the_folder(serve, add, channels):
    site = serve({"index.yaml": {"asset_class": {"files": ["%2e%2e/secret.yaml", "a?b#c.yaml"]}}})
    add(site)
    with pytest.raises(NotFoundError):
        channels.sync_channel("main")
    assert set(site.requests[1:]) == {
        "/channel/%252e%252e/secret.yaml",
        "/channel/a%3Fb%23c.yaml",
    }


def test_redirects_inside_the_folder_are_followed(serve, add, channels):
    files = pages(**{"recipes/a.yaml": redirect("moved/a.yaml"), "recipes/moved/a.yaml": recipe("a")})
    add(serve(files))
    assert len(channels.sync_channel("main").added) == 4


@pytest.mark.parametrize(
    "target", ["/secret.yaml", "../../secret.yaml", "%2e%2e/%2e%2e/secret.yaml", "OTHER", "file:///x"]
)
def test_redirects_to_elsewhere_are_not_followed(target, serve, add, channels, classes, recipes):
    other = serve({"/secret.yaml": recipe("a")})
    target = f"{other.url}/secret.yaml" if target == "OTHER" else target
    site = serve(pages(**{"recipes/a.yaml": redirect(target), "/secret.yaml": recipe("a")}))
    add(site)
    with pytest.raises(NetworkError, match=r"recipes/a\.yaml is redirected"):
        channels.sync_channel("main")
    assert other.requests == []
    assert "/secret.yaml" not in site.requests
    nothing_is_registered(classes, recipes, channels)


@one_registry
def test_a_circle_of_redirects_ends(serve, add, channels):
    site = serve(pages(**{"recipes/a.yaml": redirect("z.yaml"), "recipes/z.yaml": redirect("a.yaml")}))
    add(site)
    with pytest.raises(NetworkError, match="more than 5 times"):
        channels.sync_channel("main")
    assert len(site.requests) < 15


@one_registry
def test_a_server_that_stops_sending(serve, add, channels, monkeypatch):
    def stall(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"name: ")
        time.sleep(1.5)

    monkeypatch.setattr(fetching, "READ_TIMEOUT", 0.3)
    add(serve(pages(**{"recipes/a.yaml": stall})))
    with pytest.raises(NetworkError, match=r"recipes/a\.yaml: the server does not answer in time"):
        channels.sync_channel("main")


@one_registry
def test_a_server_that_sends_drop_by_drop(serve, add, channels, monkeypatch):
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b"#")
            time.sleep(0.05)

    monkeypatch.setattr(fetching, "TOTAL_TIMEOUT", 0.5)
    add(serve(pages(**{"recipes/a.yaml": drip})))
    started = time.monotonic()
    with pytest.raises(NetworkError, match="too slow"):
        channels.sync_channel("main")
    assert time.monotonic() - started < 10


def test_a_server_that_breaks_off(serve, add, channels, classes, recipes):
    def short(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"name: a\n")

    add(serve(pages(**{"asset_classes/a.yaml": short})))
    with pytest.raises(NetworkError, match=r"asset_classes/a\.yaml"):
        channels.sync_channel("main")
    nothing_is_registered(classes, recipes, channels)


@one_registry
def test_a_dead_server(channels):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        channels.add_channel("main", "http", f"http://127.0.0.1:{port}/index.yaml")
        with pytest.raises(NetworkError, match=f"127.0.0.1:{port}"):
            channels.sync_channel("main")

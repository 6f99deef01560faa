"""Data channels over a real HTTP server and from folders, with the faults of both."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from refgenie.channels import fetch as fetching
from refgenie.channels.service import ChannelService
from refgenie.errors import (
    ConflictError,
    InvalidInputError,
    NetworkError,
    NotFoundError,
    RefgenieError,
    UsageError,
)
from refgenie.recipes.asset_classes import AssetClassService
from refgenie.recipes.recipes import RecipeService


def asset_class(name, **changes):
    key = {"value": "{genome}.x", "type": "file"}
    return {"name": name, "version": "1.0", "seek_keys": {name: key}} | changes


def recipe(name, makes="a", **changes):
    return {
        "name": name,
        "version": "1.0",
        "description": "d",
        "output_asset_class": makes,
        "command_templates": ["true"],
    } | changes


INDEX = {
    "asset_class": {"dir": "asset_classes", "files": ["a.yaml", "b.yaml"]},
    "recipe": {"dir": "recipes", "files": ["a.yaml", "b/recipe.yaml"]},
}


def pages(**changes):
    files = {
        "index.yaml": INDEX,
        "asset_classes/a.yaml": asset_class("a"),
        "asset_classes/b.yaml": asset_class("b", parents=["a"]),
        "recipes/a.yaml": recipe("a"),
        "recipes/b/recipe.yaml": recipe("b", "b"),
    }
    return files | changes


one_registry = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Site:
    """Paths and what is answered to them: YAML, bytes, or a function of the request handler."""

    def __init__(self, port, files, requests):
        self.url = f"http://127.0.0.1:{port}"
        self.files = files
        self.requests = requests


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(files, folder="/channel/"):
            requests = []

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self):
                    requests.append(self.path)
                    answer = files.get(self.path.removeprefix(folder), 404)
                    if callable(answer):
                        with contextlib.suppress(OSError):
                            answer(self)
                        return
                    if isinstance(answer, int):
                        self.send_response(answer)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                        return
                    body = answer if isinstance(answer, bytes) else yaml.safe_dump(answer).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *args):
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()

            def stop():
                server.shutdown()
                server.server_close()
                thread.join()

            stack.callback(stop)
            return Site(server.server_port, files, requests)

        yield start


def redirect(target):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.fixture
def classes(database):
    return AssetClassService(database, fetching.fetch)


@pytest.fixture
def recipes(database):
    return RecipeService(database, fetching.fetch)


@pytest.fixture
def channels(database, classes, recipes):
    return ChannelService(database, classes, recipes)


@pytest.fixture
def add(channels):
    def add_site(site, path="/channel/index.yaml"):
        return channels.add_channel("main", "http", site.url + path)

    return add_site


def nothing_is_registered(classes, recipes, channels):
    assert classes.list() == []
    assert recipes.list() == []
    assert channels.get("main").synced_at is None


def test_sync_registers_everything(serve, add, channels, classes, recipes):
    site = serve(pages())
    add(site)
    report = channels.sync_channel("main")
    assert str(report) == "4 added"
    assert set(classes.get("b").seek_keys) == {"a", "b"}
    assert classes.get("a").data_channel == recipes.get("b").data_channel == "main"
    assert channels.get("main").synced_at is not None
    assert str(channels.sync_channel("main")) == "4 unchanged"
    assert all(path.startswith("/channel/") for path in site.requests)


def test_files_are_fetched_at_once(serve, add, channels):
    barrier = threading.Barrier(4, timeout=5)

    def meet(content):
        def answer(handler):
            barrier.wait()
            body = yaml.safe_dump(content).encode()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        return answer

    files = {path: page if path == "index.yaml" else meet(page) for path, page in pages().items()}
    add(serve(files))
    assert str(channels.sync_channel("main")) == "4 added"


@pytest.mark.parametrize(
    ("page", "error", "said"),
    [
        (404, NotFoundError, "is not there"),
        (500, NetworkError, "HTTP 500"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", InvalidInputError, "HTML"),
        (b"a: [1", InvalidInputError, "line"),
        (b"\xff\xfe", InvalidInputError, "UTF-8"),
        (b"x" * 300_000, NetworkError, "more than"),
        ({"name": "b", "version": "1.0"}, InvalidInputError, "output_asset_class"),
        (recipe("b", command_templates=["{{ values. }}"]), InvalidInputError, "template"),
        (recipe("b", "nowhere"), NotFoundError, "nowhere"),
        (recipe("a", description="twice"), InvalidInputError, "other content"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_half_done(
    page, error, said, serve, add, channels, classes, recipes, monkeypatch
):
    monkeypatch.setattr(fetching, "MAX_BYTES", 200_000)
    add(serve(pages(**{"recipes/b/recipe.yaml": page})))
    with pytest.raises(error, match=said) as caught:
        channels.sync_channel("main")
    named = "recipe b" if said == "nowhere" else "/channel/recipes/b/recipe.yaml"
    assert named in caught.value.message
    nothing_is_registered(classes, recipes, channels)


def test_all_bad_files_are_named_at_once(serve, add, channels):
    add(serve(pages(**{"asset_classes/a.yaml": 404, "recipes/a.yaml": b"- x"})))
    with pytest.raises(RefgenieError, match=r"asset_classes/a\.yaml.*recipes/a\.yaml"):
        channels.sync_channel("main")


@one_registry
@pytest.mark.parametrize(
    ("index", "error"),
    [
        (404, NotFoundError),
        (b"<html></html>", InvalidInputError),
        ({"other": 1}, InvalidInputError),
        ({"recipe": ["a.yaml"]}, InvalidInputError),
        ({"recipe": {"files": "a.yaml"}}, InvalidInputError),
        ({"recipe": {"files": [1]}}, InvalidInputError),
        ({"recipe": {"dir": 3, "files": ["a"]}}, InvalidInputError),
    ],
)
def test_a_bad_index(index, error, serve, add, channels):
    add(serve(pages(**{"index.yaml": index})))
    with pytest.raises(error, match=r"/channel/index\.yaml"):
        channels.sync_channel("main")


def test_dir_is_optional(serve, add, channels):
    index = {"asset_class": {"files": ["asset_classes/a.yaml"]}, "recipe": None}
    add(serve(pages(**{"index.yaml": index})))
    assert channels.sync_channel("main").added == ["asset class a 1.0"]


EVIL = [
    "../secret.yaml",
    "x/../../secret.yaml",
    "/secret.yaml",
    "//evil.example/secret.yaml",
    "http://evil.example/secret.yaml",
    "file:///etc/passwd",
    "..\\secret.yaml",
    "~/secret.yaml",
    "a\nb",
    "..",
    ".",
]


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


# -- what is there already


def test_other_content_fails_is_kept_or_is_replaced(serve, add, channels, classes, recipes):
    classes.add(asset_class("a"))
    recipes.add(recipe("a", description="mine"))
    add(serve(pages()))
    with pytest.raises(ConflictError, match=r"recipe a 1\.0"):
        channels.sync_channel("main")
    assert [record.name for record in classes.list()] == ["a"]
    with pytest.raises(UsageError):
        channels.sync_channel("main", exists_ok=True, force=True)
    kept = channels.sync_channel("main", exists_ok=True)
    assert kept.kept == ["recipe a 1.0"]
    assert recipes.get("a").description == "mine"
    replaced = channels.sync_channel("main", force=True)
    assert replaced.replaced == ["recipe a 1.0"]
    assert recipes.get("a").description == "d"


# -- parents


def test_an_unlisted_parent_is_read_from_the_channels_folder(serve, add, channels, classes):
    listed = asset_class("a", parents=["base"])
    add(serve(pages(**{"asset_classes/a.yaml": listed, "asset_classes/base.yaml": asset_class("base")})))
    channels.sync_channel("main")
    assert set(classes.get("b").seek_keys) == {"base", "a", "b"}


@pytest.mark.parametrize("parent", ["/etc/parent.yaml", "URL", "http://127.0.0.1:1/x.yaml"])
def test_parents_elsewhere_are_refused(parent, serve, add, channels, classes, recipes):
    other = serve({"/x.yaml": asset_class("x")})
    parent = f"{other.url}/x.yaml" if parent == "URL" else parent
    add(serve(pages(**{"asset_classes/a.yaml": asset_class("a", parents=[parent])})))
    with pytest.raises(InvalidInputError, match="outside"):
        channels.sync_channel("main")
    assert other.requests == []
    nothing_is_registered(classes, recipes, channels)


def test_parents_in_a_circle(serve, add, channels, classes, recipes):
    add(serve(pages(**{"asset_classes/a.yaml": asset_class("a", parents=["b"])})))
    with pytest.raises(InvalidInputError, match="circle"):
        channels.sync_channel("main")
    nothing_is_registered(classes, recipes, channels)


# -- folders


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "channel"
    for path, page in pages().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(yaml.safe_dump(page))
    return root


@pytest.mark.parametrize("address", ["{}", "{}/index.yaml", "file://{}/index.yaml"])
def test_a_channel_in_a_folder(address, folder, channels, classes):
    record = channels.add_channel("main", None, address.format(folder))
    assert record.type == "file"
    assert record.index_address == str(folder / "index.yaml")
    assert len(channels.sync_channel("main").added) == 4
    assert set(classes.get("b").seek_keys) == {"a", "b"}


@one_registry
@pytest.mark.parametrize("path", EVIL)
def test_nothing_outside_of_a_folder_is_read(path, folder, channels):
    (folder.parent / "secret.yaml").write_text(yaml.safe_dump(asset_class("secret")))
    (folder / "index.yaml").write_text(yaml.safe_dump({"asset_class": {"files": [path]}}))
    channels.add_channel("main", "file", str(folder))
    with pytest.raises(InvalidInputError, match=r"leads out|names no file"):
        channels.sync_channel("main")


def test_links_out_of_a_folder_are_refused(folder, channels, classes, recipes):
    secret = folder.parent / "secret.yaml"
    secret.write_text(yaml.safe_dump(recipe("a")))
    (folder / "recipes" / "a.yaml").unlink()
    (folder / "recipes" / "a.yaml").symlink_to(secret)
    channels.add_channel("main", "file", str(folder))
    with pytest.raises(InvalidInputError, match=r"a\.yaml leads out"):
        channels.sync_channel("main")
    nothing_is_registered(classes, recipes, channels)


@one_registry
def test_a_pipe_in_a_folder_does_not_hold_the_sync(folder, channels):
    (folder / "recipes" / "a.yaml").unlink()
    os.mkfifo(folder / "recipes" / "a.yaml")
    channels.add_channel("main", "file", str(folder))
    with pytest.raises(InvalidInputError, match="no file"):
        channels.sync_channel("main")


def test_a_missing_file_in_a_folder_is_named(folder, channels, classes, recipes):
    (folder / "recipes" / "b" / "recipe.yaml").unlink()
    channels.add_channel("main", "file", str(folder))
    with pytest.raises(NotFoundError, match=r"b/recipe\.yaml"):
        channels.sync_channel("main")
    nothing_is_registered(classes, recipes, channels)


# -- the channels themselves


def test_add_list_remove(channels, folder, classes, recipes):
    channels.add_channel("main", "file", str(folder), "Ours")
    again = channels.add_channel("main", "file", str(folder))
    assert again.description == "Ours"
    with pytest.raises(ConflictError):
        channels.add_channel("main", "https", "https://example.org/index.yaml")
    assert [record.name for record in channels.list()] == ["main"]
    channels.sync_channel("main")
    channels.remove_channel("main")
    assert channels.list() == []
    assert recipes.get("a").data_channel is None
    with pytest.raises(NotFoundError):
        channels.remove_channel("main")
    with pytest.raises(NotFoundError):
        channels.sync_channel("main")


@one_registry
@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("https", "http://example.org/index.yaml"),
        ("file", "http://example.org/index.yaml"),
        ("http", "/a/index.yaml"),
        ("ftp", "ftp://example.org/index.yaml"),
        ("http", "http:///index.yaml"),
        ("http", "http://user:secret@example.org/index.yaml"),
        ("http", "http://exa mple.org/index.yaml"),
    ],
)
def test_addresses_that_fit_no_type(kind, address, channels):
    with pytest.raises(InvalidInputError):
        channels.add_channel("main", kind, address)


def test_what_a_channel_offers(channels, folder, classes):
    channels.add_channel("main", "file", str(folder))
    assert [model.name for model in channels.iter_asset_classes()] == ["a", "b"]
    assert [model.name for model in channels.iter_recipes("main")] == ["a", "b"]
    assert classes.list() == []


def test_definitions_by_url(serve, classes, recipes):
    site = serve(pages(**{"moved.yaml": redirect("/channel/recipes/a.yaml")}))
    assert set(classes.add(f"{site.url}/channel/asset_classes/b.yaml").seek_keys) == {"a", "b"}
    assert recipes.add(f"{site.url}/channel/moved.yaml").name == "a"
    with pytest.raises(NotFoundError):
        recipes.add(f"{site.url}/channel/absent.yaml")

"""What a synchronization registers, and that a bad channel leaves nothing behind."""

from __future__ import annotations

import threading

import pytest
import yaml

from refgenie.channels import fetch as fetching
from refgenie.errors import (
    ConflictError,
    InvalidInputError,
    NetworkError,
    NotFoundError,
    RefgenieError,
    UsageError,
)
from support.channel_site import (
    asset_class,
    nothing_is_registered,
    one_registry,
    pages,
    recipe,
    redirect,
)


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


def test_definitions_by_url(serve, classes, recipes):
    site = serve(pages(**{"moved.yaml": redirect("/channel/recipes/a.yaml")}))
    assert set(classes.add(f"{site.url}/channel/asset_classes/b.yaml").seek_keys) == {"a", "b"}
    assert recipes.add(f"{site.url}/channel/moved.yaml").name == "a"
    with pytest.raises(NotFoundError):
        recipes.add(f"{site.url}/channel/absent.yaml")

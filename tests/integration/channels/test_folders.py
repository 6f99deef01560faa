"""Channels in folders, and the channels themselves."""

from __future__ import annotations

import os

import pytest
import yaml

from refgenie.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from support.channel_site import (
    EVIL,
    asset_class,
    nothing_is_registered,
    one_registry,
    recipe,
)


@pytest.mark.parametrize("address", ["{}", "{}/index.yaml", "file://{}/index.yaml"])
def test_a_channel_in_a_folder(address, folder, channels, classes):
    record = channels.add_channel("main", None, address.format(folder))
    assert record.type == "file"
    assert record.index_address == str(folder / "index.yaml")
    assert len(channels.sync_channel("main").added) == 4
    assert set(classes.get("b").seek_keys) == {"a", "b"}


@one_registry
def test_a_folder_may_begin_with_a_tilde(channels, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    folder.rename("~nouser")
    channels.add_channel("main", None, "~nouser")
    assert len(channels.sync_channel("main").added) == 4


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


def test_what_a_channel_offers(channels, folder, classes):
    channels.add_channel("main", "file", str(folder))
    assert [model.name for model in channels.iter_asset_classes()] == ["a", "b"]
    assert [model.name for model in channels.iter_recipes("main")] == ["a", "b"]
    assert classes.list() == []


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

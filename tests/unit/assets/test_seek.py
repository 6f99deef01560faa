"""seek: the alias tree where it has the path, else the content; errors that name what is near."""

from __future__ import annotations

import pytest

from refgenie.core.records import SeekKeyRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import NotFoundError
from support.asset_site import GENOME, AssetSite


@pytest.fixture
def published(site: AssetSite) -> AssetSite:
    site.publish(
        {f"{GENOME}.txt": "t", f"{GENOME}.idx.1": "1"},
        "v1.0",
        seek_keys={"text": "{genome}.txt", "other": f"{GENOME}.idx.1"},
    )
    return site


def test_an_alias_leads_through_its_own_links(published: AssetSite) -> None:
    for alias in ("hg38", "GRCh38"):
        found = published.assets.seek(alias, "things", seek_key_name="text")
        assert found == str(published.link_folder(alias, "v1.0") / f"{alias}.txt")


def test_a_digest_and_absolute_lead_to_the_content(published: AssetSite) -> None:
    digest = published.assets.id("hg38", "things")
    expected = str(published.content(digest) / f"{GENOME}.txt")
    assert published.assets.seek(GENOME, "things", "v1.0", "text") == expected
    assert published.assets.seek("hg38", "things", "v1.0", "text", absolute=True) == expected


def test_where_the_link_is_missing_the_content_is_answered(published: AssetSite) -> None:
    digest = published.assets.id("hg38", "things")
    published.links.drop("hg38")
    assert published.assets.seek("hg38", "things", seek_key_name="text") == str(
        published.content(digest) / f"{GENOME}.txt"
    )


def test_without_a_key_that_stands_out_the_folder_is_meant(published: AssetSite) -> None:
    assert published.assets.seek("hg38", "things") == str(published.link_folder("hg38", "v1.0"))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"things": "a", "b": "b"}, "a"),
        ({"only": "b"}, "b"),
    ],
)
def test_the_default_seek_key(site: AssetSite, keys: dict[str, str], expected: str) -> None:
    site.publish({"a": "a", "b": "b"}, seek_keys=keys)
    assert site.assets.seek("hg38", "things") == str(site.link_folder("hg38") / expected)


def test_the_key_named_like_the_class_is_second_choice(site: AssetSite) -> None:
    site.publish({"a": "a", "b": "b"}, group="mine", seek_keys={"things": "a", "other": "b"})
    assert site.assets.seek("hg38", "mine").endswith("/alias/hg38/mine/default/a")


def test_a_prefix_and_a_plain_value(site: AssetSite) -> None:
    folder = site.staged_folder({f"{GENOME}.1.bt2": "x"})
    asset = site.new_asset(folder)
    keys = (SeekKeyRecord("index", "{genome}", "prefix"), SeekKeyRecord("version", "2.5", "string"))
    site.publisher.publish(
        folder, type(asset)(**{f: getattr(asset, f) for f in asset.__slots__} | {"seek_keys": keys})
    )
    assert site.assets.seek("hg38", "things", seek_key_name="index") == str(site.link_folder("hg38") / "hg38")
    assert site.assets.seek("hg38", "things", seek_key_name="version") == "2.5"


def test_what_is_not_on_disk_is_not_found_when_it_must_be(published: AssetSite) -> None:
    digest = published.assets.id("hg38", "things")
    path = RegistryPath("hg38", "things", "text")
    assert published.assets.seek_path(path, must_exist=True)
    (published.content(digest) / f"{GENOME}.txt").unlink()
    assert published.assets.seek_path(path)
    with pytest.raises(NotFoundError, match="not on disk"):
        published.assets.seek_path(path, must_exist=True)


@pytest.mark.parametrize("key", ["index", "folder", None])
def test_links_to_content_that_is_gone_are_nothing_on_disk(site: AssetSite, key: str | None) -> None:
    folder = site.staged_folder({f"{GENOME}.1.bt2": "x", "sub/file": "y"})
    asset = site.new_asset(folder)
    keys = (SeekKeyRecord("index", "{genome}", "prefix"), SeekKeyRecord("folder", "sub", "directory"))
    site.publisher.publish(
        folder, type(asset)(**{f: getattr(asset, f) for f in asset.__slots__} | {"seek_keys": keys})
    )
    path = RegistryPath("hg38", "things", key)
    assert "/alias/" in site.assets.seek_path(path, must_exist=True)
    content = site.content(site.assets.id("hg38", "things"))
    content.rename(content.with_name("away"))
    with pytest.raises(NotFoundError, match="not on disk"):
        site.assets.seek_path(path, must_exist=True)


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("hg39/things", "hg39", "refgenie alias get"),
        ("hg38/thing", "'things'", "refgenie pull hg38/thing, or refgenie build hg38/thing"),
        ("hg38/bwa_index", "known: things", "refgenie pull hg38/bwa_index, or refgenie build hg38/bwa_index"),
        ("hg38/things:v1", "'v1.0'", "refgenie pull hg38/things:v1, or refgenie build hg38/things:v1"),
        ("hg38/things.txt", "'text'", "refgenie seek hg38/things.text"),
        ("mm10/things", "it has none", "refgenie pull mm10/things, or refgenie build mm10/things"),
        (f"{'c' * 32}/things", "unknown", "refgenie alias get"),
    ],
)
def test_errors_name_the_nearest_and_the_command(
    published: AssetSite, path: str, message: str, hint: str
) -> None:
    with pytest.raises(NotFoundError) as caught:
        published.assets.seek_path(path)
    assert message in caught.value.message
    assert caught.value.hint == hint

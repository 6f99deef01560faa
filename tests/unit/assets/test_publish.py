"""Publishing: whole or not at all, one folder per content, links, manifests, defaults."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from refgenie.assets import publish
from refgenie.core.digests import sha256_of
from refgenie.core.records import ParentRecord
from refgenie.errors import ConflictError, DigestMismatchError, InvalidInputError, NotFoundError
from support.asset_site import GENOME, AssetSite

FILES = {f"{GENOME}.txt": "one", f"sub/{GENOME}.idx": "two", "plain": "three"}


def test_a_published_asset_is_recorded_placed_linked_and_described(site: AssetSite) -> None:
    record = site.publish(FILES, seek_keys={"text": "{genome}.txt"}, custom_properties={"v": "1"})

    content = site.content(record.digest)
    assert {p.relative_to(content).as_posix() for p in content.rglob("*") if p.is_file()} == set(FILES)
    assert record == site.assets.get("hg38", "things")
    assert (record.size, record.is_default, record.path) == (
        11,
        True,
        f"data/{GENOME}/things/{record.digest}",
    )
    assert record.custom_properties == {"v": "1"}
    for alias in ("hg38", "GRCh38"):
        links = site.link_folder(alias)
        assert (links / f"{alias}.txt").read_text() == "one"
        assert (links / "sub" / f"{alias}.idx").read_text() == "two"
        assert (links / "plain").read_text() == "three"
        assert not (links / f"{alias}.txt").readlink().is_absolute()
    manifest = json.loads(site.manifest(record.digest).read_text())
    assert manifest["names"][0]["name"] == "default"
    assert {f["path"]: f["sha256"] for f in manifest["files"]} == {
        path: sha256_of(content / path) for path in FILES
    }
    assert list(site.folders.work.iterdir()) == []


def test_files_lose_write_permission_and_folders_follow_the_umask(site: AssetSite) -> None:
    folder = site.staged_folder({"run": "x", "sub/data": "y"})
    (folder / "run").chmod(0o755)
    (folder / "sub" / "data").chmod(0o600)
    (folder / "sub").chmod(0o700)
    before = os.umask(0o027)
    try:
        record = site.publisher.publish(folder, site.new_asset(folder))
    finally:
        os.umask(before)
    content = site.content(record.digest)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (content, *content.rglob("*"))}
    assert modes == {content.name: 0o750, "sub": 0o750, "run": 0o550, "data": 0o440}


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder another group needs root")
def test_folders_take_the_group_of_a_setgid_genome_folder(site: AssetSite) -> None:
    root = site.folders.genome_folder
    root.mkdir()
    os.chown(root, -1, 4321)
    root.chmod(0o2775)
    record = site.publish({"sub/a": "x"})
    for path in (site.content(record.digest), *site.content(record.digest).rglob("*")):
        assert path.stat().st_gid == 4321
    assert (site.content(record.digest) / "sub").stat().st_mode & stat.S_ISGID


def test_links_to_other_assets_become_hard_links_and_to_the_users_files_copies(
    site: AssetSite, tmp_path: Path
) -> None:
    first = site.publish({"shared": "shared"})
    users = tmp_path / "users"
    users.write_text("users")
    folder = site.staged_folder({"own": "own"})
    (folder / "a").symlink_to(site.content(first.digest) / "shared")
    (folder / "b").symlink_to(users)
    (folder / "c").hardlink_to(users)
    (folder / "d").symlink_to(site.content(first.digest), target_is_directory=True)
    record = site.publisher.publish(folder, site.new_asset(folder, "second"))

    content = site.content(record.digest)
    assert not any(path.is_symlink() for path in content.rglob("*"))
    assert (content / "a").samefile(site.content(first.digest) / "shared")
    assert (content / "d" / "shared").read_text() == "shared"
    for name in "bc":
        assert not (content / name).samefile(users)
        assert (content / name).read_text() == "users"
    assert os.access(users, os.W_OK)
    assert stat.S_IMODE(users.stat().st_mode) & stat.S_IWUSR


@pytest.mark.parametrize("target", ["nowhere", "."])
def test_a_link_that_leads_nowhere_or_in_a_circle_is_refused(site: AssetSite, target: str) -> None:
    folder = site.staged_folder({"a": "x"})
    asset = site.new_asset(folder)
    (folder / "bad").symlink_to(target)
    with pytest.raises((InvalidInputError, DigestMismatchError)):
        site.publisher.publish(folder, asset)
    assert site.assets.list() == []


def test_a_folder_that_is_not_as_described_is_refused(site: AssetSite) -> None:
    folder = site.staged_folder({"a": "x"})
    asset = site.new_asset(folder)
    (folder / "a").write_text("xy")
    with pytest.raises(DigestMismatchError):
        site.publisher.publish(folder, asset)
    (folder / "a").write_text("x")
    (folder / "b").write_text("x")
    with pytest.raises(DigestMismatchError):
        site.publisher.publish(folder, asset)
    (folder / "b").unlink()
    with pytest.raises(DigestMismatchError):
        site.publisher.publish(folder, replace(asset, digest="0" * 64))
    assert site.assets.list() == []


def test_equal_content_under_two_names_is_one_folder_that_goes_with_its_last_name(site: AssetSite) -> None:
    first = site.publish({"a": "x"}, "one")
    second = site.publish({"a": "x"}, "two")
    assert first.digest == second.digest
    assert first.id != second.id
    names = [entry["name"] for entry in json.loads(site.manifest(first.digest).read_text())["names"]]
    assert names == ["one", "two"]
    site.assets.remove("hg38", "things", "one")
    assert site.content(first.digest).is_dir()
    assert [e["name"] for e in json.loads(site.manifest(first.digest).read_text())["names"]] == ["two"]
    site.assets.remove("hg38", "things", "two")
    assert not site.content(first.digest).exists()
    assert not site.manifest(first.digest).exists()


def test_other_content_under_a_taken_name_is_a_conflict_unless_it_replaces(site: AssetSite) -> None:
    first = site.publish({"a": "x"})
    with pytest.raises(ConflictError):
        site.publish({"a": "y"})
    assert site.assets.get("hg38", "things").digest == first.digest
    second = site.publish({"b": "y"}, replace=True)
    assert second.id == first.id
    assert second.is_default
    assert [file.path for file in second.files] == ["b"]
    assert not site.content(first.digest).exists()
    assert not site.manifest(first.digest).exists()
    assert {path.name for path in site.link_folder("hg38").iterdir()} == {"b"}


def change_in_its_size(file: Path) -> None:
    file.chmod(0o644)
    file.write_text("?")


@pytest.mark.parametrize(
    "damage", [Path.unlink, change_in_its_size, lambda file: file.with_name("c").touch()]
)
def test_the_same_asset_again_changes_nothing_and_mends_damaged_content(
    site: AssetSite, damage: Callable[[Path], None]
) -> None:
    first = site.publish({"a": "x", "b": "y"})
    damage(site.content(first.digest) / "a")
    assert site.assets.verify() != []
    again = site.publish({"a": "x", "b": "y"})
    assert again.id == first.id
    assert site.assets.verify() == []


def test_content_that_cannot_be_read_is_replaced(site: AssetSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_folder: Path) -> NoReturn:
        raise OSError(errno.EIO, "Input/output error")

    first = site.publish({"a": "x"})
    inode = (site.content(first.digest) / "a").stat().st_ino
    with monkeypatch.context() as patch:
        patch.setattr(publish, "describe_files", fail)
        site.publish({"a": "x"})
    assert (site.content(first.digest) / "a").stat().st_ino != inode
    assert site.assets.verify() == []


def test_the_first_asset_is_the_default_until_another_is_made_it(site: AssetSite) -> None:
    site.publish({"a": "1"}, "one")
    site.publish({"a": "2"}, "two")
    assert site.assets.get_default("hg38", "things") == "one"
    third = site.publish({"a": "3"}, "three", make_default=True)
    assert site.assets.get_default("hg38", "things") == "three"
    assert third.is_default
    assert sum(record.is_default for record in site.assets.list()) == 1


def test_a_group_keeps_its_class(site: AssetSite) -> None:
    site.publish({"a": "1"})
    with pytest.raises(ConflictError, match="class"):
        site.publish({"a": "2"}, "two", asset_class="index")


def test_what_fails_in_the_transaction_leaves_nothing_recorded(site: AssetSite) -> None:
    def fail(_session: object) -> None:
        raise ConflictError("on purpose")

    with pytest.raises(ConflictError, match="purpose"):
        site.publish({"a": "1"}, also=fail)
    with pytest.raises(NotFoundError):
        site.publish({"a": "1"}, recipe_key=("none", "1"))
    assert site.assets.list() == []
    assert site.assets.groups() == []


def test_parents_are_known_whichever_came_first(site: AssetSite) -> None:
    parent_files = {"a": "parent"}
    folder = site.staged_folder(parent_files, "probe")
    digest = site.new_asset(folder).digest
    link = ParentRecord("input", digest, f"{GENOME}/things:parent")
    child = site.publish({"a": "child"}, "child", parents=(link,))
    assert child.parents[0].asset_id is None
    parent = site.publish(parent_files, "parent")
    late = site.publish({"a": "late"}, "late", parents=(link,))
    assert late.parents[0].asset_id == parent.id
    assert site.assets.get("hg38", "things", "child").parents[0].asset_id == parent.id
    assert site.assets.get("hg38", "things", "parent").children == (
        f"{GENOME}/things:child",
        f"{GENOME}/things:late",
    )

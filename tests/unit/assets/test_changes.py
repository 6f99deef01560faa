"""remove, rename, default, list."""

from __future__ import annotations

import json

import pytest
from sqlalchemy.orm import Session

from refgenie.core.records import ParentRecord
from refgenie.db.models import Asset
from refgenie.db.transfer_models import StagedAsset
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError
from support.asset_site import GENOME, AssetSite


def test_remove_takes_links_record_manifest_and_files(site: AssetSite) -> None:
    record = site.publish({"a": "x"})
    assert site.assets.remove("hg38", "things").digest == record.digest
    with pytest.raises(NotFoundError):
        site.assets.get("hg38", "things")
    assert not site.assets.group_exists("hg38", "things")
    assert not site.link_folder("hg38").parent.exists()
    assert not site.content(record.digest).exists()
    assert not site.manifest(record.digest).exists()
    assert list(site.folders.work.iterdir()) == []


def test_remove_of_a_parent_is_refused_and_names_the_children(site: AssetSite) -> None:
    parent = site.publish({"a": "x"}, "parent")
    link = ParentRecord("input", parent.digest, parent.registry_path, parent.id)
    child = site.publish({"a": "y"}, "child", group="built", parents=(link,))
    with pytest.raises(ConflictError, match=f"{GENOME}/built:child"):
        site.assets.remove("hg38", "things", "parent")
    with pytest.raises(ConflictError):
        site.assets.remove_group("hg38", "things")
    assert site.content(parent.digest).is_dir()
    site.assets.remove("hg38", "things", "parent", force=True)
    after = site.assets.get("hg38", "built", "child")
    assert after.parents == (ParentRecord("input", parent.digest, parent.registry_path, None),)
    assert after.id == child.id


def test_the_default_moves_to_the_newest_that_remains(site: AssetSite) -> None:
    for name in ("one", "two", "three"):
        site.publish({"a": name}, name)
    site.assets.remove("hg38", "things", "one")
    assert site.assets.get_default("hg38", "things") == "three"
    digest = site.assets.id("hg38", "things", "three")
    assert json.loads(site.manifest(digest).read_text())["names"][0]["is_default"] is True


def test_a_group_goes_with_all_its_assets_though_they_were_built_from_each_other(site: AssetSite) -> None:
    parent = site.publish({"a": "x"}, "parent")
    link = ParentRecord("input", parent.digest, parent.registry_path, parent.id)
    site.publish({"a": "y"}, "child", parents=(link,))
    assert site.assets.remove_group("hg38", "things") == ["child", "parent"]
    assert site.assets.list() == []
    assert not site.content(parent.digest).exists()
    with pytest.raises(NotFoundError):
        site.assets.remove_group("hg38", "things")


def test_what_was_staged_goes_with_the_asset(site: AssetSite) -> None:
    records = [site.publish({"a": "x"}, name) for name in ("one", "two")]
    archive = site.folders.archive_folder / "there.tgz"
    archive.parent.mkdir(parents=True)
    archive.write_text("archive")

    def stage(session: Session) -> None:
        session.add_all(
            StagedAsset(
                asset=session.get_one(Asset, record.id),
                mode="archive",
                path="there.tgz",
                digest="0" * 64,
                size=7,
                directory_contents=[],
            )
            for record in records
        )

    site.database.write(stage)
    site.assets.remove("hg38", "things", "one")
    assert archive.exists()
    site.assets.remove("hg38", "things", "two")
    assert not archive.exists()


def test_rename_moves_the_links_and_keeps_the_rest(site: AssetSite) -> None:
    before = site.publish({"a": "x"}, "old")
    after = site.assets.rename("hg38", "things", "old", "new")
    assert (after.id, after.digest, after.name, after.is_default) == (before.id, before.digest, "new", True)
    assert not site.link_folder("hg38", "old").exists()
    assert (site.link_folder("hg38", "new") / "a").read_text() == "x"
    assert json.loads(site.manifest(before.digest).read_text())["names"][0]["name"] == "new"
    assert site.doctor.find() == []


def test_rename_to_a_taken_or_bad_name_changes_nothing(site: AssetSite) -> None:
    site.publish({"a": "1"}, "one")
    site.publish({"a": "2"}, "two")
    with pytest.raises(ConflictError):
        site.assets.rename("hg38", "things", "one", "two")
    for bad in ("", "../x", ".x", "a/b", "x\n"):
        with pytest.raises(InvalidInputError):
            site.assets.rename("hg38", "things", "one", bad)
    with pytest.raises(NotFoundError):
        site.assets.rename("hg38", "things", "three", "four")
    assert [record.name for record in site.assets.list()] == ["one", "two"]


def test_set_default(site: AssetSite) -> None:
    site.publish({"a": "1"}, "one")
    site.publish({"a": "2"}, "two")
    assert site.assets.set_default("hg38", "things", "two").is_default
    assert site.assets.get_default("hg38", "things") == "two"
    assert site.doctor.find() == []
    with pytest.raises(NotFoundError):
        site.assets.set_default("hg38", "things", "three")


def test_one_genome_may_stand_for_a_list_of_one(site: AssetSite) -> None:
    site.publish({"a": "a"})
    assert site.assets.list("hg38") == site.assets.list(["hg38"])
    assert site.assets.list("mm10") == []
    assert site.assets.table("hg38").row_count == 1


def test_list_and_groups_of_some_genomes(site: AssetSite) -> None:
    site.publish({"a": "1"}, "one", seek_keys={"k": "a"})
    assert [(r.registry_path, [k.name for k in r.seek_keys]) for r in site.assets.list(["GRCh38"])] == [
        (f"{GENOME}/things:one", ["k"])
    ]
    assert site.assets.list(["mm10"]) == []
    assert [(g.name, g.default_asset, g.asset_class_name) for g in site.assets.groups()] == [
        ("things", "one", "things")
    ]
    assert site.assets.group_exists("hg38", "things")
    assert not site.assets.group_exists("mm10", "things")
    assert not site.assets.group_exists("nobody", "things")
    with pytest.raises(NotFoundError):
        site.assets.list(["nobody"])
    assert site.assets.table(["hg38"], size=True).row_count == 1

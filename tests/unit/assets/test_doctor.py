"""doctor finds what is wrong, says so without a trace, and mends it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from refgenie.assets.workspace import named_folder
from refgenie.core.records import ParentRecord
from refgenie.db.models import Asset, AssetClass, AssetGroup, Base, Build, Genome
from support.asset_site import GENOME, AssetSite

FILES = {f"{GENOME}.txt": "one", "plain": "two"}


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything below a folder with its time and size."""
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in sorted(folder.rglob("*"))}


def forget_everything(site: AssetSite) -> None:
    def work(session: Session) -> None:
        session.execute(delete(Asset))
        session.execute(delete(AssetGroup))

    site.database.write(work)


def lose_content(site: AssetSite) -> None:
    shutil.rmtree(site.content(site.assets.id("hg38", "things")))


def lose_manifest(site: AssetSite) -> None:
    site.manifest(site.assets.id("hg38", "things")).unlink()


def spoil_manifest(site: AssetSite) -> None:
    site.manifest(site.assets.id("hg38", "things")).write_text("{")


def lose_links(site: AssetSite) -> None:
    shutil.rmtree(site.link_folder("hg38"))


def bend_a_link(site: AssetSite) -> None:
    link = site.link_folder("hg38") / "plain"
    link.unlink()
    link.symlink_to("/nowhere")


def add_a_link(site: AssetSite) -> None:
    (site.link_folder("hg38") / "more").symlink_to("plain")


def leave_an_alias(site: AssetSite) -> None:
    shutil.copytree(
        site.link_folder("hg38").parent.parent, site.folders.genome_folder / "alias" / "old", symlinks=True
    )


def leave_content(site: AssetSite) -> None:
    shutil.copytree(site.content(site.assets.id("hg38", "things")), site.content("0" * 64))


def leave_a_manifest(site: AssetSite) -> None:
    shutil.copy(site.manifest(site.assets.id("hg38", "things")), site.manifest("0" * 64))


def leave_an_old_temporary_folder(site: AssetSite) -> None:
    folder = site.staged_folder({"a": "x"}, "left")
    for path in (folder / "a", folder):
        os.utime(path, (time.time() - 90_000,) * 2)


def leave_an_old_lock(site: AssetSite) -> None:
    site.folders.locks.mkdir(exist_ok=True)
    lock = site.folders.locks / "0123.lock"
    lock.touch()
    os.utime(lock, (time.time() - 90_000,) * 2)


def leave_a_build(site: AssetSite) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    def work(session: Session) -> None:
        session.add(
            Build(
                id="b1",
                genome_digest=GENOME,
                asset_group_name="things",
                asset_name="default",
                recipe_name="r",
                recipe_version="1",
                status="running",
                path=f"builds/{GENOME}/things/b1",
                host=socket.gethostname(),
                pid=child.pid,
            )
        )

    site.database.write(work)


FAULTS: dict[Callable[[AssetSite], None], str] = {
    forget_everything: "published but not recorded",
    lose_content: "record without files",
    lose_manifest: "manifest is missing or out of date",
    spoil_manifest: "manifest is missing or out of date",
    lose_links: "links are missing or wrong",
    bend_a_link: "links are missing or wrong",
    add_a_link: "links are missing or wrong",
    leave_an_alias: "links of an alias that is none",
    leave_content: "content that is not recorded",
    leave_a_manifest: "published but not recorded",
    leave_an_old_temporary_folder: "temporary folder of a dead process",
    leave_an_old_lock: "lock file that nobody holds",
    leave_a_build: "build whose process is gone",
}


@pytest.mark.parametrize("harm", FAULTS, ids=lambda harm: harm.__name__)
def test_each_fault_is_named_without_a_trace_and_mended(
    site: AssetSite, harm: Callable[[AssetSite], None]
) -> None:
    record = site.publish(FILES)
    site.publish({"other": "x"}, "other", group="more")
    assert site.doctor.find() == []
    harm(site)
    before = tree(site.folders.genome_folder)
    found = site.doctor.find()
    assert FAULTS[harm] in {finding.kind for finding in found}
    assert tree(site.folders.genome_folder) == before
    assert all(finding.fixable for finding in found)

    assert all(finding.mended for finding in site.doctor.fix())
    assert site.doctor.find() == []
    if harm is not lose_content:
        again = site.assets.get("hg38", "things")
        assert (again.digest, again.files, again.custom_properties) == (
            record.digest,
            record.files,
            record.custom_properties,
        )
        assert (site.link_folder("hg38") / "hg38.txt").read_text() == "one"
    assert site.assets.get("hg38", "more", "other")


def test_a_temporary_folder_of_a_living_process_is_left_alone(site: AssetSite) -> None:
    program = f"""
import sys, pathlib, time
from refgenie.assets.workspace import working_folder
from refgenie.core.layout import Folders
with working_folder(Folders(pathlib.Path({str(site.folders.genome_folder)!r}), pathlib.Path("/none")), "test") as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        folder = Path(child.stdout.readline().strip())
        site.doctor.fix()
        site.doctor.garbage()
        assert (folder / "file").exists()
        child.kill()
    found = site.doctor.find()
    assert {finding.kind for finding in found} == {"temporary folder of a dead process"}
    assert site.doctor.garbage().removed == len(found)
    assert not folder.exists()
    assert site.doctor.find() == []


def test_a_named_working_folder_takes_the_place_of_a_dead_ones(site: AssetSite) -> None:
    left = site.staged_folder({"a": "x"}, "build-fixed")
    with named_folder(site.folders, "build-fixed") as (folder, _):
        assert folder == left
        assert list(folder.iterdir()) == []
    assert list(site.folders.work.iterdir()) == []


def test_missing_and_cut_files_are_named_but_not_thrown_away(site: AssetSite) -> None:
    record = site.publish(FILES)
    (site.content(record.digest) / "plain").unlink()
    for finding in (*site.doctor.find(), *site.doctor.fix()):
        assert finding.kind == "files are missing or have another size"
        assert not finding.mended
        assert record.registry_path in finding.remedy
    assert (site.content(record.digest) / f"{GENOME}.txt").exists()


def test_a_genome_folder_that_is_not_mounted_is_no_reason_to_forget(site: AssetSite, tmp_path: Path) -> None:
    site.publish(FILES)
    site.folders.genome_folder.rename(tmp_path / "away")
    found = site.doctor.fix()
    assert [finding.kind for finding in found] == ["genome folder without content"]
    assert len(site.assets.list()) == 1


def test_content_that_is_not_whole_is_not_recorded_again(site: AssetSite) -> None:
    record = site.publish(FILES)
    forget_everything(site)
    (site.content(record.digest) / "plain").unlink()
    site.doctor.fix()
    assert site.assets.list() == []
    assert not site.content(record.digest).exists()
    assert site.doctor.find() == []


def test_a_build_that_runs_is_left_alone(site: AssetSite) -> None:
    leave_a_build(site)

    def mine(session: Session) -> None:
        build = session.get_one(Build, "b1")
        build.pid = os.getpid()

    site.database.write(mine)
    assert site.doctor.find() == []


def test_a_change_of_genome_or_class_is_no_fault_of_the_manifests(site: AssetSite) -> None:
    site.publish(FILES)

    def change(session: Session) -> None:
        session.get_one(Genome, GENOME).description = "another"
        session.scalars(select(AssetClass).where(AssetClass.name == "things")).one().description = "another"

    site.database.write(change)
    assert site.doctor.find() == []


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": 1}', '{"format": 1, "names": [3], "files": 7}'])
def test_a_manifest_that_makes_no_sense_breaks_nothing(site: AssetSite, text: str) -> None:
    record = site.publish(FILES)
    site.manifest(record.digest).write_text(text)
    site.doctor.fix()
    assert site.doctor.find() == []
    forget_everything(site)
    site.manifest(record.digest).write_text(text)
    assert site.doctor.rebuild().assets == 0
    site.doctor.fix()
    assert site.doctor.find() == []
    assert not site.content(record.digest).exists()


def test_a_lost_registry_is_made_anew(site: AssetSite) -> None:
    parent = site.publish(FILES, "v1", seek_keys={"text": "{genome}.txt"}, description="first")
    link = ParentRecord("input", parent.digest, parent.registry_path, parent.id)
    site.publish(
        {"index": "i"},
        "built",
        group="indexes",
        parents=(link,),
        provenance={"commands": ["x"]},
        custom_properties={"version": "2"},
    )
    site.publish({"plain": "z"}, "v2", make_default=True)
    site.publish({"plain": "z"}, "v3")
    before = [site.assets.get(r.genome_digest, r.asset_group_name, r.name) for r in site.assets.list()]

    def lose(session: Session) -> None:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))

    site.database.write(lose)
    report = site.doctor.rebuild()

    assert (report.assets, report.faults) == (4, ())
    after = [site.assets.get(r.genome_digest, r.asset_group_name, r.name) for r in site.assets.list()]
    for old, new in zip(before, after, strict=True):
        for field in [
            "registry_path",
            "digest",
            "description",
            "size",
            "path",
            "is_default",
            "custom_properties",
            "provenance",
            "build_id",
            "seek_keys",
            "children",
            "files",
            "created_at",
            "asset_class_name",
        ]:
            assert getattr(old, field) == getattr(new, field), field
        assert [parent.digest for parent in old.parents] == [parent.digest for parent in new.parents]
        assert all(parent.asset_id for parent in new.parents)
    with site.database.read() as session:
        row = session.scalars(select(AssetClass).where(AssetClass.name == "things")).one()
        assert row.definition["name"] == "things"
        assert session.get_one(Genome, GENOME).description == "one"
    assert site.doctor.rebuild().assets == 0
    assert [f for f in site.doctor.find() if "alias" not in f.kind] == []

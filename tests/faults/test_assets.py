"""Assets under kill -9, many processes, a full disk and a read-only disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL

from refgenie.core.digests import asset_digest, describe_files
from refgenie.core.layout import Folders
from refgenie.errors import DiskFullError, NotPermittedError
from support import children, killed
from support.asset_site import GENOME, AssetSite
from support.asset_work import add, opened, remove, rename, work_at_once
from support.disks import small_disk

PROCESSES = 24
MOMENTS = 10


@pytest.fixture
def address(database_url: URL) -> str:
    """The registry's address as a text that goes to other processes."""
    return database_url.render_as_string(hide_password=False)


@pytest.fixture
def site(address: str, folders: Folders) -> AssetSite:
    """A filled installation."""
    installation = opened(address, folders)
    installation.fill()
    return installation


def source_folder(root: Path, text: str) -> Path:
    folder = root / "users"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "sub").mkdir(parents=True)
    (folder / f"{GENOME}.txt").write_text(text)
    (folder / "sub" / "more").write_text(text * 2)
    return folder


# --- kill -9 -------------------------------------------------------------------------


def moments(steps: int, address: str) -> list[int]:
    """Some of the steps, the first and the last among them.

    Ten; on PostgreSQL, where a child takes longer to connect, four: the order of steps is the same.
    """
    count = MOMENTS if address.startswith("sqlite") else 4
    return sorted({1 + round(index * (steps - 1) / max(count - 1, 1)) for index in range(count)})


def check_mended(site: AssetSite) -> None:
    assert [finding for finding in site.doctor.find() if not finding.fixable] == []
    site.doctor.fix()
    assert site.doctor.find() == []
    assert site.assets.verify() == []
    assert list(site.folders.work.iterdir()) == []


@pytest.mark.parametrize("doctor_first", [True, False], ids=["doctor", "again"])
@pytest.mark.parametrize("mode", ["copy", "move"])
def test_add_killed_at_ten_moments(
    site: AssetSite, address: str, folders: Folders, tmp_path: Path, mode: str, doctor_first: bool
) -> None:
    source = source_folder(tmp_path, "x")
    digest = asset_digest(describe_files(source))
    steps = killed.count_steps(add, address, folders, source, mode)
    site.assets.remove("hg38", "things")
    deaths = 0
    for moment in moments(steps, address):
        source = source_folder(tmp_path, "x") if not source.exists() else source
        deaths += killed.kill_at(moment, add, address, folders, source, mode)
        recorded = [record.digest for record in site.assets.list()]
        assert recorded in ([], [digest])
        assert site.assets.verify() == []  # every recorded thing is whole
        if doctor_first:
            check_mended(site)
        source = source_folder(tmp_path, "x")
        add(address, folders, source, mode)
        assert site.assets.id("hg38", "things") == digest
        check_mended(site)
        site.assets.remove("hg38", "things")
    assert (
        deaths >= len(moments(steps, address)) - 3
    )  # the first run had folders to make, so it had more steps


def test_a_killed_move_loses_no_file(site: AssetSite, address: str, folders: Folders, tmp_path: Path) -> None:
    source = source_folder(tmp_path, "x")
    steps = killed.count_steps(add, address, folders, source, "move")
    site.assets.remove("hg38", "things")
    for moment in moments(steps, address):
        source = source_folder(tmp_path, "x")
        killed.kill_at(moment, add, address, folders, source, "move")
        if not site.assets.list():
            assert {p.name: p.read_text() for p in source.rglob("*") if p.is_file()} == {
                f"{GENOME}.txt": "x",
                "more": "xx",
            }
            site.doctor.fix()  # records it, or removes what was not published
        if site.assets.list():
            site.assets.remove("hg38", "things")
    check_mended(site)


def test_replacing_killed_at_ten_moments(
    site: AssetSite, address: str, folders: Folders, tmp_path: Path
) -> None:
    old = site.assets.add("hg38", "things", "one", path=source_folder(tmp_path, "old"), asset_class="things")
    source = source_folder(tmp_path, "new")
    new = asset_digest(describe_files(source))
    steps = killed.count_steps(add, address, folders, source, "copy", True)
    for moment in moments(steps, address):
        add(address, folders, source_folder(tmp_path, "old"), "copy", True)
        source = source_folder(tmp_path, "new")
        killed.kill_at(moment, add, address, folders, source, "copy", True)
        assert site.assets.id("hg38", "things", "one") in {old.digest, new}
        assert site.assets.verify() == []
        check_mended(site)
        add(address, folders, source, "copy", True)
        assert site.assets.id("hg38", "things", "one") == new
        assert site.assets.get("hg38", "things", "one").id == old.id


@pytest.mark.parametrize("change", [remove, rename])
def test_remove_and_rename_killed_at_ten_moments(
    site: AssetSite, address: str, folders: Folders, tmp_path: Path, change: Callable[..., None]
) -> None:
    def prepare() -> None:
        for record in site.assets.list():
            site.assets.remove(record.genome_digest, record.asset_group_name, record.name)
        add(address, folders, source_folder(tmp_path, "x"))

    prepare()
    steps = killed.count_steps(change, address, folders)
    for moment in moments(steps, address):
        prepare()
        killed.kill_at(moment, change, address, folders)
        assert site.assets.verify() == []
        check_mended(site)
        names = [record.name for record in site.assets.list()]
        assert names in ([["one"], []] if change is remove else [["one"], ["two"]])
        if names == ["one"]:
            change(address, folders)
        assert [record.name for record in site.assets.list()] == ([] if change is remove else ["two"])
        check_mended(site)


# --- many at once ----------------------------------------------------------------------


def test_24_processes_lose_nothing(site: AssetSite, address: str, folders: Folders, tmp_path: Path) -> None:
    for number in range(PROCESSES):
        (tmp_path / f"own{number}").mkdir()
        (tmp_path / f"own{number}" / "file").write_text(f"own {number}")
    for number in range(3):
        (tmp_path / f"shared{number}").mkdir()
        (tmp_path / f"shared{number}" / "file").write_text(f"shared {number}")
    barrier, errors = children.barrier(PROCESSES), children.results()
    workers = [
        children.start(work_at_once, number, barrier, errors, address, folders, tmp_path)
        for number in range(PROCESSES)
    ]
    said = [errors.get() for _ in workers]
    for worker in workers:
        worker.join(120)
    assert [error for error in said if error] == []
    records = site.assets.list()
    assert {record.name for record in records if record.asset_group_name == "things"} == {
        f"own{number}" for number in range(PROCESSES)
    }
    assert {record.name for record in records if record.asset_group_name == "shared"} == {
        f"shared{number}" for number in range(0, PROCESSES, 2)
    }
    assert sum(record.is_default for record in records) == 2
    assert site.assets.verify() == []
    assert site.doctor.find() == []


# --- disks -----------------------------------------------------------------------------


def test_a_full_disk_registers_nothing(address: str, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.mkdir()
    (source / "file").write_bytes(bytes(300_000))
    with small_disk("1m") as disk:
        site = opened(address, Folders(disk.folder / "genomes", disk.folder / "archives"))
        site.fill()
        site.publish({"a": "first"}, "first")
        filler = disk.folder / "filler"
        failures = 0
        for free in range(0, 500_000, 30_000):
            filler.write_bytes(b"")
            filler.write_bytes(bytes(max(shutil.disk_usage(disk.folder).free - free, 0)))
            try:
                site.assets.add("hg38", "things", "large", path=source, asset_class="things")
            except DiskFullError as error:
                failures += 1
                assert "no space left" in error.message
                assert [record.name for record in site.assets.list()] == ["first"]
            else:
                site.assets.remove("hg38", "things", "large")
            filler.write_bytes(b"")
            check_mended(site)
        assert 5 <= failures < 16
        site.assets.add("hg38", "things", "large", path=source, asset_class="things")
        assert site.doctor.find() == []


def test_reading_from_a_read_only_disk_leaves_no_trace(database_url: URL, address: str) -> None:
    with small_disk("4m") as disk:
        folders = Folders(disk.folder / "genomes", disk.folder / "archives")
        if database_url.get_backend_name() == "sqlite":
            shutil.copy(str(database_url.database), disk.folder / "registry")
            address = f"sqlite:///{disk.folder / 'registry'}"
        site = opened(address, folders)
        site.fill()
        record = site.publish({f"{GENOME}.txt": "x"}, "one", seek_keys={"text": "{genome}.txt"})
        before = tree(disk.folder)
        with disk.read_only():
            reader = opened(address, folders)
            assert reader.assets.get("hg38", "things") == record
            assert len(reader.assets.list()) == len(reader.assets.groups()) == 1
            assert reader.assets.group_exists("hg38", "things")
            assert reader.assets.table().row_count == 1
            link = reader.assets.seek("hg38", "things")
            assert Path(link).read_text() == "x"
            assert reader.assets.populate("refgenie://hg38/things") == link
            assert reader.assets.verify() == []
            assert reader.doctor.find() == []
            with pytest.raises(NotPermittedError):
                reader.assets.add("hg38", "things", "two", path=link, asset_class="things")
        assert tree(disk.folder) == before


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in sorted(folder.rglob("*"))}

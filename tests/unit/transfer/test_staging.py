"""Staging in the serving modes."""

from __future__ import annotations

import logging
import os
import tarfile
from pathlib import Path

import pytest

from refgenie.api import BuildParams
from refgenie.assets import left_over
from refgenie.errors import DigestMismatchError, NotFoundError, NotPermittedError
from support.transfer_site import Installation

FILES = {"a.txt": b"a" * 1000, "sub/b.bin": b"b" * 2000}


def add(home: Installation, tmp_path: Path, *modes: str, group: str = "toy", name: str | None = None) -> None:
    home.add("lambda", group, FILES, modes=modes, name=name, folder=tmp_path / f"{group}{name}")


def test_both_modes_are_staged_where_the_class_has_both(any_home: Installation, tmp_path: Path) -> None:
    add(any_home, tmp_path, "file", "archive")
    staged = any_home.stage.add("lambda", "toy")
    assert any_home.stage.list(["lambda"]) == any_home.stage.list() == staged
    archive, link = staged
    asset = any_home.rg.asset.get("lambda", "toy")
    root = any_home.rg.folders.archive_folder
    assert (archive.mode, link.mode) == ("archive", "file")
    assert archive.path == f"{asset.genome_digest}/toy/{asset.digest}__default.tgz"
    assert archive.size == (root / archive.path).stat().st_size
    with tarfile.open(root / archive.path) as opened:
        assert {entry.name for entry in opened if entry.isfile()} == {"default/a.txt", "default/sub/b.bin"}
    assert link.digest == asset.digest
    assert (root / link.path).is_symlink()
    assert not (root / link.path).readlink().is_absolute()
    assert (root / link.path / "sub" / "b.bin").read_bytes() == FILES["sub/b.bin"]


def test_staging_again_changes_nothing(home: Installation, tmp_path: Path) -> None:
    add(home, tmp_path, "archive")
    (first,) = home.stage.add("lambda", "toy")
    path = home.rg.folders.archive_folder / first.path
    before = path.stat().st_mtime_ns
    assert home.stage.add("lambda", "toy") == [first]
    assert path.stat().st_mtime_ns == before
    path.unlink()
    (again,) = home.stage.add("lambda", "toy")
    assert (again.digest, again.size) == (first.digest, first.size)
    assert path.exists()


def test_a_renamed_asset_is_staged_under_its_new_name(home: Installation, tmp_path: Path) -> None:
    add(home, tmp_path, "archive", "file", name="1.0")
    archive, link = home.stage.add("lambda", "toy", "1.0")
    home.rg.asset.rename("lambda", "toy", "1.0", "1.1")
    renamed, same_link = home.stage.list()
    assert renamed.path == archive.path.replace("__1.0", "__1.1")
    assert same_link.path == link.path
    root = home.rg.folders.archive_folder
    assert not (root / archive.path).exists()
    with tarfile.open(root / renamed.path) as opened:
        assert all(entry.name.startswith("1.1") for entry in opened)


def test_what_is_unstaged_is_gone_unless_another_name_has_it(home: Installation, tmp_path: Path) -> None:
    add(home, tmp_path, "file", name="one")
    add(home, tmp_path, "file", name="two")
    (one,) = home.stage.add("lambda", "toy", "one")
    (two,) = home.stage.add("lambda", "toy", "two")
    assert one.path == two.path
    link = home.rg.folders.archive_folder / one.path
    assert [record.asset_name for record in home.stage.remove("lambda", "toy", "one")] == ["one"]
    assert link.exists()
    home.stage.remove("lambda", "toy", "two")
    assert not link.is_symlink()
    with pytest.raises(NotFoundError, match="not staged"):
        home.stage.remove("lambda", "toy", "two")


def test_what_is_not_served_cannot_be_staged(home: Installation, tmp_path: Path) -> None:
    add(home, tmp_path, "none", group="described")
    with pytest.raises(NotPermittedError, match="not served"):
        home.stage.add("lambda", "described")
    add(home, tmp_path, "archive", group="toy")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"elsewhere")
    home.rg.asset.add("lambda", "toy", "linked", path=outside, asset_class="toy", mode="link")
    with pytest.raises(NotPermittedError, match="stay"):
        home.stage.add("lambda", "toy", "linked")
    with pytest.raises(NotFoundError):
        home.stage.add("lambda", "nothing")
    assert home.stage.list() == []


def test_damaged_content_is_not_staged(home: Installation, tmp_path: Path) -> None:
    add(home, tmp_path, "archive", "file")
    asset = home.rg.asset.get("lambda", "toy")
    file = home.rg.folders.genome_folder / asset.path / "a.txt"
    file.chmod(0o644)
    file.write_bytes(b"x" * 1000)
    with pytest.raises(DigestMismatchError):
        home.stage.add("lambda", "toy")
    assert home.stage.list() == []
    assert not [path for path in home.rg.folders.archive_folder.rglob("*") if path.is_file()]


def test_a_removed_asset_is_not_staged_any_more(home: Installation, tmp_path: Path) -> None:
    add(home, tmp_path, "archive", "file", name="one")
    add(home, tmp_path, "archive", "file", name="two")
    archive, link = home.stage.add("lambda", "toy", "one")
    home.stage.add("lambda", "toy", "two")
    home.rg.asset.remove("lambda", "toy", "one")
    root = home.rg.folders.archive_folder
    assert {record.asset_name for record in home.stage.list()} == {"two"}
    assert not (root / archive.path).exists()
    assert (root / link.path / "a.txt").exists()


def test_the_doctor_looks_after_the_archive_folder(
    home: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, tmp_path, "archive", "file")
    archive, link = home.stage.add("lambda", "toy")
    root = home.rg.folders.archive_folder
    left = (root / archive.path).with_name("0" * 64 + "__default.tgz")
    left.write_bytes(b"written, not recorded")
    foreign = left.with_name("notes.txt")
    foreign.write_text("somebody else's")
    assert home.rg.doctor.find() == []  # it may be about to be recorded
    monkeypatch.setattr(left_over, "SETTLED_AFTER", -1.0)
    assert [finding.where for finding in home.rg.doctor.find()] == [str(left)]
    assert home.rg.doctor.garbage().removed == 1
    assert home.rg.doctor.find() == []

    (root / archive.path).unlink()
    (root / link.path).unlink()
    assert {finding.kind for finding in home.rg.doctor.find()} == {"staged but not there"}
    assert all(finding.mended for finding in home.rg.doctor.fix())
    assert (root / archive.path).stat().st_size == archive.size
    assert (root / link.path / "a.txt").exists()
    assert foreign.exists()

    home.rg.purge()  # as good as lost
    home.rg.doctor.garbage()
    home.rg.doctor.rebuild()
    found = home.rg.doctor.find()
    assert {finding.kind for finding in found} == {"there but not recorded as staged"}
    assert all(finding.mended for finding in home.rg.doctor.fix())
    assert [record.path for record in home.stage.list()] == [archive.path, link.path]

    root.rename(tmp_path / "away")
    (finding,) = home.rg.doctor.fix()
    assert (finding.kind, finding.mended) == ("archive folder is not there", False)


def test_what_a_crash_left_in_the_archive_folder_is_found(home: Installation, tmp_path: Path) -> None:
    add(home, tmp_path, "archive")
    (staged,) = home.stage.add("lambda", "toy")
    root = home.rg.folders.archive_folder
    left = (root / staged.path).with_name("0" * 64 + "__default.tgz")
    left.write_bytes(b"written, not recorded")
    partial = left.with_name(".0123456789abcdef.partial")
    partial.write_bytes(b"being written now")
    assert home.stage.unrecorded() == [left]
    os.utime(partial, (1, 1))
    assert home.stage.unrecorded() == [partial, left]


def test_what_is_staged_follows_what_replaced_it(home: Installation, tmp_path: Path) -> None:
    home.add("lambda", "toy", {"a": b"one"}, folder=tmp_path / "one")
    home.stage.add("lambda", "toy")
    new = home.add("lambda", "toy", {"a": b"two"}, folder=tmp_path / "two", force=True)
    archive, files = home.stage.list()
    assert new.digest in archive.path
    assert files.digest == files.asset_digest == new.digest
    assert (home.rg.folders.archive_folder / files.path / "a").read_bytes() == b"two"
    assert home.stage.unrecorded() == []


def test_what_is_built_again_is_staged_again(home: Installation, tmp_path: Path) -> None:
    recipe = {
        "name": "noted", "version": "1", "description": "x", "output_asset_class": "noted",
        "input_params": {"text": {"description": "x", "default": "one"}},
        "command_templates": ["printf {{params['text']}} > {{output_folder}}/a"],
    }  # fmt: skip
    home.rg.asset_class.add(
        {"name": "noted", "version": "1", "description": "x", "serving_modes": ["file"], "seek_keys": {}}
    )
    home.rg.recipe.add(recipe)
    home.rg.build_asset(genome_name="lambda", asset_group_name="noted", stage=True)
    new = home.rg.build_asset(
        genome_name="lambda", asset_group_name="noted", params=BuildParams(params={"text": "two"}), force=True
    )
    (staged,) = home.stage.list()
    assert staged.digest == new.digest
    assert (home.rg.folders.archive_folder / staged.path / "a").read_bytes() == b"two"


def test_what_cannot_be_staged_again_is_staged_no_longer(
    home: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.add("lambda", "toy", {"a": b"one"}, folder=tmp_path / "one")
    home.stage.add("lambda", "toy")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_bytes(b"two")
    with caplog.at_level(logging.WARNING, "refgenie"):
        home.rg.asset.add(
            "lambda", "toy", path=tmp_path / "elsewhere", asset_class="toy", mode="link", force=True
        )
    assert "staged no longer" in caplog.text
    assert home.stage.list() == home.stage.unrecorded() == []

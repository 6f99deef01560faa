"""add: files and folders, by copy, move and link; seek keys; the FASTA check."""

from __future__ import annotations

import builtins
import errno
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from refgenie.assets.adding import AddMode
from refgenie.core.digests import asset_digest, describe_files
from refgenie.core.records import SeekKeyRecord
from refgenie.errors import (
    ConflictError,
    DigestMismatchError,
    DiskFullError,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    UsageError,
)
from support.asset_site import GENOME, AssetSite, digest_of_text


def snapshot(path: Path) -> dict[str, tuple[int, bytes]]:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {str(p): (stat.S_IMODE(p.stat().st_mode), p.read_bytes()) for p in files}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "users" / "index"
    (folder / "sub").mkdir(parents=True)
    for name in (f"{GENOME}.1", f"{GENOME}.2", "names.tsv", "sub/more"):
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("mode", ["copy", "link"])
def test_a_folder_is_added_and_its_source_stays_as_it_was(
    site: AssetSite, index: Path, mode: AddMode
) -> None:
    before = snapshot(index)
    record = site.assets.add(
        "hg38", "index", "v1", path=index, asset_class="index", mode=mode, description="mine"
    )
    assert snapshot(index) == before
    assert record.digest == asset_digest(describe_files(index))
    assert record.description == "mine"
    assert record.external == (mode == "link")
    assert {key.name: (key.value, key.type) for key in record.seek_keys} == {
        "index": ("{genome}", "prefix"),
        "folder": (".", "directory"),
        "table": ("names.tsv", "file"),
    }
    through_alias = Path(site.assets.seek("hg38", "index", seek_key_name="index"))
    assert through_alias == site.link_folder("hg38", "v1", "index") / "hg38"
    assert Path(f"{through_alias}.1").read_text() == f"{GENOME}.1"
    assert (through_alias.parent / "sub" / "more").read_text() == "sub/more"
    content = site.assets.seek(GENOME, "index", seek_key_name="table")
    assert Path(content).parent == (index if mode == "link" else site.content(record.digest, "index"))
    assert site.doctor.find() == []


def test_a_moved_source_is_gone_when_all_is_done(site: AssetSite, index: Path) -> None:
    inode = (index / "names.tsv").stat().st_ino
    record = site.assets.add("hg38", "index", path=index, asset_class="index", mode="move")
    assert not index.exists()
    moved = site.content(record.digest, "index") / "names.tsv"
    assert moved.stat().st_ino == inode  # the file itself, on one disk
    assert stat.S_IMODE(moved.stat().st_mode) == 0o444


def test_a_move_that_fails_leaves_the_source(site: AssetSite, index: Path) -> None:
    site.publish({"a": "x"}, "taken", group="index", asset_class="index")
    before = snapshot(index)
    with pytest.raises(ConflictError):
        site.assets.add("hg38", "index", "taken", path=index, asset_class="index", mode="move")
    with pytest.raises(ConflictError, match="class"):
        site.assets.add("hg38", "index", "other", path=index, asset_class="things", mode="move")
    assert snapshot(index) == before


def test_a_move_leaves_what_lies_behind_a_linked_folder_and_what_it_did_not_take(
    site: AssetSite, index: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").write_text("of others")
    before = snapshot(shared)
    (index / "linked").symlink_to(shared)
    dangling = index / "sub" / "dangling"
    dangling.symlink_to("nowhere")
    record = site.assets.add("hg38", "index", path=index, asset_class="index", mode="move")
    assert (site.content(record.digest, "index") / "linked" / "file").read_text() == "of others"
    assert snapshot(shared) == before
    assert sorted(index.rglob("*")) == [dangling.parent, dangling]
    assert str(dangling) in caplog.text

    link = tmp_path / "users" / "link"
    link.symlink_to(shared)
    site.assets.add("hg38", "things", path=link, asset_class="things", mode="move")
    assert not os.path.lexists(link)
    assert snapshot(shared) == before


@pytest.mark.parametrize("reason", [errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSPC])
def test_where_nothing_can_be_linked_a_move_copies_unless_the_disk_is_full(
    site: AssetSite, index: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuse(*_paths: object, **_options: object) -> None:
        raise OSError(reason, os.strerror(reason))

    before = snapshot(index)
    monkeypatch.setattr(os, "link", refuse)
    if reason == errno.ENOSPC:
        with pytest.raises(DiskFullError):
            site.assets.add("hg38", "index", path=index, asset_class="index", mode="move")
        assert snapshot(index) == before
        assert site.assets.list() == []
    else:
        site.assets.add("hg38", "index", path=index, asset_class="index", mode="move")
        assert not index.exists()
        assert site.assets.verify() == []


@pytest.mark.parametrize("mode", ["copy", "move", "link"])
@pytest.mark.parametrize("hidden", ["sub", "names.tsv"])
def test_what_cannot_be_read_is_named_and_nothing_is_registered(
    site: AssetSite, index: Path, monkeypatch: pytest.MonkeyPatch, hidden: str, mode: AddMode
) -> None:
    path = index / hidden

    def refused(called: Callable[..., Any]) -> Callable[..., Any]:
        def call(given: Any, *others: Any, **named: Any) -> Any:
            if str(given) == str(path):  # root may read all: the system's answer is made here
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return called(given, *others, **named)

        return call

    monkeypatch.setattr(os, "scandir", refused(os.scandir))
    monkeypatch.setattr(io, "open", refused(io.open))
    monkeypatch.setattr(builtins, "open", refused(builtins.open))
    with pytest.raises(NotPermittedError, match=f"cannot read {path}"):
        site.assets.add("hg38", "index", path=index, asset_class="index", mode=mode)
    assert site.assets.list() == []
    assert (index / "sub" / "more").exists()


def test_the_same_again_is_no_error_and_other_content_is(site: AssetSite, index: Path) -> None:
    first = site.assets.add("hg38", "index", path=index, asset_class="index")
    assert site.assets.add("hg38", "index", path=index, asset_class="index") == first
    (index / "names.tsv").write_text("other")
    with pytest.raises(ConflictError):
        site.assets.add("hg38", "index", path=index, asset_class="index")
    second = site.assets.add("hg38", "index", path=index, asset_class="index", force=True)
    assert second.id == first.id
    assert second.digest != first.digest
    assert not site.content(first.digest, "index").exists()


def test_missing_seek_keys_are_named_and_nothing_is_registered(site: AssetSite, index: Path) -> None:
    (index / "names.tsv").unlink()
    for name in ("1", "2"):
        (index / f"{GENOME}.{name}").unlink()
    with pytest.raises(InvalidInputError, match=r"index \(.*table \("):
        site.assets.add("hg38", "index", path=index, asset_class="index")
    assert site.assets.list() == []
    assert list(site.folders.work.iterdir()) == []


def test_given_seek_keys_win_and_may_have_odd_names(site: AssetSite, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    (folder / "dir").mkdir(parents=True)
    for name in ("we[i]rd*.tsv", "other.tsv", "ind.1", "dir/x"):
        (folder / name).write_text(name)
    record = site.assets.add(
        "hg38",
        "index",
        path=folder,
        asset_class="index",
        seek_keys={"table": "we[i]rd*.tsv", "index": "ind", "extra": "dir", "one": "dir/x"},
    )
    assert {key.name: (key.value, key.type) for key in record.seek_keys} == {
        "index": ("ind", "prefix"),
        "folder": (".", "directory"),
        "table": ("we[i]rd*.tsv", "file"),
        "extra": ("dir", "directory"),
        "one": ("dir/x", "file"),
    }
    for bad in ("../odd/other.tsv", "/etc/passwd", "absent"):
        with pytest.raises(InvalidInputError, match="one"):
            site.assets.add(
                "hg38",
                "index",
                "b",
                path=folder,
                asset_class="index",
                seek_keys={"one": bad, "table": "other.tsv"},
            )


def fasta(tmp_path: Path, text: str = ">a\nACGT\n") -> Path:
    path = tmp_path / "users" / "hg38.fa"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_fasta_gets_the_genomes_name_and_must_have_its_sequences(
    site: AssetSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fasta(tmp_path)
    with pytest.raises(DigestMismatchError, match=digest_of_text(source)):
        site.assets.add("hg38", "fasta", path=source, asset_class="fasta")
    assert site.assets.list() == []
    monkeypatch.setattr(site.assets, "_digest_fasta", lambda _path: GENOME)
    record = site.assets.add("hg38", "fasta", path=source, asset_class="fasta")
    assert [file.path for file in record.files] == [f"{GENOME}.fa"]
    assert record.seek_keys == (SeekKeyRecord("fasta", "{genome}.fa", "file", "the file"),)
    assert site.assets.seek("GRCh38", "fasta").endswith("/alias/GRCh38/fasta/default/GRCh38.fa")


def test_a_single_file_gets_the_name_that_the_class_requires(site: AssetSite, tmp_path: Path) -> None:
    source = tmp_path / "my.v2.bed.gz"
    source.write_text("x")
    record = site.assets.add("hg38", "regions", path=source, asset_class="regions")
    assert [file.path for file in record.files] == [f"{GENOME}_regions.bed.gz"]
    with pytest.raises(InvalidInputError, match="regions"):
        site.assets.add(
            "hg38", "regions", "b", path=source.rename(tmp_path / "my.bed"), asset_class="regions"
        )


def test_another_group_of_the_class_fasta_is_free(site: AssetSite, tmp_path: Path) -> None:
    record = site.assets.add("hg38", "transcriptome", path=fasta(tmp_path), asset_class="fasta")
    assert record.asset_class_name == "fasta"


def test_files_that_begin_with_the_alias_get_the_digest(site: AssetSite, tmp_path: Path) -> None:
    folder = tmp_path / "bt2"
    (folder / "hg38_more").mkdir(parents=True)
    for name in ("hg38.1", "hg38x.tsv", "hg38_more/hg38"):
        (folder / name).write_text(name)
    record = site.assets.add("hg38", "index", path=folder, asset_class="index")
    assert [file.path for file in record.files] == [f"{GENOME}.1", f"{GENOME}_more/{GENOME}", "hg38x.tsv"]


def test_a_linked_file_does_not_take_its_neighbours(site: AssetSite, tmp_path: Path) -> None:
    source = fasta(tmp_path)
    source.with_suffix(".fa.fai").write_text("index")
    record = site.assets.add(
        "hg38", "mine", path=source, asset_class="fasta", mode="link", seek_keys={"fasta": "hg38.fa"}
    )
    assert [file.path for file in record.files] == ["hg38.fa"]
    assert [key.name for key in record.seek_keys] == ["fasta"]
    assert site.assets.seek("hg38", "mine", absolute=True) == str(source)
    site.assets.remove("hg38", "mine")
    assert source.exists()


def test_a_group_knows_its_class(site: AssetSite, tmp_path: Path) -> None:
    source = fasta(tmp_path)
    site.assets.add("hg38", "things", "one", path=source, seek_keys={"fasta": "hg38.fa"})
    second = site.assets.add("hg38", "things", "two", path=source)
    assert second.asset_class_name == "things"


def test_what_cannot_be_added_is_refused_with_the_reason(site: AssetSite, tmp_path: Path) -> None:
    source = fasta(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    add = site.assets.add
    with pytest.raises(NotFoundError, match="absent"):
        add("hg38", "things", path=tmp_path / "absent", asset_class="things")
    with pytest.raises(NotFoundError, match="/~nouser"):
        add("hg38", "things", path="~nouser", asset_class="things")
    with pytest.raises(InvalidInputError, match="no file"):
        add("hg38", "things", path=empty, asset_class="things")
    with pytest.raises(NotFoundError, match="hg39"):
        add("hg39", "things", path=source, asset_class="things")
    with pytest.raises(NotFoundError, match="nothing"):
        add("hg38", "things", path=source, asset_class="nothing")
    with pytest.raises(UsageError, match="steal"):
        add("hg38", "things", path=source, asset_class="things", mode="steal")  # type: ignore[arg-type]
    for group, name in (("a.b", "x"), ("../x", "x"), ("things", "../x"), ("things", ".x")):
        with pytest.raises(InvalidInputError):
            add("hg38", group, name, path=source, asset_class="things")
    with pytest.raises(InvalidInputError, match="one/two"):
        add("hg38", "things", path=source, asset_class="things", seek_keys={"one/two": "hg38.fa"})
    assert site.assets.list() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="makes files of another user")
def test_a_read_only_source_of_another_user_can_be_added(site: AssetSite, index: Path) -> None:
    for path in (*index.rglob("*"), index):
        path.chmod(0o555 if path.is_dir() else 0o444)
        os.chown(path, 4321, 4321)
    before = snapshot(index)
    record = site.assets.add("hg38", "index", path=index, asset_class="index")
    assert snapshot(index) == before
    content = site.content(record.digest, "index")
    assert not any((content / name).samefile(index / name) for name in ("names.tsv", "sub/more"))
    site.assets.remove("hg38", "index")
    assert not content.exists()

"""Archives: reproducible, readable by tar, and hostile ones refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from refgenie.core.digests import FileRecord, describe_files
from refgenie.errors import DigestMismatchError, NotFoundError
from refgenie.transfer.archives import write_archive
from refgenie.transfer.unpack import unpack

FILES = {
    "genome.fa": b">chr1\nACGT\n" * 3000,
    "sub/deep/x.idx": os.urandom(70_000),
    "empty": b"",
    "ü.txt": b"umlaut",
}


class Source(io.RawIOBase):
    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._data.readinto(buffer)

    def abort(self) -> None:
        pass

    @property
    def left(self) -> int:
        return len(self._data.getbuffer()) - self._data.tell()


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def records(files: dict[str, bytes]) -> list[FileRecord]:
    return [FileRecord(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items()]


def test_the_archive_is_the_same_whoever_makes_it(content: Path, tmp_path: Path) -> None:
    files = describe_files(content)
    one = write_archive(content, files, "default", tmp_path / "a" / "one.tgz", threads=1)
    os.utime(content / "genome.fa", (1, 1))
    (content / "genome.fa").chmod(0o600)
    two = write_archive(content, files[::-1], "default", tmp_path / "b" / "two.tgz", threads=3)
    assert one == two
    data = (tmp_path / "a" / "one.tgz").read_bytes()
    assert (one.sha256, one.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["one.tgz"]


def test_tar_reads_it(content: Path, tmp_path: Path, require_program: Callable[..., Path]) -> None:
    require_program("tar")
    write_archive(content, describe_files(content), "2.5.0", tmp_path / "x.tgz")
    listed = subprocess.run(
        ["tar", "--utc", "--full-time", "-tvzf", tmp_path / "x.tgz"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ).stdout.splitlines()
    assert {line.split()[-1].rstrip("/") for line in listed} == {
        "2.5.0", "2.5.0/sub", "2.5.0/sub/deep", *(f"2.5.0/{path}" for path in FILES),
    }  # fmt: skip
    assert {(line.split()[1], line.split()[3]) for line in listed} == {("0/0", "1970-01-01")}
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xzf", tmp_path / "x.tgz", "-C", out], check=True)
    assert describe_files(out / "2.5.0") == describe_files(content)


def test_an_altered_file_is_not_archived(content: Path, tmp_path: Path) -> None:
    files = describe_files(content)
    (content / "genome.fa").write_bytes(FILES["genome.fa"].replace(b"A", b"C", 1))
    with pytest.raises(DigestMismatchError, match=r"genome\.fa"):
        write_archive(content, files, "x", tmp_path / "out" / "x.tgz")
    (content / "genome.fa").unlink()
    with pytest.raises(NotFoundError, match=r"genome\.fa"):
        write_archive(content, files, "x", tmp_path / "out" / "x.tgz")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_was_archived_is_unpacked(content: Path, tmp_path: Path, target: Path) -> None:
    files = describe_files(content)
    write_archive(content, files, "default", tmp_path / "x.tgz")
    source = Source((tmp_path / "x.tgz").read_bytes())
    told = []
    unpack(source, files, "default", target, advance=told.append)
    assert describe_files(target) == files
    assert source.left == 0
    assert sum(told) == sum(file.size for file in files)


# --- hostile archives -----------------------------------------------------------------------


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    for key, value in fields.items():
        setattr(entry, key, value)
    return entry, data


def packed(*members: tuple[tarfile.TarInfo, bytes], after: bytes = b"") -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, data in members:
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue() + after)


A = {"a": b"content of a"}
GOOD = member("x/a", A["a"])

HOSTILE = {
    "an absolute path": packed(member("/x/a", A["a"])),
    "an absolute path beside": packed(GOOD, member("/etc/passwd", b"root")),
    "a way up": packed(GOOD, member("x/../../evil", b"evil")),
    "a way up by a folder": packed(GOOD, member("x/..", type=tarfile.DIRTYPE)),
    "another folder": packed(GOOD, member("y/a", A["a"])),
    "a file that is not listed": packed(GOOD, member("x/b", b"b")),
    "a folder that is not listed": packed(GOOD, member("x/b", type=tarfile.DIRTYPE)),
    "a file without its folder": packed(member("a", A["a"])),
    "a link out": packed(member("x/a", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "a link up": packed(member("x/a", type=tarfile.SYMTYPE, linkname="../../secret")),
    "a hard link out": packed(member("x/a", type=tarfile.LNKTYPE, linkname="/etc/passwd")),
    "a hard link up": packed(member("x/a", type=tarfile.LNKTYPE, linkname="../secret")),
    "a link to itself": packed(member("x/a", type=tarfile.SYMTYPE, linkname="a")),
    "a link, then a write through it": packed(
        member("x", type=tarfile.SYMTYPE, linkname="/tmp"), GOOD
    ),
    "a link in a folder's place": packed(member("x/sub", type=tarfile.SYMTYPE, linkname="/tmp"), GOOD),
    "a character device": packed(member("x/a", type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
    "a block device": packed(member("x/a", type=tarfile.BLKTYPE)),
    "a fifo": packed(member("x/a", type=tarfile.FIFOTYPE)),
    "a setuid bit": packed(member("x/a", A["a"], mode=0o4755)),
    "a setgid bit": packed(member("x/a", A["a"], mode=0o2755)),
    "other content": packed(member("x/a", b"content of b")),
    "more content": packed(member("x/a", A["a"] + b"!")),
    "less content": packed(member("x/a", A["a"][:-1])),
    "a file twice": packed(GOOD, GOOD),
    "nothing": packed(),
    "no archive": b"<html>this is no archive</html>",
    "no tar": gzip.compress(b"this is no tar" * 100),
    "an empty body": b"",
    "a truncated archive": packed(member("x/a", A["a"]))[:60],
    "an altered archive": bytes(b ^ (0x55 if n == 40 else 0) for n, b in enumerate(packed(GOOD))),
    "more after its end": packed(GOOD, after=b"more" * (1 << 20)),
    "a bomb after its end": packed(GOOD, after=b"\0" * (64 << 20)),
    "a bomb in a header": packed(member("x/a", A["a"], pax_headers={"comment": "A" * (32 << 20)})),
}  # fmt: skip


@pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused(archive: bytes, target: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(A["a"])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DigestMismatchError):
        unpack(Source(archive), records(A), "x", target)
    outside = [path for path in sorted(tmp_path.rglob("*")) if not path.is_relative_to(target / "a")]
    assert outside == before
    assert secret.read_bytes() == A["a"]
    assert not any(path.is_symlink() for path in target.rglob("*"))


def test_a_link_within_becomes_a_file(target: Path) -> None:
    files = {**A, "b": A["a"], "c/d": A["a"]}
    archive = packed(
        GOOD,
        member("x/b", type=tarfile.SYMTYPE, linkname="a"),
        member("x/c/d", type=tarfile.LNKTYPE, linkname="x/a"),
    )
    unpack(Source(archive), records(files), "x", target)
    assert {path: (target / path).read_bytes() for path in files} == files
    assert not any(path.is_symlink() for path in target.rglob("*"))

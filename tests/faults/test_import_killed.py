"""Imports that end before their end: by kill -9, by Ctrl-C, by a full or write-protected disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from refgenie.errors import DiskFullError, NotPermittedError
from refgenie.sequences import LocalMode
from support.disks import small_disk
from support.sequences import SMALL, local_mode, read_fasta, tree, write_fasta

IMPORT = """
import sys
from pathlib import Path
from support.sequences import local_mode
local_mode(Path(sys.argv[1])).import_fasta(Path(sys.argv[2]))
print("done", flush=True)
"""
PUBLISH_AND_STOP = """
import os, sys
from pathlib import Path
from support.sequences import local_mode
calls = 0
real = os.replace
def replace(source, target, *arguments, **named):
    global calls
    if ".refget_store" in str(target) and ".work" not in str(target):
        calls += 1
        if calls > int(sys.argv[3]):
            os.kill(os.getpid(), 9)
    return real(source, target, *arguments, **named)
os.replace = replace
Path.replace = lambda self, target: (replace(self, target), Path(target))[1]
local_mode(Path(sys.argv[1])).import_fasta(Path(sys.argv[2]))
print("done", flush=True)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def large_fasta(path: Path) -> Path:
    line = b"ACGTTGCAACGTNNACGTTGCAACGTTGCAACGTTGCAACGTTGCAACGTTGCAACGTTG\n"
    path.write_bytes(
        b"".join(
            b">c%d\n" % number + (line[number:-1] + line[:number] + b"\n") * 20_000 for number in range(8)
        )
    )
    return path


def fill_but(folder: Path, room: int) -> Path:
    """Fill a small disk up to so many kilobytes; answers the file to remove."""
    filler, free = folder / "filler", os.statvfs(folder)
    filler.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - (room << 10)))
    return filler


def check_whole(mode: LocalMode, listed: list[str]) -> None:
    """What the store lists is whole, and its garbage can be collected."""
    assert mode.collections() == sorted(listed)
    mode.collect_garbage()
    assert not list((mode.store_path.parent / ".work").glob("*"))
    assert mode.verify() == []
    used = {entry.digest for digest in listed for entry in mode.sequences(digest)}
    assert {path.stem for path in (mode.store_path / "sequences").rglob("*.seq")} == used


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_kill_9_at_any_moment_leaves_the_store_whole(tmp_path: Path, moment: float) -> None:
    mode = local_mode(tmp_path / "genomes")
    first = mode.import_fasta(write_fasta(tmp_path / "small.fa")).collection.digest
    fasta = large_fasta(tmp_path / "large.fa")
    digest = mode.digest_fasta(fasta)

    process = start(IMPORT, tmp_path / "genomes", fasta)
    work = tmp_path / "genomes" / ".work"
    while process.poll() is None and not list(work.glob("*")):
        time.sleep(0.01)
    time.sleep(moment)
    children = psutil.Process(process.pid).children() if process.poll() is None else []
    process.kill()
    process.communicate()
    psutil.wait_procs(children, timeout=5)
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]

    listed = [first, digest] if mode.has_collection(digest) else [first]
    check_whole(mode, listed)
    again = mode.import_fasta(fasta)
    assert again.collection.digest == digest
    check_whole(mode, [first, digest])


@pytest.mark.parametrize("step", range(10))
def test_kill_9_between_any_two_steps_of_publishing(tmp_path: Path, step: int) -> None:
    """Each file that is put in its place is one step; the process dies before the next."""
    mode = local_mode(tmp_path / "genomes")
    first = mode.import_fasta(write_fasta(tmp_path / "first.fa", ">x\nACGTT\n")).collection.digest
    fasta = write_fasta(tmp_path / "small.fa")
    process = start(PUBLISH_AND_STOP, tmp_path / "genomes", fasta, step)
    process.communicate()

    with mode.open(first) as reader:
        assert reader.fetch("x") == "ACGTT"
    digest = mode.import_fasta(fasta).collection.digest
    check_whole(mode, [first, digest])
    with mode.open(digest) as reader:
        assert {name: reader.fetch(name, keep_case=True) for name in reader.names} == read_fasta(SMALL)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_import_at_once_with_all_its_processes(
    tmp_path: Path, which: signal.Signals
) -> None:
    mode = local_mode(tmp_path / "genomes")
    mode.create_store()
    pipe = tmp_path / "pipe.fa"
    os.mkfifo(pipe)
    process = start(IMPORT, tmp_path / "genomes", pipe)
    with pipe.open("wb") as text:
        text.write(b">a\n" + b"ACGTTGCAACGT\n" * 400_000)
        text.flush()
        running = psutil.Process(process.pid)
        deadline = time.monotonic() + 10
        while not running.children() and time.monotonic() < deadline:
            time.sleep(0.01)
        children = running.children()
        assert children
        began = time.monotonic()
        process.send_signal(which)
        process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    psutil.wait_procs(children, timeout=5)
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
    check_whole(mode, [])


def test_a_full_disk_is_told_and_nothing_is_listed(tmp_path: Path) -> None:
    fasta = large_fasta(tmp_path / "large.fa")
    with small_disk("3m") as disk:
        mode = local_mode(disk.folder / "genomes")
        first = mode.import_fasta(write_fasta(tmp_path / "small.fa")).collection.digest
        for _ in range(2):
            with pytest.raises(DiskFullError, match="no space left"):
                mode.import_fasta(fasta)
        check_whole(mode, [first])


@pytest.mark.parametrize("size", ["1m", "1500k", "2m"])
def test_a_disk_that_residues_of_a_protein_fill(tmp_path: Path, size: str) -> None:
    """Who meets the end of the disk first: the engine, or what is kept beside its packed form."""
    residues = "ACDEFGHIKLMNPQRSTVWY" * 5000
    text = "".join(f">p{number}\n{residues[number:]}\n" for number in range(14))
    with small_disk(size) as disk:
        mode = local_mode(disk.folder / "genomes")
        mode.create_store()
        with pytest.raises(DiskFullError, match="no space left"):
            mode.import_fasta(write_fasta(tmp_path / "protein.fa", text))
        check_whole(mode, [])


@pytest.mark.parametrize("room", [4, 12, 40, 60, 100])
def test_a_disk_that_fills_while_a_genome_is_published(tmp_path: Path, room: int) -> None:
    """So many kilobytes are left; whatever fails, the store stays whole and can be written again."""
    with small_disk("2m") as disk:
        mode = local_mode(disk.folder / "genomes")
        first = mode.import_fasta(write_fasta(tmp_path / "small.fa")).collection.digest
        filler = fill_but(disk.folder, room)
        fasta = write_fasta(tmp_path / "next.fa", ">y\nACGTTacgtRYK\n>z\nMKLVVV\n")
        digest = mode.digest_fasta(fasta)
        try:
            mode.import_fasta(fasta)
        except DiskFullError:
            assert not mode.has_collection(digest)
        filler.unlink()
        mode.import_fasta(fasta)
        check_whole(mode, [first, digest])


@pytest.mark.parametrize("room", [1500, 1650])
def test_a_disk_that_a_long_list_of_sequences_fills(tmp_path: Path, room: int) -> None:
    """It is written several times: in the collection, the index and the view."""
    fasta = write_fasta(tmp_path / "long.fa", f">y {'y' * 300_000}\nACGTTacgtRYK\n")
    with small_disk("4m") as disk:
        mode = local_mode(disk.folder / "genomes")
        mode.create_store()
        filler = fill_but(disk.folder, room)
        with pytest.raises(DiskFullError):
            mode.import_fasta(fasta)
        assert mode.collections() == []
        filler.unlink()
        check_whole(mode, [mode.import_fasta(fasta).collection.digest])


def test_an_export_onto_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    mode = local_mode(tmp_path / "genomes")
    digest = mode.import_fasta(large_fasta(tmp_path / "large.fa")).collection.digest
    with small_disk("2m") as disk:
        with pytest.raises(DiskFullError):
            mode.export_fasta(digest, disk.folder / "out")
        assert not list((disk.folder / "out").iterdir())


def test_a_read_only_store_is_read_without_a_trace_and_not_written(tmp_path: Path) -> None:
    with small_disk() as disk:
        mode = local_mode(disk.folder / "genomes")
        fasta = write_fasta(tmp_path / "small.fa")
        digest = mode.import_fasta(fasta).collection.digest
        mode.aliases.set_many({"small": digest})
        before = tree(disk.folder)
        with disk.read_only():
            with mode.open(digest) as reader:
                assert reader.fetch("chr2", 1, 5) == "GGGC"
            assert mode.aliases.resolve("small") == digest
            assert mode.verify() == []
            assert mode.level2(digest)
            for write in (
                lambda: mode.import_fasta(fasta),
                lambda: mode.aliases.set_many({"other": digest}),
                lambda: mode.remove(digest),
                mode.collect_garbage,
                lambda: mode.set_fhr(digest, {"schemaVersion": 1}),
            ):
                with pytest.raises(NotPermittedError):
                    write()
        assert tree(disk.folder) == before

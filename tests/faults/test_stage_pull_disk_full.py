"""A full disk during staging and pulling: a clear error, nothing half-registered."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from refgenie.api import Refgenie
from refgenie.errors import DiskFullError
from support.disks import Disk, small_disk
from support.transfer_site import Installation, installation, serving


@pytest.fixture
def disk() -> Iterator[Disk]:
    with small_disk("40m") as mounted:
        yield mounted


@pytest.fixture
def site(tmp_path: Path, lambda_fasta: Path) -> Installation:
    made = installation(tmp_path / "site")
    made.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    content = {"a.bin": random.Random(3).randbytes(8 << 20), "b.bin": b"b" * (6 << 20)}
    for group, modes in (("packed", ("archive",)), ("loose", ("file",))):
        made.add("lambda", group, content, modes=modes, folder=tmp_path / group)
    return made


def fill(disk: Disk, leave: int) -> Path:
    """Leave so many bytes on the disk."""
    free = shutil.disk_usage(disk.folder).free
    filler = disk.folder / "filler"
    with filler.open("wb") as handle:
        handle.truncate(0)
        for _ in range((free - leave) >> 16):
            handle.write(b"x" * (1 << 16))
    return filler


def test_staging(site: Installation, disk: Disk) -> None:
    rg = Refgenie(
        database_config_path=site.rg.settings.database_config_path,
        genome_folder=site.rg.folders.genome_folder,
        genome_archive_folder=disk.folder / "archives",
    )
    filler = fill(disk, 1 << 20)
    with pytest.raises(DiskFullError):
        rg.stage.add("lambda", "packed")
    assert rg.stage.list() == []
    assert not [path for path in (disk.folder / "archives").rglob("*") if path.is_file()]
    filler.unlink()
    assert len(rg.stage.add("lambda", "packed")) == 1
    rg.close()


@pytest.mark.parametrize("group", ["packed", "loose"])
@pytest.mark.parametrize("leave", [1 << 20, 10 << 20])
def test_pulling(
    site: Installation, disk: Disk, group: str, leave: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another program takes the space after it was checked."""
    site.stage.add("lambda", group)
    home = installation(disk.folder / "home")
    filler = fill(disk, leave)
    with serving(site) as url:
        pulls = home.pulls(url)
        with pytest.raises(DiskFullError):
            pulls.pull("lambda", group)
        usage = shutil.disk_usage(disk.folder)
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1 << 40))
            with pytest.raises(DiskFullError):
                pulls.pull("lambda", group)
        assert home.rg.asset.list() == []
        assert not list(home.rg.folders.work.glob("pull*"))
        filler.unlink()
        if group == "loose":
            pulls.pull("lambda", group)
            assert home.rg.asset.verify() == []
    home.rg.close()

"""What is asked of a server in a pull, and what has become of it."""

from __future__ import annotations

from support.transfer_site import Installation

BIG = bytes(range(256)) * 4096  # 1 MB
ARCHIVE = r"/v4/archives/[0-9a-f]{64}/download"
FILE = r"/v4/assets/[0-9a-f]{64}/files/."
MANIFEST = r"/v4/assets/[0-9a-f]{64}/files(\?|$)"


def nothing_is_left(laptop: Installation) -> None:
    """Nothing is registered, and no file of a pull is kept."""
    assert laptop.rg.asset.list() == []
    assert laptop.rg.genome.list() == []
    assert not list(laptop.rg.folders.genome_folder.glob("data/*/*/*"))
    assert not list(laptop.rg.folders.work.glob("pull*")) if laptop.rg.folders.work.exists() else True


def arrived(laptop: Installation, site: Installation, group: str) -> None:
    """The asset is here as it is there."""
    here, there = laptop.rg.asset.get("lambda", group), site.rg.asset.get("lambda", group)
    assert here.digest == there.digest
    assert laptop.rg.asset.verify() == []

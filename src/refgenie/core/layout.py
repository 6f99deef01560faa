"""Where things lie below the genome folder; the registry keeps paths relative to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from refgenie.core.seek import ALIAS_FILE, STORE

__all__ = [
    "ALIAS",
    "ALIAS_FILE",
    "BUILDS",
    "DATA",
    "LOCKS",
    "MANIFEST",
    "STORE",
    "WORK",
    "Folders",
    "alias_path",
    "archive_path",
    "build_path",
    "content_path",
    "manifest_path",
]

DATA = "data"
ALIAS = "alias"
MANIFEST = "manifest"
BUILDS = "builds"
WORK = ".work"
"""Temporary folders of imports, builds and pulls; on the genome folder's disk, so that a rename publishes."""
LOCKS = ".locks"


def content_path(genome_digest: str, group: str, asset_digest: str) -> str:
    """Folder of an asset's content, relative to the genome folder."""
    return f"{DATA}/{genome_digest}/{group}/{asset_digest}"


def alias_path(alias: str, group: str, asset_name: str) -> str:
    """Folder of an asset's links, relative to the genome folder."""
    return f"{ALIAS}/{alias}/{group}/{asset_name}"


def manifest_path(genome_digest: str, group: str, asset_digest: str) -> str:
    """The asset's manifest (JSON), relative to the genome folder."""
    return f"{MANIFEST}/{genome_digest}/{group}/{asset_digest}.json"


def build_path(genome_digest: str, group: str, build_id: str) -> str:
    """Folder of one build's log, commands and profile, relative to the genome folder."""
    return f"{BUILDS}/{genome_digest}/{group}/{build_id}"


def archive_path(genome_digest: str, group: str, asset_digest: str, asset_name: str) -> str:
    """The staged archive, relative to the archive folder."""
    return f"{genome_digest}/{group}/{asset_digest}__{asset_name}.tgz"


@dataclass(frozen=True, slots=True)
class Folders:
    """The two folders of an installation, absolute."""

    genome_folder: Path
    archive_folder: Path

    @property
    def store(self) -> Path:
        """The RefgetStore."""
        return self.genome_folder / STORE

    @property
    def work(self) -> Path:
        """Temporary folders, one per running import, build or pull."""
        return self.genome_folder / WORK

    @property
    def locks(self) -> Path:
        """Lock files of this host's processes."""
        return self.genome_folder / LOCKS

    @property
    def alias_file(self) -> Path:
        """The store's alias file."""
        return self.genome_folder / ALIAS_FILE

"""A registry with a genome and asset classes, and the asset services over it: the real ones, wired by hand."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from refgenie.assets.alias_tree import AliasTree
from refgenie.assets.doctor import Doctor
from refgenie.assets.new_asset import NewAsset
from refgenie.assets.publish import Publisher
from refgenie.assets.service import AssetService
from refgenie.core.digests import asset_digest, describe_files
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.names import is_genome_digest
from refgenie.core.records import AssetClassRecord, ParentRecord, SeekKeyRecord
from refgenie.db.database import Database
from refgenie.db.locks import open_locks
from refgenie.db.models import Alias, AssetClass, Genome
from refgenie.errors import NotFoundError
from refgenie.genomes.alias_table import AliasManager
from refgenie.recipes.asset_classes import AssetClassService

GENOME = "a" * 32
OTHER_GENOME = "b" * 32


@dataclass(frozen=True)
class SqlAliases:
    """Resolves names by the registry alone, without a sequence store."""

    manager: AliasManager

    def resolve(self, genome: str) -> str:
        digest = genome if is_genome_digest(genome) else self.manager.resolve(genome)
        if digest is None:
            raise NotFoundError(f"genome {genome!r} is unknown", hint="refgenie alias get")
        return digest

    def sync_copy(self) -> None:
        """There is no store to copy aliases from."""


def digest_of_text(fasta: Path) -> str:
    """Stands for the sequence digest where a test is not about sequences: 32 characters of the content's."""
    return hashlib.sha256(fasta.read_bytes()).hexdigest()[:32]


class AssetSite:
    """Everything of one installation that assets need."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self.database = database
        self.folders = folders
        self.locks: Locks = open_locks(database, folders.locks)
        self.aliases = SqlAliases(AliasManager(database))
        self.links = AliasTree(database, folders)
        self.publisher = Publisher(database, folders, self.links)
        self.classes = AssetClassService(database)
        self.assets = AssetService(
            database,
            folders,
            self.aliases,
            self.locks,
            self.publisher,
            self.links,
            self.classes,
            digest_fasta=digest_of_text,
        )

    @property
    def doctor(self) -> Doctor:
        return Doctor(self.database, self.folders, self.aliases, self.locks, self.publisher, self.links, None)

    def fill(self) -> None:
        """Register two genomes, their aliases and three asset classes."""

        def work(session: Session) -> None:
            session.add_all([Genome(digest=GENOME, description="one"), Genome(digest=OTHER_GENOME)])
            session.flush()
            for alias, digest in (("hg38", GENOME), ("GRCh38", GENOME), ("mm10", OTHER_GENOME)):
                session.add(Alias(name=alias, genome_digest=digest, source="server"))
            for name, keys in CLASSES.items():
                session.add(
                    AssetClass(
                        name=name,
                        version="0.0.1",
                        serving_modes=["file"],
                        seek_keys=keys,
                        definition={"name": name, "version": "0.0.1", "seek_keys": keys},
                    )
                )

        self.database.write(work)

    def asset_class(self, name: str) -> AssetClassRecord:
        return self.classes.get(name)

    def staged_folder(self, files: Mapping[str, str], name: str = "fresh") -> Path:
        """A folder below ``.work`` with files of these texts."""
        folder = self.folders.work / name
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    def new_asset(
        self,
        folder: Path,
        name: str = "default",
        *,
        group: str = "things",
        asset_class: str = "things",
        seek_keys: Mapping[str, str] | None = None,
        parents: tuple[ParentRecord, ...] = (),
        **fields: Any,
    ) -> NewAsset:
        """What describes a folder."""
        files = tuple(describe_files(folder))
        return NewAsset(
            genome_digest=GENOME,
            group=group,
            name=name,
            asset_class=self.asset_class(asset_class),
            files=files,
            digest=asset_digest(files),
            seek_keys=tuple(SeekKeyRecord(k, v, "file") for k, v in (seek_keys or {}).items()),
            parents=parents,
            **fields,
        )

    def publish(self, files: Mapping[str, str], name: str = "default", **fields: Any) -> Any:
        """Publish an asset with these files in the group ``things``."""
        publishing = {key: fields.pop(key) for key in ("replace", "also") if key in fields}
        folder = self.staged_folder(files)
        return self.publisher.publish(folder, self.new_asset(folder, name, **fields), **publishing)

    def content(self, digest: str, group: str = "things") -> Path:
        return self.folders.genome_folder / "data" / GENOME / group / digest

    def manifest(self, digest: str, group: str = "things") -> Path:
        return self.folders.genome_folder / "manifest" / GENOME / group / f"{digest}.json"

    def link_folder(self, alias: str, name: str = "default", group: str = "things") -> Path:
        return self.folders.genome_folder / "alias" / alias / group / name


def _key(value: str, kind: str = "file", **more: Any) -> dict[str, Any]:
    return {"value": value, "type": kind, "description": f"the {kind}"} | more


CLASSES: dict[str, dict[str, Any]] = {
    "things": {},
    "fasta": {"fasta": _key("{genome}.fa"), "fai": _key("{genome}.fa.fai", optional=True)},
    "regions": {"regions": _key("{genome}_regions.bed.gz")},
    "index": {
        "index": _key("{genome}", "prefix"),
        "folder": _key(".", "directory"),
        "table": _key("*.tsv"),
    },
}

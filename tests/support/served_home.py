"""A registry with real files below it, filled row by row: what a server serves."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.digests import FileRecord, asset_digest, describe_files
from refgenie.core.layout import Folders, archive_path, content_path
from refgenie.db.database import Database
from refgenie.db.locks import open_locks
from refgenie.db.models import (
    Alias,
    Asset,
    AssetClass,
    AssetFile,
    AssetGroup,
    AssetParent,
    AssetSeekKey,
    Genome,
    Recipe,
)
from refgenie.db.transfer_models import PushIntent, Remote, StagedAsset
from refgenie.sequences import LocalMode

GENOME = "f1b5a389" + "A" * 24
OTHER_GENOME = "B" * 32


class NoAliases:
    def sync_copy(self) -> None:
        """There is no store to copy from."""


@dataclass
class Home:
    """What `create_app` needs, and ways to fill it."""

    database: Database
    folders: Folders
    alias: Any = field(default_factory=NoAliases)
    mode: Any = None
    locks: Any = None

    def __post_init__(self) -> None:
        self.locks = self.locks or open_locks(self.database, self.folders.locks)
        self.mode = self.mode or LocalMode(self.folders, self.locks)

    def genome(self, digest: str = GENOME, *aliases: str, **fields: Any) -> str:
        def add(session: Session) -> None:
            session.add(Genome(digest=digest, **fields))
            session.flush()
            session.add_all(Alias(name=name, genome_digest=digest) for name in aliases)

        self.database.write(add)
        return digest

    def asset_class(self, name: str, modes: list[str], **keys: tuple[str, str]) -> None:
        definition = {"name": name, "version": "0.0.1", "serving_modes": modes, "custom": {"kept": True}}
        described = {key: {"value": value, "type": kind} for key, (value, kind) in keys.items()}
        self.database.write(
            lambda session: session.add(
                AssetClass(
                    name=name,
                    version="0.0.1",
                    description=f"class {name}",
                    serving_modes=modes,
                    seek_keys=described,
                    definition={**definition, "seek_keys": described},
                )
            )
        )

    def recipe(self, name: str, output: str, version: str = "0.0.1") -> None:
        definition = {
            "name": name,
            "version": version,
            "output_asset_class": output,
            "command_templates": ["true"],
            "extra": [1],
        }
        self.database.write(
            lambda session: session.add(
                Recipe(
                    name=name,
                    version=version,
                    description=f"recipe {name}",
                    output_asset_class=output,
                    definition=definition,
                    sha256=hashlib.sha256(name.encode()).hexdigest(),
                )
            )
        )

    def asset(
        self,
        group: str,
        files: dict[str, bytes],
        *,
        genome: str = GENOME,
        name: str = "default",
        asset_class: str = "fasta",
        recipe: str | None = None,
        parents: dict[str, str] | None = None,
        seek_keys: dict[str, tuple[str, str]] | None = None,
        **fields: Any,
    ) -> str:
        """Put an asset's files into the content tree and record them; its digest."""
        content = self.folders.work / f"{group}-{name}"
        for path, data in files.items():
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (content / path).write_bytes(data)
        records = describe_files(content)
        digest = asset_digest(records)
        target = self.folders.genome_folder / content_path(genome, group, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            content.rename(target)
        self.database.write(
            lambda session: self._record(
                session, group, records, digest, genome, name, asset_class, recipe, parents, seek_keys, fields
            )
        )
        return digest

    @staticmethod
    def _record(
        session: Session,
        group: str,
        records: list[FileRecord],
        digest: str,
        genome: str,
        name: str,
        asset_class: str,
        recipe: str | None,
        parents: dict[str, str] | None,
        seek_keys: dict[str, tuple[str, str]] | None,
        fields: dict[str, Any],
    ) -> None:
        kind = session.execute(select(AssetClass).where(AssetClass.name == asset_class)).scalar_one()
        found = session.execute(
            select(AssetGroup).where(AssetGroup.genome_digest == genome, AssetGroup.name == group)
        ).scalar_one_or_none()
        if found is None:
            found = AssetGroup(genome_digest=genome, name=group, asset_class_id=kind.id)
            session.add(found)
            session.flush()
            fields.setdefault("is_default", True)
        if recipe is not None:
            fields["recipe_id"] = session.execute(select(Recipe.id).where(Recipe.name == recipe)).scalar_one()
        asset = Asset(
            asset_group_id=found.id,
            name=name,
            digest=digest,
            size=sum(record.size for record in records),
            **fields,
        )
        session.add(asset)
        session.flush()
        session.add_all(
            AssetFile(asset_id=asset.id, path=record.path, size=record.size, sha256=record.sha256)
            for record in records
        )
        session.add_all(
            AssetSeekKey(asset_id=asset.id, name=key, position=number, value=value, type=type_)
            for number, (key, (value, type_)) in enumerate((seek_keys or {}).items())
        )
        for key, parent in (parents or {}).items():
            row = session.execute(select(Asset).where(Asset.digest == parent)).scalars().first()
            session.add(
                AssetParent(
                    asset_id=asset.id,
                    key=key,
                    digest=parent,
                    registry_path=f"{genome}/{key}:default",
                    parent_id=row.id if row else None,
                )
            )

    def stage(self, digest: str, mode: str) -> str:
        """Stage an asset; the digest of what is staged."""

        def add(session: Session) -> str:
            asset = (
                session.execute(select(Asset).where(Asset.digest == digest).order_by(Asset.id.desc()))
                .scalars()
                .first()
            )
            assert asset is not None
            group = session.get(AssetGroup, asset.asset_group_id)
            assert group is not None
            content = self.folders.genome_folder / content_path(group.genome_digest, group.name, digest)
            archive = archive_path(group.genome_digest, group.name, digest, asset.name)
            contents = [
                {"path": entry.path, "size": entry.size, "sha256": entry.sha256} for entry in asset.files
            ]
            relative = archive if mode == "archive" else archive.removesuffix(".tgz")
            target = self.folders.archive_folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            if mode == "archive":
                target.write_bytes(tar(content, asset.name))
                staged, size = hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size
            else:
                target.symlink_to(os.path.relpath(content, target.parent))
                staged, size = digest, asset.size
            session.add(
                StagedAsset(
                    asset_id=asset.id,
                    mode=mode,
                    path=relative,
                    digest=staged,
                    size=size,
                    directory_contents=contents,
                )
            )
            return staged

        return self.database.write(add)

    def push(self, staged_digest: str, kind: str, prefix: str, status: str = "pushed") -> None:
        """Record that what is staged is on a remote."""

        def add(session: Session) -> None:
            remote = Remote(name=f"{kind}-{prefix}", type=kind, prefix=prefix)
            session.add(remote)
            session.flush()
            for row in session.execute(
                select(StagedAsset).where(StagedAsset.digest == staged_digest)
            ).scalars():
                session.add(
                    PushIntent(
                        staged_asset_id=row.id, remote_id=remote.id, status=status, digest=staged_digest
                    )
                )

        self.database.write(add)


def tar(folder: Path, name: str) -> bytes:
    """A small archive as staging makes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, name)
    return gzip.compress(buffer.getvalue(), mtime=0)

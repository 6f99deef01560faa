"""Staging: makes assets ready to be served and pushed, in the serving modes of their class."""

from __future__ import annotations

import builtins
import logging
import os
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks, asset_lock
from refgenie.core.progress import NoProgress, Progress
from refgenie.core.records import AssetRecord
from refgenie.db.database import Database
from refgenie.db.models import Asset, AssetGroup, now
from refgenie.db.transfer_models import StagedAsset
from refgenie.errors import (
    DigestMismatchError,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    RefgenieError,
)
from refgenie.sequences.durable import sync_folder, writing
from refgenie.transfer.archives import write_archive

if TYPE_CHECKING:
    from rich.table import Table

_log = logging.getLogger("refgenie")

FILE = "file"
ARCHIVE = "archive"
NONE = "none"
_FORGOTTEN_AFTER = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class StagedAssetRecord:
    """An asset as it is staged in one serving mode.

    Attributes:
        registry_path: ``genome digest/group:asset``.
        mode: ``file`` or ``archive``.
        path: Relative to the archive folder.
        digest: SHA-256 of the archive; the asset digest in mode ``file``.
        size: Bytes of the archive, or of all files together.
    """

    id: int
    registry_path: str
    genome_digest: str
    asset_group_name: str
    asset_name: str
    asset_digest: str
    mode: str
    path: str
    digest: str
    size: int
    created_at: datetime


class Assets(Protocol):
    """The part of the asset service that staging needs."""

    def get(self, genome_name: str, asset_group_name: str, asset_name: str | None = None) -> AssetRecord:
        """One asset with its files; NotFoundError."""
        ...


class Genomes(Protocol):
    """Resolves genomes' names."""

    def resolve(self, genome: str) -> str:
        """Digest of the genome; NotFoundError."""
        ...


class StageService:
    """What is staged is served by `serve` and uploaded by `push`."""

    def __init__(
        self,
        database: Database,
        folders: Folders,
        assets: Assets,
        aliases: Genomes,
        locks: Locks,
        progress: Progress | None = None,
    ) -> None:
        self._database = database
        self._folders = folders
        self._assets = assets
        self._aliases = aliases
        self._locks = locks
        self._progress = progress or NoProgress()

    def add(
        self,
        genome_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        *,
        threads: int | None = None,
    ) -> builtins.list[StagedAssetRecord]:
        """Stage an asset in all serving modes of its class; what is staged already stays.

        Mode ``file`` is a relative link in the archive folder to the asset's content folder, mode
        ``archive`` a reproducible ``.tgz``.

        Args:
            genome_name: Alias or digest.
            asset_group_name: Asset group.
            asset_name: Asset; the group's default one where it is None.
            threads: Threads that compress; None takes all cores.

        Raises:
            NotFoundError: There is no such asset.
            NotPermittedError: It is a linked asset (its files are elsewhere), or its class says that
                it is not served.
            DigestMismatchError: A file is not what was registered.
        """
        named = self._assets.get(genome_name, asset_group_name, asset_name)
        with self._locks.hold(asset_lock(named.genome_digest, named.asset_group_name, named.name)):
            asset = self._assets.get(named.genome_digest, named.asset_group_name, named.name)
            return [self._stage(asset, mode, threads) for mode in self._modes(asset)]

    def refresh(self, asset: AssetRecord) -> bool:
        """Stage an asset again that is staged, after it was renamed or replaced.

        Where that cannot be done, it is staged no longer, and a warning says why: what was staged is
        another asset.

        Returns:
            Whether it is staged now.
        """
        with self._database.read() as session:
            found = session.scalar(select(StagedAsset.id).where(StagedAsset.asset_id == asset.id).limit(1))
        if found is None:
            return False
        named = asset.genome_digest, asset.asset_group_name, asset.name
        try:
            self.add(*named)
        except RefgenieError as error:
            self.remove(*named)
            _log.warning("%s is staged no longer: %s", asset.registry_path, error.message)
            return False
        return True

    def list(self, genomes: Iterable[str] | None = None) -> builtins.list[StagedAssetRecord]:
        """What is staged (of some genomes), sorted by registry path and mode."""
        digests = [self._aliases.resolve(genome) for genome in genomes] if genomes else None
        with self._database.read() as session:
            return staged_records(session, digests)

    def remove(
        self, genome_name: str, asset_group_name: str, asset_name: str | None = None
    ) -> builtins.list[StagedAssetRecord]:
        """Take an asset back: it is no longer served from here; what is on remotes stays there.

        Returns:
            What was staged.

        Raises:
            NotFoundError: It is not here, or not staged.
        """
        asset = self._assets.get(genome_name, asset_group_name, asset_name)
        with self._locks.hold(asset_lock(asset.genome_digest, asset.asset_group_name, asset.name)):

            def forget(session: Session) -> builtins.list[StagedAssetRecord]:
                rows = session.scalars(_staged().where(StagedAsset.asset_id == asset.id)).all()
                records = [_record(row) for row in rows]
                session.execute(delete(StagedAsset).where(StagedAsset.asset_id == asset.id))
                return records

            gone = self._database.write(forget)
            if not gone:
                raise NotFoundError(
                    f"{asset_group_name}:{asset.name} of {genome_name} is not staged",
                    hint="refgenie stage list",
                )
            for record in gone:
                self._discard(record.path)
        return gone

    def unrecorded(self) -> builtins.list[Path]:
        """Files and links of the archive folder that no staged asset has, sorted.

        A partial file counts when it is older than a day: it may be being written.
        """
        root = self._folders.archive_folder
        with self._database.read() as session:
            known = set(session.scalars(select(StagedAsset.path)))
        found = [path for path in root.glob("*/*/*") if path.is_symlink() or _is_left(path)]
        return sorted(path for path in found if path.relative_to(root).as_posix() not in known)

    def table(self, genomes: Iterable[str] | None = None) -> Table:
        """What is staged as a rich table."""
        from refgenie.core.tables import human_size, make_table

        return make_table(
            "Staged assets",
            ("asset", "mode", "path", "digest", "size"),
            [
                (record.registry_path, record.mode, record.path, record.digest, human_size(record.size))
                for record in self.list(genomes)
            ],
        )

    def _modes(self, asset: AssetRecord) -> Sequence[str]:
        with self._database.read() as session:
            group = session.get_one(AssetGroup, asset.asset_group_id)
            modes = [mode for mode in group.asset_class.serving_modes if mode != NONE]
        if asset.external:
            raise NotPermittedError(
                f"{asset.registry_path} cannot be staged: its files stay at {asset.path}",
                hint="add it with --copy to have its files in the genome folder",
            )
        if not modes:
            raise NotPermittedError(
                f"{asset.registry_path} cannot be staged: assets of the class {asset.asset_class_name} "
                "are not served (serving mode none)"
            )
        unknown = set(modes) - {FILE, ARCHIVE}
        if unknown:
            raise InvalidInputError(
                f"asset class {asset.asset_class_name} has the serving mode {unknown.pop()!r}"
            )
        return sorted(set(modes))

    def _stage(self, asset: AssetRecord, mode: str, threads: int | None) -> StagedAssetRecord:
        path = _staged_path(asset, mode)
        before = self._find(asset.id, mode)
        if before is not None and before.path == path and self._is_whole(before):
            return before
        if mode == FILE:
            digest, size = asset.digest, asset.size
            self._link(asset, path)
        else:
            digest, size = self._archive(asset, path, threads)
        record = self._database.write(lambda session: _remember(session, asset, mode, path, digest, size))
        if before is not None and before.path != path:
            self._discard(before.path)
        return record

    def _find(self, asset_id: int, mode: str) -> StagedAssetRecord | None:
        with self._database.read() as session:
            query = _staged().where(StagedAsset.asset_id == asset_id, StagedAsset.mode == mode)
            row = session.scalars(query).one_or_none()
            return _record(row) if row is not None else None

    def _is_whole(self, record: StagedAssetRecord) -> bool:
        path = self._folders.archive_folder / record.path
        try:
            return path.is_dir() if record.mode == FILE else path.stat().st_size == record.size
        except OSError:
            return False

    def _link(self, asset: AssetRecord, path: str) -> None:
        link = self._folders.archive_folder / path
        content = self._folders.genome_folder / asset.path
        for file in asset.files:
            if not _has_size(content / file.path, file.size):
                raise DigestMismatchError(
                    f"{content / file.path} is not what was registered", hint="refgenie verify says what else"
                )
        with writing(str(link)):
            link.parent.mkdir(parents=True, exist_ok=True)
            fresh = link.with_name(f".{secrets.token_hex(8)}.partial")
            fresh.symlink_to(os.path.relpath(content.resolve(), link.parent.resolve()))
            fresh.replace(link)
            sync_folder(link.parent)

    def _archive(self, asset: AssetRecord, path: str, threads: int | None) -> tuple[str, int]:
        with self._progress.task(f"archive {asset.asset_group_name}:{asset.name}", asset.size) as advance:
            written = write_archive(
                self._folders.genome_folder / asset.path,
                asset.files,
                asset.name,
                self._folders.archive_folder / path,
                threads=threads,
                advance=advance,
            )
        return written.sha256, written.size

    def _discard(self, path: str) -> None:
        """Remove what was staged under a path, unless another asset with the same content still uses it."""
        if not self._is_used(path):
            with writing(path):
                (self._folders.archive_folder / path).unlink(missing_ok=True)

    def _is_used(self, path: str) -> bool:
        with self._database.read() as session:
            return session.scalar(select(StagedAsset.id).where(StagedAsset.path == path).limit(1)) is not None


def staged_records(session: Session, genome_digests: Sequence[str] | None = None) -> list[StagedAssetRecord]:
    """What is staged (of some genomes), sorted by registry path and mode."""
    query = _staged().join(StagedAsset.asset).join(Asset.group)
    if genome_digests is not None:
        query = query.where(AssetGroup.genome_digest.in_(genome_digests))
    found = [_record(row) for row in session.scalars(query)]
    return sorted(found, key=lambda record: (record.registry_path, record.mode))


def _staged() -> Any:
    return select(StagedAsset).options(joinedload(StagedAsset.asset).joinedload(Asset.group))


def _record(row: StagedAsset) -> StagedAssetRecord:
    asset, group = row.asset, row.asset.group
    return StagedAssetRecord(
        id=row.id,
        registry_path=f"{group.genome_digest}/{group.name}:{asset.name}",
        genome_digest=group.genome_digest,
        asset_group_name=group.name,
        asset_name=asset.name,
        asset_digest=asset.digest,
        mode=row.mode,
        path=row.path,
        digest=row.digest,
        size=row.size,
        created_at=row.created_at,
    )


def _remember(
    session: Session, asset: AssetRecord, mode: str, path: str, digest: str, size: int
) -> StagedAssetRecord:
    if session.get(Asset, asset.id) is None:
        raise NotFoundError(f"{asset.registry_path} was removed meanwhile")
    row = session.scalars(
        _staged().where(StagedAsset.asset_id == asset.id, StagedAsset.mode == mode)
    ).one_or_none()
    if row is None:
        row = StagedAsset(asset_id=asset.id, mode=mode)
        session.add(row)
    row.path, row.digest, row.size, row.created_at = path, digest, size, now()
    row.directory_contents = [
        {"path": file.path, "size": file.size, "sha256": file.sha256} for file in asset.files
    ]
    session.flush()
    session.refresh(row, ["asset"])
    return _record(row)


def _staged_path(asset: AssetRecord, mode: str) -> str:
    """Relative to the archive folder; in mode ``file`` several names of one content share the link."""
    if mode == ARCHIVE:
        return layout.archive_path(asset.genome_digest, asset.asset_group_name, asset.digest, asset.name)
    return f"{asset.genome_digest}/{asset.asset_group_name}/{asset.digest}"


def _is_left(path: Path) -> bool:
    if not path.name.endswith(".partial"):
        return path.is_file()
    try:
        return path.stat().st_mtime < time.time() - _FORGOTTEN_AFTER
    except OSError:
        return False


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False

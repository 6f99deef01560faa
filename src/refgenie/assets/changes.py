"""Removes and renames assets and moves the default; every check is made again within the transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.assets import lookup, manifest
from refgenie.assets.manifest import ContentKey
from refgenie.assets.missing import missing
from refgenie.assets.publish import Publisher
from refgenie.assets.recording import make_default
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks, asset_lock
from refgenie.core.names import check_asset_name
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.db.database import Database
from refgenie.db.models import Asset, AssetGroup
from refgenie.db.transfer_models import StagedAsset
from refgenie.errors import ConflictError

_log = logging.getLogger("refgenie")


@dataclass(frozen=True, slots=True)
class _Removed:
    name: str
    key: ContentKey
    staged: tuple[str, ...]


class AssetChanges:
    """Changes of recorded assets. Order of a removal: manifest and record, links, files."""

    def __init__(self, database: Database, folders: Folders, locks: Locks, publisher: Publisher) -> None:
        self._database = database
        self._folders = folders
        self._locks = locks
        self._publisher = publisher

    def remove(self, path: RegistryPath, genome_digest: str, *, force: bool) -> AssetRecord:
        """Remove one asset, the group's default one where the path names none.

        Raises:
            NotFoundError: It is not there.
            ConflictError: Others were built from it, and not ``force``.
        """
        with self._database.read() as session:
            row = lookup.find_asset(session, genome_digest, path.group, path.asset)
            if row is None:
                raise missing(session, path, genome_digest)
            record = lookup.full(session, row)

        def forget(session: Session) -> list[_Removed]:
            again = lookup.find_asset(session, genome_digest, path.group, record.name)
            if again is None:
                raise missing(session, path, genome_digest)
            return self._forget(session, [again], force=force)

        with self._locks.hold(asset_lock(genome_digest, path.group, record.name)):
            self._clear(self._database.write(forget))
        return record

    def remove_group(self, path: RegistryPath, genome_digest: str, *, force: bool) -> list[str]:
        """Remove a group with all its assets; returns their names.

        Raises:
            NotFoundError: There is no such group.
            ConflictError: Assets outside of the group were built from one of it, and not ``force``.
        """

        def forget(session: Session) -> list[_Removed]:
            group = lookup.find_group(session, genome_digest, path.group)
            if group is None:
                raise missing(session, path, genome_digest)
            assets = list(group.assets)
            if not assets:
                session.delete(group)
            return self._forget(session, assets, force=force)

        removed = self._database.write(forget)
        self._clear(removed)
        return sorted(entry.name for entry in removed)

    def rename(self, path: RegistryPath, genome_digest: str, new_name: str) -> AssetRecord:
        """Give an asset another name within its group.

        Raises:
            NotFoundError: It is not there.
            ConflictError: The name is taken.
        """
        check_asset_name(new_name)

        def change(session: Session) -> tuple[str, AssetRecord]:
            row = lookup.find_asset(session, genome_digest, path.group, path.asset)
            if row is None:
                raise missing(session, path, genome_digest)
            old_name = row.name
            if old_name != new_name:
                if lookup.find_asset(session, genome_digest, path.group, new_name) is not None:
                    raise ConflictError(
                        f"{path.genome}/{path.group}:{new_name} exists already", hint="choose another name"
                    )
                row.name = new_name
                manifest.update(session, self._folders, [_key(row)])
            return old_name, lookup.full(session, row)

        old_name, record = self._database.write(change)
        self._publisher.refresh_links(genome_digest, path.group, new_name)
        if old_name != new_name:
            self._publisher.refresh_links(genome_digest, path.group, old_name)
        return record

    def set_default(self, path: RegistryPath, genome_digest: str) -> AssetRecord:
        """Make an asset its group's default.

        Raises:
            NotFoundError: It is not there.
        """

        def change(session: Session) -> AssetRecord:
            row = lookup.find_asset(session, genome_digest, path.group, path.asset)
            if row is None:
                raise missing(session, path, genome_digest)
            current = lookup.find_asset(session, genome_digest, path.group, None)
            if current is not row:
                make_default(session, current, row)
                manifest.update(session, self._folders, [_key(entry) for entry in (row, current) if entry])
            return lookup.full(session, row)

        return self._database.write(change)

    def _forget(self, session: Session, assets: Sequence[Asset], *, force: bool) -> list[_Removed]:
        """Delete records; their manifests go with them, so that the content is known as left over."""
        children = lookup.children_of(session, [asset.id for asset in assets])
        if children and not force:
            shown = ", ".join(children[:10]) + (
                f" and {len(children) - 10} more" if len(children) > 10 else ""
            )
            raise ConflictError(
                f"still in use: {shown} {'was' if len(children) == 1 else 'were'} built from it",
                hint="remove them first, or use --force",
            )
        removed = [_Removed(asset.name, _key(asset), _staged(session, asset)) for asset in assets]
        changed = [entry.key for entry in removed]
        groups = {asset.group for asset in assets}
        for asset in assets:
            session.delete(asset)
        session.flush()
        for group in groups:
            session.expire(group)
            heir = _newest(session, group)
            if heir is None:
                session.delete(group)
            elif lookup.find_asset(session, group.genome_digest, group.name, None) is None:
                make_default(session, None, heir)
                changed.append(_key(heir))
        manifest.update(session, self._folders, changed)
        return [replace(entry, staged=_unused(session, entry.staged)) for entry in removed]

    def _clear(self, removed: Sequence[_Removed]) -> None:
        """Take away what the removed assets had on disk: links, files, staged archives."""
        for entry in removed:
            genome_digest, group, _ = entry.key
            self._publisher.refresh_links(genome_digest, group, entry.name)
        for key in dict.fromkeys(entry.key for entry in removed):
            self._publisher.release(*key)
        # Names with the same content share what is staged in mode ``file``.
        paths = {path for entry in removed for path in entry.staged}
        with self._database.read() as session:
            paths -= set(session.scalars(select(StagedAsset.path).where(StagedAsset.path.in_(paths))))
        for path in sorted(paths):
            with suppress(FileNotFoundError):
                try:
                    (self._folders.archive_folder / path).unlink()
                except OSError as error:
                    _log.warning("the staged %s could not be removed: %s", path, error.strerror)


def _key(asset: Asset) -> ContentKey:
    return asset.group.genome_digest, asset.group.name, asset.digest


def _staged(session: Session, asset: Asset) -> tuple[str, ...]:
    return tuple(session.scalars(select(StagedAsset.path).where(StagedAsset.asset_id == asset.id)))


def _unused(session: Session, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Staged files that no other asset (another name of the same content) has."""
    used = set(session.scalars(select(StagedAsset.path).where(StagedAsset.path.in_(paths))))
    return tuple(path for path in paths if path not in used)


def _newest(session: Session, group: AssetGroup) -> Asset | None:
    return session.scalars(
        select(Asset)
        .where(Asset.asset_group_id == group.id)
        .order_by(Asset.created_at.desc(), Asset.id.desc())
        .limit(1)
    ).one_or_none()

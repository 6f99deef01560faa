"""Puts a finished folder into the content tree and the registry: whole, or not at all.

The order is: flush, rename into ``data/``, manifest, record. Rename, manifest and record happen while the
writer's turn is held (``Database.write``), so that the removal of another name of the same content
cannot come between. What a crash leaves is content without a manifest (`doctor` removes it), or with
one (it was published whole, `doctor` records it).
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from refgenie.assets import lookup, manifest
from refgenie.assets.new_asset import NewAsset
from refgenie.assets.sealing import seal
from refgenie.assets.workspace import discard, working_folder
from refgenie.core import layout
from refgenie.core.digests import FileRecord, asset_digest, files_below
from refgenie.core.layout import Folders
from refgenie.core.names import check_asset_name, check_group
from refgenie.core.records import AssetClassRecord, AssetRecord, ParentRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.db.database import Database
from refgenie.db.models import (
    Asset,
    AssetClass,
    AssetFile,
    AssetGroup,
    AssetParent,
    AssetSeekKey,
    Genome,
    Recipe,
    now,
)
from refgenie.errors import ConflictError, DigestMismatchError, NotFoundError, RefgenieError
from refgenie.sequences.durable import sync_folder, writing

_log = logging.getLogger("refgenie")


class AssetLinks(Protocol):
    """The part of the alias tree that publishing needs."""

    def refresh_asset(self, genome_digest: str, group: str, name: str) -> None:
        """Make the links of one asset right."""
        ...


@dataclass(frozen=True, slots=True)
class _Outcome:
    record: AssetRecord
    replaced: str | None


class Publisher:
    """Publishes assets. The caller holds ``core.locks.asset_lock`` of the asset."""

    def __init__(self, database: Database, folders: Folders, links: AssetLinks) -> None:
        self._database = database
        self._folders = folders
        self._links = links

    def seal(self, folder: Path) -> None:
        """Make a folder fit to be published (see sealing.seal); ``publish`` does it, too."""
        seal(folder)

    def publish(
        self,
        folder: Path,
        asset: NewAsset,
        *,
        replace: bool = False,
        also: Callable[[Session], None] | None = None,
        transaction: Callable[[Callable[[Session], Any]], Any] | None = None,
    ) -> AssetRecord:
        """Seal a folder, move it to its place and record it.

        Args:
            folder: The asset's files, in a folder below ``.work``; it is gone afterwards. Of an asset with
                ``external_path`` this very folder, of which nothing is touched.
            asset: What is recorded.
            replace: An asset of this name may be there with other content: it is replaced, and keeps
                its number, so that what was built from it still knows it.
            also: Runs in the same transaction before the asset is recorded.
            transaction: Runs the recording instead of ``Database.write``; a pull gives one that names
                the genome in the same transaction.

        Returns:
            The recorded asset. The same content under the same name is no error and changes nothing.

        Raises:
            ConflictError: The name is taken by other content, or the group has another asset class.
            DigestMismatchError: The folder is not what ``asset`` says.
            NotFoundError: Genome, asset class or recipe is not registered.
            DiskFullError, NotPermittedError: The disk does not take it; nothing is registered.
        """
        check_group(asset.group)
        check_asset_name(asset.name)
        _check_content(folder, asset)
        if asset.external_path is None:
            seal(folder)

        def record(session: Session) -> _Outcome:
            if also is not None:
                also(session)
                session.flush()
            return self._record(session, folder, asset, replace)

        with writing(f"asset {asset.registry_path}"):
            outcome: _Outcome = (transaction or self._database.write)(record)
        self.refresh_links(asset.genome_digest, asset.group, asset.name)
        if outcome.replaced is not None:
            self.release(asset.genome_digest, asset.group, outcome.replaced)
        if asset.external_path is None:
            discard(folder)
        return outcome.record

    def refresh_links(self, genome_digest: str, group: str, name: str) -> None:
        """Make an asset's links right; they are derived, so a failure is a warning."""
        try:
            self._links.refresh_asset(genome_digest, group, name)
        except (RefgenieError, OSError) as error:
            asset = f"{genome_digest}/{group}:{name}"
            _log.warning("the links of %s are not right: %s; run refgenie alias repair", asset, error)

    def release(self, genome_digest: str, group: str, digest: str) -> None:
        """Remove a content folder that no asset has any more."""
        content = self._content(genome_digest, group, digest)
        if not content.is_dir():
            return

        with working_folder(self._folders, "release") as folder:

            def retire(session: Session) -> None:
                used = lookup.sharing(session, genome_digest, group, digest, external=False)
                if not used and content.is_dir():
                    content.rename(folder / "content")
                    sync_folder(content.parent)

            with writing(str(content)):
                self._database.write(retire)

    def _record(self, session: Session, folder: Path, asset: NewAsset, replace: bool) -> _Outcome:
        group = _group_for(session, asset)
        row = lookup.find_asset(session, asset.genome_digest, asset.group, asset.name)
        before = row.digest if row is not None else None
        if row is not None and not replace:
            if row.digest != asset.digest or row.external_path != asset.external_path:
                raise ConflictError(
                    f"{asset.registry_path} exists already with other content",
                    hint=f"refgenie remove {asset.registry_path}, or choose another name",
                )
            self._place(folder, asset)
            return _Outcome(lookup.full(session, row), None)
        self._place(folder, asset)
        if row is None:
            row = Asset(group=group, name=asset.name, is_default=False)
            session.add(row)
        else:
            _forget_content(session, row)
        _fill(session, row, asset)
        moved_from = _settle_default(session, group, row, asset.make_default)
        _adopt_children(session, row)
        digests = (asset.digest, before, moved_from)
        keys = [(asset.genome_digest, asset.group, digest) for digest in digests if digest]
        manifest.update(session, self._folders, keys)
        replaced = before if before not in {None, asset.digest} else None
        return _Outcome(lookup.full(session, row), replaced)

    def _content(self, genome_digest: str, group: str, digest: str) -> Path:
        return self._folders.genome_folder / layout.content_path(genome_digest, group, digest)

    def _place(self, folder: Path, asset: NewAsset) -> None:
        """Move the folder to its place; content that is there already and whole is kept."""
        if asset.external_path is not None:
            return
        target = self._content(asset.genome_digest, asset.group, asset.digest)
        if is_whole(target, asset.files) or not folder.exists():
            return
        if target.exists():  # damaged by a hand or a disk
            target.rename(folder.with_name(f"{folder.name}.damaged"))
        made = _make_folders(target.parent)
        try:
            folder.rename(target)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        for parent in (target.parent, *made):
            sync_folder(parent)


def is_whole(folder: Path, files: tuple[FileRecord, ...]) -> bool:
    """Whether a content folder has all of its files in their sizes (their bytes are `verify`'s matter)."""
    try:
        return all((folder / file.path).stat().st_size == file.size for file in files) and folder.is_dir()
    except OSError:
        return False


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder with its parents; returns those in which something was made."""
    missing = []
    here = folder
    while not here.exists():
        missing.append(here.parent)
        here = here.parent
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _check_content(folder: Path, asset: NewAsset) -> None:
    if asset_digest(asset.files) != asset.digest:
        raise DigestMismatchError(f"{asset.registry_path}: the files do not have the digest {asset.digest}")
    there, said = set(files_below(folder)), {file.path for file in asset.files}
    if asset.external_path is not None:
        there &= said  # a linked folder may hold more than the asset
    if there != said or not is_whole(folder, asset.files):
        differing = sorted(there ^ said)[:5] or "sizes differ"
        raise DigestMismatchError(
            f"{asset.registry_path}: {folder} has other files than described: {differing}"
        )


def _class_row(session: Session, record: AssetClassRecord) -> AssetClass:
    row = session.scalars(
        select(AssetClass).where(AssetClass.name == record.name, AssetClass.version == record.version)
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            f"asset class {record.name} {record.version} is not registered", hint="refgenie asset-class list"
        )
    return row


def _group_for(session: Session, asset: NewAsset) -> AssetGroup:
    if session.get(Genome, asset.genome_digest) is None:
        raise NotFoundError(f"genome {asset.genome_digest} is not registered", hint="refgenie alias get")
    asset_class = _class_row(session, asset.asset_class)
    group = lookup.find_group(session, asset.genome_digest, asset.group)
    if group is None:
        group = AssetGroup(genome_digest=asset.genome_digest, name=asset.group, asset_class=asset_class)
        session.add(group)
        session.flush()
    elif group.asset_class.name != asset_class.name:
        raise ConflictError(
            f"asset group {asset.genome_digest}/{asset.group} has the class {group.asset_class.name}, "
            f"not {asset_class.name}",
            hint="choose another asset group",
        )
    return group


def _forget_content(session: Session, row: Asset) -> None:
    for table in (AssetFile, AssetSeekKey, AssetParent):
        session.execute(delete(table).where(table.asset_id == row.id))
    session.flush()
    session.expire(row)


def _fill(session: Session, row: Asset, asset: NewAsset) -> None:
    row.digest = asset.digest
    row.description = asset.description
    row.size = sum(file.size for file in asset.files)
    row.external_path = asset.external_path
    row.recipe_id = _recipe_id(session, asset)
    row.custom_properties = dict(asset.custom_properties)
    row.provenance = asset.provenance
    row.build_id = asset.build_id
    row.updated_at = now()
    session.flush()
    session.add_all(
        AssetFile(asset_id=row.id, path=file.path, size=file.size, sha256=file.sha256) for file in asset.files
    )
    session.add_all(
        AssetSeekKey(
            asset_id=row.id,
            name=key.name,
            position=position,
            value=key.value,
            type=key.type,
            description=key.description,
        )
        for position, key in enumerate(asset.seek_keys)
    )
    session.add_all(
        AssetParent(
            asset_id=row.id,
            key=parent.key,
            digest=parent.digest,
            registry_path=parent.registry_path,
            parent_id=_parent_id(session, parent),
        )
        for parent in asset.parents
    )
    session.flush()
    session.expire(row)


def _recipe_id(session: Session, asset: NewAsset) -> int | None:
    if asset.recipe_id is not None:
        if session.get(Recipe, asset.recipe_id) is None:
            raise NotFoundError(f"the recipe of {asset.registry_path} is not registered any more")
        return asset.recipe_id
    if asset.recipe_key is None:
        return None
    name, version = asset.recipe_key
    found = session.scalar(select(Recipe.id).where(Recipe.name == name, Recipe.version == version))
    if found is None:
        raise NotFoundError(f"recipe {name} {version} is not registered", hint="refgenie recipe list")
    return found


def _parent_id(session: Session, parent: ParentRecord) -> int | None:
    """Number of a parent that is here with the very content that the child was built from."""
    if parent.asset_id is not None and session.get(Asset, parent.asset_id) is not None:
        return parent.asset_id
    try:
        path = RegistryPath.parse(parent.registry_path)
    except RefgenieError:
        return None
    found = lookup.sharing(session, path.genome, path.group, parent.digest)
    by_name = {asset.name: asset.id for asset in found}
    return by_name.get(path.asset or "") or next(iter(by_name.values()), None)


def _adopt_children(session: Session, row: Asset) -> None:
    """Assets that came here before the one that they were built from now know it."""
    path = f"{row.group.genome_digest}/{row.group.name}:{row.name}"
    session.execute(
        update(AssetParent)
        .where(
            AssetParent.parent_id.is_(None),
            AssetParent.digest == row.digest,
            AssetParent.registry_path == path,
        )
        .values(parent_id=row.id)
    )


def _settle_default(session: Session, group: AssetGroup, row: Asset, wanted: bool | None) -> str | None:
    """Make the asset its group's default where it shall be; returns the digest of the one it was before."""
    current = session.scalars(
        select(Asset).where(Asset.asset_group_id == group.id, Asset.is_default)
    ).one_or_none()
    if wanted is False or current is row or (wanted is None and current is not None):
        return None
    return make_default(session, current, row)


def make_default(session: Session, current: Asset | None, row: Asset) -> str | None:
    """Move the mark of the default asset; returns the digest of the one that had it."""
    if current is not None:
        current.is_default = False
        session.flush()  # no two defaults, not even within the transaction
    row.is_default = True
    session.flush()
    return current.digest if current is not None else None

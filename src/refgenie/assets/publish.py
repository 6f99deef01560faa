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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from refgenie.assets import lookup, manifest
from refgenie.assets.new_asset import NewAsset
from refgenie.assets.recording import record_asset
from refgenie.assets.sealing import seal
from refgenie.assets.workspace import discard, working_folder
from refgenie.core import layout
from refgenie.core.digests import FileRecord, asset_digest, describe_files, files_below
from refgenie.core.layout import Folders
from refgenie.core.names import check_asset_name, check_group
from refgenie.core.records import AssetRecord
from refgenie.db.database import Database
from refgenie.errors import ConflictError, DigestMismatchError, InvalidInputError, RefgenieError
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
        damaged: bool | None = None,
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
            damaged: What ``is_damaged`` said, where it was asked before; else it is asked here.
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
        if damaged is None:
            damaged = self.is_damaged(asset)

        def record(session: Session) -> _Outcome:
            if also is not None:
                also(session)
                session.flush()
            return self._record(session, folder, asset, replace, damaged)

        with writing(f"asset {asset.registry_path}"):
            outcome: _Outcome = (transaction or self._database.write)(record)
        self.refresh_links(asset.genome_digest, asset.group, asset.name)
        if outcome.replaced is not None:
            self.release(asset.genome_digest, asset.group, outcome.replaced)
        if asset.external_path is None:
            discard(folder)
        return outcome.record

    def is_damaged(self, asset: NewAsset) -> bool:
        """Whether a hand or a disk has changed content of this digest that is there; all of it is read."""
        if asset.external_path is not None:
            return False
        there = self._content(asset.genome_digest, asset.group, asset.digest)
        try:
            return there.is_dir() and asset_digest(describe_files(there)) != asset.digest
        except OSError:  # a disk that fails, or it was removed just now
            return True

    def refresh_links(self, genome_digest: str, group: str, name: str) -> None:
        """Make an asset's links right; they are derived, so a failure is a warning."""
        try:
            self._links.refresh_asset(genome_digest, group, name)
        except (RefgenieError, OSError) as error:
            asset = f"{genome_digest}/{group}:{name}"
            _log.warning("the links of %s are not right: %s; run refgenie alias repair", asset, error)

    def release(self, genome_digest: str, group: str, digest: str) -> None:
        """Remove a content folder that no asset has any more, and a manifest without an asset."""
        key = (genome_digest, group, digest)
        content = self._content(*key)
        if not content.is_dir() and not manifest.path_of(self._folders, key).exists():
            return
        with working_folder(self._folders, "release") as folder:

            def retire(session: Session) -> None:
                manifest.update(session, self._folders, [key])
                if lookup.sharing(session, *key, external=False) or not content.is_dir():
                    return
                content.rename(folder / "content")
                sync_folder(content.parent)
                for parent in (content.parent, content.parent.parent):
                    with suppress(OSError):  # others are in it
                        parent.rmdir()

            with writing(str(content)):
                self._database.write(retire)

    def _record(
        self, session: Session, folder: Path, asset: NewAsset, replace: bool, damaged: bool
    ) -> _Outcome:
        row = lookup.find_asset(session, asset.genome_digest, asset.group, asset.name)
        before = row.digest if row is not None else None
        if row is not None and not replace:
            if row.digest != asset.digest or row.external_path != asset.external_path:
                raise ConflictError(
                    f"{asset.registry_path} exists already with other content",
                    hint=f"refgenie remove {asset.registry_path}, or choose another name",
                )
            self._place(folder, asset, damaged)
            return _Outcome(lookup.full(session, row), None)
        recorded = record_asset(session, asset, row)
        self._place(folder, asset, damaged)
        manifest.update(session, self._folders, recorded.changed)
        replaced = before if before not in {None, asset.digest} else None
        return _Outcome(lookup.full(session, recorded.row), replaced)

    def _content(self, genome_digest: str, group: str, digest: str) -> Path:
        return self._folders.genome_folder / layout.content_path(genome_digest, group, digest)

    def _place(self, folder: Path, asset: NewAsset, damaged: bool) -> None:
        """Move the folder to its place; content that is there already and whole is kept."""
        if asset.external_path is not None:
            return
        target = self._content(asset.genome_digest, asset.group, asset.digest)
        if not folder.exists() or (is_whole(target, asset.files) and not damaged):
            return  # the former where a transaction is tried twice
        if target.exists():
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
    for file in asset.files:
        try:
            file.path.encode()
        except UnicodeEncodeError as error:
            raise InvalidInputError(
                f"{asset.registry_path}: the file name {file.path!r} is not UTF-8", hint="rename the file"
            ) from error
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

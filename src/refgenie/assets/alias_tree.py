"""The alias tree ``alias/<alias>/<group>/<asset name>/``: relative links, derived from the registry."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from refgenie.assets import lookup
from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.db.models import Alias, Asset, AssetGroup
from refgenie.sequences.durable import writing

_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class LinkedAsset:
    """What the links of one asset are made from."""

    genome_digest: str
    group: str
    name: str
    folder: str
    files: tuple[str, ...]

    def names_for(self, alias: str) -> dict[str, str]:
        """Path below the alias tree's folder to path below the content folder."""
        # Where two files would have one name, the one that is named with the digest has it:
        # that is where seek keys lead.
        plain = {path: path for path in self.files if self.genome_digest not in path}
        return plain | {
            path.replace(self.genome_digest, alias): path for path in self.files if self.genome_digest in path
        }


class AliasTree:
    """Keeps the links right. Each is put in its place whole, so that readers and several writers agree."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders

    def refresh(self, alias: str, genome_digest: str) -> None:
        """Make all links of this alias right."""
        with self._database.read() as session:
            assets = list(linked_assets(session, genome_digest))
        self._refresh_alias(alias, assets)

    def drop(self, alias: str) -> None:
        """Remove all links of this alias."""
        with writing(self._shown(alias)):
            _remove(self._alias_folder(alias))

    def refresh_asset(self, genome_digest: str, group: str, name: str) -> None:
        """Make an asset's links right under all aliases of its genome; an asset that is gone has none."""
        with self._database.read() as session:
            aliases = aliases_of(session, genome_digest)
            row = lookup.find_asset(session, genome_digest, group, name)
            asset = _linked(row) if row is not None else None
        for alias in aliases:
            folder = self._alias_folder(alias) / group / name
            with writing(self._shown(alias)):
                if asset is None:
                    _remove(folder)
                    _remove_empty(folder.parent, self._root)
                else:
                    _put(folder, self.targets(alias, asset))

    def rebuild(self) -> int:
        """Make the whole tree right; returns how many links were made or removed."""
        with self._database.read() as session:
            aliases = all_aliases(session)
        changed = 0
        for genome_digest in sorted(set(aliases.values())):
            with self._database.read() as session:
                assets = list(linked_assets(session, genome_digest))
            for alias in sorted(name for name, digest in aliases.items() if digest == genome_digest):
                changed += self._refresh_alias(alias, assets)
        for folder in self.unknown_folders(aliases):
            changed += sum(1 for path in folder.rglob("*") if path.is_symlink())
            with writing(str(folder)):
                _remove(folder)
        return changed

    def unknown_folders(self, aliases: Iterable[str]) -> list[Path]:
        """Folders of aliases that are none of these."""
        known = set(aliases)
        return [entry for entry in _entries(self._root) if entry.name not in known]

    def targets(self, alias: str, asset: LinkedAsset) -> dict[str, str]:
        """Path below the asset's link folder to the text of the link."""
        folder = self._alias_folder(alias) / asset.group / asset.name
        content = self._folders.genome_folder / asset.folder
        found: dict[str, str] = {}
        for shown, path in asset.names_for(alias).items():
            # Links to an asset that stays elsewhere are absolute: the genome folder may move, that may not.
            target = content / path
            inside = not Path(asset.folder).is_absolute()
            found[shown] = os.path.relpath(target, (folder / shown).parent) if inside else str(target)
        return found

    def deviations(self, alias: str, asset: LinkedAsset) -> list[Path]:
        """Links of an asset that are missing or wrong, and those that should not be there."""
        folder = self._alias_folder(alias) / asset.group / asset.name
        wanted = self.targets(alias, asset)
        wrong = [folder / shown for shown, text in wanted.items() if _text(folder / shown) != text]
        return wrong + [path for path in _surplus(folder, wanted) if not path.is_dir() or path.is_symlink()]

    def surplus_folders(self, alias: str, assets: Iterable[LinkedAsset]) -> list[Path]:
        """Folders below an alias that belong to no asset."""
        wanted = {(asset.group, asset.name) for asset in assets}
        groups = {group for group, _ in wanted}
        found = []
        for group in _entries(self._alias_folder(alias)):
            if group.name not in groups:
                found.append(group)
            else:
                found += [entry for entry in _entries(group) if (group.name, entry.name) not in wanted]
        return found

    @property
    def _root(self) -> Path:
        return self._folders.genome_folder / layout.ALIAS

    def _alias_folder(self, alias: str) -> Path:
        return self._root / alias

    def _shown(self, alias: str) -> str:
        return str(self._alias_folder(alias))

    def _refresh_alias(self, alias: str, assets: list[LinkedAsset]) -> int:
        changed = 0
        with writing(self._shown(alias)):
            for folder in self.surplus_folders(alias, assets):
                _remove(folder)
                changed += 1
            for asset in assets:
                folder = self._alias_folder(alias) / asset.group / asset.name
                changed += _put(folder, self.targets(alias, asset))
        return changed


def aliases_of(session: Session, genome_digest: str) -> list[str]:
    """A genome's aliases, sorted."""
    return list(
        session.scalars(select(Alias.name).where(Alias.genome_digest == genome_digest).order_by(Alias.name))
    )


def all_aliases(session: Session) -> dict[str, str]:
    """Alias to genome digest."""
    return {row.name: row.genome_digest for row in session.execute(select(Alias.name, Alias.genome_digest))}


def linked_assets(session: Session, genome_digest: str) -> Iterator[LinkedAsset]:
    """A genome's assets."""
    rows = session.scalars(
        select(Asset)
        .join(Asset.group)
        .where(AssetGroup.genome_digest == genome_digest)
        .options(joinedload(Asset.group), selectinload(Asset.files))
        .order_by(AssetGroup.name, Asset.name)
    )
    for row in rows:
        yield _linked(row)


def _linked(row: Asset) -> LinkedAsset:
    return LinkedAsset(
        row.group.genome_digest,
        row.group.name,
        row.name,
        lookup.content_folder(row),
        tuple(file.path for file in row.files),
    )


def _put(folder: Path, wanted: Mapping[str, str]) -> int:
    """Make a folder hold exactly these links; returns how many were made or removed."""
    changed = 0
    for path in _surplus(folder, wanted):
        _remove(path)
        changed += 1
    for shown, text in wanted.items():
        link = folder / shown
        if _text(link) == text:
            continue
        _put_link(link, text)
        changed += 1
    return changed


def _put_link(link: Path, text: str) -> None:
    """Put a link in its place at once.

    Another process that makes the same links may take its folder or its fresh name for left over, as
    often as it was begun meanwhile.
    """
    for attempt in range(_ATTEMPTS):
        fresh = link.with_name(f".{secrets.token_hex(8)}")
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            fresh.symlink_to(text)
            fresh.replace(link)
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _surplus(folder: Path, wanted: Mapping[str, str]) -> list[Path]:
    """What lies in a folder of links and is neither a wanted link nor a folder on the way to one."""
    needed = {folder / parent for shown in wanted for parent in Path(shown).parents}
    links = {folder / shown for shown in wanted}
    found: list[Path] = []
    for root, directories, files in os.walk(folder):
        for name in [*directories, *files]:
            path = Path(root, name)
            is_folder = name in directories and not path.is_symlink()
            if path in (needed if is_folder else links):
                continue
            found.append(path)
            if is_folder:
                directories.remove(name)
    return found


def _text(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _remove(path: Path) -> None:
    """Remove a link, or a folder of links; another process may do the same."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
        if not path.exists():
            return


def _remove_empty(folder: Path, stop: Path) -> None:
    """Remove a folder that has become empty, and its parents likewise."""
    while folder != stop:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent

"""Records an asset in a session: group, files, seek keys, parents, default mark."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from refgenie.assets import lookup
from refgenie.assets.manifest import ContentKey
from refgenie.assets.new_asset import NewAsset
from refgenie.core.records import AssetClassRecord, ParentRecord
from refgenie.core.registry_path import RegistryPath
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
from refgenie.errors import ConflictError, NotFoundError, RefgenieError


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row that was written, and the content folders whose manifests say something else now."""

    row: Asset
    changed: tuple[ContentKey, ...]


def record_asset(session: Session, asset: NewAsset, replaced: Asset | None = None) -> Recorded:
    """Write an asset's rows.

    Args:
        session: A writing session.
        asset: What is recorded; nothing is looked for on disk.
        replaced: The row of this name that gets other content; it keeps its number.

    Raises:
        NotFoundError: Genome, asset class or recipe is not registered.
        ConflictError: The group has another asset class.
    """
    group = _group_for(session, asset)
    digests = [asset.digest]
    if replaced is None:
        row = Asset(group=group, name=asset.name, is_default=False)
        session.add(row)
    else:
        row = replaced
        digests.append(row.digest)
        _forget_content(session, row)
    _fill(session, row, asset)
    moved_from = _settle_default(session, group, row, asset.make_default)
    if moved_from is not None:
        digests.append(moved_from)
    _adopt_children(session, row)
    return Recorded(row, tuple((asset.genome_digest, asset.group, digest) for digest in digests))


def _class_row(session: Session, record: AssetClassRecord) -> AssetClass:
    row = session.scalars(
        select(AssetClass).where(AssetClass.name == record.name, AssetClass.version == record.version)
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            f"asset class {record.name} {record.version} is not registered", hint="refgenie asset-class list"
        )
    return row


def link_parents(session: Session) -> None:
    """Let assets know those of their parents that came here after them."""
    for row in session.scalars(select(AssetParent).where(AssetParent.parent_id.is_(None))):
        row.parent_id = _parent_id(session, ParentRecord(row.key, row.digest, row.registry_path))
    session.flush()


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

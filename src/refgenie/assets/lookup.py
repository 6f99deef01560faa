"""Finds assets in a session and turns them into records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from refgenie.core import layout
from refgenie.core.digests import FileRecord
from refgenie.core.records import AssetGroupRecord, AssetRecord, ParentRecord, SeekKeyRecord
from refgenie.db.models import Asset, AssetClass, AssetGroup, AssetParent


def find_asset(session: Session, genome_digest: str, group: str, name: str | None) -> Asset | None:
    """The row of an asset; of the group's default one where ``name`` is None."""
    query = (
        select(Asset)
        .join(Asset.group)
        .where(AssetGroup.genome_digest == genome_digest, AssetGroup.name == group)
    )
    query = query.where(Asset.is_default) if name is None else query.where(Asset.name == name)
    return session.scalars(query).one_or_none()


def find_group(session: Session, genome_digest: str, group: str) -> AssetGroup | None:
    """The row of an asset group."""
    return session.scalars(
        select(AssetGroup).where(AssetGroup.genome_digest == genome_digest, AssetGroup.name == group)
    ).one_or_none()


def sharing(
    session: Session, genome_digest: str, group: str, digest: str, *, external: bool | None = None
) -> Sequence[Asset]:
    """All assets (names) with this content, sorted by name."""
    query = (
        select(Asset)
        .join(Asset.group)
        .where(AssetGroup.genome_digest == genome_digest, AssetGroup.name == group, Asset.digest == digest)
        .order_by(Asset.name)
    )
    if external is not None:
        query = query.where(Asset.external_path.is_not(None) if external else Asset.external_path.is_(None))
    return session.scalars(query).all()


def children_of(session: Session, asset_ids: Iterable[int]) -> list[str]:
    """Registry paths of the assets that were built from any of these and are not among them."""
    ids = list(asset_ids)
    rows = session.execute(
        select(AssetGroup.genome_digest, AssetGroup.name, Asset.name)
        .join(Asset, Asset.asset_group_id == AssetGroup.id)
        .join(AssetParent, AssetParent.asset_id == Asset.id)
        .where(AssetParent.parent_id.in_(ids), Asset.id.not_in(ids))
        .distinct()
    )
    return sorted(f"{genome}/{group}:{name}" for genome, group, name in rows)


def content_folder(asset: Asset) -> str:
    """Folder of an asset's files: relative to the genome folder, or absolute where it is linked."""
    if asset.external_path is not None:
        return asset.external_path
    return layout.content_path(asset.group.genome_digest, asset.group.name, asset.digest)


def seek_key_records(asset: Asset) -> tuple[SeekKeyRecord, ...]:
    """The asset's seek keys in their order."""
    return tuple(SeekKeyRecord(key.name, key.value, key.type, key.description) for key in asset.seek_keys)


def summary(asset: Asset) -> AssetRecord:
    """A record with seek keys, without files, parents and children."""
    return AssetRecord(
        id=asset.id,
        digest=asset.digest,
        name=asset.name,
        description=asset.description,
        size=asset.size,
        path=content_folder(asset),
        external=asset.external_path is not None,
        genome_digest=asset.group.genome_digest,
        asset_group_id=asset.asset_group_id,
        asset_group_name=asset.group.name,
        asset_class_name=asset.group.asset_class.name,
        is_default=asset.is_default,
        recipe_id=asset.recipe_id,
        recipe_name=asset.recipe.name if asset.recipe else None,
        recipe_version=asset.recipe.version if asset.recipe else None,
        custom_properties=dict(asset.custom_properties),
        provenance=asset.provenance,
        build_id=asset.build_id,
        created_at=asset.created_at,
        updated_at=asset.updated_at,
        seek_keys=seek_key_records(asset),
    )


def described(asset: Asset) -> AssetRecord:
    """A record with seek keys and files, without parents and children."""
    return replace(
        summary(asset),
        files=tuple(FileRecord(file.path, file.size, file.sha256) for file in asset.files),
    )


def full(session: Session, asset: Asset) -> AssetRecord:
    """A record with everything that the registry knows of the asset."""
    return replace(
        described(asset),
        parents=tuple(
            ParentRecord(parent.key, parent.digest, parent.registry_path, parent.parent_id)
            for parent in asset.parents
        ),
        children=tuple(children_of(session, [asset.id])),
    )


def _listing(genome_digests: Sequence[str] | None) -> Select[Asset]:
    query = (
        select(Asset)
        .join(Asset.group)
        .options(
            joinedload(Asset.group).joinedload(AssetGroup.asset_class),
            joinedload(Asset.recipe),
            selectinload(Asset.seek_keys),
        )
        .order_by(AssetGroup.genome_digest, AssetGroup.name, Asset.name)
    )
    return query if genome_digests is None else query.where(AssetGroup.genome_digest.in_(genome_digests))


def summaries(session: Session, genome_digests: Sequence[str] | None = None) -> list[AssetRecord]:
    """All assets (of some genomes), sorted by genome digest, group and name."""
    return [summary(asset) for asset in session.scalars(_listing(genome_digests))]


def group_records(session: Session, genome_digests: Sequence[str] | None = None) -> list[AssetGroupRecord]:
    """All asset groups (of some genomes), sorted by genome digest and name."""
    query = (
        select(AssetGroup.id, AssetGroup.name, AssetGroup.genome_digest, AssetClass.name, Asset.name)
        .join(AssetClass, AssetClass.id == AssetGroup.asset_class_id)
        .outerjoin(Asset, (Asset.asset_group_id == AssetGroup.id) & Asset.is_default)
        .order_by(AssetGroup.genome_digest, AssetGroup.name)
    )
    if genome_digests is not None:
        query = query.where(AssetGroup.genome_digest.in_(genome_digests))
    return [AssetGroupRecord(*row) for row in session.execute(query)]


def rows(session: Session, *, with_parents: bool = False) -> list[Asset]:
    """All assets' rows, with their files (and all else), sorted as in ``summaries``."""
    query = _listing(None).options(selectinload(Asset.files))
    if with_parents:
        genome = joinedload(Asset.group).joinedload(AssetGroup.genome)
        query = query.options(selectinload(Asset.parents), genome)
    return list(session.scalars(query))

"""Records again what manifests say: content that a crash left unrecorded, or all of a lost registry."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.assets import lookup, manifest
from refgenie.assets.manifest import ContentKey
from refgenie.assets.new_asset import NewAsset
from refgenie.assets.publish import is_whole
from refgenie.assets.recording import record_asset
from refgenie.core import layout
from refgenie.core.digests import FileRecord, asset_digest
from refgenie.core.layout import Folders
from refgenie.core.records import AssetClassRecord, ParentRecord, SeekKeyRecord
from refgenie.db.models import AssetClass, Recipe
from refgenie.errors import RefgenieError
from refgenie.genomes.genome_table import GenomeFacts, register


class ManifestFaultError(Exception):
    """A manifest that nothing can be restored from; the text says why."""


def restore(session: Session, folders: Folders, key: ContentKey, *, defaults: bool) -> list[str]:
    """Record the assets of one content folder as its manifest has them.

    Names that are taken by other content are passed over: the registry is newer than the manifest.

    Args:
        session: A writing session.
        folders: Where manifest and content lie.
        key: The content folder.
        defaults: Whether the manifest says which asset is its group's default, or the registry does.

    Returns:
        Names of the assets that were recorded.

    Raises:
        ManifestFaultError: The manifest cannot be read, does not belong here, or the content is not whole.
    """
    document = manifest.read(manifest.path_of(folders, key))
    if document is None:
        raise ManifestFaultError("the manifest cannot be read")
    try:
        return _restore(session, folders, key, document, defaults)
    except (KeyError, TypeError, ValueError, AttributeError, RefgenieError) as error:
        raise ManifestFaultError(f"the manifest is not complete: {error}") from error


def _restore(
    session: Session, folders: Folders, key: ContentKey, document: dict[str, Any], defaults: bool
) -> list[str]:
    genome_digest, group, digest = key
    files = tuple(FileRecord(file["path"], file["size"], file["sha256"]) for file in document["files"])
    said = (document["genome_digest"], document["group"], document["digest"])
    if said != key or asset_digest(files) != digest:
        raise ManifestFaultError("the manifest belongs to other content")
    content = folders.genome_folder / layout.content_path(*key)
    register(session, GenomeFacts(**document["genome"]))
    asset_class = _restore_class(session, document["asset_class"])
    restored = []
    for name in document["names"]:
        external = name["external_path"]
        if not is_whole(Path(external) if external else content, files):
            continue
        if lookup.find_asset(session, genome_digest, group, name["name"]) is not None:
            continue
        recipe_id = _restore_recipe(session, name["recipe"])
        asset = NewAsset(
            genome_digest=genome_digest,
            group=group,
            name=name["name"],
            asset_class=asset_class,
            files=files,
            digest=digest,
            seek_keys=tuple(SeekKeyRecord(**seek_key) for seek_key in name["seek_keys"]),
            description=name["description"],
            recipe_id=recipe_id,
            custom_properties=name["custom_properties"],
            parents=tuple(ParentRecord(**parent) for parent in name["parents"]),
            provenance=name["provenance"],
            build_id=name["build_id"],
            make_default=True if name["is_default"] and defaults else None,
            external_path=external,
        )
        recorded = record_asset(session, asset)
        row = recorded.row
        row.created_at = datetime.fromisoformat(name["created_at"])
        row.updated_at = datetime.fromisoformat(name["updated_at"])
        manifest.update(session, folders, recorded.changed)
        restored.append(asset.name)
    if not restored:
        raise ManifestFaultError("its files are not there, or its names are those of other content")
    return restored


def _restore_class(session: Session, values: dict[str, Any]) -> AssetClassRecord:
    row = session.scalars(
        select(AssetClass).where(AssetClass.name == values["name"], AssetClass.version == values["version"])
    ).one_or_none()
    if row is None:
        row = AssetClass(**values)
        session.add(row)
        session.flush()
    return AssetClassRecord(
        row.id,
        row.name,
        row.version,
        row.description,
        tuple(row.serving_modes),
        row.seek_keys,
        row.definition,
    )


def _restore_recipe(session: Session, values: dict[str, Any] | None) -> int | None:
    if values is None:
        return None
    row = session.scalars(
        select(Recipe).where(Recipe.name == values["name"], Recipe.version == values["version"])
    ).one_or_none()
    if row is None:
        row = Recipe(**values)
        session.add(row)
        session.flush()
    return row.id

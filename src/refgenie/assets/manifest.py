"""Manifests: what the registry knows of a content folder, beside the content, enough to restore the registry.

``manifest/<genome digest>/<group>/<asset digest>.json`` is derived from the registry and written in the
transaction that changes it, so that no recorded asset is without one. It is
the sign of content that was published whole: a removal takes it away before anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.assets import lookup
from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.db.models import Asset, AssetClass, AssetGroup, Genome, Recipe
from refgenie.sequences.durable import sync_folder, write_bytes, writing

FORMAT = 1
_PARTS: dict[str, type] = {
    "genome": dict,
    "genome_digest": str,
    "group": str,
    "digest": str,
    "size": int,
    "asset_class": dict,
    "files": list,
    "names": list,
}

ContentKey = tuple[str, str, str]
"""Genome digest, group, asset digest."""


def render(session: Session, key: ContentKey) -> dict[str, Any] | None:
    """The manifest of a content folder, or None where no asset has this content."""
    assets = lookup.sharing(session, *key)
    return _document(key, assets) if assets else None


def _document(key: ContentKey, assets: Sequence[Asset]) -> dict[str, Any]:
    genome_digest, group, digest = key
    first = assets[0]
    return {
        "format": FORMAT,
        "genome": _genome(first.group.genome),
        "genome_digest": genome_digest,
        "group": group,
        "digest": digest,
        "size": first.size,
        "asset_class": _asset_class(first.group.asset_class),
        "files": [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in first.files],
        "names": [_name(asset) for asset in assets],
    }


def _genome(genome: Genome) -> dict[str, Any]:
    return {
        "digest": genome.digest,
        "description": genome.description,
        "species_name": genome.species_name,
        "source": genome.source,
        "source_url": genome.source_url,
        "masking": genome.masking,
        "sequences": genome.sequences,
        "total_length": genome.total_length,
    }


def _asset_class(row: AssetClass) -> dict[str, Any]:
    return {
        "name": row.name,
        "version": row.version,
        "description": row.description,
        "serving_modes": row.serving_modes,
        "seek_keys": row.seek_keys,
        "definition": row.definition,
    }


def _recipe(row: Recipe | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "name": row.name,
        "version": row.version,
        "description": row.description,
        "output_asset_class": row.output_asset_class,
        "definition": row.definition,
        "sha256": row.sha256,
    }


def _name(asset: Asset) -> dict[str, Any]:
    return {
        "name": asset.name,
        "is_default": asset.is_default,
        "description": asset.description,
        "external_path": asset.external_path,
        "seek_keys": [
            {"name": key.name, "value": key.value, "type": key.type, "description": key.description}
            for key in lookup.seek_key_records(asset)
        ],
        "recipe": _recipe(asset.recipe),
        "parents": [
            {"key": parent.key, "digest": parent.digest, "registry_path": parent.registry_path}
            for parent in asset.parents
        ],
        "custom_properties": asset.custom_properties,
        "provenance": asset.provenance,
        "build_id": asset.build_id,
        "created_at": asset.created_at.isoformat(),
        "updated_at": asset.updated_at.isoformat(),
    }


def path_of(folders: Folders, key: ContentKey) -> Path:
    """The manifest's file."""
    return folders.genome_folder / layout.manifest_path(*key)


def _encode(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def outdated(session: Session, folders: Folders) -> list[ContentKey]:
    """The content whose manifest is missing or says other things of its assets than the registry.

    The copies of genome, asset class and recipe may be as they were when the asset last changed.
    """
    contents: dict[ContentKey, list[Asset]] = {}
    for asset in lookup.rows(session, with_parents=True):
        key = (asset.group.genome_digest, asset.group.name, asset.digest)
        contents.setdefault(key, []).append(asset)
    return [key for key, assets in contents.items() if not _is_current(folders, key, assets)]


def _is_current(folders: Folders, key: ContentKey, assets: Sequence[Asset]) -> bool:
    written = read(path_of(folders, key))
    return written is not None and _own_part(_document(key, assets)) == _own_part(written)


def _own_part(document: dict[str, Any]) -> dict[str, Any]:
    own = {part: value for part, value in document.items() if part not in {"genome", "asset_class", "names"}}
    names = [name | {"recipe": _key_of(name.get("recipe"))} for name in document["names"]]
    return own | {"names": names, "asset_class": _key_of(document["asset_class"])}


def _key_of(definition: dict[str, Any] | None) -> tuple[Any, Any] | None:
    return (definition.get("name"), definition.get("version")) if definition else None


def update(session: Session, folders: Folders, keys: Iterable[ContentKey]) -> None:
    """Make manifests say what this session's registry says; without an asset there is none.

    May run again after a serialization failure: it only ever follows the registry.
    """
    session.flush()
    for key in dict.fromkeys(keys):
        document = render(session, key)
        path = path_of(folders, key)
        if document is not None:
            write_bytes(path, _encode(document))
        elif path.exists():
            with writing(str(path)):
                path.unlink()
                sync_folder(path.parent)
                for folder in (path.parent, path.parent.parent):
                    with suppress(OSError):  # others are in it
                        folder.rmdir()


def update_genome(session: Session, folders: Folders, genome_digest: str) -> None:
    """Make the manifests of all assets of a genome say what this session's registry says of it."""
    rows = session.execute(
        select(AssetGroup.name, Asset.digest)
        .join(Asset.group)
        .where(AssetGroup.genome_digest == genome_digest)
    )
    update(session, folders, [(genome_digest, group, digest) for group, digest in rows.all()])


def read(path: Path) -> dict[str, Any] | None:
    """A manifest's document; None where there is none that can be read."""
    try:
        document: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if _has_all_parts(document) else None


def _has_all_parts(document: object) -> bool:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return False
    if not all(isinstance(document.get(part), kind) for part, kind in _PARTS.items()):
        return False
    return all(isinstance(entry, dict) for entry in (*document["files"], *document["names"]))


def walk(folders: Folders) -> Iterator[ContentKey]:
    """The keys of all manifests on disk."""
    root = folders.genome_folder / layout.MANIFEST
    for path in sorted(root.glob("*/*/*.json")):
        if not path.name.startswith("."):
            yield path.parent.parent.name, path.parent.name, path.stem

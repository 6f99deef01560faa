"""Detached records: what the services answer with. Field names are those of the REST API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from refgenie.core.digests import FileRecord

__all__ = [
    "AliasRecord",
    "AssetClassRecord",
    "AssetGroupRecord",
    "AssetRecord",
    "BuildRecord",
    "DataChannelRecord",
    "FileRecord",
    "GenomeRecord",
    "ParentRecord",
    "RecipeRecord",
    "SeekKeyRecord",
]


@dataclass(frozen=True, slots=True)
class GenomeRecord:
    """One genome assembly, identified by its sequence collection digest.

    Attributes:
        digest: GA4GH seqcol digest (sha512t24u).
        description: Free text.
        species_name: Scientific name of the species.
        aliases: Names, sorted.
        source: ``local`` (sequences in the own store), ``remote`` or ``registered`` (known from a
            server, its sequences nowhere yet).
        source_url: Where the sequences of a remote genome come from.
        masking: ``none`` or ``soft`` (the imported FASTA had lower case residues).
        sequences: Number of sequences, where known.
        total_length: Sum of the sequences' lengths in residues, where known.
        created_at: When it was registered (UTC).
    """

    digest: str
    description: str | None
    species_name: str | None
    aliases: tuple[str, ...]
    source: str
    source_url: str | None
    masking: str
    sequences: int | None
    total_length: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AliasRecord:
    """A name of a genome. ``source`` is ``store``, ``server`` or a namespace of the RefgetStore."""

    name: str
    genome_digest: str
    source: str


@dataclass(frozen=True, slots=True)
class SeekKeyRecord:
    """A seek key of a registered asset.

    Attributes:
        name: The key.
        value: Path relative to the asset's folder, ``{genome}`` standing for the digest or alias; or
            the plain value.
        type: ``file``, ``directory``, ``prefix``, or a JSON Schema basic type.
        description: From the asset class.
    """

    name: str
    value: str
    type: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ParentRecord:
    """An asset from which another was built.

    Attributes:
        key: Name of the recipe's input (``input_assets``).
        digest: Asset digest of the input at build time.
        registry_path: ``genome digest/group:asset`` at build time.
        asset_id: Number of the asset in this registry, None where it is not here.
    """

    key: str
    digest: str
    registry_path: str
    asset_id: int | None = None


@dataclass(frozen=True, slots=True)
class AssetClassRecord:
    """An asset class, its inherited seek keys resolved.

    Attributes:
        seek_keys: Name to ``{value, type, description, optional}``, parents' keys first.
        definition: The canonical YAML as a mapping (own keys only, parents named).
    """

    id: int
    name: str
    version: str
    description: str | None
    serving_modes: tuple[str, ...]
    seek_keys: dict[str, dict[str, Any]]
    definition: dict[str, Any]
    data_channel: str | None = None


@dataclass(frozen=True, slots=True)
class RecipeRecord:
    """A recipe; ``definition`` is its canonical dialect as a mapping."""

    id: int
    name: str
    version: str
    description: str | None
    output_asset_class: str
    definition: dict[str, Any]
    sha256: str
    data_channel: str | None = None


@dataclass(frozen=True, slots=True)
class AssetGroupRecord:
    """All assets of one genome and one asset class under one name."""

    id: int
    name: str
    genome_digest: str
    asset_class_name: str
    default_asset: str | None


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """One registered asset.

    Attributes:
        path: Content folder relative to the genome folder; absolute for a linked asset whose files
            stay elsewhere (``external``).
        size: Bytes of all files together.
        children: Registry paths of the assets that were built from this one.
    """

    id: int
    digest: str
    name: str
    description: str | None
    size: int
    path: str
    external: bool
    genome_digest: str
    asset_group_id: int
    asset_group_name: str
    asset_class_name: str
    is_default: bool
    recipe_id: int | None
    recipe_name: str | None
    recipe_version: str | None
    custom_properties: dict[str, str]
    provenance: dict[str, Any] | None
    build_id: str | None
    created_at: datetime
    updated_at: datetime
    seek_keys: tuple[SeekKeyRecord, ...] = ()
    parents: tuple[ParentRecord, ...] = ()
    children: tuple[str, ...] = ()
    files: tuple[FileRecord, ...] = field(default=())

    @property
    def registry_path(self) -> str:
        """``genome digest/group:asset``."""
        return f"{self.genome_digest}/{self.asset_group_name}:{self.name}"


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """One run of a recipe, also a failed one. ``status``: running, succeeded, failed, interrupted."""

    id: str
    genome_digest: str
    asset_group_name: str
    asset_name: str
    recipe_name: str
    recipe_version: str
    status: str
    message: str | None
    path: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DataChannelRecord:
    """A source of asset classes and recipes."""

    id: int
    name: str
    type: str
    index_address: str
    description: str | None
    synced_at: datetime | None

"""What the answers look like, for the OpenAPI document; a test compares real answers with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class FailureDetail(BaseModel):
    """The part of a failed answer for programs."""

    code: str
    message: str
    hint: str | None = None


class Failure(BaseModel):
    """Every failed answer."""

    error: FailureDetail
    detail: str


class Pagination(BaseModel):
    """Which part of a list this is."""

    offset: int
    limit: int
    total: int


class Health(BaseModel):
    """The server is well."""

    status: str


class ServiceInfo(BaseModel):
    """GA4GH service-info."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    type: dict[str, str]
    organization: dict[str, str]
    version: str


class Summary(BaseModel):
    """Numbers of what is served."""

    genomes: int
    asset_groups: int
    assets: int
    bytes: int


class SpeciesSummary(BaseModel):
    """Numbers of one species."""

    species_name: str | None
    genomes: int
    assets: int


class Genome(BaseModel):
    """A genome."""

    digest: str
    description: str | None
    species_name: str | None
    aliases: list[str]
    source: str
    masking: str
    sequences: int | None
    total_length: int | None
    created_at: datetime


class GenomePage(BaseModel):
    """A page of genomes."""

    items: list[Genome]
    pagination: Pagination


class Alias(BaseModel):
    """A genome's name; ``source`` is ``server`` or a namespace of the sequence store."""

    name: str
    genome_digest: str
    source: str


class AliasPage(BaseModel):
    """A page of aliases."""

    items: list[Alias]
    pagination: Pagination


class ResolvedAlias(BaseModel):
    """The genome that a name stands for."""

    alias: str
    digest: str
    source: str
    collection: dict[str, list[Any]] | None
    fhr: dict[str, Any] | None


class AssetGroup(BaseModel):
    """A genome's assets of one class under one name."""

    id: int
    name: str
    genome_digest: str
    asset_class_id: int
    asset_class_name: str
    default_asset: str | None


class AssetGroupPage(BaseModel):
    """A page of asset groups."""

    items: list[AssetGroup]
    pagination: Pagination


class SeekKey(BaseModel):
    """A seek key of an asset; ``{genome}`` stands for the genome digest or an alias."""

    value: str
    type: str
    description: str | None


class Parent(BaseModel):
    """An asset from which another was built."""

    key: str
    digest: str
    registry_path: str


class Asset(BaseModel):
    """An asset."""

    id: int
    digest: str
    name: str
    description: str | None
    size: int
    path: str | None
    genome_digest: str
    asset_group_id: int
    asset_group_name: str
    asset_class_id: int
    asset_class_name: str
    asset_class_version: str
    is_default: bool
    recipe_id: int | None
    recipe_name: str | None
    recipe_version: str | None
    custom_properties: dict[str, str]
    serving_modes: list[str]
    archive_digest: str | None
    archive_size: int | None
    seek_keys: dict[str, SeekKey]
    parents: list[Parent]
    children: list[str]
    same_content: list[str]
    download_count: int
    created_at: datetime
    updated_at: datetime


class AssetPage(BaseModel):
    """A page of assets."""

    items: list[Asset]
    pagination: Pagination


class File(BaseModel):
    """A file of an asset."""

    path: str
    size: int
    sha256: str


class ServedFile(File):
    """A file of an asset and where it can be had."""

    url: str | None


class Seek(BaseModel):
    """Where a seek key's file is, or what its files begin with."""

    uri: str
    size: int | None
    sha256: str | None
    files: list[ServedFile]


class Archive(BaseModel):
    """An archive of an asset."""

    digest: str
    asset_digest: str
    genome_digest: str
    size: int
    directory_contents: list[File]
    build_commands: list[str]
    path: str
    download_count: int
    created_at: datetime


class ArchivePage(BaseModel):
    """A page of archives."""

    items: list[Archive]
    pagination: Pagination


class AssetClass(BaseModel):
    """An asset class: all of its YAML, and its inherited seek keys resolved."""

    model_config = ConfigDict(extra="allow")

    id: int
    name: str
    version: str
    description: str | None
    serving_modes: list[str]
    seek_keys: dict[str, dict[str, Any]]
    definition: dict[str, Any]
    data_channel: str | None
    created_at: datetime


class AssetClassPage(BaseModel):
    """A page of asset classes."""

    items: list[AssetClass]
    pagination: Pagination


class Recipe(BaseModel):
    """A recipe: all of its YAML."""

    model_config = ConfigDict(extra="allow")

    id: int
    name: str
    version: str
    description: str | None
    output_asset_class: str
    sha256: str
    definition: dict[str, Any]
    data_channel: str | None
    created_at: datetime


class RecipePage(BaseModel):
    """A page of recipes."""

    items: list[Recipe]
    pagination: Pagination


class SequenceRegion(BaseModel):
    """Residues of a region, 0-based half-open."""

    name: str
    start: int
    end: int
    sequence: str


class ServedChannel(BaseModel):
    """A data channel of the server; ``available`` is whether its index could be read."""

    name: str
    protocol: str
    index_url: str
    available: bool

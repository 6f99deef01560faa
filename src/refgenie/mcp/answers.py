"""What the tools answer with; an assistant sees these as JSON schemas."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Genome(BaseModel):
    """A genome assembly."""

    digest: str = Field(description="GA4GH sequence collection digest: identifies the genome by its content")
    aliases: list[str] = Field(description="Names, such as hg38")
    species: str | None
    description: str | None
    source: str = Field(description="local, remote, or registered (its sequences are nowhere yet)")
    sequences: int | None = Field(description="Number of sequences")
    total_length: int | None = Field(description="Residues in all")
    assets: int = Field(description="Number of assets here")
    bytes: int = Field(description="Bytes of the assets")


class GenomePage(BaseModel):
    """A part of a list of genomes."""

    items: list[Genome]
    total: int
    offset: int


class GenomeDetails(Genome):
    """A genome with its asset groups."""

    asset_groups: list[str] = Field(description="Groups of assets that are here, such as fasta, bwa_index")


class GenomeMetadata(BaseModel):
    """What is said of a genome."""

    digest: str
    aliases: list[str]
    species: str | None
    description: str | None
    masking: str = Field(description="soft where lower case residues were imported, else none")
    fhr: dict[str, Any] | None = Field(description="FAIR header (FHR) metadata")


class Sequence(BaseModel):
    """A sequence of a genome."""

    name: str
    length: int
    digest: str = Field(description="GA4GH refget digest")
    md5: str


class SequencePage(BaseModel):
    """A part of a genome's sequences, in its order."""

    genome_digest: str
    items: list[Sequence]
    total: int
    offset: int


class Asset(BaseModel):
    """An asset: files that belong to a genome."""

    registry_path: str = Field(description="genome/group:name")
    digest: str
    genome_digest: str
    group: str
    name: str
    asset_class: str
    is_default: bool
    size: int = Field(description="Bytes")
    recipe: str | None


class AssetPage(BaseModel):
    """A part of a list of assets."""

    items: list[Asset]
    total: int
    offset: int


class SeekKey(BaseModel):
    """A named handle to a file or folder of an asset."""

    name: str
    type: str
    path: str


class AssetDetails(Asset):
    """An asset with all that belongs to it."""

    description: str | None
    folder: str = Field(description="Folder of its files on this computer")
    seek_keys: list[SeekKey]
    files: int = Field(description="Number of files")
    built_from: list[str]
    used_by: list[str] = Field(description="Assets that were built from it")
    same_content: list[str]
    custom_properties: dict[str, str]


class AssetClass(BaseModel):
    """What kind of thing an asset is."""

    name: str
    version: str
    description: str | None
    seek_keys: list[str]
    serving_modes: list[str]


class AssetClasses(BaseModel):
    """All asset classes."""

    items: list[AssetClass]


class Recipe(BaseModel):
    """How an asset is built."""

    name: str
    version: str
    description: str | None
    makes: str = Field(description="The asset class")
    needs_assets: dict[str, str] = Field(description="Input to its asset class")
    needs_files: list[str]
    parameters: list[str]


class Recipes(BaseModel):
    """All recipes."""

    items: list[Recipe]


class Lookup(BaseModel):
    """What a digest, or the beginning of one, names."""

    genomes: list[Genome]
    assets: list[Asset]


class Comparison(BaseModel):
    """How two genomes relate."""

    a_digest: str
    b_digest: str
    reading: str
    words: str
    a_count: int
    b_count: int
    shared_sequences: int
    shared_names: int
    shared_named_sequences: int
    names_only_in_a: list[str] = Field(description="At most 50")
    names_only_in_b: list[str] = Field(description="At most 50")


class Place(BaseModel):
    """Where something lies."""

    registry_path: str
    path: str


class Residues(BaseModel):
    """A part of a sequence; positions are 0-based, the end is not included."""

    genome_digest: str
    name: str
    start: int
    end: int
    length: int = Field(description="Residues of the whole sequence")
    sequence: str
    complete: bool = Field(description="Whether all that was asked for is there; ask again from `end`")

"""What a build, a pull or an `add` hands over to be published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from refgenie.core.digests import FileRecord
from refgenie.core.records import AssetClassRecord, ParentRecord, SeekKeyRecord


@dataclass(frozen=True, slots=True)
class NewAsset:
    """A finished asset that is not in the registry yet.

    Attributes:
        genome_digest: Genome that it belongs to.
        group: Asset group.
        name: Asset name.
        asset_class: Its class; found by name and version in the publishing transaction.
        files: Every regular file, relative to the asset's folder.
        digest: Asset digest that follows from ``files``.
        seek_keys: Rendered seek keys in the class's order.
        description: Free text.
        recipe_id: Recipe that built it, or None.
        recipe_key: (name, version) of that recipe where its number is not known yet; a pull
            registers the recipe in the same transaction.
        custom_properties: What the recipe's custom seek keys answered.
        parents: The assets that it was built from.
        provenance: formats.md, Provenance.
        build_id: The build that made it.
        make_default: True or False; None makes it the default where the group has none yet.
        external_path: Absolute folder of a linked asset whose files stay where they are.
    """

    genome_digest: str
    group: str
    name: str
    asset_class: AssetClassRecord
    files: tuple[FileRecord, ...]
    digest: str
    seek_keys: tuple[SeekKeyRecord, ...]
    description: str | None = None
    recipe_id: int | None = None
    recipe_key: tuple[str, str] | None = None
    custom_properties: Mapping[str, str] = field(default_factory=dict)
    parents: tuple[ParentRecord, ...] = ()
    provenance: dict[str, Any] | None = None
    build_id: str | None = None
    make_default: bool | None = None
    external_path: str | None = None

    @property
    def registry_path(self) -> str:
        """``genome digest/group:asset``."""
        return f"{self.genome_digest}/{self.group}:{self.name}"

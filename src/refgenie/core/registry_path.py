"""Registry paths: ``genome/group[.seek_key][:asset]``."""

from __future__ import annotations

from dataclasses import dataclass

from refgenie.core.names import (
    check_asset_name,
    check_genome,
    check_group,
    check_seek_key,
)
from refgenie.core.references import REFERENCE
from refgenie.core.seek import SCHEME
from refgenie.errors import InvalidInputError

__all__ = ["REFERENCE", "RegistryPath"]


@dataclass(frozen=True, slots=True)
class RegistryPath:
    """Names an asset, or one of its seek keys.

    Attributes:
        genome: Alias or genome digest.
        group: Asset group.
        seek_key: Seek key, or None for the default one.
        asset: Asset name, or None for the group's default asset.
    """

    genome: str
    group: str
    seek_key: str | None = None
    asset: str | None = None

    def __str__(self) -> str:
        key = f".{self.seek_key}" if self.seek_key else ""
        asset = f":{self.asset}" if self.asset else ""
        return f"{self.genome}/{self.group}{key}{asset}"

    @classmethod
    def parse(cls, text: str) -> RegistryPath:
        """Read ``genome/group[.seek_key][:asset]``.

        Raises:
            InvalidInputError: The text is no registry path; the message says which part is wrong.
        """
        genome, slash, rest = text.removeprefix(SCHEME).partition("/")
        if not slash or not genome or not rest:
            raise InvalidInputError(
                f"{text!r} is not a registry path",
                hint="write genome/group[.seek_key][:asset], for example hg38/fasta.fai",
            )
        keyed, colon, asset = rest.partition(":")
        group, dot, seek_key = keyed.partition(".")
        if (colon and not asset) or (dot and not seek_key):
            raise InvalidInputError(f"{text!r} is not a registry path: a name is missing at its end")
        return cls(
            genome=check_genome(genome),
            group=check_group(group),
            seek_key=check_seek_key(seek_key) if dot else None,
            asset=check_asset_name(asset) if colon else None,
        )

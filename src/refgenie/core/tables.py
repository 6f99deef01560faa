"""Records as rich tables: what the ``table`` methods return and the command line draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from refgenie.core import records

if TYPE_CHECKING:
    from rich.table import Table

_STEP = 1024
_NUMBERS = frozenset({"size", "sequences", "length", "files", "assets"})


def make_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of plain values; nothing in a cell is read as markup."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title)
    for column in columns:
        drawn.add_column(column, overflow="fold", justify="right" if column in _NUMBERS else "left")
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    return drawn


def human_size(size: int | None) -> str:
    """Bytes as people read them: 1.5 MiB."""
    if size is None:
        return ""
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < _STEP:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _STEP
    return f"{amount:.1f} TiB"


def genomes(items: Iterable[records.GenomeRecord]) -> Table:
    """Genomes with their names."""
    return make_table(
        "Genomes",
        ("digest", "aliases", "source", "species", "description"),
        (
            (item.digest, ", ".join(item.aliases), item.source, item.species_name, item.description)
            for item in items
        ),
    )


def aliases(items: Iterable[records.AliasRecord]) -> Table:
    """Names of genomes."""
    return make_table(
        "Genome aliases",
        ("alias", "digest", "source"),
        ((item.name, item.genome_digest, item.source) for item in items),
    )


def assets(items: Iterable[records.AssetRecord], names: dict[str, str], *, size: bool = False) -> Table:
    """Assets; ``names`` shows a genome digest as its aliases."""
    columns = ["genome", "asset (:name)", "class", "seek keys", "digest"]
    if size:
        columns.append("size")
    return make_table(
        "Local refgenie assets",
        columns,
        (
            (
                names.get(item.genome_digest) or item.genome_digest,
                f"{item.asset_group_name}:{item.name}{' (default)' if item.is_default else ''}",
                item.asset_class_name,
                ", ".join(key.name for key in item.seek_keys),
                item.digest[:12],
                *((human_size(item.size),) if size else ()),
            )
            for item in items
        ),
    )


def asset_classes(items: Iterable[records.AssetClassRecord]) -> Table:
    """Asset classes with their seek keys."""
    return make_table(
        "Asset classes",
        ("name", "version", "seek keys", "serving modes", "channel", "description"),
        (
            (
                item.name,
                item.version,
                ", ".join(item.seek_keys),
                ", ".join(item.serving_modes),
                item.data_channel,
                item.description,
            )
            for item in items
        ),
    )


def recipes(items: Iterable[records.RecipeRecord]) -> Table:
    """Recipes with the class that they make."""
    return make_table(
        "Recipes",
        ("name", "version", "makes", "channel", "description"),
        (
            (item.name, item.version, item.output_asset_class, item.data_channel, item.description)
            for item in items
        ),
    )


def data_channels(items: Iterable[records.DataChannelRecord]) -> Table:
    """Data channels."""
    return make_table(
        "Data channels",
        ("name", "type", "index", "synced", "description"),
        (
            (
                item.name,
                item.type,
                item.index_address,
                item.synced_at.isoformat(timespec="seconds") if item.synced_at else "never",
                item.description,
            )
            for item in items
        ),
    )

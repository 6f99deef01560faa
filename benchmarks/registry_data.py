"""Fills a registry with many assets, as if they had been built: rows only, no files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, func, insert, literal, select, update

from refgenie.core import seek
from refgenie.core.layout import ALIAS_FILE
from refgenie.db import models
from refgenie.db.database import Database
from refgenie.db.transfer_models import StagedAsset

BATCH = 20_000


def fill(database: Database, genome_folder: Path, *, genomes: int, groups: int, assets: int) -> None:
    """Add ``genomes × groups × assets`` assets with a seek key each, and the genomes' aliases.

    The store's alias file gets the aliases too, and the registry's stamp of it is renewed, as
    after real imports.
    """
    names = [f"genome{number:06d}" for number in range(genomes)]
    digests = {name: hashlib.sha256(name.encode()).hexdigest()[:32] for name in names}
    alias_file = genome_folder / ALIAS_FILE
    with alias_file.open("a", encoding="utf-8") as handle:
        handle.writelines(f"{name}\t{digest}\n" for name, digest in digests.items())

    with database.engine.begin() as connection:
        class_id = connection.execute(
            select(models.AssetClass.id).where(models.AssetClass.name == "fasta").limit(1)
        ).scalar_one()
        add(
            connection,
            models.Genome,
            ({"digest": digest, "source": "local", "masking": "none"} for digest in digests.values()),
        )
        add(
            connection,
            models.Alias,
            ({"name": name, "genome_digest": digest, "source": "store"} for name, digest in digests.items()),
        )
        first_group = next_id(connection, models.AssetGroup)
        add(
            connection,
            models.AssetGroup,
            (
                {
                    "id": first_group + at * groups + number,
                    "genome_digest": digest,
                    "name": f"group{number}",
                    "asset_class_id": class_id,
                }
                for at, digest in enumerate(digests.values())
                for number in range(groups)
            ),
        )
        first_asset = next_id(connection, models.Asset)
        rows = list(asset_numbers(first_group, genomes * groups, first_asset, assets))
        add(connection, models.Asset, (asset_row(*numbers) for numbers in rows))
        add(connection, models.AssetSeekKey, (seek_key_row(asset) for _, asset, _ in rows))
        connection.execute(
            update(models.RegistryState)
            .where(models.RegistryState.key == seek.ALIAS_STAMP_KEY)
            .values(value=seek.alias_stamp(alias_file))
        )


def stage_all(database: Database) -> None:
    """Record all assets as staged file by file, so that they are served; the planner learns of the tables."""
    asset, group = models.Asset, models.AssetGroup
    path = group.genome_digest + "/" + group.name + "/" + asset.digest
    every = select(
        asset.id, literal("file"), path, asset.digest, asset.size, literal([], JSON), func.now()
    ).join(group, group.id == asset.asset_group_id)
    columns = ["asset_id", "mode", "path", "digest", "size", "directory_contents", "created_at"]
    with database.engine.begin() as connection:
        connection.execute(insert(StagedAsset).from_select(columns, every))
        connection.exec_driver_sql("ANALYZE")


def next_id(connection: Connection, model: type[models.Base]) -> int:
    """A number that no row has yet."""
    table = model.__table__
    found = connection.execute(select(table.c.id).order_by(table.c.id.desc()).limit(1)).scalar()
    return (found or 0) + 1


def asset_numbers(
    first_group: int, groups: int, first_asset: int, assets: int
) -> Iterator[tuple[int, int, int]]:
    """Group, asset's number and place in its group."""
    for at in range(groups):
        for place in range(assets):
            yield first_group + at, first_asset + at * assets + place, place


def asset_row(group: int, asset: int, place: int) -> dict[str, Any]:
    """An asset; the first of a group is its default."""
    return {
        "id": asset,
        "asset_group_id": group,
        "name": f"v{place}",
        "digest": hashlib.sha256(str(asset).encode()).hexdigest(),
        "size": 1000,
        "is_default": place == 0,
        "custom_properties": {},
    }


def seek_key_row(asset: int) -> dict[str, Any]:
    """The seek key of an asset."""
    return {
        "asset_id": asset, "name": "fasta", "position": 0,
        "value": "{genome}.fa", "type": "file", "description": None,
    }  # fmt: skip


def add(connection: Connection, model: type[models.Base], rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows in batches."""
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(model), batch)

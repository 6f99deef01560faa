"""Counts of what is served."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from refgenie.db.models import Asset, AssetGroup, Genome
from refgenie.server.catalog.served import served_asset, served_group


def summary(session: Session) -> dict[str, int]:
    """Numbers of genomes, asset groups and assets, and the bytes of the assets' files."""
    assets, size = session.execute(
        select(func.count(), func.coalesce(func.sum(Asset.size), 0))
        .select_from(Asset)
        .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
        .where(served_asset())
    ).one()
    groups = session.execute(select(func.count()).select_from(AssetGroup).where(served_group())).scalar_one()
    genomes = session.execute(select(func.count()).select_from(Genome)).scalar_one()
    return {"genomes": genomes, "asset_groups": groups, "assets": int(assets), "bytes": int(size)}


def species(session: Session) -> list[dict[str, Any]]:
    """Numbers of genomes and of served assets by species; genomes without one come last."""
    genomes = dict(
        session.execute(select(Genome.species_name, func.count()).group_by(Genome.species_name))
        .tuples()
        .all()
    )
    assets = dict(
        session.execute(
            select(Genome.species_name, func.count())
            .select_from(Asset)
            .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
            .join(Genome, Genome.digest == AssetGroup.genome_digest)
            .where(served_asset())
            .group_by(Genome.species_name)
        )
        .tuples()
        .all()
    )
    order = sorted(genomes, key=lambda name: (name is None, name or ""))
    return [{"species_name": name, "genomes": genomes[name], "assets": assets.get(name, 0)} for name in order]

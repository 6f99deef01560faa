"""How much there is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select

from refgenie.browse.view import RegistryView
from refgenie.db.models import Asset, AssetClass, AssetGroup, Genome, Recipe


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of what is shown; ``bytes`` are those of the assets' files."""

    genomes: int
    species: int
    asset_groups: int
    assets: int
    bytes: int
    asset_classes: int
    recipes: int


@dataclass(frozen=True, slots=True)
class GenomeUse:
    """Bytes of one genome's assets.

    Attributes:
        digest: The genome; empty for all that are not named.
        name: How it is called.
        bytes: In all.
        groups: Bytes by asset group, the largest first.
    """

    digest: str
    name: str
    bytes: int
    groups: tuple[tuple[str, int], ...]


def count_all(view: RegistryView) -> Totals:
    """Count everything."""
    with view.database.read() as session:
        assets, size, groups = session.execute(
            select(
                func.count(Asset.id),
                func.coalesce(func.sum(Asset.size), 0),
                func.count(Asset.asset_group_id.distinct()),
            )
            .join(AssetGroup, AssetGroup.id == Asset.asset_group_id)
            .where(view.condition())
        ).one()
        genomes, species = session.execute(
            select(func.count(), func.count(Genome.species_name.distinct())).select_from(Genome)
        ).one()
        return Totals(
            genomes=genomes,
            species=species,
            asset_groups=groups,
            assets=assets,
            bytes=int(size),
            asset_classes=session.execute(select(func.count()).select_from(AssetClass)).scalar_one(),
            recipes=session.execute(select(func.count()).select_from(Recipe)).scalar_one(),
        )


def disk_use(view: RegistryView, limit: int = 15) -> list[GenomeUse]:
    """The genomes whose assets take most, and all others together as the last entry.

    Content that several assets share counts for each of them.
    """
    size = func.coalesce(func.sum(Asset.size), 0)
    by_genome = (
        select(AssetGroup.genome_digest, size.label("bytes"))
        .join(Asset, Asset.asset_group_id == AssetGroup.id)
        .where(view.condition())
        .group_by(AssetGroup.genome_digest)
    )
    with view.database.read() as session:
        rows = session.execute(by_genome.order_by(size.desc(), AssetGroup.genome_digest)).all()
        largest = [row.genome_digest for row in rows[:limit]]
        names = view.names_of(session, largest)
        groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for genome, group, used in session.execute(
            select(AssetGroup.genome_digest, AssetGroup.name, size.label("bytes"))
            .join(Asset, Asset.asset_group_id == AssetGroup.id)
            .where(view.condition(), AssetGroup.genome_digest.in_(largest))
            .group_by(AssetGroup.genome_digest, AssetGroup.name)
            .order_by(size.desc(), AssetGroup.name)
        ):
            groups[genome].append((group, int(used)))
    found = [
        GenomeUse(row.genome_digest, next(iter(names[row.genome_digest]), row.genome_digest), int(row.bytes),
                  tuple(groups[row.genome_digest]))
        for row in rows[:limit]
    ]  # fmt: skip
    if rest := rows[limit:]:
        found.append(GenomeUse("", f"{len(rest)} other genomes", sum(int(row.bytes) for row in rest), ()))
    return found

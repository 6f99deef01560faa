"""Search as one types: names, species, digests; genomes first, then assets, classes and recipes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select

from refgenie.browse.assets import AssetRow, asset_rows, has_word, rows_of_assets
from refgenie.browse.genomes import GenomeRow, list_genomes
from refgenie.browse.paging import PageQuery
from refgenie.browse.view import RegistryView
from refgenie.db.models import Asset, AssetClass, Recipe


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; at most ``limit`` of each.

    Attributes:
        q: What was searched for.
        genomes: Genomes with the words in their names, digest, species or description.
        assets: Assets with the words in their paths or the start of their digest.
        asset_classes: Names of asset classes.
        recipes: Names of recipes.
    """

    q: str
    genomes: tuple[GenomeRow, ...]
    assets: tuple[AssetRow, ...]
    asset_classes: tuple[str, ...]
    recipes: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.genomes or self.assets or self.asset_classes or self.recipes)


def search(view: RegistryView, q: str, limit: int = 8) -> Found:
    """Find what the words name."""
    query = PageQuery(q=q, limit=limit)
    if not query.words:
        return Found(q, (), (), (), ())
    genomes = list_genomes(view, query).items
    with view.database.read() as session:
        # In the order of the numbers, so that the database may stop at the first few.
        statement = rows_of_assets().where(view.condition(), *(has_word(view, word) for word in query.words))
        rows = session.execute(statement.order_by(Asset.id).limit(limit)).all()
        assets = asset_rows(view, session, rows)
        named = [
            tuple(
                session.scalars(
                    select(table.name)
                    .where(or_(*(view.contains(table.name, word) for word in query.words)))
                    .distinct()
                    .order_by(table.name)
                    .limit(limit)
                )
            )
            for table in (AssetClass, Recipe)
        ]
    exact = q.strip().lower()
    ordered = sorted(genomes, key=lambda row: exact not in {name.lower() for name in row.aliases})
    return Found(q, tuple(ordered), tuple(assets), named[0], named[1])

"""What the tools ask of a registry; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refgenie.browse import asset_details, assets, genomes
from refgenie.browse.assets import AssetFilter, AssetRow
from refgenie.browse.genomes import GenomeRow
from refgenie.browse.paging import PageQuery
from refgenie.browse.search import search
from refgenie.browse.view import RegistryView
from refgenie.core.names import is_asset_digest, is_genome_digest
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InvalidInputError
from refgenie.genomes.comparison import Operand, compare
from refgenie.genomes.retrieval import locate
from refgenie.mcp import answers
from refgenie.recipes.models import Recipe

if TYPE_CHECKING:
    from refgenie.api import Refgenie

MOST_RESIDUES = 10_000
"""Residues in one answer of getseq."""
MOST_ITEMS = 100
_NAMES = 50
_SHORTEST_DIGEST = 6


class Registry:
    """A registry as assistants see it."""

    def __init__(self, refgenie: Refgenie) -> None:
        self._refgenie = refgenie
        self._view = RegistryView(refgenie.database, refgenie.mode)

    def genomes(self, q: str, offset: int, limit: int) -> answers.GenomePage:
        """A part of the genomes, of those that the words find."""
        query = PageQuery(q=q, sort="name", offset=max(0, offset), limit=_bounded(limit))
        page = genomes.list_genomes(self._view, query)
        return answers.GenomePage(
            items=[_genome(row) for row in page.items], total=page.total, offset=page.offset
        )

    def genome(self, name: str) -> answers.GenomeDetails:
        """One genome."""
        row = genomes.get_genome(self._view, name)
        groups = sorted(group.name for group in self._refgenie.asset.groups([row.digest]))
        return answers.GenomeDetails(**_genome(row).model_dump(), asset_groups=groups)

    def metadata(self, name: str) -> answers.GenomeMetadata:
        """What is said of a genome."""
        row = genomes.get_genome(self._view, name)
        known = self._view.has_sequences(row.digest)
        return answers.GenomeMetadata(
            digest=row.digest,
            aliases=list(row.aliases),
            species=row.species,
            description=row.description,
            masking=row.masking,
            fhr=self._view.mode.fhr(row.digest) if known else None,
        )

    def sequences(self, name: str, offset: int, limit: int) -> answers.SequencePage:
        """A part of a genome's sequences."""
        digest = genomes.get_genome(self._view, name).digest
        found = self._view.sequences(digest)
        start = max(0, offset)
        return answers.SequencePage(
            genome_digest=digest,
            items=[
                answers.Sequence(name=item.name, length=item.length, digest=f"SQ.{item.digest}", md5=item.md5)
                for item in found[start : start + _bounded(limit)]
            ],
            total=len(found),
            offset=start,
        )

    def assets(
        self, q: str, genome: str | None, asset_class: str | None, offset: int, limit: int
    ) -> answers.AssetPage:
        """A part of the assets."""
        digest = genomes.get_genome(self._view, genome).digest if genome else None
        query = PageQuery(q=q, sort="path", offset=max(0, offset), limit=_bounded(limit))
        page = assets.list_assets(
            self._view, query, AssetFilter(genome_digest=digest, asset_class=asset_class)
        )
        return answers.AssetPage(
            items=[_asset(row) for row in page.items], total=page.total, offset=page.offset
        )

    def asset(self, registry_path: str) -> answers.AssetDetails:
        """One asset."""
        path = RegistryPath.parse(registry_path)
        row = asset_details.find_asset(self._view, path.genome, path.group, path.asset)
        found = asset_details.get_asset(
            self._view, row.digest, genome=row.genome_digest, group=row.group, name=row.name, file_limit=1
        )
        keys = [
            answers.SeekKey(
                name=key.name,
                type=key.type,
                path=self._refgenie.asset.seek(row.genome_digest, row.group, row.name, key.name),
            )
            for key in found.seek_keys
        ]
        return answers.AssetDetails(
            **_asset(row).model_dump(),
            description=found.description,
            folder=str(self._refgenie.folders.genome_folder / found.path),
            seek_keys=keys,
            files=found.files.total,
            built_from=[parent.registry_path for parent in found.parents],
            used_by=[child.path for child in found.children],
            same_content=[other.path for other in found.same_content],
            custom_properties=found.custom_properties,
        )

    def asset_classes(self) -> answers.AssetClasses:
        """All asset classes."""
        return answers.AssetClasses(
            items=[
                answers.AssetClass(
                    name=item.name,
                    version=item.version,
                    description=item.description,
                    seek_keys=list(item.seek_keys),
                    serving_modes=list(item.serving_modes),
                )
                for item in self._refgenie.asset_class.list()
            ]
        )

    def recipes(self) -> answers.Recipes:
        """All recipes."""
        found = []
        for item in self._refgenie.recipe.list():
            model = Recipe.from_definition(item.definition)
            found.append(
                answers.Recipe(
                    name=item.name,
                    version=item.version,
                    description=item.description,
                    makes=item.output_asset_class,
                    needs_assets={key: slot.asset_class for key, slot in model.input_assets.items()},
                    needs_files=list(model.input_files),
                    parameters=list(model.input_params),
                )
            )
        return answers.Recipes(items=found)

    def lookup(self, digest: str) -> answers.Lookup:
        """What a digest names."""
        text = digest.strip()
        if len(text) < _SHORTEST_DIGEST:
            raise InvalidInputError(f"give at least {_SHORTEST_DIGEST} characters of the digest")
        found = search(self._view, text, limit=20)
        whole = is_asset_digest(text) or is_genome_digest(text)
        return answers.Lookup(
            genomes=[_genome(row) for row in found.genomes if _names(row.digest, text, whole)],
            assets=[_asset(row) for row in found.assets if _names(row.digest, text, whole)],
        )

    def compare(self, a: str, b: str) -> answers.Comparison:
        """How two genomes of the registry relate."""
        sides = [genomes.get_genome(self._view, name) for name in (a, b)]
        found = compare(*(Operand(row.name, row.digest, self._view.mode.level2(row.digest)) for row in sides))
        return answers.Comparison(
            a_digest=found.a_digest,
            b_digest=found.b_digest,
            reading=found.reading,
            words=found.words,
            a_count=found.a_count,
            b_count=found.b_count,
            shared_sequences=found.shared_sequences,
            shared_names=found.shared_names,
            shared_named_sequences=found.shared_named_sequences,
            names_only_in_a=list(found.names_only_in_a[:_NAMES]),
            names_only_in_b=list(found.names_only_in_b[:_NAMES]),
        )

    def seek(self, registry_path: str) -> answers.Place:
        """Where an asset's file lies."""
        place = self._refgenie.asset.seek_path(RegistryPath.parse(registry_path))
        return answers.Place(registry_path=registry_path, path=place)

    def residues(self, genome: str, region: str) -> answers.Residues:
        """A region's residues, MOST_RESIDUES at most."""
        digest = genomes.get_genome(self._view, genome).digest
        with self._refgenie.sequences.opened(digest) as reader:
            found = locate(reader, region)
            length = reader.length(found.name)
            start, end = found.within(length)
            shown = min(end, start + MOST_RESIDUES)
            sequence = reader.fetch(found.name, start, shown)
        return answers.Residues(
            genome_digest=digest,
            name=found.name,
            start=start,
            end=shown,
            length=length,
            sequence=sequence,
            complete=shown == end,
        )


def _bounded(limit: int) -> int:
    return min(max(1, limit), MOST_ITEMS)


def _names(digest: str, text: str, whole: bool) -> bool:
    return digest == text if whole else digest.lower().startswith(text.lower())


def _genome(row: GenomeRow) -> answers.Genome:
    return answers.Genome(
        digest=row.digest,
        aliases=list(row.aliases),
        species=row.species,
        description=row.description,
        source=row.source,
        sequences=row.sequences,
        total_length=row.total_length,
        assets=row.assets,
        bytes=row.bytes,
    )


def _asset(row: AssetRow) -> answers.Asset:
    return answers.Asset(
        registry_path=row.path,
        digest=row.digest,
        genome_digest=row.genome_digest,
        group=row.group,
        name=row.name,
        asset_class=row.asset_class,
        is_default=row.is_default,
        size=row.size,
        recipe=row.recipe,
    )

"""What a pull registers beside the asset: its genome, class, recipe; all in the asset's transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy.orm import Session

from refgenie.core.records import AssetClassRecord
from refgenie.db import models as tables
from refgenie.db.database import Database
from refgenie.errors import ConflictError, InvalidInputError, NetworkError, NotFoundError
from refgenie.genomes import genome_table
from refgenie.genomes.genome_table import GenomeFacts
from refgenie.recipes.models import AssetClass, Recipe
from refgenie.recipes.registration import (
    asset_class_record,
    find,
    register_asset_class,
    register_recipe,
    require,
)
from refgenie.sequences.model import StoreMode
from refgenie.transfer.clients import HttpServerClient
from refgenie.transfer.offers import Offer, OfferedAsset

_log = logging.getLogger("refgenie")

SKIP_CLASS = "--skip-asset-class"
SKIP_RECIPE = "--skip-recipe"


@dataclass(frozen=True, slots=True)
class Registration:
    """Definitions that came with an asset, read before its files and registered with them.

    Attributes:
        asset_class: The class that the asset gets.
        recipe_key: (name, version) of its recipe, or None.
        classes: Classes to register, parents first.
        recipe: Recipe to register, or None.
        genome: What is known of the genome.
    """

    asset_class: AssetClassRecord
    recipe_key: tuple[str, str] | None
    classes: tuple[AssetClass, ...]
    recipe: Recipe | None
    genome: GenomeFacts

    def apply(self, session: Session) -> None:
        """Register genome, classes and recipe.

        Raises:
            ConflictError: One is here with other content; the hint says how to use what is here.
        """
        genome_table.register(session, self.genome)
        for model in self.classes:
            with _hint(SKIP_CLASS):
                register_asset_class(session, model)
        if self.recipe is not None:
            with _hint(SKIP_RECIPE):
                register_recipe(session, self.recipe)

    def check(self, database: Database) -> None:
        """Find a conflict before the download rather than after it; nothing is written.

        Raises:
            ConflictError: See apply.
        """
        with database.read() as session:
            for model in self.classes:
                row = find(session, tables.AssetClass, model.name, model.version)
                if row is not None and row.definition != model.definition():
                    raise _conflict("asset class", model.name, model.version, SKIP_CLASS)
            if self.recipe is not None:
                known = find(session, tables.Recipe, self.recipe.name, self.recipe.version)
                if known is not None and known.sha256 != self.recipe.sha256:
                    raise _conflict("recipe", self.recipe.name, self.recipe.version, SKIP_RECIPE)


@contextmanager
def _hint(option: str) -> Iterator[None]:
    """Give a conflict the option that gets around it."""
    try:
        yield
    except ConflictError as error:
        raise ConflictError(error.message, hint=_way_out(option)) from error


def _conflict(kind: str, name: str, version: str, option: str) -> ConflictError:
    return ConflictError(
        f"{kind} {name} {version} is registered here with other content than the server's",
        hint=_way_out(option),
    )


def _way_out(option: str) -> str:
    return f"refgenie pull {option} uses what is registered here"


class RegistrationReader:
    """Reads from a server what has to be registered with an asset."""

    def __init__(self, database: Database, mode: StoreMode) -> None:
        self._database = database
        self._mode = mode

    def read(
        self, offer: Offer, asset: OfferedAsset, *, skip_asset_class: bool, skip_recipe: bool
    ) -> Registration:
        """Definitions of the asset's class with its parents, and of its recipe.

        Args:
            offer: The server.
            asset: The asset.
            skip_asset_class: Use the class of this name that is registered here.
            skip_recipe: Register no recipe; one that is here under its name and version is used.

        Raises:
            NotFoundError: The class shall be the one registered here, and there is none.
            InvalidInputError: A definition is wrong.
        """
        classes: dict[str, AssetClass] = {}
        if skip_asset_class:
            record = self._local_class(asset.asset_class_name)
        else:
            document = offer.asset_class(asset.asset_class)
            model = AssetClass.from_definition(_definition(document, offer))
            self._collect(offer, model, classes, ())
            record = AssetClassRecord(
                id=0,
                name=model.name,
                version=model.version,
                description=model.description or None,
                serving_modes=tuple(model.serving_modes),
                seek_keys={},
                definition=model.definition(),
            )
        recipe = self._recipe(offer, asset)
        if recipe is not None and not skip_recipe:
            self._collect_output(offer, recipe, classes, record.name)
        key = (recipe.name, recipe.version) if recipe else None
        if skip_recipe and key is not None and not self._has_recipe(*key):
            key = None
        return Registration(
            asset_class=record,
            recipe_key=key,
            classes=tuple(classes.values()),
            recipe=None if skip_recipe else recipe,
            genome=self.genome_facts(offer, asset.genome_digest),
        )

    def genome_facts(self, offer: Offer, digest: str) -> GenomeFacts:
        """What the server says of a genome; its sequences stay there where it serves them."""
        record = offer.genome(digest) or {}
        description, species = record.get("description"), record.get("species_name")
        facts = GenomeFacts(
            digest,
            description=description if isinstance(description, str) else None,
            species_name=species if isinstance(species, str) else None,
        )
        client = offer.client
        address = client.address if isinstance(client, HttpServerClient) else offer.url
        try:
            if not self._mode.has_collection(digest):
                register_remote = getattr(self._mode, "register_remote", None)
                if register_remote is None:
                    return facts
                register_remote(f"{address}/seqcol", digest)
            collection = self._mode.collection(digest)
        except (NetworkError, NotFoundError) as error:
            _log.warning(
                "%s does not serve the sequences of %s (%s); getseq will not work on it until genome init",
                offer.url,
                digest,
                error.message,
            )
            return facts
        is_local = getattr(self._mode, "origin", lambda _digest: None)(digest) is None
        return GenomeFacts(
            digest,
            source=genome_table.LOCAL if is_local else genome_table.REMOTE,
            source_url=None if is_local else f"{offer.url}/seqcol",
            description=facts.description,
            species_name=facts.species_name,
            masking=collection.masking,
            sequences=collection.sequences,
            total_length=collection.total_length,
        )

    def _collect(
        self, offer: Offer, model: AssetClass, found: dict[str, AssetClass], descent: tuple[str, ...]
    ) -> None:
        """Put a class behind the parents that are not registered here."""
        for parent in model.parents:
            name = str(parent)
            if name in found or name in descent or self._has_class(name):
                continue
            above = AssetClass.from_definition(_definition(offer.asset_class(name), offer))
            self._collect(offer, above, found, (*descent, model.name, name))
        found[model.name] = model

    def _collect_output(
        self, offer: Offer, recipe: Recipe, found: dict[str, AssetClass], own_class: str
    ) -> None:
        output = recipe.output_asset_class
        if output in found or output == own_class or self._has_class(output):
            return
        self._collect(
            offer, AssetClass.from_definition(_definition(offer.asset_class(output), offer)), found, ()
        )

    @staticmethod
    def _recipe(offer: Offer, asset: OfferedAsset) -> Recipe | None:
        if asset.recipe is None:
            return None
        try:
            return Recipe.from_definition(_definition(offer.recipe(asset.recipe), offer))
        except (InvalidInputError, NotFoundError) as error:
            _log.warning("the recipe of %s cannot be used: %s", asset.registry_path, error.message)
            return None

    def _local_class(self, name: str) -> AssetClassRecord:
        with self._database.read() as session:
            return asset_class_record(require(session, tables.AssetClass, name))

    def _has_class(self, name: str) -> bool:
        with self._database.read() as session:
            return find(session, tables.AssetClass, name) is not None

    def _has_recipe(self, name: str, version: str) -> bool:
        with self._database.read() as session:
            return find(session, tables.Recipe, name, version) is not None


def _definition(document: Mapping[str, Any], offer: Offer) -> Mapping[str, Any]:
    """The canonical YAML as a mapping; a server that has no ``definition`` answers it itself."""
    definition = document.get("definition", document)
    if not isinstance(definition, dict):
        raise NetworkError(f"{offer.url} answers a definition that is none")
    return cast("Mapping[str, Any]", definition)

"""Which recipe makes what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from refgenie.build.request import BuildRequest
from refgenie.core.records import AssetClassRecord, RecipeRecord
from refgenie.db.models import AssetClass, AssetGroup, Recipe
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from refgenie.db.database import Database
    from refgenie.recipes.asset_classes import AssetClassService
    from refgenie.recipes.models import Recipe as RecipeModel
    from refgenie.recipes.recipes import RecipeService


@dataclass(frozen=True, slots=True)
class ChosenRecipe:
    """A recipe as it is registered and as it is read, and the class of what it makes."""

    record: RecipeRecord
    recipe: RecipeModel
    asset_class: AssetClassRecord


class RecipeChoice:
    """Finds recipes by name, by the asset group's name and by asset class."""

    def __init__(self, database: Database, recipes: RecipeService, classes: AssetClassService) -> None:
        self._database = database
        self._recipes = recipes
        self._classes = classes
        self._models: dict[str, RecipeModel] = {}

    def choose(self, request: BuildRequest, genome_digest: str | None) -> ChosenRecipe:
        """The recipe of a request.

        Raises:
            NotFoundError: There is none.
            InvalidInputError: There are several, and none has the group's name.
            ConflictError: The group holds assets of another class.
        """
        held = self._class_of_group(genome_digest, request.group)
        record = self._find(request, held)
        if held is not None and held != record.output_asset_class:
            raise ConflictError(
                f"the group {request.genome}/{request.group} holds assets of the class {held}; "
                f"the recipe {record.name} makes {record.output_asset_class}",
                hint=f"refgenie build {request.genome}/{record.name}"
                if record.name != request.group
                else f"refgenie build {request.genome}/ANOTHER_GROUP --recipe {record.name}",
            )
        return ChosenRecipe(
            record,
            self._read(record),
            self._classes.get(record.output_asset_class),
        )

    def _read(self, record: RecipeRecord) -> RecipeModel:
        from refgenie.recipes.models import Recipe as RecipeModel

        if record.sha256 not in self._models:
            self._models[record.sha256] = RecipeModel.from_definition(record.definition)
        return self._models[record.sha256]

    def for_class(self, request: BuildRequest, asset_class: str) -> str | None:
        """Name of the recipe for a group whose name no recipe has, None where the usual rule finds one."""
        known = self._known()
        if request.group in known or request.group in known.values():
            return None
        making = sorted(name for name, made in known.items() if made == asset_class)
        if asset_class in making:
            return asset_class
        return making[0] if len(making) == 1 else None

    def _find(self, request: BuildRequest, held: str | None) -> RecipeRecord:
        if request.recipe is not None:
            return self._recipes.get(request.recipe, request.recipe_version)
        known = self._known()
        if request.group in known:
            return self._recipes.get(request.group, request.recipe_version)
        wanted = held or request.group
        making = sorted(name for name, made in known.items() if made == wanted)
        if len(making) == 1:
            return self._recipes.get(making[0], request.recipe_version)
        if making:
            raise InvalidInputError(
                f"several recipes make {wanted}: {', '.join(making)}",
                hint=f"refgenie build {request.registry_path} --recipe {making[0]}",
            )
        raise _no_recipe(request, sorted(known))

    def _known(self) -> dict[str, str]:
        """Every recipe's name and the asset class that it makes."""
        with self._database.read() as session:
            rows = session.execute(select(Recipe.name, Recipe.output_asset_class)).tuples()
            return dict(rows.all())

    def _class_of_group(self, genome_digest: str | None, group: str) -> str | None:
        if genome_digest is None:
            return None
        with self._database.read() as session:
            return session.scalar(
                select(AssetClass.name)
                .join(AssetGroup, AssetGroup.asset_class_id == AssetClass.id)
                .where(AssetGroup.genome_digest == genome_digest, AssetGroup.name == group)
            )


def _no_recipe(request: BuildRequest, known: list[str]) -> NotFoundError:
    from refgenie.core.names import nearest

    like = nearest(request.group, known)
    hint = f"refgenie build {request.genome}/{like}" if like else "refgenie recipe list"
    return NotFoundError(f"no recipe makes {request.group}", hint=hint)

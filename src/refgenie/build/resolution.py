"""A request with everything that it refers to found: genome, recipe, inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from refgenie.assets.publish import is_whole
from refgenie.build.inputs import (
    ResolvedAsset,
    as_template_value,
    check_class,
    lacking_files,
    readable_file,
    resolve_files,
    resolve_params,
    wanted_assets,
)
from refgenie.build.recipe_choice import ChosenRecipe, RecipeChoice
from refgenie.build.request import BuildRequest, ParameterValue
from refgenie.core.layout import Folders
from refgenie.core.names import check_asset_name, is_genome_digest
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InvalidInputError, NotFoundError, RefgenieError

if TYPE_CHECKING:
    from refgenie.assets.service import AssetService
    from refgenie.genomes.aliases import AliasService
    from refgenie.recipes.asset_classes import AssetClassService
    from refgenie.recipes.templates import BuildValues, InputAsset

FASTA = "fasta"
"""The asset group whose content claims to be the genome; also the name of the file that makes a genome."""

DEFAULT_NAME = "default"
_CUSTOM = re.compile(r"\bcustom_(properties|seek_keys)\b")


@dataclass(frozen=True, slots=True)
class ResolvedBuild:
    """A build that can be run.

    Attributes:
        request: As it was asked for.
        genome_digest: The genome.
        chosen: Recipe and asset class.
        params: Parameters, defaults filled in.
        files: Absolute paths of input files.
        assets: Input assets.
    """

    request: BuildRequest
    genome_digest: str
    chosen: ChosenRecipe
    params: Mapping[str, ParameterValue]
    files: Mapping[str, Path]
    assets: Mapping[str, ResolvedAsset]

    def values(
        self,
        folders: Folders,
        *,
        asset_name: str,
        output_folder: Path,
        custom_properties: Mapping[str, str],
        assets: Mapping[str, InputAsset] | None = None,
    ) -> BuildValues:
        """What the recipe's templates are rendered with; ``assets`` stands for other input assets."""
        from refgenie.recipes.templates import BuildValues

        alias = self.request.genome
        return BuildValues(
            genome_digest=self.genome_digest,
            asset_group_name=self.request.group,
            asset_name=asset_name,
            genome_alias=self.genome_digest if is_genome_digest(alias) else alias,
            output_folder=output_folder,
            genome_folder=folders.genome_folder,
            refget_store_path=folders.store,
            params=self.params,
            files=self.files,
            assets=assets if assets is not None else {key: asset.value for key, asset in self.assets.items()},
            custom_properties=custom_properties,
        )

    @property
    def places(self) -> tuple[Path, ...]:
        """What is read and may lie outside of the genome folder: input files, linked input assets."""
        linked = (Path(asset.record.path) for asset in self.assets.values() if asset.record.external)
        return (*self.files.values(), *linked)

    @property
    def name_needs_properties(self) -> bool:
        """Whether the asset's name is known only once the custom seek keys' commands have run."""
        template = self.chosen.recipe.default_asset
        return (
            self.request.asset is None
            and bool(self.chosen.recipe.custom_seek_keys)
            and template is not None
            and _CUSTOM.search(template) is not None
        )

    def name(self, values: BuildValues) -> str:
        """The asset's name: as asked for, else by the recipe's template, else ``default``.

        Raises:
            InvalidInputError: The template gives what cannot be a name.
        """
        from refgenie.recipes.templates import render_text

        recipe = self.chosen.recipe
        if self.request.asset is not None:
            return check_asset_name(self.request.asset)
        if recipe.default_asset is None:
            return DEFAULT_NAME
        # Versions of programs may have a '+' (1.16.1+htslib-1.16), names of assets may not.
        rendered = render_text(recipe.default_asset, values).replace("+", "-")
        try:
            return check_asset_name(rendered)
        except InvalidInputError as error:
            raise InvalidInputError(
                f"the recipe {recipe.name} names the asset {rendered!r}: {error.message}",
                hint=f"refgenie build {self.request.genome}/{self.request.group}:NAME",
            ) from error


class Resolver:
    """Finds what requests refer to."""

    def __init__(
        self,
        folders: Folders,
        aliases: AliasService,
        assets: AssetService,
        classes: AssetClassService,
        choice: RecipeChoice,
    ) -> None:
        self._folders = folders
        self._aliases = aliases
        self._assets = assets
        self.classes = classes
        self.choice = choice

    def genome(self, genome: str) -> str:
        """Digest of an alias or digest.

        Raises:
            NotFoundError: It is not known.
        """
        return self._aliases.resolve(genome)

    def find(self, path: RegistryPath) -> AssetRecord | None:
        """The asset that a registry path names, None where it is not registered."""
        try:
            return self._assets.get(path.genome, path.group, path.asset)
        except NotFoundError:
            return None

    def find_whole(self, path: RegistryPath) -> AssetRecord | None:
        """The same where all its files are on disk, too (their bytes are `verify`'s matter)."""
        record = self.find(path)
        if record is None or not is_whole(self._folders.genome_folder / record.path, record.files):
            return None
        return record

    def has_group(self, genome: str, group: str) -> bool:
        """Whether the genome has assets of this group."""
        return self._assets.group_exists(genome, group)

    def resolve(self, request: BuildRequest) -> ResolvedBuild:
        """Find everything.

        Raises:
            NotFoundError: Genome, recipe, an input asset or an input file is not there.
            InvalidInputError: Something was given that the recipe does not take, or not given.
        """
        digest = self.genome(request.genome)
        chosen = self.choice.choose(request, digest)
        request, _ = without_claimed_fasta(request, chosen)
        return ResolvedBuild(
            request=request,
            genome_digest=digest,
            chosen=chosen,
            params=resolve_params(chosen.recipe, request),
            files=resolve_files(chosen.recipe, request),
            assets=self._resolve_assets(request, chosen),
        )

    def _resolve_assets(self, request: BuildRequest, chosen: ChosenRecipe) -> dict[str, ResolvedAsset]:
        found: dict[str, ResolvedAsset] = {}
        missing: dict[str, RegistryPath] = {}
        for key, wanted in wanted_assets(chosen.recipe, request).items():
            record = self.find(wanted)
            if record is None:
                missing[key] = wanted
                continue
            check_class(key, chosen.recipe.input_assets[key], record, self._kinds(record.asset_class_name))
            value = as_template_value(wanted, record, self._folders.genome_folder)
            found[key] = ResolvedAsset(key, wanted, record, value)
        if missing:
            raise self.missing_assets(request, chosen, missing)
        return found

    def missing_assets(
        self, request: BuildRequest, chosen: ChosenRecipe, missing: Mapping[str, RegistryPath]
    ) -> NotFoundError:
        """The error for input assets that are not there, with the commands that make them."""
        named = ", ".join(f"{path} (input asset {key})" for key, path in missing.items())
        there = "is not there" if len(missing) == 1 else "are not there"
        hint = ", ".join(
            self._maker(path, chosen.recipe.input_assets[key].asset_class) for key, path in missing.items()
        )
        if "--files" not in hint:
            hint += f"; or refgenie build {request.registry_path} --deps build"
        return NotFoundError(f"{request.registry_path} is built from {named}, which {there}", hint=hint)

    def _maker(self, path: RegistryPath, asset_class: str) -> str:
        """The command that builds an asset, with the files that its recipe has to be given."""
        request = BuildRequest(genome=path.genome, group=path.group, asset=path.asset)
        files: list[str] = []
        with suppress(RefgenieError):  # what is wrong with it is told when it is built
            request = replace(request, recipe=self.choice.for_class(request, asset_class))
            files = lacking_files(self.choice.choose(request, None).recipe, request)
        return " ".join(
            [f"refgenie build {request.registry_path}", *(f"--files {name}=FILE" for name in files)]
        )

    def _kinds(self, class_name: str) -> set[str]:
        """A class with all its ancestors."""
        kinds: set[str] = set()
        open_names = [class_name]
        while open_names:
            name = open_names.pop()
            if name in kinds:
                continue
            kinds.add(name)
            try:
                parents = self.classes.get(name).definition.get("parents", [])
            except NotFoundError:
                continue
            # A parent may be told by its file.
            open_names += [PurePosixPath(parent).name.removesuffix(".yaml") for parent in parents]
        return kinds


def claimed_fasta(request: BuildRequest) -> Path | None:
    """The FASTA file of which the asset is said to be made, where that makes its genome, too."""
    if request.group != FASTA or FASTA not in request.params.files:
        return None
    return readable_file(request.params.files[FASTA], f"input file {FASTA}")


def without_claimed_fasta(request: BuildRequest, chosen: ChosenRecipe) -> tuple[BuildRequest, Path | None]:
    """The request as the recipe takes it, and the FASTA file that must be the genome.

    A recipe that exports the genome from the store takes no file; one given for the group
    ``fasta`` says what the genome is.
    """
    fasta = claimed_fasta(request)
    if fasta is None or FASTA in chosen.recipe.input_files:
        return request, fasta
    files = {key: path for key, path in request.params.files.items() if key != FASTA}
    return replace(request, params=replace(request.params, files=files)), fasta

"""What a build would do, without doing it (``--plan``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from refgenie.build.inputs import as_template_value, resolve_files, resolve_params, wanted_assets
from refgenie.build.order import Step
from refgenie.build.recipe_choice import ChosenRecipe
from refgenie.build.rendering import render_commands, render_tests
from refgenie.build.request import BuildRequest
from refgenie.build.resolution import (
    DEFAULT_NAME,
    ResolvedBuild,
    Resolver,
    claimed_fasta,
    without_claimed_fasta,
)
from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.core.registry_path import RegistryPath
from refgenie.core.seek import GENOME, PATH_TYPES
from refgenie.errors import NotFoundError
from refgenie.genomes.initialization import own_store

if TYPE_CHECKING:
    from refgenie.recipes.templates import InputAsset
    from refgenie.sequences.model import StoreMode

_SHOWN_OUTPUT = Path("output")


@dataclass(frozen=True, slots=True)
class PlannedBuild:
    """One step of a plan.

    Attributes:
        action: ``genome`` (a FASTA file becomes a genome, then the asset is built), ``build``,
            ``pull``, or ``nothing`` (it is there already).
        registry_path: With the asset's name where it is known.
        recipe: Name and version; empty for a pull.
        commands: Rendered commands; the output folder stands as ``output``.
        container: Image that they run in, None on the host.
        needs: Registry paths of its input assets.
        tests: Rendered test commands that would run afterwards.
    """

    action: str
    registry_path: str
    recipe: str
    commands: tuple[str, ...]
    container: str | None
    needs: tuple[str, ...]
    tests: tuple[str, ...] = ()


class Planning:
    """Describes steps in their order; genomes and assets of earlier steps are known to later ones."""

    def __init__(
        self,
        resolver: Resolver,
        folders: Folders,
        mode: StoreMode,
        ask_properties: Callable[[ResolvedBuild], Mapping[str, str]],
    ) -> None:
        self._resolver = resolver
        self._folders = folders
        self._mode = mode
        self._ask_properties = ask_properties
        self._new_genomes: dict[str, str] = {}

    def describe(self, step: Step) -> PlannedBuild:
        """One step; paths of inputs that an earlier step makes are those of their links."""
        request = step.request
        if step.action == "pull":
            return PlannedBuild("pull", request.registry_path, "", (), None, ())
        digest, makes_genome = self._genome(request)
        is_new = request.genome in self._new_genomes
        chosen = self._resolver.choice.choose(request, None if is_new else digest)
        recipe = f"{chosen.record.name} {chosen.record.version}"
        if step.there is not None:
            path = RegistryPath(request.genome, request.group, asset=step.there.name)
            return PlannedBuild("nothing", str(path), recipe, (), None, ())
        request, _ = without_claimed_fasta(request, chosen)
        build = ResolvedBuild(
            request=request,
            genome_digest=digest,
            chosen=chosen,
            params=resolve_params(chosen.recipe, request),
            files=resolve_files(chosen.recipe, request),
            assets={},
        )
        values = build.values(
            self._folders,
            asset_name="",
            output_folder=_SHOWN_OUTPUT,
            custom_properties=dict(self._ask_properties(build)) if chosen.recipe.custom_seek_keys else {},
            assets=self._input_assets(request, chosen, digest),
        )
        path = RegistryPath(request.genome, request.group, asset=build.name(values))
        if not (is_new or request.force) and self._resolver.find_whole(path) is not None:
            return PlannedBuild("nothing", str(path), recipe, (), None, ())
        values = replace(values, asset_name=path.asset or "")
        return PlannedBuild(
            action="genome" if makes_genome else "build",
            registry_path=str(path),
            recipe=recipe,
            commands=tuple(render_commands(build, values)),
            container=chosen.recipe.docker_image if request.container else None,
            needs=tuple(str(wanted) for wanted in wanted_assets(chosen.recipe, request).values()),
            tests=tuple(render_tests(build, values)) if request.test else (),
        )

    def _genome(self, request: BuildRequest) -> tuple[str, bool]:
        """Digest of the genome, and whether this step makes it."""
        if request.genome in self._new_genomes:
            return self._new_genomes[request.genome], False
        try:
            return self._resolver.genome(request.genome), False
        except NotFoundError:
            fasta = claimed_fasta(request)
            if fasta is None:
                raise
        digest = own_store(self._mode).digest_fasta(fasta)
        self._new_genomes[request.genome] = digest
        return digest, True

    def _input_assets(
        self, request: BuildRequest, chosen: ChosenRecipe, digest: str
    ) -> dict[str, InputAsset]:
        values: dict[str, InputAsset] = {}
        for key, wanted in wanted_assets(chosen.recipe, request).items():
            is_new = wanted.genome in self._new_genomes
            record = None if is_new else self._resolver.find(wanted)
            if record is not None:
                values[key] = as_template_value(wanted, record, self._folders.genome_folder)
            else:
                values[key] = self._expected(wanted, chosen.recipe.input_assets[key].asset_class, digest)
        return values

    def _expected(self, wanted: RegistryPath, asset_class: str, digest: str) -> InputAsset:
        """An input asset that an earlier step makes, as far as it is known before."""
        from refgenie.recipes.templates import InputAsset

        name = wanted.asset or DEFAULT_NAME
        relative = layout.alias_path(wanted.genome, wanted.group, name)
        keys = {
            key: f"{relative}/{entry['value']}".replace(GENOME, wanted.genome)
            if entry.get("type", "file") in PATH_TYPES
            else str(entry["value"])
            for key, entry in self._resolver.classes.get(asset_class).seek_keys.items()
        }
        key = wanted.seek_key or next((key for key in (wanted.group, asset_class) if key in keys), None)
        folder = self._folders.genome_folder
        return InputAsset(
            name=name,
            digest=digest,
            path=folder / relative,
            seek_path=folder / keys.get(key or "", relative),
            seek_keys_dict=keys,
        )

"""What a build would do, without doing it (``--plan``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from refgenie.build.inputs import resolve_files, resolve_params, wanted_assets
from refgenie.build.job import render_commands
from refgenie.build.order import Step
from refgenie.build.recipe_choice import ChosenRecipe
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

_SHOWN_OUTPUT = "output"


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
    """

    action: str
    registry_path: str
    recipe: str
    commands: tuple[str, ...]
    container: str | None
    needs: tuple[str, ...]


def plan_step(
    step: Step,
    resolver: Resolver,
    folders: Folders,
    mode: StoreMode,
    ask_properties: Callable[[ResolvedBuild], Mapping[str, str]],
) -> PlannedBuild:
    """Describe one step; paths of inputs that are made by an earlier step are those of their links."""
    request = step.request
    if step.action == "pull":
        return PlannedBuild("pull", request.registry_path, "", (), None, ())
    digest, is_new = _genome(request, resolver, mode)
    chosen = resolver.choice.choose(request, None if is_new else digest)
    request, _ = without_claimed_fasta(request, chosen)
    build = ResolvedBuild(
        request=request,
        genome_digest=digest,
        chosen=chosen,
        params=resolve_params(chosen.recipe, request),
        files=resolve_files(chosen.recipe, request),
        assets={},
    )
    assets = _input_assets(request, chosen, resolver, folders, digest, is_new=is_new)
    properties = dict(ask_properties(build)) if chosen.recipe.custom_seek_keys else {}
    values = build.values(
        folders,
        asset_name="",
        output_folder=Path(_SHOWN_OUTPUT),
        custom_properties=properties,
        assets=assets,
    )
    name = build.name(values)
    path = RegistryPath(request.genome, request.group, asset=name)
    there = None if is_new or request.force else resolver.find(path)
    if there is not None:
        return PlannedBuild("nothing", str(path), _shown(chosen), (), None, ())
    return PlannedBuild(
        action="genome" if is_new else "build",
        registry_path=str(path),
        recipe=_shown(chosen),
        commands=tuple(render_commands(build, replace(values, asset_name=name))),
        container=chosen.recipe.docker_image if request.container else None,
        needs=tuple(str(wanted) for wanted in wanted_assets(chosen.recipe, request).values()),
    )


def _shown(chosen: ChosenRecipe) -> str:
    return f"{chosen.record.name} {chosen.record.version}"


def _genome(request: BuildRequest, resolver: Resolver, mode: StoreMode) -> tuple[str, bool]:
    try:
        return resolver.genome(request.genome), False
    except NotFoundError:
        fasta = claimed_fasta(request)
        # Another step makes the genome: its digest is not known here, its name is.
        return (own_store(mode).digest_fasta(fasta) if fasta is not None else request.genome), True


def _input_assets(
    request: BuildRequest,
    chosen: ChosenRecipe,
    resolver: Resolver,
    folders: Folders,
    digest: str,
    *,
    is_new: bool,
) -> dict[str, InputAsset]:
    from refgenie.build.inputs import as_template_value

    values: dict[str, InputAsset] = {}
    for key, wanted in wanted_assets(chosen.recipe, request).items():
        record = None if is_new and wanted.genome == request.genome else resolver.find(wanted)
        if record is not None:
            values[key] = as_template_value(wanted, record, folders.genome_folder)
        else:
            slot_class = chosen.recipe.input_assets[key].asset_class
            values[key] = _expected(wanted, slot_class, resolver, folders, digest)
    return values


def _expected(
    wanted: RegistryPath, asset_class: str, resolver: Resolver, folders: Folders, digest: str
) -> InputAsset:
    """An input asset that an earlier step makes, as far as it is known before."""
    from refgenie.recipes.templates import InputAsset

    name = wanted.asset or DEFAULT_NAME
    relative = layout.alias_path(wanted.genome, wanted.group, name)
    keys = {
        key: f"{relative}/{entry['value']}".replace(GENOME, wanted.genome)
        if entry.get("type", "file") in PATH_TYPES
        else str(entry["value"])
        for key, entry in resolver.classes.get(asset_class).seek_keys.items()
    }
    key = wanted.seek_key or next((key for key in (wanted.group, asset_class) if key in keys), None)
    return InputAsset(
        name=name,
        digest=digest,
        path=folders.genome_folder / relative,
        seek_path=folders.genome_folder / keys.get(key or "", relative),
        seek_keys_dict=keys,
    )

"""asset-class, recipe, data-channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from refgenie.cli.options import Force, Json
from refgenie.cli.output import emit, emit_json, emit_table, note, plain
from refgenie.cli.state import STATE
from refgenie.core import tables

Source = Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="YAML file or its URL.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="As it is registered.")]


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:  # noqa: ARG001
    """Add the groups."""
    classes = typer.Typer(help="Asset classes: what kinds of assets there are.", no_args_is_help=True)
    classes.command("add")(asset_class_add)
    classes.command("list")(asset_class_list)
    classes.command("show")(asset_class_show)
    classes.command("remove")(asset_class_remove)
    add_group(classes, "asset-class", also="asset_class")
    recipes = typer.Typer(help="Recipes: how assets are built.", no_args_is_help=True)
    recipes.command("add")(recipe_add)
    recipes.command("list")(recipe_list)
    recipes.command("show")(recipe_show)
    recipes.command("reqs")(recipe_reqs)
    recipes.command("remove")(recipe_remove)
    add_group(recipes, "recipe")
    channels = typer.Typer(
        help="Data channels: where asset classes and recipes are shared.", no_args_is_help=True
    )
    channels.command("add")(channel_add)
    channels.command("list")(channel_list)
    channels.command("sync")(channel_sync)
    channels.command("remove")(channel_remove)
    add_group(channels, "data-channel", also="data_channel")


def asset_class_add(source: Source, force: Force = False) -> None:
    """Register an asset class from a YAML file or URL."""
    record = STATE.writer.asset_class.add(source, force=force)
    note(f"asset class {record.name} {record.version} is registered")


def asset_class_list(json: Json = False) -> None:
    """List the asset classes."""
    found = STATE.reader.asset_class.list()
    emit_json(found) if json else emit_table(tables.asset_classes(found))


def asset_class_show(
    name: Name,
    asset_class_version: Annotated[str | None, typer.Option(help="By default the highest.")] = None,
    json: Json = False,
) -> None:
    """Show an asset class as YAML, its inherited seek keys resolved."""
    record = STATE.reader.asset_class.get(name, asset_class_version)
    if json:
        emit_json(record)
        return
    from refgenie.recipes.models import AssetClass

    emit(AssetClass.from_definition({**record.definition, "seek_keys": record.seek_keys}).yaml().rstrip())


def asset_class_remove(
    name: Name,
    asset_class_version: Annotated[str | None, typer.Option(help="By default the highest.")] = None,
) -> None:
    """Remove an asset class that nothing uses."""
    STATE.writer.asset_class.remove(name, asset_class_version)
    note(f"removed asset class {name}")


def recipe_add(source: Source, force: Force = False) -> None:
    """Register a recipe from a YAML file or URL."""
    record = STATE.writer.recipe.add(source, force=force)
    note(f"recipe {record.name} {record.version} is registered")


def recipe_list(json: Json = False) -> None:
    """List the recipes."""
    found = STATE.reader.recipe.list()
    emit_json(found) if json else emit_table(tables.recipes(found))


RecipeVersion = Annotated[str | None, typer.Option(help="By default the highest.")]


def recipe_show(
    name: Name,
    recipe_version: RecipeVersion = None,
    requirements: Annotated[
        bool, typer.Option("-q", "--requirements", help="Only what a build needs.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a recipe as YAML, in the canonical dialect."""
    if requirements:
        recipe_reqs(name, recipe_version, json=json)
        return
    record = STATE.reader.recipe.get(name, recipe_version)
    if json:
        emit_json(record)
        return
    from refgenie.recipes.models import Recipe

    emit(Recipe.from_definition(record.definition).yaml().rstrip())


def recipe_reqs(name: Name, recipe_version: RecipeVersion = None, json: Json = False) -> None:
    """Show what a build with this recipe needs: files, assets and parameters."""
    found = STATE.reader.recipe.requirements(name, recipe_version)
    if json:
        emit_json(found)
        return
    import yaml

    emit(yaml.safe_dump(plain(found), sort_keys=False, allow_unicode=True).rstrip())


def recipe_remove(name: Name, recipe_version: RecipeVersion = None) -> None:
    """Remove a recipe that no asset was built with."""
    STATE.writer.recipe.remove(name, recipe_version)
    note(f"removed recipe {name}")


def channel_add(
    name: Name,
    index_address: Annotated[str, typer.Argument(metavar="INDEX_URL", help="Of the index.yaml.")],
    type: Annotated[  # noqa: A002 - the option's name
        str | None, typer.Option(help="http, https or file; by default as the address begins.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="Free text.")] = None,
) -> None:
    """Register a data channel; `sync` then brings in what it offers."""
    STATE.writer.sources.add_channel(name, type, index_address, description)
    note(f"data channel {name} is registered; bring in its recipes: refgenie data-channel sync {name}")


def channel_list(json: Json = False) -> None:
    """List the data channels."""
    found = STATE.reader.sources.list()
    emit_json(found) if json else emit_table(tables.data_channels(found))


def channel_sync(
    name: Name,
    exists_ok: Annotated[
        bool, typer.Option("--exists-ok", help="Keep what is registered with other content.")
    ] = False,
    force: Force = False,
) -> None:
    """Fetch a channel's index and files, check them all, then register them all."""
    found = STATE.writer.sources.sync_channel(name, exists_ok=exists_ok, force=force)
    note(f"synced {name}: {found}")


def channel_remove(name: Name) -> None:
    """Forget a data channel; what it brought in stays."""
    STATE.writer.sources.remove_channel(name)
    note(f"removed data channel {name}")

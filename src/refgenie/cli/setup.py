"""init, config, purge, db."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from refgenie.cli.options import Json, Yes
from refgenie.cli.output import confirm, emit, emit_json, emit_table, note
from refgenie.cli.state import STATE


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:
    """Add the commands."""
    app.command("init")(init)
    config = typer.Typer(help="What the registry and the environment are set to.", no_args_is_help=True)
    config.command("get")(config_get)
    add_group(config, "config")
    app.command("purge")(purge)
    db = typer.Typer(help="The registry's version.", no_args_is_help=True)
    db.command("upgrade")(db_upgrade)
    db.command("status")(db_status)
    add_group(db, "db")


def init(
    genome_folder: Annotated[
        str | None, typer.Option(help="Folder of the genomes' assets and sequences.")
    ] = None,
    genome_archive_folder: Annotated[
        str | None,
        typer.Option("--genome-archive-folder", "--genome-stage-folder", help="Folder of staged assets."),
    ] = None,
) -> None:
    """Create folders, configuration, registry, and the bundled recipes. Run twice it changes nothing."""
    from refgenie.api import Refgenie
    from refgenie.cli.progress import open_progress

    with Refgenie(
        genome_folder=genome_folder,
        genome_archive_folder=genome_archive_folder,
        progress=open_progress(),
    ) as rg:
        made = rg.init()
    for line in made:
        note(f"created {line}")
    if not made:
        note("everything is there already")


def config_get(json: Json = False) -> None:
    """Show the configuration: folders, servers, environment-based values, registry."""
    service = STATE.reader.configuration
    found = service.get()
    if json:
        emit_json(found)
        return
    emit_table(service.table())
    emit("")
    emit("Environment-based configuration")
    emit("")
    emit(f"log_level: {found.log_level}")
    emit(f"genome_folder: {found.genome_folder}")
    emit(f"genome_archive_folder: {found.genome_archive_folder}")
    emit(f"database_config_path: {found.database_config_path}")
    emit("")
    emit(f"database: {found.database} (version {found.database_version})")


def purge(
    files: Annotated[
        bool, typer.Option("--files", help="Also remove the files: assets, sequences, archives.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Do not ask.")] = False,
    yes: Yes = False,
) -> None:
    """Remove all records of the registry."""
    what = "all records and all files of assets and sequences" if files else "all records"
    rg = STATE.writer
    if not confirm(f"Remove {what} of {rg.database_engine.url.render_as_string()}?", yes=yes or force):
        note("nothing was removed")
        return
    rg.purge(files=files)
    note(f"removed {what}")


def db_upgrade() -> None:
    """Bring the registry to this program's version."""
    from refgenie.db import migrate

    database = STATE.writer.open_any_version()
    before = migrate.upgrade(database, create=False)
    if before.current is None:
        migrate.require_current(database)
    note(
        f"the registry is at version {before.head} already"
        if before.is_current
        else f"upgraded the registry from version {before.current} to {before.head}"
    )


def db_status(json: Json = False) -> None:
    """Show at which version the registry is."""
    from refgenie.db import migrate

    found = migrate.version(STATE.reader.open_any_version())
    if json:
        emit_json({"version": found.current, "head": found.head, "current": found.is_current})
        return
    state = "current" if found.is_current else "newer than this program" if found.is_newer else "older"
    emit(f"version {found.current or 'none'}, this program's is {found.head}: {state}")

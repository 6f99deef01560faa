"""stage, remote, push."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from refgenie.cli.dashes import begins_with_digest
from refgenie.cli.options import Genomes, Json, Paths, Yes
from refgenie.cli.output import confirm, emit_json, emit_table, human_size, note, table
from refgenie.cli.several import each, raise_failures, whole_asset
from refgenie.cli.state import STATE
from refgenie.errors import UsageError

if TYPE_CHECKING:
    from refgenie.transfer.push import PushResult
    from refgenie.transfer.staging import StagedAssetRecord

RemoteNames = Annotated[
    list[str] | None, typer.Option("-r", "--remote", help="This remote; all by default. May be repeated.")
]


class _AddByDefault(TyperGroup):
    """``stage PATH…`` is ``stage add PATH…``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click."""
        if args and args[0] not in self.commands and _is_path(args[0]):
            args.insert(0, "add")
        return super().parse_args(ctx, args)


def _is_path(argument: str) -> bool:
    return not argument.startswith("-") or begins_with_digest(argument)


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:
    """Add the commands."""
    stage = typer.Typer(cls=_AddByDefault, help="Make assets ready to be served.", no_args_is_help=True)
    for name in ("add", "stage"):
        stage.command(name, hidden=name != "add")(stage_add)
    for name in ("list", "staged"):
        stage.command(name, hidden=name != "list")(stage_list)
    for name in ("remove", "unstage"):
        stage.command(name, hidden=name != "remove")(stage_remove)
    add_group(stage, "stage")
    remote = typer.Typer(help="Storage that staged assets are pushed to.", no_args_is_help=True)
    remote.command("add")(remote_add)
    remote.command("list")(remote_list)
    remote.command("status")(remote_status)
    remote.command("remove")(remote_remove)
    add_group(remote, "remote")
    app.command("push")(push)


def stage_add(
    paths: Paths,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads that compress; all cores by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Stage assets in the serving modes of their classes."""

    def add_one(path: str) -> list[StagedAssetRecord]:
        wanted = whole_asset(path, "staged")
        return STATE.writer.stage.add(wanted.genome, wanted.group, wanted.asset, threads=threads)

    done, failures = each(paths, add_one)
    staged = [record for records in done for record in records]
    if json:
        emit_json(staged)
    else:
        for record in staged:
            note(f"staged {record.registry_path} as {record.mode} ({human_size(record.size)})")
    raise_failures(failures, "assets were not staged")


def stage_list(genome: Genomes = None, json: Json = False) -> None:
    """List what is staged."""
    if json:
        emit_json(STATE.reader.stage.list(genome))
    else:
        emit_table(STATE.reader.stage.table(genome))


def stage_remove(paths: Paths) -> None:
    """Serve assets no longer; what is on remotes stays there."""

    def remove_one(path: str) -> None:
        wanted = whole_asset(path, "unstaged")
        STATE.writer.stage.remove(wanted.genome, wanted.group, wanted.asset)
        note(f"{path} is no longer staged")

    raise_failures(each(paths, remove_one)[1], "assets were not unstaged")


def remote_add(
    kind: Annotated[str, typer.Option("--type", help="s3, http or https: how clients reach it.")],
    prefix: Annotated[
        str, typer.Option("--prefix", help="Address, for example s3://bucket/folder; no credentials.")
    ],
    description: Annotated[str | None, typer.Option("--description", help="Free text.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="By default made from the prefix.")] = None,
    push_command: Annotated[
        str | None,
        typer.Option(
            "--push-command",
            help="How to upload: a command with {local_path}, {relative_path}, {prefix}, "
            "{genome_archive_folder}. s3://, gs:// and az:// need none.",
        ),
    ] = None,
) -> None:
    """Register a remote."""
    record = STATE.writer.remote.add(kind, prefix, description, name, push_command)  # type: ignore[arg-type]
    note(f"remote {record.name}: {record.type} {record.prefix}")


def remote_list(json: Json = False) -> None:
    """List the remotes."""
    found = STATE.reader.remote.list()
    if json:
        emit_json(found)
        return
    rows = [
        (item.name, item.type, item.prefix, item.description or "", item.push_command or "") for item in found
    ]
    emit_table(table("Remotes", ("name", "type", "prefix", "description", "push command"), rows))


def remote_status(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Of these remotes alone.")
    ] = None,
    json: Json = False,
) -> None:
    """How many staged assets are on each remote, wait for it, or failed."""
    found = STATE.reader.remote.status(names)
    if json:
        emit_json(found)
        return
    rows = [(item.name, item.pushed, item.pending, item.failed, "\n".join(item.messages)) for item in found]
    emit_table(table("Remotes", ("name", "pushed", "pending", "failed", "why"), rows))


def remote_remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of remotes.")], yes: Yes = False
) -> None:
    """Forget remotes; what was pushed stays there."""
    if not confirm(f"Forget {', '.join(names)} and what was pushed there?", yes=yes):
        note("nothing was changed")
        return

    def remove_one(name: str) -> None:
        STATE.writer.remote.remove(name)
        note(f"removed the remote {name}")

    raise_failures(each(names, remove_one)[1], "remotes were not removed")


def push(
    remote: RemoteNames = None,
    genome: Genomes = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be uploaded.")] = False,
    strategy: Annotated[
        str,
        typer.Option(help="per_asset, or folder_sync: the push command once over the whole archive folder."),
    ] = "per_asset",
    json: Json = False,
) -> None:
    """Upload what is staged and not yet on the remotes."""
    if strategy not in {"per_asset", "folder_sync"}:
        raise UsageError(f"the strategy {strategy!r} is unknown", hint="per_asset or folder_sync")
    rg = STATE.reader if dry_run else STATE.writer
    results: list[PushResult] = rg.push(remotes=remote, genomes=genome, dry_run=dry_run, strategy=strategy)
    if json:
        emit_json([_plain(result) for result in results])
    else:
        for result in results:
            why = f": {result.message}" if result.message else ""
            note(f"{result.remote}: {result.status} {result.staged.path}{why}")
        if not results:
            is_any = bool(rg.stage.list(genome))
            note("everything is there already" if is_any else "nothing is staged: refgenie stage PATH")
    failures = [result.error for result in results if result.error is not None]
    if failures:
        raise type(failures[0])(
            f"{len(failures)} of {len(results)} uploads failed: {failures[0].message}",
            hint=failures[0].hint or "refgenie push does again what is pending; refgenie remote status",
        )


def _plain(result: PushResult) -> dict[str, object]:
    return {
        "remote": result.remote,
        "staged": result.staged,
        "status": result.status,
        "message": result.message,
    }

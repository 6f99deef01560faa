"""list, asset, seek, add, remove, rename, id, default, populate."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer

from refgenie.cli.options import Force, Genomes, Json, Path, Paths, Yes
from refgenie.cli.output import confirm, emit, emit_json, emit_table, human_size, note, pairs, table
from refgenie.cli.several import each, raise_failures, whole_asset
from refgenie.cli.state import STATE
from refgenie.core import tables
from refgenie.core.layout import build_path
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import NotFoundError, UsageError


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:
    """Add the commands."""
    app.command("list")(list_assets)
    app.command("seek")(seek)
    app.command("add")(add)
    app.command("remove")(remove)
    app.command("rename")(rename)
    app.command("id")(show_id)
    app.command("default")(default)
    app.command("populate")(populate)
    asset = typer.Typer(help="Look at one asset.", no_args_is_help=True)
    asset.command("show")(show)
    asset.command("log")(log)
    asset.command("files")(files)
    add_group(asset, "asset")


def list_assets(
    genome: Genomes = None,
    size: Annotated[bool, typer.Option("--size", help="Also show sizes.")] = False,
    json: Json = False,
) -> None:
    """List the local assets."""
    rg = STATE.reader
    found = rg.asset.list(genome)
    if json:
        emit_json(found)
        return
    names: dict[str, list[str]] = {}
    for alias in rg.alias.list():
        names.setdefault(alias.genome_digest, []).append(alias.name)
    emit_table(
        tables.assets(
            found, {digest: ", ".join(sorted(aliases)) for digest, aliases in names.items()}, size=size
        )
    )


def _get(path: str) -> AssetRecord:
    wanted = RegistryPath.parse(path)
    return STATE.reader.asset.get(wanted.genome, wanted.group, wanted.asset)


def show(path: Path, json: Json = False) -> None:
    """Show one asset: digest, size, recipe, parents, children, seek keys, provenance."""
    record = _get(path)
    if json:
        emit_json(record)
        return
    recipe = f"{record.recipe_name} {record.recipe_version}" if record.recipe_name else ""
    rows: list[tuple[str, object]] = [
        ("registry path", record.registry_path),
        ("digest", record.digest),
        ("class", record.asset_class_name),
        ("description", record.description),
        ("size", f"{human_size(record.size)} in {len(record.files)} files"),
        ("path", STATE.reader.folders.genome_folder / record.path),
        ("default", "yes" if record.is_default else "no"),
        ("recipe", recipe),
        ("created", record.created_at.isoformat(timespec="seconds")),
        ("built from", "\n".join(f"{item.key}: {item.registry_path}" for item in record.parents)),
        ("used by", "\n".join(record.children)),
        *((f"seek key {key.name}", f"{key.value} ({key.type})") for key in record.seek_keys),
        *((f"property {name}", value) for name, value in record.custom_properties.items()),
    ]
    if record.provenance:
        rows += _provenance(_mapping(record.provenance))
    emit_table(table(None, ("", path), [row for row in rows if row[1] is not None and row[1] != ""]))


def _provenance(document: dict[str, Any]) -> list[tuple[str, object]]:
    """How an asset was built, in short; --json has all of it, also what a server sent in another shape."""
    container, params = _mapping(document.get("container")), _mapping(document.get("params")).items()
    files = [
        (key, file) for key, file in _mapping(document.get("input_files")).items() if isinstance(file, dict)
    ]
    commands = document.get("commands")
    commands = [item for item in commands if isinstance(item, dict)] if isinstance(commands, list) else []
    spent = document.get("wall_seconds")
    memory = document.get("peak_memory_bytes")
    used = f", {human_size(memory)} of memory" if memory and isinstance(memory, int) else ""
    return [
        ("built by", f"refgenie {document.get('refgenie_version')} on {document.get('host')}"),
        ("built in", f"{spent} s{used}" if spent is not None else None),
        ("container", " ".join(str(part) for part in container.values() if part)),
        ("source", document.get("source")),
        ("parameters", "\n".join(f"{key}: {value}" for key, value in params)),
        ("input files", "\n".join(f"{key}: {file.get('name')} {file.get('sha256')}" for key, file in files)),
        ("commands", "\n".join(str(item.get("command", "")) for item in commands)),
    ]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def log(path: Path, json: Json = False) -> None:
    """Print the log of the build that made an asset."""
    record = _get(path)
    if record.build_id is None:
        raise NotFoundError(f"{path} was not built here: it has no log")
    folder = STATE.reader.folders.genome_folder
    file = folder / build_path(record.genome_digest, record.asset_group_name, record.build_id) / "log"
    try:
        text = read_text(None, str(file))
    except NotFoundError as error:
        raise NotFoundError(f"the log of {path} is not there: {file}") from error
    emit_json({"log": text}) if json else write_text(text)


def files(path: Path, json: Json = False) -> None:
    """List an asset's files with sizes and SHA-256."""
    record = _get(path)
    if json:
        emit_json(record.files)
        return
    emit_table(
        table(
            None, ("file", "size", "sha256"), ((file.path, file.size, file.sha256) for file in record.files)
        )
    )


def seek(
    paths: Paths,
    absolute: Annotated[
        bool, typer.Option("--abs", help="The path in the content tree, not through the alias's links.")
    ] = False,
    exists: Annotated[
        bool, typer.Option("-e", "--check-exists", help="Fail unless it exists on disk.")
    ] = False,
    pull: Annotated[bool, typer.Option("--pull", help="Pull it first where it is not here.")] = False,
    build: Annotated[bool, typer.Option("--build", help="Build it first where it is not here.")] = False,
    json: Json = False,
) -> None:
    """Print the path of an asset or seek key."""
    wanted = [RegistryPath.parse(path) for path in paths]

    def find(path: RegistryPath) -> str:
        if pull or build:
            from refgenie.cli.presence import make_present

            make_present(STATE.writer, path, pull=pull, build=build)
        return STATE.reader.asset.seek_path(path, absolute=absolute, must_exist=exists)

    found, failures = each(wanted, find)
    raise_failures(failures)
    if json:
        emit_json([{"registry_path": path, "path": place} for path, place in zip(paths, found, strict=True)])
        return
    for place in found:
        emit(place)


def add(
    path: Path,
    source: Annotated[str, typer.Option("--path", help="File or folder to add.")],
    asset_class: Annotated[str, typer.Option("--asset-class", help="Its asset class.")],
    copy: Annotated[bool, typer.Option("--copy", help="Copy the files (the default).")] = False,
    move: Annotated[bool, typer.Option("--move", help="Move the files.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Leave the files where they are.")] = False,
    seek_key: Annotated[
        list[str] | None, typer.Option("--seek-key", help="k=v: where a seek key lies in it.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="Free text.")] = None,
    force: Force = False,
) -> None:
    """Add an asset that was made by hand."""
    if copy + move + link > 1:
        raise UsageError("only one of --copy, --move and --link can be given")
    wanted = whole_asset(path, "added")
    record = STATE.writer.asset.add(
        wanted.genome,
        wanted.group,
        wanted.asset,
        path=FilePath(source),
        asset_class=asset_class,
        mode="move" if move else "link" if link else "copy",
        seek_keys=pairs(seek_key or (), "--seek-key"),
        description=description,
        force=force,
    )
    note(f"added {record.registry_path} ({human_size(record.size)})")


def remove(paths: Paths, force: Force = False, yes: Yes = False) -> None:
    """Remove assets; refused while another asset was built from one, unless --force."""
    wanted = [whole_asset(path, "removed") for path in paths]
    if not confirm(f"Remove {', '.join(paths)}?", yes=yes or force):
        note("nothing was removed")
        return

    def remove_one(path: RegistryPath) -> None:
        STATE.writer.asset.remove(path.genome, path.group, path.asset, force=force)
        note(f"removed {path}")

    raise_failures(each(wanted, remove_one)[1], "assets were not removed")


def rename(path: Path, name: Annotated[str, typer.Option("-n", "--name", help="The new name.")]) -> None:
    """Give an asset another name."""
    wanted = whole_asset(path, "renamed")
    record = STATE.writer.asset.rename(wanted.genome, wanted.group, wanted.asset, name)
    note(f"{path} is now {record.registry_path}")


def show_id(paths: Paths, json: Json = False) -> None:
    """Print the content digest of assets."""
    digests, failures = each(paths, lambda path: _get(path).digest)
    raise_failures(failures)
    if json:
        emit_json(
            [{"registry_path": path, "digest": digest} for path, digest in zip(paths, digests, strict=True)]
        )
        return
    for digest in digests:
        emit(digest)


def default(path: Path, json: Json = False) -> None:
    """Make an asset its group's default; without :asset print which one is."""
    wanted = whole_asset(path, "made the default")
    if wanted.asset is None:
        name = STATE.reader.asset.get_default(wanted.genome, wanted.group)
        emit_json({"default_asset": name}) if json else emit(name)
        return
    STATE.writer.asset.set_default(wanted.genome, wanted.group, wanted.asset)
    note(f"{wanted} is the default of its group")


def populate(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="By default standard input is read.")
    ] = None,
    file: Annotated[str | None, typer.Option("--file", help="Read this file.")] = None,
    json: Json = False,
) -> None:
    """Replace every refgenie://genome/group[.key][:asset] in a text by its local path."""
    written = STATE.reader.populate(read_text(text, file))
    emit_json({"text": written}) if json else write_text(written)


def read_text(text: str | None, file: str | None) -> str:
    """The text of the argument, a file or standard input; an argument ends with a newline.

    Raises:
        UsageError: Both were given.
        NotFoundError: There is no such file.
    """
    if text is not None and file is not None:
        raise UsageError("give either TEXT or --file")
    if text is not None:
        return f"{text}\n"
    try:
        data = FilePath(file).read_bytes() if file is not None else sys.stdin.buffer.read()
    except OSError as error:
        raise NotFoundError(f"cannot read {file}: {error.strerror}") from error
    # Bytes that are no UTF-8 go through as they are.
    return data.decode("utf-8", "surrogateescape")


def write_text(text: str) -> None:
    """Write what `read_text` read, byte for byte."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()

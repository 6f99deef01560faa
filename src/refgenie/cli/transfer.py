"""subscribe, unsubscribe, listr, seekr, populater, pull, mirror."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from refgenie.cli.assets import read_text, write_text
from refgenie.cli.options import Force, Genomes, Json, Path, Yes
from refgenie.cli.output import confirm, emit, emit_json, emit_table, human_size, note
from refgenie.cli.several import Failure, raise_failures, whole_asset
from refgenie.cli.state import STATE
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import UsageError

if TYPE_CHECKING:
    from refgenie.transfer.pull_options import PullOptions, PullResult

Servers = Annotated[
    list[str] | None,
    typer.Option("-s", "--server", metavar="URL", help="This server instead of the subscribed ones."),
]
RemoteClass = Annotated[
    str | None,
    typer.Option("--remote-class", help="http, https or s3; by default what the server prefers."),
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, max=64, help="Downloads at once.")]


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:  # noqa: ARG001
    """Add the commands."""
    app.command("subscribe")(subscribe)
    app.command("unsubscribe")(unsubscribe)
    app.command("listr")(listr)
    app.command("seekr")(seekr)
    app.command("populater")(populater)
    app.command("pull")(pull)
    app.command("mirror")(mirror)


def subscribe(
    urls: Annotated[list[str] | None, typer.Argument(metavar="URL...", help="Addresses of servers.")] = None,
    server: Annotated[
        list[str] | None, typer.Option("-s", "--server", metavar="URL", help="The same.")
    ] = None,
) -> None:
    """Subscribe to servers; each is asked first whether it is a refgenie server."""
    wanted = _addresses(urls, server)
    fresh = STATE.writer.transfers.subscriptions.subscribe(wanted)
    for url in fresh:
        note(f"subscribed to {url}")
    if not fresh:
        note("subscribed already")


def unsubscribe(
    urls: Annotated[list[str] | None, typer.Argument(metavar="URL...", help="Addresses of servers.")] = None,
    server: Annotated[
        list[str] | None, typer.Option("-s", "--server", metavar="URL", help="The same.")
    ] = None,
) -> None:
    """Unsubscribe from servers."""
    for url in STATE.writer.transfers.subscriptions.unsubscribe(_addresses(urls, server)):
        note(f"unsubscribed from {url}")


def _addresses(arguments: list[str] | None, options: list[str] | None) -> list[str]:
    wanted = [*(arguments or ()), *(options or ())]
    if not wanted:
        raise UsageError("no server is given", hint="refgenie subscribe http://host:port")
    return wanted


def listr(genome: Genomes = None, server: Servers = None, json: Json = False) -> None:
    """List what servers offer; a dead one is a warning as long as another answers."""
    from refgenie.transfer.catalog import listing_table

    listings = STATE.reader.transfers.catalog.list(genome or (), server)
    if json:
        emit_json(listings)
        return
    for listing in listings:
        if listing.error is None:
            emit_table(listing_table(listing))


def seekr(path: Path, server: Servers = None, remote_class: RemoteClass = None, json: Json = False) -> None:
    """Print the remote URI of a file; with -s no local registry is needed."""
    uri = STATE.reader.transfers.catalog.seek(
        RegistryPath.parse(path), servers=server, remote_class=remote_class
    )
    if json:
        emit_json({"registry_path": path, "uri": uri})
    else:
        emit(uri)


def populater(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="By default standard input is read.")
    ] = None,
    file: Annotated[str | None, typer.Option("--file", help="Read this file.")] = None,
    server: Servers = None,
    remote_class: RemoteClass = None,
    json: Json = False,
) -> None:
    """Replace every refgenie://genome/group[.key][:asset] in a text by its remote URI."""
    catalog = STATE.reader.transfers.catalog
    written = catalog.populate(read_text(text, file), servers=server, remote_class=remote_class)
    emit_json({"text": written}) if json else write_text(written)


def pull(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="genome/group[:asset]; with --genome, names of groups."),
    ] = None,
    genome: Annotated[
        str | None, typer.Option("-g", "--genome", help="Pull groups of this genome (alias or digest).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All groups of the genome.")] = False,
    all_genomes: Annotated[bool, typer.Option("--all-genomes", help="With --all: of every genome.")] = False,
    large: Annotated[bool, typer.Option("--large", help="Take large assets.")] = False,
    skip_large: Annotated[bool, typer.Option("--skip-large", help="Leave large assets out.")] = False,
    size_cutoff: Annotated[
        int, typer.Option("--size-cutoff", min=0, metavar="BYTES", help="What is bigger is large.")
    ] = 10 * 10**9,
    batch: Annotated[
        bool, typer.Option("--batch", help="Never ask; leave out what would be asked about.")
    ] = False,
    init: Annotated[bool, typer.Option("--init", help="Import the genome's sequences, too.")] = False,
    skip_asset_class: Annotated[
        bool, typer.Option("--skip-asset-class", help="Use the asset class that is registered here.")
    ] = False,
    skip_recipe: Annotated[bool, typer.Option("--skip-recipe", help="Register no recipe.")] = False,
    jobs: Jobs = 4,
    force: Force = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Pull assets from the subscribed servers, verified and registered."""
    from refgenie.transfer.pull_options import PullOptions

    if large and skip_large:
        raise UsageError("only one of --large and --skip-large can be given")
    options = PullOptions(
        size_cutoff=size_cutoff,
        large="take" if large or yes else "skip" if skip_large else "ask",
        batch=batch,
        init=init,
        force=force,
        skip_asset_class=skip_asset_class,
        skip_recipe=skip_recipe,
        jobs=jobs,
    )
    pulls = STATE.writer.transfers.pulls
    wanted = _wanted(paths or [], genome, everything=everything, all_genomes=all_genomes)
    if wanted is None:
        wanted = pulls.offered([genome] if genome else (), [] if everything else paths or [])
    ask = None if batch else _ask_about_large
    if json:
        results = pulls.pull_all(wanted, options=options, confirm=ask)
        emit_json([_plain(result) for result in results])
    else:
        results = pulls.pull_all(wanted, options=options, confirm=ask, done=_tell)
    raise_failures(_failures(results), "assets were not pulled")


def _wanted(
    paths: list[str], genome: str | None, *, everything: bool, all_genomes: bool
) -> list[RegistryPath] | None:
    """The named assets; None where servers have to be asked what there is."""
    if all_genomes:
        if not everything or paths or genome:
            raise UsageError("--all-genomes goes with --all alone", hint="refgenie pull --all --all-genomes")
        return None
    if genome is not None:
        if everything == bool(paths):
            raise UsageError(
                "name groups of the genome, or give --all", hint=f"refgenie pull --genome {genome} fasta"
            )
        return None
    if everything:
        raise UsageError("--all of which genome?", hint="refgenie pull --genome GENOME --all")
    if not paths:
        raise UsageError("nothing to pull is named", hint="refgenie pull GENOME/GROUP")
    return [whole_asset(path, "pulled") for path in paths]


def _ask_about_large(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to answer at", hint="add --large or --skip-large")
    return confirm(question, yes=False)


def _plain(result: PullResult) -> dict[str, object]:
    return {
        "registry_path": str(result.path),
        "status": result.status,
        "reason": result.reason,
        "asset": result.asset,
    }


def _tell(result: PullResult, more: str = "") -> None:
    """Say what became of an asset; failures are told together at the end."""
    if result.asset is not None and result.status == "pulled":
        note(f"pulled {result.path} ({human_size(result.asset.size)}){more}")
    elif result.error is None:
        note(f"{result.path}: {result.reason}{more}")


def _failures(results: Iterable[PullResult]) -> list[Failure]:
    return [(str(result.path), result.error) for result in results if result.error is not None]


def mirror(
    url: Annotated[str, typer.Argument(metavar="URL")],
    genome: Genomes = None,
    stage: Annotated[bool, typer.Option("--stage", help="Stage what was pulled.")] = False,
    jobs: Jobs = 4,
    json: Json = False,
) -> None:
    """Keep a local copy of a server's assets current."""
    from refgenie.transfer.pull_options import PullOptions as Options

    options: PullOptions = Options(large="take", jobs=jobs)
    results = STATE.writer.transfers.mirror.mirror(url, genome or (), stage=stage, options=options)
    if json:
        emit_json([{**_plain(result.pull), "staged": result.staged} for result in results])
    else:
        for result in results:
            _tell(result.pull, ", staged" if result.staged else "")
    not_staged = [(str(result.pull.path), result.error) for result in results if result.error is not None]
    raise_failures([*_failures(result.pull for result in results), *not_staged], "assets were not mirrored")

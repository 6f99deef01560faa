"""build: plans and runs recipes."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from refgenie.cli.options import Force, Json
from refgenie.cli.output import emit, emit_json, emit_table, note, pairs, table
from refgenie.cli.state import STATE
from refgenie.errors import NetworkError, RefgenieError, UsageError

if TYPE_CHECKING:
    from refgenie.build.request import BuildRequest
    from refgenie.build.service import BuildResult


class Deps(StrEnum):
    """What to do where an input asset is missing."""

    PULL = "pull"
    BUILD = "build"
    FAIL = "fail"


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:  # noqa: ARG001 - one command
    """Add the command."""
    app.command("build")(build)


def build(
    path: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="What to build: genome/group[:asset].")
    ],
    recipe: Annotated[
        str | None, typer.Option(help="Recipe; by default the one named like the group.")
    ] = None,
    recipe_version: Annotated[str | None, typer.Option(help="Its version; by default the highest.")] = None,
    assets: Annotated[
        list[str] | None, typer.Option(metavar="KEY=PATH", help="Input asset; may be repeated.")
    ] = None,
    files: Annotated[
        list[str] | None, typer.Option(metavar="KEY=FILE", help="Input file; may be repeated.")
    ] = None,
    params: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Parameter; may be repeated.")
    ] = None,
    requirements: Annotated[
        bool, typer.Option("-q", "--requirements", help="Show what the recipe needs, and build nothing.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show the commands that would run, and build nothing.")
    ] = False,
    snakefile: Annotated[
        bool, typer.Option("--snakefile", help="Print a Snakefile of these builds, and build nothing.")
    ] = False,
    deps: Annotated[
        Deps, typer.Option(help="Where an input asset is missing: fail, or pull or build it first.")
    ] = Deps.FAIL,
    container: Annotated[
        str | None,
        typer.Option("-d", "--container", help="Run in the recipe's image: docker, podman or apptainer."),
    ] = None,
    volume: Annotated[
        list[str] | None, typer.Option(help="Further volume of the container; may be repeated.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads, where the recipe can use them.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the input comes from, for the provenance.")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Also run the recipe's tests.")] = False,
    stage: Annotated[bool, typer.Option("--stage", help="Stage what was built for the server.")] = False,
    push_to: Annotated[
        list[str] | None, typer.Option(metavar="REMOTE", help="Push it there; may be repeated.")
    ] = None,
    keep_failed: Annotated[
        bool, typer.Option("--keep-failed", help="Keep the output of a build that fails.")
    ] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Build assets with recipes, each whole or not at all."""
    from refgenie.build.request import BuildParams

    given = BuildParams(
        assets=pairs(assets or (), "--assets"),
        files=pairs(files or (), "--files"),
        params=pairs(params or (), "--params"),
    )
    if snakefile and json:
        raise UsageError("a Snakefile is no JSON document", hint="refgenie build --plan --json")
    reads_only = requirements or plan or snakefile
    rg = STATE.reader if reads_only else STATE.writer
    if push_to:
        rg.transfers.pushes.check(push_to)  # rather than after hours of building
    builds = rg.builds
    requests = builds.requests(
        path,
        given,
        recipe=recipe,
        recipe_version=recipe_version,
        deps=Deps(deps).value,
        container=container,
        volumes=tuple(volume or ()),
        threads=threads,
        source=source,
        test=test,
        force=force,
        keep_failed=keep_failed,
    )
    if requirements:
        _show_requirements(requests, json=json)
    elif plan:
        _show_plan(requests, json=json)
    elif snakefile:
        emit(builds.snakefile(requests, stage=stage, push_to=push_to or ()).rstrip())
    else:
        results = builds.build_all(requests)
        failed = [result for result in results if result.error is not None]
        _show_results(results, json=json)
        try:
            if stage or push_to:
                _stage([result for result in results if result.was_asked], push_to or [])
        except RefgenieError as error:
            if not failed:
                raise
            note(f"error: {error.message}")
        _end(failed)


def _show_requirements(requests: list[BuildRequest], *, json: bool) -> None:
    found = [(request, STATE.reader.builds.requirements(request)) for request in requests]
    if json:
        emit_json([needed for _, needed in found])
        return
    rows: list[tuple[Any, ...]] = []
    for request, needed in found:
        recipe = f"{needed.recipe_name} {needed.recipe_version}"
        for option, inputs in (
            ("--assets", needed.assets),
            ("--files", needed.files),
            ("--params", needed.params),
        ):
            rows += [
                (
                    request.registry_path,
                    recipe,
                    f"{option} {key}=",
                    entry.get("default"),
                    entry.get("description"),
                )
                for key, entry in inputs.items()
            ]
        if not (needed.assets or needed.files or needed.params):
            rows.append((request.registry_path, recipe, "nothing", "", ""))
    emit_table(table("Requirements", ("asset", "recipe", "option", "default", "description"), rows))


def _show_plan(requests: list[BuildRequest], *, json: bool) -> None:
    planned = STATE.reader.builds.plan(requests)
    if json:
        emit_json(planned)
        return
    for step in planned:
        recipe = f" with {step.recipe}" if step.recipe else ""
        image = f" in {step.container}" if step.container else ""
        words = {"genome": "genome, then build", "nothing": "is built already:"}
        emit(f"# {words.get(step.action, step.action)} {step.registry_path}{recipe}{image}")
        for command in step.commands:
            emit(command)
        if step.tests:
            emit(f"# test {step.registry_path}")
        for command in step.tests:
            emit(command)


def _stage(results: list[BuildResult], remotes: list[str]) -> None:
    """Stage what is there, and push what was staged.

    Raises:
        RefgenieError: Something was not staged or not pushed; each such thing was told before.
    """
    staged, refused = [], []
    for result in results:
        if (asset := result.asset) is None:
            continue
        try:
            STATE.writer.stage.add(asset.genome_digest, asset.asset_group_name, asset.name)
            staged.append(asset)
        except RefgenieError as error:
            refused.append(error)
            note(f"not staged: {result.registry_path} ({error.message})")
    if remotes and staged:
        _push(remotes, sorted({asset.genome_digest for asset in staged}))
    if refused:
        raise type(refused[0])(f"{len(refused)} of what was built was not staged", hint=refused[0].hint)


def _push(remotes: list[str], genomes: list[str]) -> None:
    pushed = STATE.writer.push(remotes=remotes, genomes=genomes)
    failed = [result for result in pushed if result.status == "failed"]
    for result in failed:
        note(f"not pushed to {result.remote}: {result.message}")
    if failed:
        raise NetworkError(f"{len(failed)} staged assets were not pushed", hint="refgenie push")


def _show_results(results: list[BuildResult], *, json: bool) -> None:
    if json:
        emit_json([result.asset for result in results if result.was_asked and result.asset is not None])
        return
    for result in results:
        if result.asset is None:
            continue
        genome = result.registry_path.partition("/")[0]
        shown = f"{genome}/{result.asset.asset_group_name}:{result.asset.name}"
        if not result.was_made:
            note(f"{shown} is there already; --force builds it again")
        if result.was_asked:
            emit(shown)


def _end(failed: list[BuildResult]) -> None:
    """End with the first fault's code, after a line for each of the others."""
    if not failed:
        return
    *others, last = failed
    for result in others:
        assert result.error is not None
        note(f"error: {result.error.message}")
        if result.error.hint:
            note(f"hint: {result.error.hint}")
    assert last.error is not None
    if not others:
        raise last.error
    first = others[0].error
    assert first is not None
    names = " ".join(shlex.quote(result.registry_path) for result in failed)
    note(f"error: {last.error.message}")
    raise type(first)(f"{len(failed)} of the builds failed: {names}", hint=last.error.hint)

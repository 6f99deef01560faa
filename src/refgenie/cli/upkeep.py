"""verify, doctor, gc."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from refgenie.cli.options import Json, Yes
from refgenie.cli.output import confirm, emit, emit_json, emit_table, human_size, note, table
from refgenie.cli.state import STATE
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import DigestMismatchError, UsageError

if TYPE_CHECKING:
    from refgenie.assets.doctor import Finding


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:  # noqa: ARG001
    """Add the commands."""
    app.command("verify")(verify)
    app.command("doctor")(doctor)
    app.command("gc")(gc)


def verify(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH...]", help="Assets, or genomes for their sequences; all by default."),
    ] = None,
    repair: Annotated[
        str | None,
        typer.Option(help="Restore damaged sequences of a genome from this FASTA or remote store."),
    ] = None,
    json: Json = False,
) -> None:
    """Hash files and sequences again and name what is missing, changed or extra (exit code 6)."""
    rg = STATE.writer if repair else STATE.reader
    genomes = [path for path in paths or [] if "/" not in path]
    assets = [RegistryPath.parse(path) for path in paths or [] if "/" in path]
    if repair and len(genomes) != 1:
        raise UsageError(
            "--repair restores the sequences of one genome", hint="refgenie verify GENOME --repair FASTA"
        )
    faults: list[tuple[str, str, str]] = []
    if assets or not paths:
        faults += [(item.registry_path, item.path, item.kind) for item in rg.asset.verify(assets or None)]
    if genomes or not paths:
        faults += [
            (item.subject, item.detail, f"{item.kind}, repaired" if item.repaired else item.kind)
            for item in rg.verify_sequences(genomes or None, repair_from=repair)
        ]
    left = [fault for fault in faults if not fault[2].endswith("repaired")]
    if json:
        emit_json({"faults": [dict(zip(("where", "what", "fault"), fault, strict=True)) for fault in faults]})
    elif faults:
        emit_table(table(None, ("where", "what", "fault"), faults))
    if left:
        raise DigestMismatchError(
            "1 fault was found" if len(left) == 1 else f"{len(left)} faults were found",
            hint="refgenie pull or build the asset again with --force, or verify GENOME --repair FASTA",
        )
    if not json:
        note("everything is as it was recorded" if not faults else "everything was repaired")


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is found.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the registry anew from manifests and store.")
    ] = False,
    json: Json = False,
    yes: Yes = False,
) -> None:
    """Find, and with --fix mend, what a crash or a hand left behind."""
    if rebuild:
        _rebuild(yes=yes, json=json)
        return
    rg = STATE.writer if fix else STATE.reader
    found = rg.doctor.fix() if fix else rg.doctor.find()
    if json:
        emit_json({"findings": found})
    elif found:
        emit_table(
            table(
                None,
                ("what", "where", "state", "remedy"),
                ((item.kind, item.where, _state(item), item.remedy) for item in found),
            )
        )
    else:
        emit("nothing to mend")
    if not all(item.mended for item in found):
        raise typer.Exit(DigestMismatchError.exit_code)


def _state(finding: Finding) -> str:
    if finding.mended:
        return "mended"
    return "--fix mends it" if finding.fixable else "left to you"


def _rebuild(*, yes: bool, json: bool) -> None:
    from refgenie.api import Refgenie

    if not confirm("Make the registry anew from the genome folder?", yes=yes):
        note("nothing was changed")
        return
    with Refgenie(progress=STATE.writer.progress) as rg:
        rg.init()
        report = rg.doctor.rebuild()
        folder = rg.folders.genome_folder
    emit_json(report) if json else emit(str(report))
    if not report.genomes and not report.assets:
        note(
            f"hint: nothing was found in {folder}; where the genome folder is another, first "
            "refgenie init --genome-folder FOLDER"
        )


def gc(json: Json = False) -> None:
    """Remove what nothing uses: stale temporary folders, content without a record, unused sequences."""
    report = STATE.writer.doctor.garbage()
    if json:
        emit_json(report)
        return
    emit(f"removed {report.removed} folders and files, {human_size(report.size)}")

"""genome, alias."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refgenie.cli.options import Json, Yes
from refgenie.cli.output import confirm, emit, emit_json, emit_table, note, table
from refgenie.cli.several import each, raise_failures
from refgenie.cli.state import STATE
from refgenie.core import tables
from refgenie.core.addresses import without_credentials
from refgenie.errors import UsageError

if TYPE_CHECKING:
    from refgenie.genomes.genome_table import InitializedGenome
    from refgenie.sequences.importing import Staged
    from refgenie.sequences.model import MaskRule

Genome = Annotated[str, typer.Argument(metavar="GENOME", help="Alias or genome digest.")]
Description = Annotated[str | None, typer.Option("--description", help="Free text.")]
Species = Annotated[str | None, typer.Option("--species", help="Scientific name of the species.")]
Fhr = Annotated[str | None, typer.Option("--fhr", help="JSON file of FHR metadata.", metavar="FILE")]
Url = Annotated[str, typer.Argument(metavar="URL", help="A static RefgetStore or a seqcol API.")]


class Mask(StrEnum):
    """What happens to an earlier soft mask of the same sequences."""

    KEEP = "keep"
    REPLACE = "replace"


def register(app: typer.Typer, add_group: Callable[..., None]) -> None:  # noqa: ARG001
    """Add the commands."""
    genome = typer.Typer(help="Genomes and their sequences.", no_args_is_help=True)
    genome.command("init")(init)
    genome.command("list")(list_genomes)
    genome.command("show")(show)
    genome.command("remove")(remove)
    genome.command("set-metadata")(set_metadata)
    genome.command("browse")(browse)
    genome.command("sync")(sync)
    add_group(genome, "genome")
    alias = typer.Typer(help="Names of genomes.", no_args_is_help=True)
    alias.command("get")(alias_get)
    alias.command("set")(alias_set)
    alias.command("remove")(alias_remove)
    alias.command("repair")(alias_repair)
    add_group(alias, "alias")


def init(
    name: Annotated[str, typer.Option("--name", "-n", help="The genome's name.")],
    fasta: Annotated[
        str | None, typer.Option("--fasta", metavar="FILE", help="FASTA: plain, gzip or BGZF.")
    ] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", "-a", help="A further name; may be repeated.")
    ] = None,
    description: Description = None,
    species: Species = None,
    fhr: Fhr = None,
    mask: Annotated[
        Mask, typer.Option(help="Known sequences with another soft mask: keep theirs, or take this one.")
    ] = Mask.KEEP,
    remote_url: Annotated[
        str | None,
        typer.Option(
            "--remote-url", "--store", help="Seqcol API or static RefgetStore; nothing is imported."
        ),
    ] = None,
    remote_digest: Annotated[
        str | None, typer.Option("--remote-digest", "--digest", help="The sequence collection there.")
    ] = None,
    json: Json = False,
) -> None:
    """Register a genome from a FASTA file, or one whose sequences stay remote; prints its digest."""
    names = [name, *(alias or ())]
    if (fasta is None) == (remote_url is None):
        raise UsageError("give either --fasta, or --remote-url with --remote-digest")
    if fasta is not None:
        if remote_digest is not None:
            raise UsageError("--remote-digest goes with --remote-url")
        record = _import(Path(fasta), names, description, species, fhr, mask.value)
    else:
        if remote_digest is None:
            raise UsageError("--remote-digest is missing", hint=f"refgenie genome browse {remote_url}")
        record = STATE.writer.genome.initialize_remote(
            str(remote_url), remote_digest, names, description, species, fhr
        )
    if record.mask_kept:
        first = "the soft mask" if record.masking == "soft" else "the upper case"
        note(f"{first} of the first import is kept; --mask replace takes this file's case")
    plural = "" if record.sequences == 1 else "s"
    shown = f"{record.sequences} sequence{plural}, {record.total_length} residues"
    note(f"{'registered' if record.was_new else 'known already'}: {', '.join(record.aliases)} ({shown})")
    emit_json(record) if json else emit(record.digest)


def _import(
    fasta: Path,
    names: list[str],
    description: str | None,
    species: str | None,
    fhr: str | None,
    mask: MaskRule,
) -> InitializedGenome:
    def register(staged: Staged | None = None) -> InitializedGenome:
        writer = STATE.writer
        return writer.genome.initialize_genome(
            fasta, names, description, species, fhr, mask, writer.progress, staged
        )

    if fhr is not None:
        return register()  # what is wrong with the metadata is found before the import
    from refgenie.cli.begun_import import begun_import
    from refgenie.cli.progress import open_progress

    with begun_import(fasta, names, open_progress()) as staged:
        return register(staged)


def list_genomes(json: Json = False) -> None:
    """List the genomes."""
    found = STATE.reader.genome.list()
    emit_json(found) if json else emit_table(tables.genomes(found))


def show(genome: Genome, json: Json = False) -> None:
    """Show one genome: its names, sequences, assets and FHR metadata."""
    record = STATE.reader.genome.get(genome)
    if json:
        emit_json(record)
        return
    rows: list[tuple[str, object]] = [
        ("digest", record.digest),
        ("aliases", ", ".join(record.aliases)),
        ("description", record.description),
        ("species", record.species_name),
        ("source", f"{record.source} {record.source_url or ''}".strip()),
        ("masking", record.masking),
        ("sequences", record.sequences),
        ("total length", record.total_length),
        ("created", record.created_at.isoformat(timespec="seconds")),
        ("assets", "\n".join(record.assets)),
        *((f"fhr {key}", _compact(value)) for key, value in (record.fhr or {}).items()),
    ]
    emit_table(table(None, ("", genome), [row for row in rows if row[1] not in {None, ""}]))


def _compact(value: object) -> str:
    from json import dumps

    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)


def remove(
    genomes: Annotated[list[str], typer.Argument(metavar="GENOME...", help="Aliases or digests.")],
    force: Annotated[bool, typer.Option("--force", "-f", help="Do not ask.")] = False,
    yes: Yes = False,
) -> None:
    """Remove genomes with their names, their assets, and their sequences that no other genome uses."""
    if not confirm(f"Remove {', '.join(genomes)} with all assets?", yes=yes or force):
        note("nothing was removed")
        return

    def remove_one(genome: str) -> None:
        STATE.writer.genome.remove(genome, force=True)
        note(f"removed {genome}")

    raise_failures(each(genomes, remove_one)[1], "genomes were not removed")


def set_metadata(
    genome: Genome, description: Description = None, species: Species = None, fhr: Fhr = None
) -> None:
    """Change description, species or FHR metadata; an empty text clears a value."""
    if description is None and species is None and fhr is None:
        raise UsageError("nothing to set", hint="--description, --species or --fhr")
    record = STATE.writer.genome.set_metadata(genome, description=description, species=species, fhr=fhr)
    note(f"changed {record.digest}")


def browse(url: Url, json: Json = False) -> None:
    """List what a remote store or seqcol server offers."""
    found = STATE.reader.genome.browse(url)
    if json:
        emit_json(found)
        return
    emit_table(
        table(
            f"Sequence collections at {without_credentials(url)}",
            ("digest", "aliases"),
            ((item.digest, ", ".join(item.aliases)) for item in found),
        )
    )


def sync(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="The remote store; by default REFGENIE_REFGET_STORE_URL.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Register every collection of a remote store as a genome without assets."""
    address = url or STATE.writer.settings.refget_store_url
    if not address:
        raise UsageError("no remote store is given", hint="refgenie genome sync URL")
    report = STATE.writer.genome.sync(address)
    for skipped in report.skipped:
        note(f"skipped the alias {skipped.name} of {skipped.genome_digest}: {skipped.reason}")
    note(
        f"{len(report.registered)} genomes registered, {len(report.known)} known already, "
        f"{len(report.aliases)} aliases set, {len(report.skipped)} skipped"
    )
    if json:
        emit_json(report)


def alias_get(
    alias: Annotated[
        list[str] | None, typer.Option("--alias", "-a", help="Only this alias; may be repeated.")
    ] = None,
    genome: Annotated[
        list[str] | None,
        typer.Option("--genome", "-g", help="Only of this genome (digest or alias); may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """List aliases, all or those of names or genomes."""
    found = STATE.reader.alias.list(alias or (), genome or ())
    emit_json(found) if json else emit_table(tables.aliases(found))


Aliases = Annotated[list[str], typer.Option("--aliases", "--alias", "-a", help="The alias; may be repeated.")]


def alias_set(
    aliases: Aliases,
    digest: Annotated[str, typer.Option("--digest", "-d", help="The genome: digest or alias.")],
    reset: Annotated[bool, typer.Option("--reset", help="Remove the genome's other aliases.")] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Take aliases away from other genomes.")
    ] = False,
) -> None:
    """Give a genome names: all of them, or none where one is another genome's."""
    STATE.writer.alias.set(aliases, digest, reset=reset, force=force)
    note(f"{', '.join(aliases)}: {STATE.writer.alias.resolve(digest)}")


def alias_remove(aliases: Aliases) -> None:
    """Remove names: all of them, or none where one is unknown."""
    STATE.writer.alias.remove(aliases)
    note(f"removed {', '.join(aliases)}")


def alias_repair() -> None:
    """Make the tree of links below alias/ anew."""
    count = STATE.writer.alias.repair()
    note(f"made the links of {count} {'alias' if count == 1 else 'aliases'}")

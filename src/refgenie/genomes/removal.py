"""How a genome leaves: registry first, then its files, its sequences, and last its names."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from sqlalchemy import delete
from sqlalchemy.orm import Session

from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.db.database import Database
from refgenie.db.models import Build, Genome
from refgenie.errors import ConflictError, NotFoundError, NotPermittedError
from refgenie.genomes import genome_table
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.initialization import own_store
from refgenie.sequences.model import StoreMode


def remove_genome(
    genome: str,
    *,
    force: bool,
    database: Database,
    mode: StoreMode,
    folders: Folders,
    locks: Locks,
    aliases: AliasService,
) -> None:
    """Remove a genome; see GenomeService.remove.

    The names go last: whatever a crash leaves, the same command with the same name ends it.
    """
    with locks.hold(STORE_LOCK):
        digest = aliases.resolve(genome)
        names = aliases.own_names(digest)
        manifests = folders.genome_folder / layout.MANIFEST / digest
        # Manifests go with the records: content that has one counts as published, and is recorded again.
        database.write(
            lambda session: _forget(
                session, digest, force=force, manifests=lambda: discard(manifests, folders.work)
            )
        )
        for folder in _folders_of(folders, digest):
            discard(folder, folders.work)
        if mode.writable and mode.has_collection(digest):
            # Its list of sequences may be gone where an earlier removal was cut short; the store has
            # put its index right by the time that it says so.
            with suppress(NotFoundError):
                own_store(mode).remove(digest)
        elif mode.writable:
            own_store(mode).remove_set_aside(digest)
        aliases.withdraw(names)


def _forget(session: Session, digest: str, *, force: bool, manifests: Callable[[], None]) -> None:
    assets = genome_table.asset_names(session, digest)
    if assets and not force:
        shown = ", ".join(assets[:5]) + (f" and {len(assets) - 5} more" if len(assets) > 5 else "")
        raise ConflictError(
            f"the genome {digest} has assets: {shown}",
            hint=f"refgenie genome remove --force {digest} removes them too",
        )
    session.execute(delete(Build).where(Build.genome_digest == digest))
    # Groups, assets and names follow by the tables' foreign keys.
    session.execute(delete(Genome).where(Genome.digest == digest))
    manifests()


def _folders_of(folders: Folders, digest: str) -> list[Path]:
    below = [folders.genome_folder / top / digest for top in (layout.DATA, layout.MANIFEST, layout.BUILDS)]
    return [*below, folders.archive_folder / digest]


def discard(folder: Path, work: Path) -> None:
    """Remove a folder so that no half of it can be seen: renamed away first where that works."""
    if not folder.is_dir():
        return
    try:
        work.mkdir(parents=True, exist_ok=True)
        aside = work / f"removed-{token_hex(8)}"
        try:
            folder.rename(aside)
        except OSError:
            aside = folder  # the archive folder may be on another disk
        shutil.rmtree(aside)
    except OSError as error:
        raise NotPermittedError(f"cannot remove {folder}: {error.strerror}") from error

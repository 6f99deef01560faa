"""One store with two genomes, owned or behind a server, and services over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.genomes import genome_table
from refgenie.sequences import ServerMode
from support.genome_site import GenomeSite, genome_site
from support.sequences import MIXED, SMALL, local_mode, write_fasta
from support.static_server import serve_folder

FHR = {"schemaVersion": 1, "genome": "Small one", "version": "1"}


@dataclass(frozen=True)
class Prepared:
    """A store on disk.

    Attributes:
        path: Its folder.
        small: A genome with the aliases ``small`` and ``tiny``, FHR metadata and a soft mask.
        mixed: A genome with the alias ``mixed`` of DNA, RNA and protein.
    """

    path: Path
    small: str
    mixed: str


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The store, made once."""
    folder = tmp_path_factory.mktemp("prepared")
    mode = local_mode(folder / "genomes")
    small = mode.import_fasta(write_fasta(folder / "small.fa", SMALL)).collection.digest
    mixed = mode.import_fasta(write_fasta(folder / "mixed.fa", MIXED)).collection.digest
    mode.aliases.set_many({"small": small, "tiny": small, "mixed": mixed})
    mode.set_fhr(small, FHR)
    return Prepared(mode.store_path, small, mixed)


@pytest.fixture
def store_url(prepared: Prepared) -> Iterator[str]:
    """The store behind a plain file server."""
    with serve_folder(prepared.path) as server:
        yield server.url


@pytest.fixture(params=["local", "server"])
def site(
    request: pytest.FixtureRequest, database: Database, folders: Folders, prepared: Prepared, tmp_path: Path
) -> GenomeSite:
    """Services over the store: its own one, or one behind a server; both genomes are registered."""
    if request.param == "local":
        shutil.copytree(prepared.path, folders.store, symlinks=True)
        made = genome_site(database, folders)
    else:
        mode = ServerMode(request.getfixturevalue("store_url"), tmp_path / "cache")
        mode.create_store()
        made = genome_site(database, folders, mode)

    def register(session: Session) -> None:
        for digest in (prepared.small, prepared.mixed):
            info = made.mode.collection(digest)
            genome_table.register(
                session,
                genome_table.GenomeFacts(
                    digest,
                    "local",
                    masking=info.masking,
                    sequences=info.sequences,
                    total_length=info.total_length,
                ),
            )

    database.write(register)
    if request.param == "local":
        made.alias.sync_copy()
    return made

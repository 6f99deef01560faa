"""The genome services, on both engines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.genomes import genome_table
from support.genome_site import GenomeSite, genome_site
from support.sequences import SMALL, local_mode, write_fasta

OTHER = ">chr1\nTTTTTTTTTT\n>chr9\nACACACAC\n"


@pytest.fixture
def site(database: Database, folders: Folders) -> GenomeSite:
    """An installation without genomes."""
    return genome_site(database, folders)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A FASTA file of three sequences, the first soft-masked in part."""
    return write_fasta(tmp_path / "input" / "small.fa", SMALL)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A FASTA file of another genome."""
    return write_fasta(tmp_path / "input" / "other.fa", OTHER)


@pytest.fixture(scope="session")
def _two_in_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A store with two genomes, made once for all tests that do not test the import."""
    folder = tmp_path_factory.mktemp("two")
    mode = local_mode(folder / "genomes")
    digests = [
        mode.import_fasta(write_fasta(folder / name, text)).collection.digest
        for name, text in (("small.fa", SMALL), ("other.fa", OTHER))
    ]
    mode.aliases.set_many({"small": digests[0], "other": digests[1]})
    return mode.store_path, digests[0], digests[1]


@pytest.fixture
def two(site: GenomeSite, _two_in_store: tuple[Path, str, str]) -> tuple[str, str]:
    """Digests of two genomes, named ``small`` and ``other``."""
    store, *digests = _two_in_store
    shutil.copytree(store, site.folders.store, symlinks=True)

    def register(session: Session) -> None:
        for digest in digests:
            info = site.mode.collection(digest)
            genome_table.register(
                session,
                genome_table.GenomeFacts(
                    digest,
                    source="local",
                    masking=info.masking,
                    sequences=info.sequences,
                    total_length=info.total_length,
                ),
            )

    site.database.write(register)
    site.alias.sync_copy()
    return digests[0], digests[1]

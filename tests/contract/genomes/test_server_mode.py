"""Server mode: the SQL table is the truth of names, the store is only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from refgenie.core.layout import Folders
from refgenie.core.records import AliasRecord
from refgenie.db.database import Database
from refgenie.db.models import Alias
from refgenie.errors import NotPermittedError
from refgenie.genomes.aliases import AliasManager
from refgenie.sequences import LocalMode, ServerMode
from support.genome_site import GenomeSite, genome_site
from support.sequences import local_mode, tree, write_fasta
from support.static_server import serve_folder

from .conftest import FHR, Prepared


@pytest.fixture
def server(
    database: Database, folders: Folders, prepared: Prepared, store_url: str, tmp_path: Path
) -> GenomeSite:
    """A server's services over the remote store; the registry is empty."""
    mode = ServerMode(store_url, tmp_path / "cache")
    mode.create_store()
    made = genome_site(database, folders, mode)
    database.write(lambda session: made.genome.register(session, prepared.small))
    return made


def test_the_sql_table_wins_over_the_stores_namespaces(server: GenomeSite, prepared: Prepared) -> None:
    assert server.alias.resolve("mixed") == prepared.mixed
    server.alias.set("mixed", prepared.small, force=True)

    assert server.alias.resolve("mixed") == prepared.small
    assert AliasManager(server.database).resolve("mixed") == prepared.small
    assert [record for record in server.alias.list() if record.name == "mixed"] == [
        AliasRecord("mixed", prepared.small, "server")
    ]


def test_every_alias_says_where_it_is_from(server: GenomeSite, prepared: Prepared) -> None:
    server.alias.set("policy", prepared.small)
    assert server.alias.list() == [
        AliasRecord("mixed", prepared.mixed, "store"),
        AliasRecord("policy", prepared.small, "server"),
        AliasRecord("small", prepared.small, "store"),
        AliasRecord("tiny", prepared.small, "store"),
    ]


def test_what_would_write_to_the_store_is_not_permitted(
    server: GenomeSite, prepared: Prepared, tmp_path: Path
) -> None:
    before = tree(prepared.path)
    fasta = write_fasta(tmp_path / "x.fa", ">x\nACGT\n")
    for refused in (
        lambda: server.genome.initialize_genome(fasta, "x"),
        lambda: server.genome.initialize_remote("http://127.0.0.1:1", prepared.small, "x"),
        lambda: server.genome.set_metadata("small", fhr=FHR),
        lambda: server.alias.remove("tiny"),
    ):
        with pytest.raises(NotPermittedError):
            refused()
    server.alias.set("policy", prepared.small)
    server.genome.remove("small")
    assert tree(prepared.path) == before


def test_sync_registers_all_and_repoints_nothing(
    server: GenomeSite, prepared: Prepared, store_url: str
) -> None:
    server.alias.set("mixed", prepared.small, force=True)

    report = server.genome.sync(store_url)

    assert report.registered == (prepared.mixed,)
    assert report.known == (prepared.small,)
    assert report.aliases == ("small", "tiny")
    assert [(skipped.name, skipped.genome_digest) for skipped in report.skipped] == [
        ("mixed", prepared.mixed)
    ]
    assert server.alias.resolve("mixed") == prepared.small
    found = server.genome.get(prepared.mixed)
    assert (found.source, found.source_url, found.sequences, found.assets) == ("remote", store_url, 4, ())

    again = server.genome.sync(store_url)
    assert (again.registered, again.aliases) == ((), ())


@pytest.fixture
def many_namespaces(tmp_path: Path) -> Iterator[tuple[str, LocalMode, str]]:
    """A store whose collection has names in the engine's own namespaces."""
    from gtars.refget import RefgetStore

    mode = local_mode(tmp_path / "published")
    digest = mode.import_fasta(write_fasta(tmp_path / "p.fa", ">x\nACGTACGT\n")).collection.digest
    store = RefgetStore.on_disk(str(mode.store_path))
    store.set_quiet(True)
    store.add_collection_alias("insdc", "GCA_000001405.15", digest)
    store.add_collection_alias("ncbi", "GCF_000001405.26", digest)
    store.add_collection_alias("odd", ".hidden", digest)
    with serve_folder(mode.store_path) as served:
        yield served.url, mode, digest


def test_names_of_all_namespaces(
    database: Database, folders: Folders, many_namespaces: tuple[str, LocalMode, str], tmp_path: Path
) -> None:
    url, _, digest = many_namespaces
    mode = ServerMode(url, tmp_path / "cache")
    mode.create_store()
    server = genome_site(database, folders, mode)

    assert server.alias.resolve("GCA_000001405.15") == digest
    assert {(record.name, record.source) for record in server.alias.list()} == {
        ("GCA_000001405.15", "insdc"),
        ("GCF_000001405.26", "ncbi"),
        (".hidden", "odd"),
    }

    report = server.genome.sync(url)
    assert report.aliases == ("GCA_000001405.15", "GCF_000001405.26")
    assert [skipped.name for skipped in report.skipped] == [".hidden"]
    with database.read() as session:
        assert set(session.scalars(select(Alias.source))) == {"server"}

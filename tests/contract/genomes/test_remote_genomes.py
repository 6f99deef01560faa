"""Genomes of the own registry whose sequences stay on a server: a static store, or a seqcol API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.errors import ConflictError, InvalidInputError, NetworkError, NotFoundError
from support.genome_site import GenomeSite, genome_site
from support.seqcol_server import serve_seqcol
from support.sequences import SMALL, write_fasta

from .conftest import Prepared


@pytest.fixture
def own(database: Database, folders: Folders) -> GenomeSite:
    """An own registry without genomes."""
    return genome_site(database, folders)


@pytest.fixture(params=["store", "seqcol"])
def url(request: pytest.FixtureRequest, prepared: Prepared) -> Iterator[str]:
    """Address of either kind of server."""
    if request.param == "store":
        yield request.getfixturevalue("store_url")
        return
    with serve_seqcol(prepared.path) as address:
        yield address


def test_a_remote_genome_is_registered_without_its_sequences(
    own: GenomeSite, prepared: Prepared, url: str
) -> None:
    made = own.genome.initialize_remote(url, prepared.small, ["far"], "Far away", "Parvus minimus")

    assert (made.was_new, made.source, made.source_url) == (True, "remote", url)
    assert (made.sequences, made.total_length, made.aliases) == (3, 48, ("far",))
    assert (made.description, made.species_name) == ("Far away", "Parvus minimus")
    assert list((own.folders.store / "sequences").glob("*/*")) == []
    assert own.genome.compare("far", f"{url}#{prepared.small}").reading == "identical"

    again = own.genome.initialize_remote(url, prepared.small, ["far", "away"])
    assert (again.was_new, again.aliases) == (False, ("away", "far"))


def test_a_remote_genome_becomes_local_by_its_fasta(
    own: GenomeSite, prepared: Prepared, url: str, tmp_path: Path
) -> None:
    own.genome.initialize_remote(url, prepared.small, "far")
    made = own.genome.initialize_genome(write_fasta(tmp_path / "small.fa", SMALL), "near")

    assert (made.was_new, made.source, made.source_url, made.aliases) == (
        False,
        "local",
        None,
        ("far", "near"),
    )
    assert own.sequences.fetch("far", "chr2") == "GGGGCCCC"

    # The other way round it stays local.
    again = own.genome.initialize_remote(url, prepared.small, "near")
    assert (again.source, again.source_url) == ("local", None)


def test_a_static_store_gives_residues_on_demand(own: GenomeSite, prepared: Prepared, store_url: str) -> None:
    own.genome.initialize_remote(store_url, prepared.small, "far")
    assert own.sequences.fetch("far", "chr2:2-6") == "GGCC"


def test_a_password_stays_out_of_the_registry(own: GenomeSite, prepared: Prepared, store_url: str) -> None:
    secret = store_url.replace("://", "://user:secret@")
    made = own.genome.initialize_remote(secret, prepared.small, "far")
    assert made.source_url == store_url
    assert own.genome.sync(secret).registered == (prepared.mixed,)
    assert {genome.source_url for genome in own.genome.list()} == {store_url}
    assert "secret" not in own.genome.compare("far", f"{secret}#{prepared.small}").b
    assert own.sequences.fetch("far", "chr2") == "GGGGCCCC"


def test_faults_leave_nothing(own: GenomeSite, prepared: Prepared, url: str) -> None:
    with pytest.raises(NotFoundError):
        own.genome.initialize_remote(url, "A" * 32, "x")
    with pytest.raises(InvalidInputError):
        own.genome.initialize_remote(url, "no digest", "x")
    with pytest.raises(NetworkError):
        own.genome.initialize_remote("http://127.0.0.1:1", prepared.small, "x")
    assert own.genome.list() == []
    assert own.alias.list() == []

    own.genome.initialize_remote(url, prepared.small, "x")
    with pytest.raises(ConflictError):
        own.genome.initialize_remote(url, prepared.mixed, "x")
    assert [genome.digest for genome in own.genome.list()] == [prepared.small]
    assert not own.mode.has_collection(prepared.mixed)


def test_browse_tells_what_is_offered(own: GenomeSite, prepared: Prepared, url: str) -> None:
    found = {item.digest: item.aliases for item in own.genome.browse(url)}
    assert set(found) == {prepared.small, prepared.mixed}
    if "seqcol" not in url:  # the standard's API has no names
        assert found == {prepared.small: ("small", "tiny"), prepared.mixed: ("mixed",)}


def test_sync_registers_all_of_it(
    own: GenomeSite, prepared: Prepared, store_url: str, tmp_path: Path
) -> None:
    mine = own.genome.initialize_genome(write_fasta(tmp_path / "mine.fa", ">m\nACGTT\n"), "tiny")

    report = own.genome.sync(store_url)

    assert set(report.registered) == {prepared.small, prepared.mixed}
    assert report.aliases == ("mixed", "small")
    assert [skipped.name for skipped in report.skipped] == ["tiny"]
    assert own.alias.resolve("tiny") == mine.digest
    assert {genome.source for genome in own.genome.list()} == {"local", "remote"}
    assert own.sequences.fetch("small", "chr2") == "GGGGCCCC"

"""Genomes and their names under kill -9, and many processes at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL, select

from refgenie.core.layout import Folders
from refgenie.core.seek import read_alias_file
from refgenie.db.models import Alias
from refgenie.errors import NotFoundError
from support import children, killed
from support.genome_site import GenomeSite
from support.genome_work import bring_in, initialize, name, opened, remove
from support.sequences import SMALL, write_fasta

OTHER = ">chr1\nTTTTTTTTTT\n>chr2\nGGGGCCCC\n"


@pytest.fixture
def address(database_url: URL) -> str:
    """The registry's address as a text that goes to other processes."""
    return database_url.render_as_string(hide_password=False)


@pytest.fixture
def site(address: str, folders: Folders) -> GenomeSite:
    """An installation with an empty store."""
    installation = opened(address, folders)
    installation.local.create_store()
    return installation


def moments(steps: int, address: str) -> list[int]:
    """Ten of the steps, the first and the last among them; on PostgreSQL four (children start slowly)."""
    count = 10 if address.startswith("sqlite") else 4
    return sorted({1 + round(index * (steps - 1) / (count - 1)) for index in range(count)})


def check_whole(site: GenomeSite) -> None:
    """Every recorded genome has its sequences, and every name a collection."""
    for genome in site.genome.list():
        with site.mode.open(genome.digest) as reader:
            assert reader.fetch("chr2") == "GGGGCCCC"
    for alias in site.alias.list():
        assert site.mode.has_collection(alias.genome_digest)
        assert site.alias.resolve(alias.name) == alias.genome_digest


def check_settled(site: GenomeSite, expected: dict[str, str]) -> None:
    """Store, registry's copy and answers agree, and the store has no fault."""
    assert read_alias_file(site.folders.alias_file) == expected
    with site.database.read() as session:
        assert {row.name: row.genome_digest for row in session.scalars(select(Alias))} == expected
    check_whole(site)
    assert site.local.verify() == []


def test_initialization_killed_at_ten_moments(
    site: GenomeSite, address: str, folders: Folders, tmp_path: Path
) -> None:
    fasta = write_fasta(tmp_path / "small.fa", SMALL)
    steps = killed.count_steps(initialize, address, folders, fasta, ["small", "tiny"])
    site.genome.remove("small")
    deaths = 0
    for moment in moments(steps, address):
        deaths += killed.kill_at(moment, initialize, address, folders, fasta, ["small", "tiny"])
        check_whole(site)

        initialize(address, folders, fasta, ["small", "tiny"])

        digest = site.alias.resolve("small")
        check_settled(site, {"small": digest, "tiny": digest})
        assert site.genome.get("tiny").description == "described"
        site.genome.remove("tiny")
        assert site.local.collections() == []
    assert deaths >= len(moments(steps, address)) - 2


def test_naming_killed_at_ten_moments(
    site: GenomeSite, address: str, folders: Folders, tmp_path: Path
) -> None:
    small = site.genome.initialize_genome(write_fasta(tmp_path / "small.fa", SMALL), "small").digest
    other = site.genome.initialize_genome(write_fasta(tmp_path / "other.fa", OTHER), "other").digest
    before = {"small": small, "other": other}
    after = {"small": small, "other": small, "new": small}
    steps = killed.count_steps(name, address, folders, ["new", "other", "small"], "small")
    deaths = 0
    for moment in moments(steps, address):
        site.alias.set(["other"], other, force=True)
        site.alias.set(["small"], small, reset=True)
        deaths += killed.kill_at(moment, name, address, folders, ["new", "other", "small"], "small")
        assert {alias.name: alias.genome_digest for alias in site.alias.list()} in (before, after)
        check_whole(site)

        name(address, folders, ["new", "other", "small"], "small")
        check_settled(site, after)
    assert deaths >= len(moments(steps, address)) - 2


def test_removal_killed_at_ten_moments(
    site: GenomeSite, address: str, folders: Folders, tmp_path: Path
) -> None:
    fasta = write_fasta(tmp_path / "small.fa", SMALL)
    small = site.genome.initialize_genome(fasta, ["small", "tiny"]).digest
    other = site.genome.initialize_genome(write_fasta(tmp_path / "other.fa", OTHER), "other").digest
    steps = killed.count_steps(remove, address, folders, "small")
    deaths = 0
    for moment in moments(steps, address):
        site.genome.initialize_genome(fasta, ["small", "tiny"])
        deaths += killed.kill_at(moment, remove, address, folders, "small")
        recorded = [genome.digest for genome in site.genome.list()]
        assert other in recorded
        if small in recorded:
            check_whole(site)

        try:
            remove(address, folders, "small")
        except NotFoundError:
            site.alias.repair()  # it was at its end; the names' copy and links are the next writer's
        check_settled(site, {"other": other})
        assert site.local.collections() == [other]
    assert deaths >= len(moments(steps, address)) - 2


PROCESSES = 24


def test_24_processes_that_bring_in_and_name_lose_nothing(
    site: GenomeSite, address: str, folders: Folders, tmp_path: Path
) -> None:
    """Four genomes, each by six processes, with names of their own."""
    files = [
        write_fasta(tmp_path / f"{number}.fa", f">chr1\n{'ACGT' * 5}{'A' * number}\n>chr2\nGGGGCCCC\n")
        for number in range(4)
    ]
    barrier, errors = children.barrier(PROCESSES), children.results()
    workers = [
        children.start(bring_in, number, barrier, errors, address, folders, files[number % 4])
        for number in range(PROCESSES)
    ]
    said = [errors.get() for _ in workers]
    for worker in workers:
        worker.join(120)
    assert [error for error in said if error] == []

    digests = [site.local.digest_fasta(file) for file in files]
    expected = {f"genome{number}": digests[number] for number in range(4)}
    for number in range(PROCESSES):
        expected |= {f"first{number}": digests[number % 4], f"second{number}": digests[number % 4]}
    check_settled(site, expected)
    assert len(site.genome.list()) == 4

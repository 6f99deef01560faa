"""Genomes from FASTA files: identity, names, metadata, and what goes wrong."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from refgenie.core.locks import STORE_LOCK
from refgenie.errors import ConflictError, InvalidInputError, LockedError, NotFoundError
from support.genome_site import GenomeSite
from support.sequences import SMALL, write_fasta

FHR = {
    "schema": "https://raw.githubusercontent.com/FAIR-bioHeaders/FHR-Specification/main/fhr.json",
    "schemaVersion": 1,
    "genome": "Small one",
    "taxon": {"name": "Parvus minimus", "uri": "https://identifiers.org/taxonomy:1"},
    "version": "1",
}


def test_a_genome_is_registered_by_its_digest(site: GenomeSite, small: Path) -> None:
    made = site.genome.initialize_genome(small, ["small", "tiny"], "A small one", "Parvus minimus")

    assert made.was_new
    assert made.digest == site.local.digest_fasta(small)
    assert made.aliases == ("small", "tiny")
    assert (made.source, made.masking, made.sequences, made.total_length) == ("local", "soft", 3, 48)
    found = site.genome.get("tiny")
    assert (found.digest, found.description, found.species_name) == (
        made.digest,
        "A small one",
        "Parvus minimus",
    )
    assert site.genome.list()[0].digest == made.digest


def test_known_sequences_are_no_error_and_what_is_new_is_added(
    site: GenomeSite, small: Path, tmp_path: Path
) -> None:
    first = site.genome.initialize_genome(small, "small", species="Parvus minimus")
    packed = tmp_path / "elsewhere.fa.gz"
    packed.write_bytes(gzip.compress(small.read_bytes()))

    again = site.genome.initialize_genome(packed, ["small", "tiny"], "Described later", "Other species")

    assert (again.was_new, again.digest) == (False, first.digest)
    assert again.aliases == ("small", "tiny")
    assert again.description == "Described later"
    assert again.species_name == "Parvus minimus"
    assert len(site.genome.list()) == 1


def test_another_soft_mask_is_kept_out_unless_asked_for(
    site: GenomeSite, small: Path, tmp_path: Path
) -> None:
    site.genome.initialize_genome(small, "small")
    bare = write_fasta(tmp_path / "bare.fa", SMALL.replace("acgt", "ACGT"))

    assert site.genome.initialize_genome(bare).mask_kept
    assert site.genome.get("small").masking == "soft"

    assert not site.genome.initialize_genome(bare, mask="replace").mask_kept
    assert site.genome.get("small").masking == "none"


@pytest.mark.parametrize("as_file", [True, False])
def test_fhr_metadata_are_attached_and_name_the_species(
    site: GenomeSite, small: Path, tmp_path: Path, as_file: bool
) -> None:
    path = tmp_path / "fhr.json"
    path.write_text(json.dumps(FHR))
    site.genome.initialize_genome(small, "small", fhr=path if as_file else FHR)

    found = site.genome.get("small")
    assert found.fhr is not None
    assert found.fhr["genome"] == "Small one"
    assert found.species_name == "Parvus minimus"


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"schemaVersion": "one"}'])
def test_a_bad_fhr_file_leaves_nothing(site: GenomeSite, small: Path, tmp_path: Path, content: str) -> None:
    path = tmp_path / "fhr.json"
    path.write_text(content)
    with pytest.raises(InvalidInputError):
        site.genome.initialize_genome(small, "small", fhr=path)
    nothing_is_registered(site)


def nothing_is_registered(site: GenomeSite) -> None:
    assert site.genome.list() == []
    assert site.alias.list() == []
    assert site.local.collections() == []


def test_a_pipe_is_read_once(site: GenomeSite, small: Path, other: Path, tmp_path: Path) -> None:
    """Also where the name is in use, which a file would be digested for first."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def initialize(source: Path, name: str) -> str:
        writer = threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()))
        writer.start()
        try:
            return site.genome.initialize_genome(pipe, name).digest
        finally:
            writer.join(10)

    digest = initialize(small, "small")
    assert initialize(small, "small") == digest
    with pytest.raises(ConflictError):
        initialize(other, "small")
    assert site.local.collections() == [digest]


def test_another_genomes_name_is_refused_before_anything_is_stored(
    site: GenomeSite, two: tuple[str, str], tmp_path: Path
) -> None:
    third = write_fasta(tmp_path / "third.fa", ">x\nACGTACGT\n")
    with pytest.raises(ConflictError, match="small"):
        site.genome.initialize_genome(third, ["third", "small"])
    assert site.local.collections() == sorted(two)
    assert [record.name for record in site.alias.list()] == ["other", "small"]


def test_a_name_that_is_taken_during_the_import_is_refused_and_nothing_is_stored(
    site: GenomeSite, two: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = write_fasta(tmp_path / "third.fa", ">x\nACGTACGT\n")
    hold = site.locks.hold

    def name_it_first(name: str, timeout: float | None = None) -> object:
        # The import is done and asks for the lock: another process was quicker.
        monkeypatch.setattr(site.locks, "hold", hold)
        site.alias.set("third", two[0])
        return hold(name, timeout)

    monkeypatch.setattr(site.locks, "hold", name_it_first)
    with pytest.raises(ConflictError, match="third"):
        site.genome.initialize_genome(third, "third")
    assert site.local.collections() == sorted(two)
    assert site.alias.resolve("third") == two[0]


@pytest.mark.parametrize(
    "content", ["", "no header\nACGT\n", ">a\nAC\n>a\nGT\n", "@r\nACGT\n+\nIIII\n", ">a\n>b\nAC\n"]
)
def test_what_is_no_fasta_leaves_nothing(site: GenomeSite, tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidInputError, match=r"bad\.fa"):
        site.genome.initialize_genome(write_fasta(tmp_path / "bad.fa", content), "bad")
    nothing_is_registered(site)


def test_a_file_that_is_not_there_and_a_folder_are_told_apart(site: GenomeSite, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"nope\.fa"):
        site.genome.initialize_genome(tmp_path / "nope.fa", "x")
    with pytest.raises(InvalidInputError, match="folder"):
        site.genome.initialize_genome(tmp_path, "x")


def test_a_bad_name_is_refused_before_the_file_is_read(site: GenomeSite, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="alias"):
        site.genome.initialize_genome(tmp_path / "nope.fa", "a/b")


def test_an_import_that_a_crash_left_unregistered_is_taken_over(site: GenomeSite, small: Path) -> None:
    digest = site.local.import_fasta(small).collection.digest
    assert site.genome.list() == []

    made = site.genome.initialize_genome(small, "small")

    assert (made.digest, made.was_new) == (digest, True)
    assert site.alias.resolve("small") == digest


def test_a_genome_known_from_a_server_becomes_local(site: GenomeSite, small: Path) -> None:
    digest = site.local.digest_fasta(small)
    site.database.write(
        lambda session: site.genome.register(session, digest, description="From a server", sequences=3)
    )
    assert (site.genome.get(digest).source, site.genome.get(digest).masking) == ("registered", "none")

    made = site.genome.initialize_genome(small, "small", "Mine")

    assert (made.source, made.masking, made.was_new) == ("local", "soft", False)
    assert made.description == "From a server"


def test_registering_a_local_genome_again_leaves_it_local(site: GenomeSite, two: tuple[str, str]) -> None:
    was_new = site.database.write(lambda session: site.genome.register(session, two[0], description="Pulled"))
    found = site.genome.get("small")
    assert (was_new, found.source, found.total_length, found.description) == (False, "local", 48, "Pulled")


def test_metadata_are_set_and_cleared(site: GenomeSite, two: tuple[str, str]) -> None:
    site.genome.set_metadata("small", description="One", species="Parvus minimus", fhr=FHR)
    found = site.genome.set_metadata("small", species="")
    assert (found.description, found.species_name) == ("One", None)
    assert found.fhr is not None

    with pytest.raises(NotFoundError):
        site.genome.set_metadata("nope", description="x")


def test_fhr_metadata_are_cleared_by_nothing(site: GenomeSite, two: tuple[str, str]) -> None:
    site.genome.set_metadata("small", fhr=FHR)
    assert site.genome.set_metadata("small", description="d").fhr is not None
    assert site.genome.set_metadata("small", fhr="").fhr is None
    assert site.genome.set_metadata("small", fhr={}).fhr is None
    assert "fhr_digest" not in site.local.files.read_manifest()


def test_a_writer_that_holds_the_store_is_waited_for_and_named(
    site: GenomeSite, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr("refgenie.db.locks.DEFAULT_TIMEOUT", 0.2)
    release = threading.Event()
    held = threading.Event()

    def holder() -> None:
        with site.locks.hold(STORE_LOCK):
            held.set()
            release.wait(10)

    thread = threading.Thread(target=holder)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(LockedError, match="process"):
            site.alias.set("x", two[0])
    finally:
        release.set()
        thread.join()
    site.alias.set("x", two[0])

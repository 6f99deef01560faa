"""What the genome services do alike in both modes, on both engines."""

from __future__ import annotations

import pytest

from refgenie.errors import ConflictError, InvalidInputError, NotFoundError
from support.genome_site import GenomeSite
from support.sequences import MIXED, SMALL, read_fasta

from .conftest import FHR, Prepared


def test_the_stores_names_resolve(site: GenomeSite, prepared: Prepared) -> None:
    assert site.alias.resolve("small") == site.alias.resolve("tiny") == prepared.small
    assert site.alias.resolve(prepared.mixed) == prepared.mixed
    with pytest.raises(NotFoundError):
        site.alias.resolve("nope")
    with pytest.raises(NotFoundError):
        site.alias.resolve("A" * 32)


def test_genomes_are_listed_with_all_their_names(site: GenomeSite, prepared: Prepared) -> None:
    assert {genome.digest: genome.aliases for genome in site.genome.list()} == {
        prepared.small: ("small", "tiny"),
        prepared.mixed: ("mixed",),
    }


def test_one_genome_has_its_metadata(site: GenomeSite, prepared: Prepared) -> None:
    found = site.genome.get("tiny")
    assert (found.digest, found.aliases, found.masking) == (prepared.small, ("small", "tiny"), "soft")
    assert (found.sequences, found.total_length, found.fhr) == (3, 48, FHR)
    assert site.genome.get("mixed").fhr is None


@pytest.mark.parametrize("name", ["dna", "rna", "iupac", "protein"])
def test_residues_come_back_exactly(site: GenomeSite, name: str) -> None:
    expected = read_fasta(MIXED)[name].upper()
    assert site.sequences.fetch("mixed", name) == expected
    assert site.sequences.fetch("mixed", f"{name}:3-9") == expected[3:9]


def test_case_comes_back(site: GenomeSite) -> None:
    assert site.sequences.fetch("small", "chr1", keep_case=True) == read_fasta(SMALL)["chr1"]


def test_out_of_range_is_refused(site: GenomeSite) -> None:
    with pytest.raises(InvalidInputError, match="8 residues"):
        site.sequences.fetch("small", "chr2:0-9")


def test_names_can_be_given_moved_and_removed(site: GenomeSite, prepared: Prepared) -> None:
    site.alias.set(["one", "two"], prepared.mixed)
    assert site.alias.resolve("one") == prepared.mixed

    with pytest.raises(ConflictError):
        site.alias.set(["three", "one"], prepared.small)
    with pytest.raises(ConflictError):
        site.alias.set("small", prepared.mixed)
    with pytest.raises(NotFoundError):
        site.alias.resolve("three")

    site.alias.set("one", prepared.small, force=True)
    assert site.alias.resolve("one") == prepared.small

    site.alias.remove(["one", "two"])
    with pytest.raises(NotFoundError, match="one, two"):
        site.alias.remove(["two", "one"])


def test_reset_leaves_the_given_names(site: GenomeSite, prepared: Prepared) -> None:
    site.alias.set(["one", "two"], prepared.mixed)
    site.alias.set("three", prepared.mixed, reset=True)
    assert site.alias.resolve("three") == prepared.mixed
    for gone in ("one", "two"):
        with pytest.raises(NotFoundError):
            site.alias.resolve(gone)


def test_description_and_species_can_be_set(site: GenomeSite) -> None:
    found = site.genome.set_metadata("small", description="d", species="s")
    assert (found.description, found.species_name) == ("d", "s")


def test_collections_compare(site: GenomeSite, prepared: Prepared) -> None:
    assert site.genome.compare("small", prepared.small).reading == "identical"
    assert site.genome.compare("small", "mixed").reading == "unrelated"


def test_a_genome_can_be_removed_from_the_registry(site: GenomeSite, prepared: Prepared) -> None:
    site.genome.remove("mixed")
    assert [genome.digest for genome in site.genome.list()] == [prepared.small]
    # A remote store is never written to: there the collection stays.
    assert site.mode.has_collection(prepared.mixed) is not site.mode.writable

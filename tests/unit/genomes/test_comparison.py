"""How two collections relate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refgenie.errors import InvalidInputError, NetworkError, NotFoundError, UsageError
from refgenie.genomes.comparison import (
    A_IN_B,
    A_IN_B_OTHER_NAMES,
    B_IN_A,
    B_IN_A_OTHER_NAMES,
    IDENTICAL,
    ORDER_DIFFERS,
    OTHER_NAMES,
    OVERLAP,
    SAME_COORDINATES,
    UNRELATED,
    Flags,
    Operand,
    compare,
)
from refgenie.sequences.seqcol import digest_of_level2
from support.genome_site import GenomeSite
from support.sequences import SMALL, sequence_digest, write_fasta


def collection(text: str) -> Operand:
    """``name=residues …`` as a collection."""
    pairs = [part.split("=") for part in text.split()]
    level2: dict[str, Any] = {
        "names": [name for name, _ in pairs],
        "lengths": [len(residues) for _, residues in pairs],
        "sequences": [f"SQ.{sequence_digest(residues)}" for _, residues in pairs],
    }
    return Operand(text, digest_of_level2(level2), level2)


@pytest.mark.parametrize(
    ("a", "b", "reading"),
    [
        ("x=AC y=GGT", "x=AC y=GGT", IDENTICAL),
        ("x=AC y=GGT", "y=GGT x=AC", ORDER_DIFFERS),
        ("x=AC y=GGT", "chrX=AC chrY=GGT", OTHER_NAMES),
        ("x=AC y=AC", "x=AC z=AC", OTHER_NAMES),
        ("x=AC y=GGT", "x=TT y=CCC", SAME_COORDINATES),
        ("x=AC y=GGT", "x=AC y=CCC", SAME_COORDINATES),
        ("x=AC y=GGT", "y=GGT x=AC z=A", A_IN_B),
        ("x=AC y=GGT z=A", "x=AC", B_IN_A),
        ("x=AC y=GGT", "1=GGT 2=AC 3=A", A_IN_B_OTHER_NAMES),
        ("1=GGT 2=AC 3=A", "x=AC y=GGT", B_IN_A_OTHER_NAMES),
        ("x=AC y=AC", "x=AC z=G", OVERLAP),
        ("x=AC y=GGT", "x=AC y=GG z=T", OVERLAP),
        ("x=AC", "x=A", UNRELATED),
        ("x=AC", "y=GT", UNRELATED),
    ],
)
def test_readings(a: str, b: str, reading: str) -> None:
    found = compare(collection(a), collection(b))
    assert found.reading == reading
    assert found.words


def test_counts_and_names() -> None:
    found = compare(collection("x=AC y=GGT w=T"), collection("x=AC z=GGT v=GG u=G"))
    assert (found.a_count, found.b_count) == (3, 4)
    assert (found.shared_sequences, found.shared_names, found.shared_named_sequences) == (2, 1, 1)
    assert found.names_only_in_a == ("y", "w")
    assert found.names_only_in_b == ("z", "v", "u")
    assert found.document["array_elements"]["a_and_b_count"] == {"lengths": 3, "names": 1, "sequences": 2}


ALL = {
    "CONTENT_ALL_A_IN_B", "CONTENT_ALL_B_IN_A", "LENGTHS_ALL_A_IN_B", "LENGTHS_ALL_B_IN_A", "NAMES_ALL_A_IN_B",
    "NAMES_ALL_B_IN_A", "CONTENT_A_ORDER", "CONTENT_B_ORDER", "CONTENT_ANY_SHARED", "LENGTHS_ANY_SHARED",
    "NAMES_ANY_SHARED",
}  # fmt: skip


def names_of(flags: Flags) -> set[str]:
    return {str(flag.name) for flag in flags}


def test_flags_of_a_superset_are_those_that_earlier_versions_document() -> None:
    """Flag 2005, binary 0b11111010101: `hg38_plus` is a superset of `hg38`."""
    found = compare(collection("x=AC y=GGT"), collection("x=AC y=GGT z=ACGT"))
    assert int(found.flags) == 2005
    assert names_of(found.flags) == ALL - {"CONTENT_ALL_B_IN_A", "LENGTHS_ALL_B_IN_A", "NAMES_ALL_B_IN_A"}


@pytest.mark.parametrize(
    ("a", "b", "missing"),
    [
        ("x=AC y=GGT", "x=AC y=GGT", set()),
        ("x=AC y=GGT", "y=GGT x=AC", {"CONTENT_A_ORDER", "CONTENT_B_ORDER"}),
        ("x=AC y=GGT", "1=AC 2=GGT", {"NAMES_ALL_A_IN_B", "NAMES_ALL_B_IN_A", "NAMES_ANY_SHARED"}),
        ("x=AC", "y=GTT", ALL),
    ],
)
def test_flags(a: str, b: str, missing: set[str]) -> None:
    assert names_of(compare(collection(a), collection(b)).flags) == ALL - missing


COLLECTIONS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["A", "C", "AC", "GT", "GTA"])),
    min_size=1,
    max_size=6,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: collection(" ".join(f"{name}={residues}" for name, residues in pairs)))
MIRROR = {
    A_IN_B: B_IN_A,
    B_IN_A: A_IN_B,
    A_IN_B_OTHER_NAMES: B_IN_A_OTHER_NAMES,
    B_IN_A_OTHER_NAMES: A_IN_B_OTHER_NAMES,
}


@given(a=COLLECTIONS, b=COLLECTIONS)
def test_the_reading_turns_round_with_its_sides(a: Operand, b: Operand) -> None:
    there, back = compare(a, b), compare(b, a)
    assert back.reading == MIRROR.get(there.reading, there.reading)
    assert (there.reading == IDENTICAL) == (a.digest == b.digest)
    assert (there.reading == UNRELATED) <= (there.shared_sequences == 0)


class TestOperands:
    """What can be compared."""

    def test_alias_digest_and_file(self, site: GenomeSite, two: tuple[str, str], tmp_path: Path) -> None:
        fasta = write_fasta(tmp_path / "same.fa", SMALL)
        for a in ("small", two[0], str(fasta)):
            found = site.genome.compare(a, "small")
            assert (found.reading, found.a_digest) == (IDENTICAL, two[0])
        assert site.genome.compare("small", "other").reading == UNRELATED
        assert site.genome.list()[0].digest in two
        assert len(site.genome.list()) == 2

    def test_unknown(self, site: GenomeSite, two: tuple[str, str], tmp_path: Path) -> None:
        with pytest.raises(NotFoundError) as raised:
            site.genome.compare("smal", "other")
        assert raised.value.hint is not None
        assert "small" in raised.value.hint
        with pytest.raises(NotFoundError, match="no file"):
            site.genome.compare(str(tmp_path / "nope.fa"), "other")

    def test_a_file_that_is_no_fasta(self, site: GenomeSite, two: tuple[str, str], tmp_path: Path) -> None:
        with pytest.raises(InvalidInputError):
            site.genome.compare(str(write_fasta(tmp_path / "x.txt", "hello\n")), "other")

    def test_an_address_needs_a_digest(self, site: GenomeSite, two: tuple[str, str]) -> None:
        with pytest.raises(UsageError):
            site.genome.compare("http://127.0.0.1:1/store", "other")
        with pytest.raises(NetworkError):
            site.genome.compare(f"http://127.0.0.1:1/store#{two[0]}", "other")

    def test_a_genome_whose_sequences_are_nowhere(self, site: GenomeSite, two: tuple[str, str]) -> None:
        site.database.write(lambda session: site.genome.register(session, "B" * 32))
        with pytest.raises(NotFoundError) as raised:
            site.genome.compare("B" * 32, "other")
        assert "genome init" in str(raised.value.hint)

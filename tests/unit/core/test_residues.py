"""Residues as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from refgenie.core.residues import reverse_complement, wrap

IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
PAIR = {"A": "T", "C": "G", "G": "C", "T": "A"}


def test_every_iupac_code_becomes_the_code_of_the_paired_bases() -> None:
    codes = {frozenset(bases): code for code, bases in IUPAC.items()}
    for code, bases in IUPAC.items():
        expected = codes[frozenset(PAIR[base] for base in bases)]
        assert reverse_complement(code) == expected
        assert reverse_complement(code.lower()) == expected.lower()


def test_rna_pairs_a_with_u() -> None:
    assert reverse_complement("AACGUu", rna=True) == "aACGUU"


def test_gaps_and_unknown_characters_stay() -> None:
    assert reverse_complement("A-C.*") == "*.G-T"


@given(st.text("ACGTRYSWKMBDHVNacgtryswkmbdhvn-*"))
def test_twice_is_once_more_the_strand(strand: str) -> None:
    assert reverse_complement(reverse_complement(strand)) == strand


@given(pieces=st.lists(st.text("ACGT", max_size=20)), width=st.integers(0, 13))
def test_wrapped_lines_hold_the_text_at_the_width(pieces: list[str], width: int) -> None:
    text = "".join(pieces)
    lines = "".join(wrap(pieces, width)).split("\n")
    assert lines.pop() == ""
    assert "".join(lines) == text
    if width:
        assert all(len(line) == width for line in lines[:-1])
        assert all(0 < len(line) <= width for line in lines)

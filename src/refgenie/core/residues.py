"""Residues as text: the reverse complement, and lines of a width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_DNA = "ACGTRYSWKMBDHVNacgtryswkmbdhvn"
_COMPLEMENTS = "TGCAYRSWMKVHDBNtgcayrswmkvhdbn"
_FROM_DNA = str.maketrans(_DNA, _COMPLEMENTS)
# What carries U is RNA: A pairs with U there. Without U a text reads the same as DNA.
_FROM_RNA = str.maketrans(_DNA + "Uu", _COMPLEMENTS.replace("T", "U").replace("t", "u") + "Aa")


def reverse_complement(residues: str, *, rna: bool = False) -> str:
    """The other strand, by the IUPAC nucleotide codes; case and other characters stay.

    Args:
        residues: One strand.
        rna: The sequence is RNA: A is paired with U.
    """
    return residues.translate(_FROM_RNA if rna else _FROM_DNA)[::-1]


def wrap(pieces: Iterable[str], width: int) -> Iterator[str]:
    """Text in lines of a width, each with its line end; 0 is one line.

    Args:
        pieces: The text, in pieces of any size.
        width: Characters of a line.
    """
    if width < 1:
        is_empty = True
        for piece in pieces:
            is_empty = is_empty and not piece
            yield piece
        if not is_empty:
            yield "\n"
        return
    rest = ""
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % width
        if whole:
            yield "".join(f"{rest[at : at + width]}\n" for at in range(0, whole, width))
            rest = rest[whole:]
    if rest:
        yield f"{rest}\n"

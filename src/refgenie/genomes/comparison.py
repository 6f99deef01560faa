"""How two sequence collections relate, in words, in counts, and in the old bit flags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

IDENTICAL = "identical"
ORDER_DIFFERS = "order_differs"
OTHER_NAMES = "same_sequences_other_names"
SAME_COORDINATES = "same_coordinate_system"
A_IN_B = "a_subset_of_b"
B_IN_A = "b_subset_of_a"
A_IN_B_OTHER_NAMES = "a_subset_of_b_other_names"
B_IN_A_OTHER_NAMES = "b_subset_of_a_other_names"
OVERLAP = "overlap"
UNRELATED = "unrelated"

WORDS = {
    IDENTICAL: "A and B are identical",
    ORDER_DIFFERS: "A and B have the same sequences under the same names; the order differs",
    OTHER_NAMES: "A and B have the same sequences under other names",
    SAME_COORDINATES: "A and B have the same coordinate system (names and lengths), other sequences",
    A_IN_B: "A is a subset of B",
    B_IN_A: "B is a subset of A",
    A_IN_B_OTHER_NAMES: "A's sequences are a subset of B's, under other names",
    B_IN_A_OTHER_NAMES: "B's sequences are a subset of A's, under other names",
    OVERLAP: "A and B share some sequences",
    UNRELATED: "A and B are unrelated: they share no sequence",
}
"""Readings, the closest relation first."""


class Flags(IntFlag):
    """Compatibility flags of `refgenie compare` before sequence collections were a standard.

    ``ALL_A_IN_B``: every value of A occurs in B; ``ANY_SHARED``: at least one does;
    ``CONTENT_A_ORDER``: A's shared sequences stand in B in A's order, ``CONTENT_B_ORDER`` the
    other way round. Content means sequences. The values are those of refgenie 0.12.
    """

    CONTENT_ALL_A_IN_B = 1 << 0
    CONTENT_ALL_B_IN_A = 1 << 1
    LENGTHS_ALL_A_IN_B = 1 << 2
    LENGTHS_ALL_B_IN_A = 1 << 3
    NAMES_ALL_A_IN_B = 1 << 4
    NAMES_ALL_B_IN_A = 1 << 5
    CONTENT_A_ORDER = 1 << 6
    CONTENT_B_ORDER = 1 << 7
    CONTENT_ANY_SHARED = 1 << 8
    LENGTHS_ANY_SHARED = 1 << 9
    NAMES_ANY_SHARED = 1 << 10


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison.

    Attributes:
        given: What the user wrote.
        digest: Its sequence collection digest.
        level2: ``names``, ``lengths`` and ``sequences`` as lists.
    """

    given: str
    digest: str
    level2: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Names of the sequences, in order."""
        return list(self.level2["names"])

    @property
    def lengths(self) -> list[int]:
        """Lengths in residues."""
        return list(self.level2["lengths"])

    @property
    def sequences(self) -> list[str]:
        """Digests of the sequences."""
        return list(self.level2["sequences"])


@dataclass(frozen=True, slots=True)
class Comparison:
    """How collection A relates to B.

    Attributes:
        reading: One of the keys of WORDS.
        words: The same for people.
        a_count: Sequences of A.
        b_count: Sequences of B.
        shared_sequences: Sequences in both, under whatever name.
        shared_names: Names in both.
        shared_named_sequences: Sequences that are in both under the same name.
        names_only_in_a: Names, in A's order.
        names_only_in_b: Names, in B's order.
        flags: The old bit flags.
        document: The seqcol standard's comparison document.
    """

    a: str
    b: str
    a_digest: str
    b_digest: str
    reading: str
    words: str
    a_count: int
    b_count: int
    shared_sequences: int
    shared_names: int
    shared_named_sequences: int
    names_only_in_a: tuple[str, ...]
    names_only_in_b: tuple[str, ...]
    flags: Flags
    document: dict[str, Any]


def compare(a: Operand, b: Operand) -> Comparison:
    """Compare two collections."""
    from refgenie.sequences.seqcol import compare_level2

    reading = read(a, b)
    names_a, names_b = set(a.names), set(b.names)
    return Comparison(
        a=a.given,
        b=b.given,
        a_digest=a.digest,
        b_digest=b.digest,
        reading=reading,
        words=WORDS[reading],
        a_count=len(a.names),
        b_count=len(b.names),
        shared_sequences=_shared(a.sequences, b.sequences),
        shared_names=len(names_a & names_b),
        shared_named_sequences=_shared(_named(a), _named(b)),
        names_only_in_a=tuple(name for name in a.names if name not in names_b),
        names_only_in_b=tuple(name for name in b.names if name not in names_a),
        flags=flags_of(a, b),
        document=compare_level2(a.level2, b.level2, digests=(a.digest, b.digest)),
    )


def read(a: Operand, b: Operand) -> str:
    """The closest relation that holds between two collections, a key of WORDS."""
    named_a, named_b = Counter(_named(a)), Counter(_named(b))
    bare_a, bare_b = Counter(a.sequences), Counter(b.sequences)
    if _named(a) == _named(b):
        return IDENTICAL
    if named_a == named_b:
        return ORDER_DIFFERS
    if bare_a == bare_b:
        return OTHER_NAMES
    if Counter(_placed(a)) == Counter(_placed(b)):
        return SAME_COORDINATES
    if not bare_a & bare_b:
        return UNRELATED
    for small, large, reading in (
        (named_a, named_b, A_IN_B),
        (named_b, named_a, B_IN_A),
        (bare_a, bare_b, A_IN_B_OTHER_NAMES),
        (bare_b, bare_a, B_IN_A_OTHER_NAMES),
    ):
        if small <= large:
            return reading
    return OVERLAP


def flags_of(a: Operand, b: Operand) -> Flags:
    """The old bit flags."""
    found = Flags(0)
    for what, of_a, of_b in (
        ("CONTENT", a.sequences, b.sequences),
        ("LENGTHS", a.lengths, b.lengths),
        ("NAMES", a.names, b.names),
    ):
        set_a: set[Hashable] = set(of_a)
        set_b: set[Hashable] = set(of_b)
        if set_a <= set_b:
            found |= Flags[f"{what}_ALL_A_IN_B"]
        if set_b <= set_a:
            found |= Flags[f"{what}_ALL_B_IN_A"]
        if set_a & set_b:
            found |= Flags[f"{what}_ANY_SHARED"]
    if Flags.CONTENT_ANY_SHARED in found:
        found |= Flags.CONTENT_A_ORDER if _in_order(a.sequences, b.sequences) else Flags(0)
        found |= Flags.CONTENT_B_ORDER if _in_order(b.sequences, a.sequences) else Flags(0)
    return found


def _named(side: Operand) -> list[tuple[str, str]]:
    return list(zip(side.names, side.sequences, strict=True))


def _placed(side: Operand) -> list[tuple[str, int]]:
    return list(zip(side.names, side.lengths, strict=True))


def _shared(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    return (Counter(a) & Counter(b)).total()


def _in_order(walked: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the shared values, walked in one list's order, first occur in the other ever later."""
    places: dict[str, int] = {}
    for place, value in enumerate(other):
        places.setdefault(value, place)
    found = [places[value] for value in walked if value in places]
    return found == sorted(found)

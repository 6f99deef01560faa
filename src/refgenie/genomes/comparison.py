"""How two sequence collections relate, in words, in counts, and in the old bit flags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from refgenie.sequences.seqcol import Overlap, compare_level2, overlaps, shared_count

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
    def names(self) -> Sequence[str]:
        """Names of the sequences, in order."""
        names: list[str] = self.level2["names"]
        return names

    @property
    def lengths(self) -> Sequence[int]:
        """Lengths in residues."""
        lengths: list[int] = self.level2["lengths"]
        return lengths

    @property
    def sequences(self) -> Sequence[str]:
        """Digests of the sequences."""
        sequences: list[str] = self.level2["sequences"]
        return sequences


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
    """Compare two collections, in time proportional to their sequences."""
    found = overlaps(a.level2, b.level2)
    names, sequences = found["names"], found["sequences"]
    shared_named = shared_count(_named(a), _named(b))
    reading = read(a, b, sequences.total, shared_named)
    return Comparison(
        a=a.given,
        b=b.given,
        a_digest=a.digest,
        b_digest=b.digest,
        reading=reading,
        words=WORDS[reading],
        a_count=len(a.names),
        b_count=len(b.names),
        shared_sequences=sequences.total,
        shared_names=len(names.both),
        shared_named_sequences=shared_named,
        names_only_in_a=tuple(name for name in a.names if name not in names.b),
        names_only_in_b=tuple(name for name in b.names if name not in names.a),
        flags=flags_of(a, b, found),
        document=compare_level2(a.level2, b.level2, digests=(a.digest, b.digest), found=found),
    )


def read(a: Operand, b: Operand, shared: int, shared_named: int) -> str:
    """The closest relation that holds between two collections, a key of WORDS.

    Args:
        a: One collection.
        b: The other one.
        shared: Sequences in both, each as often as it is in both.
        shared_named: The same of sequences with their names.
    """
    if a.names == b.names and a.sequences == b.sequences:
        return IDENTICAL
    size_a, size_b = len(a.names), len(b.names)
    if shared_named == size_a == size_b:
        return ORDER_DIFFERS
    if shared == size_a == size_b:
        return OTHER_NAMES
    if size_a == size_b and _placed(a) == _placed(b):
        return SAME_COORDINATES
    if not shared:
        return UNRELATED
    for found, size, reading in (
        (shared_named, size_a, A_IN_B),
        (shared_named, size_b, B_IN_A),
        (shared, size_a, A_IN_B_OTHER_NAMES),
        (shared, size_b, B_IN_A_OTHER_NAMES),
    ):
        if found == size:
            return reading
    return OVERLAP


def flags_of(a: Operand, b: Operand, found: Mapping[str, Overlap]) -> Flags:
    """The old bit flags, from the overlaps of the arrays."""
    flags = Flags(0)
    for what, attribute in (("CONTENT", "sequences"), ("LENGTHS", "lengths"), ("NAMES", "names")):
        overlap = found[attribute]
        if len(overlap.both) == len(overlap.a):
            flags |= Flags[f"{what}_ALL_A_IN_B"]
        if len(overlap.both) == len(overlap.b):
            flags |= Flags[f"{what}_ALL_B_IN_A"]
        if overlap.both:
            flags |= Flags[f"{what}_ANY_SHARED"]
    if Flags.CONTENT_ANY_SHARED in flags:
        # Where nothing is there twice, it need not be walked.
        same = found["sequences"].same_order and len(found["sequences"].a) == len(a.sequences)
        flags |= Flags.CONTENT_A_ORDER if same or _in_order(a.sequences, b.sequences) else Flags(0)
        flags |= Flags.CONTENT_B_ORDER if same or _in_order(b.sequences, a.sequences) else Flags(0)
    return flags


def _named(side: Operand) -> Counter[str]:
    return Counter(_joined(side.names, side.sequences))


def _placed(side: Operand) -> Counter[str]:
    return Counter(_joined(side.names, side.lengths))


def _joined(names: Sequence[str], values: Sequence[object]) -> Iterator[str]:
    """Names with what belongs to them, each pair as one text: cheaper by far than tuples."""
    return (f"{len(name)} {name}{value}" for name, value in zip(names, values, strict=True))


def _in_order(walked: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the shared values, walked in one list's order, first occur in the other ever later."""
    # The first place of a value is the last one that is put in.
    places = dict(zip(reversed(other), range(len(other) - 1, -1, -1), strict=True))
    found = [places[value] for value in walked if value in places]
    return found == sorted(found)

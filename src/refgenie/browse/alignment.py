"""Which sequences two genomes share, sequence by sequence; the rows behind a comparison."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from refgenie.sequences.model import SequenceInfo

State = Literal["same", "renamed", "other_sequence", "only_a", "only_b"]
STATES: tuple[State, ...] = ("same", "renamed", "other_sequence", "only_a", "only_b")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sequence of A, of B, or of both.

    Attributes:
        state: ``same`` (name and residues), ``renamed`` (residues), ``other_sequence`` (the name
            alone), ``only_a``, ``only_b``.
        moved: Shared, but in another place relative to the others.
        a: In A, None where it is not.
        b: In B.
        a_place: Index in A's order, from 0.
        b_place: Index in B's order.
    """

    state: State
    moved: bool
    a: SequenceInfo | None
    b: SequenceInfo | None
    a_place: int | None
    b_place: int | None


@dataclass(frozen=True, slots=True)
class Alignment:
    """All pairs in A's order, then what only B has, and how many of each state there are."""

    pairs: tuple[Pair, ...]
    counts: dict[State, int]
    moved: int


def align(a: Sequence[SequenceInfo], b: Sequence[SequenceInfo]) -> Alignment:
    """Pair the sequences of two genomes: by name and residues, then by residues, then by name."""
    partners = _partners(a, b)
    shared = [place for place, (_, state) in sorted(partners.items()) if state != "other_sequence"]
    kept = _longest_increasing([partners[place][0] for place in shared])
    pairs = []
    for place, entry in enumerate(a):
        if place not in partners:
            pairs.append(Pair("only_a", False, entry, None, place, None))
            continue
        other, state = partners[place]
        moved = state != "other_sequence" and other not in kept
        pairs.append(Pair(state, moved, entry, b[other], place, other))
    taken = {other for other, _ in partners.values()}
    pairs += [
        Pair("only_b", False, None, entry, None, place) for place, entry in enumerate(b) if place not in taken
    ]
    counts = Counter(pair.state for pair in pairs)
    return Alignment(
        tuple(pairs), {state: counts[state] for state in STATES}, sum(pair.moved for pair in pairs)
    )


def _partners(a: Sequence[SequenceInfo], b: Sequence[SequenceInfo]) -> dict[int, tuple[int, State]]:
    """Place in A to place in B, and what they have in common."""
    names = {entry.name: place for place, entry in enumerate(b)}
    found: dict[int, tuple[int, State]] = {}
    for place, entry in enumerate(a):
        other = names.get(entry.name)
        if other is not None and b[other].digest == entry.digest:
            found[place] = (other, "same")
    taken = {other for other, _ in found.values()}
    waiting: dict[str, list[int]] = defaultdict(list)
    for other in range(len(b) - 1, -1, -1):
        if other not in taken:
            waiting[b[other].digest].append(other)
    for place, entry in enumerate(a):
        if place not in found and waiting.get(entry.digest):
            found[place] = (waiting[entry.digest].pop(), "renamed")
    taken = {other for other, _ in found.values()}
    for place, entry in enumerate(a):
        other = names.get(entry.name)
        if place not in found and other is not None and other not in taken:
            found[place] = (other, "other_sequence")
    return found


def _longest_increasing(values: list[int]) -> set[int]:
    """The values of a longest increasing subsequence (patience sorting); the rest is out of order."""
    tails: list[int] = []
    places: list[int] = []
    before: list[int | None] = []
    for place, value in enumerate(values):
        at = bisect_left(tails, value)
        before.append(places[at - 1] if at else None)
        tails[at : at + 1] = [value]
        places[at : at + 1] = [place]
    kept: set[int] = set()
    step = places[-1] if places else None
    while step is not None:
        kept.add(values[step])
        step = before[step]
    return kept

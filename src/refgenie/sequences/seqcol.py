"""The GA4GH sequence collections standard: digests of collections, and how two compare.

Source of the rules: GA4GH Sequence Collections 1.0 (digests of level 1 and 0, RFC 8785 canonical
JSON, and the comparison function).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from refgenie.errors import InvalidInputError

ARRAYS = ("lengths", "names", "sequences")
"""Attributes that every collection has."""
INHERENT = ("names", "sequences")
"""Attributes that a collection's digest depends on (the standard's schema)."""


def sha512t24u(content: bytes) -> str:
    """GA4GH truncated digest: the first 24 bytes of SHA-512 in URL-safe base 64."""
    return base64.urlsafe_b64encode(hashlib.sha512(content).digest()[:24]).decode()


def canonical(value: object) -> bytes:
    """RFC 8785 canonical JSON; enough for lists and objects of texts and whole numbers."""
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    ).encode()


def are_lengths(values: Sequence[object]) -> bool:
    """Whether these are lengths: whole numbers from 0, whose sum fits into 64 bits as registries keep it."""
    total = 0
    for value in values:
        if type(value) is not int or value < 0:  # bool is an int, too
            return False
        total += value
    return total < 1 << 63


def level1_of(level2: dict[str, Any]) -> dict[str, str]:
    """Digests of the attributes that every collection has."""
    missing = [name for name in ARRAYS if not isinstance(level2.get(name), list)]
    if missing:
        raise InvalidInputError(f"the sequence collection has no {' and no '.join(missing)}")
    return {name: sha512t24u(canonical(level2[name])) for name in ARRAYS}


def collection_digest(level1: dict[str, str]) -> str:
    """The collection's own digest (level 0) from its level-1 digests."""
    return sha512t24u(canonical({name: level1[name] for name in INHERENT}))


def digest_of_level2(level2: dict[str, Any]) -> str:
    """The collection's own digest (level 0) from its arrays."""
    return collection_digest(level1_of(level2))


def name_length_pairs(level2: dict[str, Any]) -> list[dict[str, Any]]:
    """The attribute ``name_length_pairs`` in the collection's order."""
    return [
        {"length": length, "name": name}
        for name, length in zip(level2["names"], level2["lengths"], strict=True)
    ]


def ancillary_of(level2: dict[str, Any]) -> dict[str, str]:
    """Digests of the attributes that follow from the inherent ones."""
    pairs = name_length_pairs(level2)
    each = sorted(sha512t24u(canonical(pair)) for pair in pairs)
    return {
        "name_length_pairs": sha512t24u(canonical(pairs)),
        "sorted_name_length_pairs": sha512t24u(canonical(each)),
        "sorted_sequences": sha512t24u(canonical(sorted(level2["sequences"]))),
    }


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two arrays have in common.

    Attributes:
        a: The elements of one array and how often each is in it.
        b: The same of the other one.
        both: Elements of both arrays.
        total: How many elements they share, each as often as it is in both.
        same_order: Whether these stand in the same order; None where that is not defined, because
            fewer than two are shared or one is there more often on one side.
    """

    a: Counter[Any]
    b: Counter[Any]
    both: set[Any]
    total: int
    same_order: bool | None


def overlaps(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Overlap]:
    """The overlap of every array that two collections (level 2) both have."""
    return {name: _overlap(a[name], b[name]) for name in sorted(_arrays(a) & _arrays(b))}


def compare_level2(
    a: dict[str, Any],
    b: dict[str, Any],
    *,
    digests: tuple[str | None, str | None] | None = None,
    order_of_one: bool | None = None,
    found: Mapping[str, Overlap] | None = None,
) -> dict[str, Any]:
    """The comparison document of two collections, given as their level-2 arrays.

    Args:
        a: Attribute names to arrays.
        b: The same of the other collection.
        digests: What the document names them by; computed where not given.
        order_of_one: The order where one element is shared: None in the standard, True in refget's
            compliance checks.
        found: Their overlaps, where they are known.

    Returns:
        ``digests``, ``attributes`` (``a_only``, ``b_only``, ``a_and_b``) and ``array_elements``
        (``a_count``, ``b_count``, ``a_and_b_count``, ``a_and_b_same_order``; the order is None
        where nothing is shared, or what is shared is there more often on one side).
    """
    known, other = _arrays(a), _arrays(b)
    names = digests or (digest_of_level2(a), digest_of_level2(b))
    compared = found if found is not None else overlaps(a, b)
    return {
        "digests": {"a": names[0], "b": names[1]},
        "attributes": {
            "a_only": sorted(known - other),
            "b_only": sorted(other - known),
            "a_and_b": sorted(compared),
        },
        "array_elements": {
            "a_count": {name: len(a[name]) for name in sorted(known)},
            "b_count": {name: len(b[name]) for name in sorted(other)},
            "a_and_b_count": {name: overlap.total for name, overlap in compared.items()},
            "a_and_b_same_order": {
                name: order_of_one
                if overlap.total == 1 and not _is_unbalanced(overlap)
                else overlap.same_order
                for name, overlap in compared.items()
            },
        },
    }


def shared_count(a: Counter[Any], b: Counter[Any]) -> int:
    """How many elements two arrays share, each as often as it is in both."""
    return _total(a, b, a.keys() & b.keys())


def _arrays(level2: dict[str, Any]) -> set[str]:
    return {name for name, value in level2.items() if isinstance(value, list)}


def _total(a: Counter[Any], b: Counter[Any], both: set[Any]) -> int:
    if _is_distinct(a) or _is_distinct(b):
        return len(both)
    return sum(min(a[item], b[item]) for item in both)


def _is_distinct(counts: Counter[Any]) -> bool:
    return counts.total() == len(counts)


def _is_unbalanced(overlap: Overlap) -> bool:
    """Whether an element is in both arrays, and more often in one of them."""
    if _is_distinct(overlap.a) and _is_distinct(overlap.b):
        return False
    return any(overlap.a[item] != overlap.b[item] for item in overlap.both)


def _overlap(a: Sequence[Any], b: Sequence[Any]) -> Overlap:
    left, right = _hashable(a), _hashable(b)
    count_a, count_b = Counter(left), Counter(right)
    both = count_a.keys() & count_b.keys()
    found = Overlap(count_a, count_b, both, _total(count_a, count_b, both), None)
    if found.total < 2 or _is_unbalanced(found):
        return found
    return replace(found, same_order=_shared(left, both) == _shared(right, both))


def _shared(items: Sequence[Hashable], both: set[Any]) -> list[Hashable]:
    return [item for item in items if item in both]


def _hashable(items: Sequence[Any]) -> Sequence[Hashable]:
    if set(map(type, items)) <= {str, int}:
        return items
    return [item if isinstance(item, str | int) else canonical(item) for item in items]

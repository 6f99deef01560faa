"""The GA4GH sequence collections standard: digests of collections, and how two compare.

Source of the rules: GA4GH Sequence Collections 1.0 (digests of level 1 and 0, RFC 8785 canonical
JSON, and the comparison function).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Sequence
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


def compare_level2(
    a: dict[str, Any],
    b: dict[str, Any],
    *,
    digests: tuple[str | None, str | None] | None = None,
    order_of_one: bool | None = None,
) -> dict[str, Any]:
    """The comparison document of two collections, given as their level-2 arrays.

    Args:
        a: Attribute names to arrays.
        b: The same of the other collection.
        digests: What the document names them by; computed where not given.
        order_of_one: The order where one element is shared: None in the standard, True in refget's
            compliance checks.

    Returns:
        ``digests``, ``attributes`` (``a_only``, ``b_only``, ``a_and_b``) and ``array_elements``
        (``a_count``, ``b_count``, ``a_and_b_count``, ``a_and_b_same_order``; the order is None
        where nothing is shared, or what is shared is there more often on one side).
    """
    known = {name for name, value in a.items() if isinstance(value, list)}
    other = {name for name, value in b.items() if isinstance(value, list)}
    both = sorted(known & other)
    names = digests or (digest_of_level2(a), digest_of_level2(b))
    compared = {name: _compare_arrays(a[name], b[name], order_of_one) for name in both}
    return {
        "digests": {"a": names[0], "b": names[1]},
        "attributes": {
            "a_only": sorted(known - other),
            "b_only": sorted(other - known),
            "a_and_b": both,
        },
        "array_elements": {
            "a_count": {name: len(a[name]) for name in sorted(known)},
            "b_count": {name: len(b[name]) for name in sorted(other)},
            "a_and_b_count": {name: compared[name][0] for name in both},
            "a_and_b_same_order": {name: compared[name][1] for name in both},
        },
    }


def _compare_arrays(a: Sequence[Any], b: Sequence[Any], order_of_one: bool | None) -> tuple[int, bool | None]:
    left, right = [_hashable(item) for item in a], [_hashable(item) for item in b]
    count_a, count_b = Counter(left), Counter(right)
    shared = count_a & count_b
    total = shared.total()
    unbalanced = any(count_a[item] != count_b[item] for item in shared)
    if total == 0 or unbalanced:
        return total, None
    if total == 1:
        return total, order_of_one
    same = [item for item in left if item in shared] == [item for item in right if item in shared]
    return total, same


def _hashable(item: Any) -> Hashable:
    return item if isinstance(item, str | int) else canonical(item)

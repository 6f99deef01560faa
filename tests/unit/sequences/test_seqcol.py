"""The seqcol standard's digests and comparison, against the engine's and by the standard's rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gtars.refget import RefgetStore
from hypothesis import given
from hypothesis import strategies as st

from refgenie.errors import InvalidInputError
from refgenie.sequences import LocalMode, compare_level2
from refgenie.sequences.seqcol import ancillary_of, digest_of_level2, level1_of
from support.sequences import MIXED, SMALL, sequence_digest, write_fasta


def collection(*entries: tuple[str, int, str]) -> dict[str, Any]:
    return {
        "names": [name for name, _, _ in entries],
        "lengths": [length for _, length, _ in entries],
        "sequences": [f"SQ.{sequence}" for _, _, sequence in entries],
    }


A, B, C = ("a", 1, "x"), ("b", 2, "y"), ("c", 3, "z")


@pytest.mark.parametrize("text", [SMALL, MIXED], ids=["small", "mixed"])
def test_digests_are_the_engines(mode: LocalMode, tmp_path: Path, text: str) -> None:
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", text)).collection.digest
    level2 = mode.level2(digest)
    assert level1_of(level2) | ancillary_of(level2) == mode.level1(digest)


def test_digests_of_the_demonstration_genome() -> None:
    """The small genome (base.fa) with which implementations of the standard are compared."""
    level2 = collection(
        ("chrX", 8, sequence_digest("TTGGGGAA")),
        ("chr1", 4, sequence_digest("GGAA")),
        ("chr2", 4, sequence_digest("GCGC")),
    )
    assert level1_of(level2) == {
        "lengths": "cGRMZIb3AVgkcAfNv39RN7hnT5Chk7RX",
        "names": "Fw1r9eRxfOZD98KKrhlYQNEdSRHoVxAG",
        "sequences": "0uDQVLuHaOZi1u76LjV__yrVUIz9Bwhr",
    }
    assert digest_of_level2(level2) == "XZlrcEGi6mlopZ2uD8ObHkQB1d0oDwKk"


def test_the_same_collection() -> None:
    document = compare_level2(collection(A, B), collection(A, B))
    assert document["digests"]["a"] == document["digests"]["b"] == digest_of_level2(collection(A, B))
    assert document["attributes"] == {
        "a_only": [],
        "b_only": [],
        "a_and_b": ["lengths", "names", "sequences"],
    }
    assert document["array_elements"] == {
        "a_count": {"lengths": 2, "names": 2, "sequences": 2},
        "b_count": {"lengths": 2, "names": 2, "sequences": 2},
        "a_and_b_count": {"lengths": 2, "names": 2, "sequences": 2},
        "a_and_b_same_order": {"lengths": True, "names": True, "sequences": True},
    }


def test_another_order() -> None:
    found = compare_level2(collection(A, B, C), collection(C, A, B))["array_elements"]
    assert found["a_and_b_same_order"] == dict.fromkeys(("lengths", "names", "sequences"), False)
    assert found["a_and_b_count"]["names"] == 3


def test_a_subset_in_the_same_order() -> None:
    found = compare_level2(collection(A, B, C), collection(A, C))["array_elements"]
    assert found["a_and_b_same_order"]["sequences"] is True
    assert (found["a_count"]["names"], found["b_count"]["names"]) == (3, 2)


def test_the_order_is_undefined_where_too_little_is_shared_or_duplicates_differ() -> None:
    one = compare_level2(collection(A, B), collection(A, C))["array_elements"]
    assert one["a_and_b_count"]["names"] == 1
    assert one["a_and_b_same_order"]["names"] is None
    as_refget = compare_level2(collection(A, B), collection(A, C), order_of_one=True)
    assert as_refget["array_elements"]["a_and_b_same_order"]["names"] is True
    none = compare_level2(collection(A), collection(B))["array_elements"]
    assert none["a_and_b_same_order"]["names"] is None
    unbalanced = compare_level2(collection(A, B, ("a2", 1, "x")), collection(A, B))["array_elements"]
    assert unbalanced["a_and_b_count"]["lengths"] == 2
    assert unbalanced["a_and_b_same_order"]["lengths"] is None
    balanced = compare_level2(collection(A, B, ("a2", 1, "x")), collection(B, A, ("a2", 1, "x")))[
        "array_elements"
    ]
    assert balanced["a_and_b_same_order"]["lengths"] is False


def test_attributes_of_one_side() -> None:
    extra = {**collection(A), "masks": ["m"]}
    document = compare_level2(extra, collection(A), digests=("first", None))
    assert document["attributes"]["a_only"] == ["masks"]
    assert "masks" not in document["array_elements"]["b_count"]
    assert document["array_elements"]["a_count"]["masks"] == 1
    assert document["digests"] == {"a": "first", "b": None}


entries = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(1, 9)), min_size=2, max_size=6, unique_by=lambda e: e[0]
)


@given(entries, entries)
def test_comparison_is_symmetric(left: list[tuple[str, int]], right: list[tuple[str, int]]) -> None:
    a = collection(*((name, length, f"{name}{length}") for name, length in left))
    b = collection(*((name, length, f"{name}{length}") for name, length in right))
    there, back = compare_level2(a, b), compare_level2(b, a)
    for key in ("a_and_b_count", "a_and_b_same_order"):
        assert there["array_elements"][key] == back["array_elements"][key]
    assert there["array_elements"]["a_count"] == back["array_elements"]["b_count"]


def test_comparison_is_the_engines_where_it_is_defined(mode: LocalMode, tmp_path: Path) -> None:
    first = mode.import_fasta(write_fasta(tmp_path / "a.fa", SMALL)).collection.digest
    other = SMALL.replace(">chr2\n", ">chrU\n") + ">chr2 more\nACGTTTT\n"
    second = mode.import_fasta(write_fasta(tmp_path / "b.fa", other)).collection.digest
    store = RefgetStore.open_local(str(mode.store_path))
    store.set_quiet(True)
    store.load_all_collections()
    theirs = store.compare(first, second)["array_elements"]
    ours = compare_level2(mode.level2(first), mode.level2(second), order_of_one=True)["array_elements"]
    for key, values in ours.items():
        assert values == {name: theirs[key][name] for name in values}


@pytest.mark.parametrize("bad", [{}, {"names": ["a"]}, {"names": "a", "lengths": [], "sequences": []}])
def test_what_is_no_collection_has_no_digest(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        digest_of_level2(bad)

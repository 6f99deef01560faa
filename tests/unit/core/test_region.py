"""Regions as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refgenie.core.region import Region, parse_region, read_bed
from refgenie.errors import InvalidInputError, NotFoundError

HLA = "HLA-DRB1*15:01:01:01"
NAMES = {"chr1", HLA, "HLA-DRB1*15:01:01", "gi|9626243|ref|NC_001416.1|", "a:5-9"}


def parse(text: str, *, one_based: bool = False) -> Region:
    return parse_region(text, NAMES.__contains__, one_based=one_based)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chr1", Region("chr1")),
        ("chr1:0-1000", Region("chr1", 0, 1000)),
        ("chr1:50000", Region("chr1", 50000)),
        ("chr1:50000-", Region("chr1", 50000)),
        ("chr1:1,000-2,000,000", Region("chr1", 1000, 2_000_000)),
        ("gi|9626243|ref|NC_001416.1|:0-60", Region("gi|9626243|ref|NC_001416.1|", 0, 60)),
        (HLA, Region(HLA)),
        (f"{HLA}:3-9", Region(HLA, 3, 9)),
        ("HLA-DRB1*15:01:01:7", Region("HLA-DRB1*15:01:01", 7)),
        ("a:5-9", Region("a:5-9")),
        ("a:5-9:1-2", Region("a:5-9", 1, 2)),
    ],
)
def test_reads_zero_based_half_open_regions(text: str, expected: Region) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chr1:1-60", Region("chr1", 0, 60)),
        ("chr1:5-5", Region("chr1", 4, 5)),
        ("chr1:50000", Region("chr1", 49_999)),
        ("chr1", Region("chr1")),
    ],
)
def test_reads_one_based_closed_regions(text: str, expected: Region) -> None:
    assert parse(text, one_based=True) == expected


@pytest.mark.parametrize(
    "text",
    [
        "chr1:",
        "chr1:a-b",
        "chr1:-5",
        "chr1:5-3",
        "chr1:1,00-2000",
        "chr1:0 - 5",
        "chr1:١-٢",
        "chr1:" + "9" * 40,
    ],
)
def test_refuses_what_is_no_range(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse(text)


@pytest.mark.parametrize("text", ["chr1:0-5", "chr1:5-4", "chr1:0"])
def test_refuses_one_based_regions_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse(text, one_based=True)


@pytest.mark.parametrize(
    ("text", "named"), [("chrX:0-10", "chrX"), ("chrX", "chrX"), ("x:y", "x:y"), (":0-5", ":0-5")]
)
def test_names_the_sequence_that_is_not_there(text: str, named: str) -> None:
    with pytest.raises(NotFoundError, match=f"'{named}'"):
        parse(text)


@pytest.mark.parametrize(
    "region", [Region("s", 0, 11), Region("s", 11), Region("s", 10), Region("s", 10, 10)]
)
def test_out_of_range_tells_the_length(region: Region) -> None:
    with pytest.raises(InvalidInputError, match="10 residues"):
        region.within(10)


def test_the_whole_of_an_empty_sequence_is_in_range() -> None:
    assert Region("s").within(0) == (0, 0)


@given(
    name=st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1),
    start=st.integers(0, 10**12),
    length=st.integers(0, 10**9),
    commas=st.booleans(),
    one_based=st.booleans(),
)
def test_what_is_written_is_read_back(
    name: str, start: int, length: int, commas: bool, one_based: bool
) -> None:
    end = start + max(length, 1)
    shown = (lambda number: f"{number:,}") if commas else str
    text = f"{name}:{shown(start + one_based)}-{shown(end)}"
    assert parse_region(text, lambda asked: asked == name, one_based=one_based) == Region(name, start, end)


@given(sequence=st.text("ACGT", max_size=50), start=st.integers(0, 60), end=st.none() | st.integers(0, 60))
def test_a_region_within_a_sequence_is_pythons_slice(sequence: str, start: int, end: int | None) -> None:
    region = Region("s", start, end)
    try:
        first, last = region.within(len(sequence))
    except InvalidInputError:
        whole = start == 0 and end is None
        stop = len(sequence) if end is None else end
        assert start > stop or stop > len(sequence) or (start == len(sequence) and not whole)
    else:
        assert sequence[first:last] == sequence[start:end]
        assert 0 <= first <= last <= len(sequence)


def test_reads_bed() -> None:
    lines = [
        "track name=x\n",
        "browser position chr1\n",
        "# comment\n",
        "\n",
        "chr1\t0\t10\tname\t0\t+\n",
        "chr 2\t5\t6\r\n",
        "chr3 7 8\n",
    ]
    assert list(read_bed(lines, "a.bed")) == [
        Region("chr1", 0, 10),
        Region("chr 2", 5, 6),
        Region("chr3", 7, 8),
    ]


@pytest.mark.parametrize("line", ["chr1\t5", "chr1\t-1\t5", "chr1\t9\t5", "chr1\tx\t5", "chr1"])
def test_names_the_line_that_is_no_bed(line: str) -> None:
    with pytest.raises(InvalidInputError, match=r"a\.bed, line 2"):
        list(read_bed(["chr1\t0\t1\n", line], "a.bed"))

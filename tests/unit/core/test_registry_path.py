from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refgenie.core import names, seek
from refgenie.core.registry_path import REFERENCE, RegistryPath
from refgenie.errors import InvalidInputError

DIGEST = "-" + "a" * 31

genomes = st.from_regex(r"[A-Za-z0-9_~][A-Za-z0-9._~-]{0,20}", fullmatch=True) | st.just(DIGEST)
groups = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,20}", fullmatch=True)
keys = st.none() | st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,10}[A-Za-z0-9_-])?", fullmatch=True)
assets = st.none() | st.from_regex(r"[A-Za-z0-9_~]([A-Za-z0-9._~-]{0,10}[A-Za-z0-9_~-])?", fullmatch=True)
paths = st.builds(RegistryPath, genomes, groups, keys, assets)


@given(paths)
def test_what_is_written_is_read_again(path: RegistryPath) -> None:
    assert RegistryPath.parse(str(path)) == path
    assert RegistryPath.parse(f"refgenie://{path}") == path


@given(paths)
def test_the_fast_reading_is_the_full_one(path: RegistryPath) -> None:
    assert seek.split_plain(str(path)) in {None, (path.genome, path.group, path.seek_key, path.asset)}


@given(st.text(max_size=40))
def test_the_fast_reading_takes_nothing_that_the_full_one_refuses(text: str) -> None:
    fast = seek.split_plain(text)
    if fast is None:
        return
    full = RegistryPath.parse(text)
    assert fast == (full.genome, full.group, full.seek_key, full.asset)


@given(paths, st.sampled_from(["", ".", ",", " and", ")", '"', "\n", ":", ". Then"]))
def test_a_reference_in_a_text_ends_where_the_path_ends(path: RegistryPath, after: str) -> None:
    found = REFERENCE.search(f"index: refgenie://{path}{after}")
    assert found is not None
    assert RegistryPath.parse(found["path"]) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("hg38/fasta", RegistryPath("hg38", "fasta")),
        ("hg38/fasta.fai", RegistryPath("hg38", "fasta", "fai")),
        ("hg38/bowtie2_index:2.5.0", RegistryPath("hg38", "bowtie2_index", None, "2.5.0")),
        ("hg38/a.b.c:d.e", RegistryPath("hg38", "a", "b.c", "d.e")),
        (f"{DIGEST}/fasta", RegistryPath(DIGEST, "fasta")),
    ],
)
def test_forms(text: str, path: RegistryPath) -> None:
    assert RegistryPath.parse(text) == path
    assert seek.split_plain(text) == (path.genome, path.group, path.seek_key, path.asset)


@pytest.mark.parametrize(
    "text",
    ["", "hg38", "hg38/", "/fasta", "hg38/fasta:", "hg38/fasta.", "hg38/fa sta", "../x/fasta", "hg38/fasta:../x",
     "hg38/fasta:a/b", "-x/fasta", "hg38/-fasta", "hg38/fasta:.x", "hg38/fasta\n", "hg38/fa$ta", "hg 38/fasta"],
)  # fmt: skip
def test_what_is_no_registry_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        RegistryPath.parse(text)
    assert seek.split_plain(text) is None


def test_an_alias_must_not_look_like_a_digest() -> None:
    with pytest.raises(InvalidInputError, match="digest"):
        names.check_alias("A" * 32)
    assert names.check_alias("A" * 31) == "A" * 31
    assert seek.looks_like_digest("A" * 32)
    assert not seek.looks_like_digest("A" * 31 + ".")


def test_names_have_a_greatest_length() -> None:
    with pytest.raises(InvalidInputError, match="longer"):
        names.check_asset_name("a" * 201)


def test_the_nearest_name_is_suggested() -> None:
    assert names.nearest("hg83", ["mm10", "hg38"]) == "hg38"
    assert names.nearest("zebrafish", ["mm10", "hg38"]) is None
    assert names.nearest("1", ["11", "chr1", "chr11"]) == "chr1"
    assert names.nearest("chrX", ["1", "X", "chr1_random"]) == "X"
    assert names.nearest("bwa", ["star_index", "bwameth_index", "bwa_index"]) == "bwa_index"
    assert names.nearest("", ["mm10"]) is None

"""FASTA files that are refused, each with the file, the line and the reason, and no trace."""

from __future__ import annotations

import bz2
import gzip
import lzma
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.sequences import LocalMode
from support.sequences import SMALL, local_mode, tree


@pytest.fixture
def mode(tmp_path: Path) -> LocalMode:
    return local_mode(tmp_path / "genomes")


GOOD = SMALL.encode()
REFUSED = {
    "empty": (b"", "is empty"),
    "no header": (b"ACGT\nACGT\n", "line 1: there is text before the first header"),
    "text first": (b"\n\nhello\n>chr1\nACGT\n", "line 3: there is text before the first header"),
    "comment first": (b"; old\n>chr1\nACGT\n", "line 1: there is text before"),
    "only header": (b">chr1\n", "line 1: the sequence 'chr1' has no residues"),
    "no residues": (b">a\nACGT\n>b\n\n>c\nACGT\n", "line 4: the sequence 'b' has no residues"),
    "twice": (b">a\nACGT\n>a other\nACGG\n", "line 3: there is a second sequence"),
    "no name": (b">a\nACGT\n> b\nACGG\n", "line 3: the header has no name"),
    "empty name": (b">\nACGT\n", "line 1: the header has no name"),
    "comment name": (b">#a\nACGT\n", "line 1: the name '#a' begins with '#'"),
    "tab": (b">a\tb\nACGT\n", "line 1: the header has a tab"),
    "control in header": (b">a \x01\nACGT\n", "line 1: the header has a tab or another control"),
    "header not text": (b">a \xff\xfe\nACGT\n", "line 1: the header is not UTF-8"),
    "space": (b">a\nACGT\nAC GT\n", "line 3: sequence 'a' has a space"),
    "digit": (b">a\nACGT\n>b\nACGT\nAC1T\n", "line 5: sequence 'b' has the character '1'"),
    "zero byte": (b">a\nACGT\nAC\0T\n", "line 3: sequence 'a' has the character"),
    "beyond ASCII": (b">a\nAC\xc3\xa9T\n", "line 2: sequence 'a' has the character"),
    "header inside": (b">a\nACGT>b\nAC\n", "line 2: sequence 'a' has a '>' inside a line"),
    "old Mac": (b">a\rACGT\r", "line 1: the header has a tab or another control"),
    "FASTQ": (b"@a\nACGT\n+\nIIII\n", "line 1: this is FASTQ"),
    "FASTQ inside": (b">a\nACGT\n+\nIIII\n", "line 3: this is FASTQ"),
    "HTML": (b"<!DOCTYPE html>\n<html></html>\n", "line 1: this is HTML"),
    "byte-order mark": (b"\xef\xbb\xbf" + GOOD, "byte-order mark"),
    "UTF-16": (SMALL.encode("utf-16"), "UTF-16"),
    "bzip2": (bz2.compress(GOOD), "bzip2"),
    "xz": (lzma.compress(GOOD), "xz"),
    "zstd": (b"\x28\xb5\x2f\xfd" + GOOD, "zstd"),
    "gzip of nothing": (gzip.compress(b""), "has no content"),
    "gzip of gzip": (gzip.compress(gzip.compress(GOOD)), "text before the first header"),
    "gzip of bzip2": (gzip.compress(bz2.compress(GOOD)), "bzip2"),
    "truncated gzip": (gzip.compress(GOOD)[:-9], "cut off"),
    "gzip with other bytes": (
        gzip.compress(GOOD)[:-20] + b"\xff" * 12 + gzip.compress(GOOD)[-8:],
        "the gzip file is",
    ),
    "gzip with a tail": (gzip.compress(GOOD) + b"hello world", "damaged"),
}


def check_refused(mode: LocalMode, fasta: Path, reason: str) -> None:
    before = tree(mode.store_path)
    with pytest.raises(InvalidInputError) as caught:
        mode.import_fasta(fasta)
    assert str(fasta) in caught.value.message
    assert reason in caught.value.message
    assert not list((mode.store_path.parent / ".work").glob("*"))
    assert tree(mode.store_path) == before
    with pytest.raises(InvalidInputError, match=r"."):
        mode.digest_fasta(fasta)


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_with_line_and_reason(mode: LocalMode, tmp_path: Path, name: str) -> None:
    mode.create_store()
    content, reason = REFUSED[name]
    fasta = tmp_path / "bad.fa"
    fasta.write_bytes(content)
    check_refused(mode, fasta, reason)


def test_a_bgzip_file_cut_at_a_block_is_refused(
    mode: LocalMode, tmp_path: Path, require_program: Callable[..., Path]
) -> None:
    require_program("bgzip")
    mode.create_store()
    plain = tmp_path / "plain.fa"
    plain.write_bytes(b">a\n" + b"ACGTTGCA\n" * 40_000)
    packed = subprocess.run(["bgzip", "-c", plain], stdout=subprocess.PIPE, check=True).stdout
    cut = tmp_path / "cut.fa.gz"
    cut.write_bytes(packed[:-28])
    check_refused(mode, cut, "the block that ends it is missing")


def test_a_fault_late_in_a_large_file_leaves_nothing(mode: LocalMode, tmp_path: Path) -> None:
    """The engine has begun by then; it is ended and what it wrote is gone."""
    mode.create_store()
    fasta = tmp_path / "late.fa"
    fasta.write_bytes(b">a\n" + b"ACGTTGCAACGT\n" * 400_000 + b">b\nAC!T\n")
    check_refused(mode, fasta, "line 400003: sequence 'b' has the character '!'")


def test_a_missing_file_and_a_folder(mode: LocalMode, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="none"):
        mode.import_fasta(tmp_path / "none.fa")
    with pytest.raises(InvalidInputError, match="folder"):
        mode.import_fasta(tmp_path)


@pytest.mark.parametrize("alias", ["../x", "/etc/x", "a\tb", "a\nb", "", ".x", "A" * 32])
def test_aliases_that_would_harm_the_store_are_refused(mode: LocalMode, tmp_path: Path, alias: str) -> None:
    mode.create_store()
    before = tree(tmp_path)
    with pytest.raises(InvalidInputError):
        mode.aliases.set_many({"good": "B" * 32, alias: "B" * 32})
    with pytest.raises(InvalidInputError):
        mode.aliases.set_many({"good": "no digest"})
    assert mode.aliases.list() == []
    after = {name: content for name, content in tree(tmp_path).items() if ".locks" not in name}
    assert after == {name: content for name, content in before.items() if ".locks" not in name}

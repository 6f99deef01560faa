"""Whether a file is recognised as the export of a collection, and as nothing else."""

from __future__ import annotations

import pytest

from refgenie.db.locks import FileLocks
from refgenie.sequences.export_check import is_export
from refgenie.sequences.local import LocalMode

TEXT = ">one first\n" + "ACGTN" * 30 + "\n>two\nacgtRYK\n>three last one\n" + "G" * 60 + "\n"


@pytest.fixture
def exported(folders, tmp_path):
    mode = LocalMode(folders, FileLocks(folders.locks))
    source = tmp_path / "in.fa"
    source.write_text(TEXT)
    digest = mode.import_fasta(source).collection.digest
    fasta, *_ = mode.export_fasta(digest, tmp_path / "out")
    return mode.files, digest, fasta


def test_an_export_is_one(exported):
    assert is_export(*exported)


def test_case_does_not_matter(exported):
    _, _, fasta = exported
    fasta.write_bytes(b"".join(line if line[:1] == b">" else line.lower() for line in fasta.open("rb")))
    assert is_export(*exported)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b"N", b"A", 1),
        lambda text: text.replace(b">two", b">owt"),
        lambda text: text.replace(b" first", b" fisrt"),
        lambda text: text[:-1],
        lambda text: text + b"A\n",
        lambda text: text[:-2] + b"\n\n",
        lambda text: b"",
    ],
    ids=["residue", "name", "description", "cut", "longer", "fewer", "empty"],
)
def test_anything_else_is_not(exported, change):
    _, _, fasta = exported
    before = fasta.read_bytes()
    fasta.write_bytes(change(before))
    assert fasta.read_bytes() != before
    assert not is_export(*exported)

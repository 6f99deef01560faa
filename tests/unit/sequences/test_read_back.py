"""What the engine stored is read back: right, with residues kept beside it, or refused; early or not."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gtars.refget import RefgetStore

from refgenie.core.progress import Advance
from refgenie.errors import DigestMismatchError
from refgenie.sequences import LocalMode, read_back
from refgenie.sequences.fasta_scan import FastaScan
from refgenie.sequences.fasta_source import open_fasta
from refgenie.sequences.read_back import ReadBack
from refgenie.sequences.store_files import StoreFiles
from refgenie.sequences.workers import Worker
from support.sequences import MIXED, read_fasta, sequence_digest, write_fasta

ALIKE = "".join(f">s{number}\n{'ACGT' * 10}{'A' * end}\n" for number, end in enumerate((1, 2, 3, 4, 1, 5)))
"""Sequences whose packed forms have the same size, and one that is there twice."""
INEXACT = {"rna", "iupac"}
SNPS = f">plain\n{'ACGT' * 10}\n>snps\n{('ACGT' * (1 << 14))[1:]}DU{('ACGTN' * 20 + 'DU') * 2000}\n"
"""Runs of rare residues in several of the pieces that are read at once, and across the end of one."""


@dataclass
class Told:
    """Progress that remembers what it was told."""

    total: int | None = None
    counts: list[int] = field(default_factory=list)

    @contextmanager
    def task(self, description: str, total: int | None = None) -> Iterator[Advance]:
        self.total = total
        yield self.counts.append


@dataclass
class Imported:
    """A FASTA file in a store of the engine, and what the pass over its text found."""

    files: StoreFiles
    digest: str
    scan: FastaScan
    spool: Path
    residues: dict[str, str]
    early: bool

    def stored(self, name: str) -> Path:
        """The packed form of a sequence."""
        return self.files.sequence(sequence_digest(self.residues[name]))

    def read_back(self, progress: Told) -> set[str]:
        """Names of the sequences that need their residues kept beside the packed form."""
        with ReadBack(self.files, self.scan, self.spool) as reading, Worker({"do": "digest"}) as engine:
            for _ in range(2):  # begins the second process, then gives it what is there
                reading.begin_early()
            sequences = self.files.sequences(self.digest)
            reading.begin_rest(engine, sequences)
            views = list(self.files.root.parent.glob("early-*"))
            assert bool(views) == self.early
            inexact = reading.finish(progress)
        return {entry.name for entry in sequences if entry.digest in inexact}


@pytest.fixture(params=[False, True], ids=["listed", "early"])
def imported(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Imported]:
    """Imports a text by the engine alone."""
    if request.param:
        for name in ("_SHARED", "_LONG", "_PAUSE"):
            monkeypatch.setattr(read_back, name, 0)

    def do(text: str) -> Imported:
        fasta = write_fasta(tmp_path / "in.fa", text)
        store = RefgetStore.on_disk(str(tmp_path / "store"))
        store.set_quiet(True)
        copy = tmp_path / "copy.fa"
        shutil.copy(fasta, copy)
        metadata, _ = store.add_sequence_collection_from_fasta(str(copy))
        scan = FastaScan(fasta, tmp_path / "spool")
        with open_fasta(fasta, lambda _count: None) as pieces:
            assert b"".join(scan.clean(pieces)) == text.encode()
        files = StoreFiles(tmp_path / "store")
        return Imported(files, metadata.digest, scan, tmp_path / "spool", read_fasta(text), request.param)

    return do


@pytest.mark.parametrize(
    ("text", "inexact"), [(MIXED, INEXACT), (ALIKE, set()), (SNPS, {"snps"})], ids=["mixed", "alike", "snps"]
)
def test_what_is_right_is_told_from_what_needs_more(
    imported: Callable[[str], Imported], text: str, inexact: set[str]
) -> None:
    progress = Told()
    assert imported(text).read_back(progress) == inexact
    assert sum(progress.counts) == progress.total == sum(map(len, set(read_fasta(text).values())))


@pytest.mark.parametrize(("text", "name"), [(MIXED, "dna"), (MIXED, "protein"), (ALIKE, "s3")])
def test_what_the_engine_stored_wrong_is_refused(
    imported: Callable[[str], Imported], text: str, name: str
) -> None:
    made = imported(text)
    stored = made.stored(name)
    content = bytearray(stored.read_bytes())
    content[0] ^= 0b1001_0000
    stored.write_bytes(content)
    with pytest.raises(DigestMismatchError, match="altered"):
        made.read_back(Told())


def test_a_genome_of_many_megabases(mode: LocalMode, tmp_path: Path) -> None:
    """Enough for a second process, which reads while the engine still imports."""
    chance = random.Random(8)
    block = "".join(chance.choices("ACGT", k=1 << 16))
    records = {f"chr{n}": (block[n:] + block[:n]) * (80 - n) for n in range(10)}
    records["same"] = records["chr3"]
    records["rare"] = records["chr5"][:-1] + "R"
    text = "".join(f">{name}\n{residues}\n" for name, residues in records.items())
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", text)).collection.digest
    with mode.open(digest) as reader:
        for name, residues in records.items():
            assert reader.fetch(name, len(residues) - 70_000) == residues[-70_000:]
    assert mode.verify(digest) == []

"""Export as FASTA, and the console script that recipes call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from refgenie.errors import NotFoundError
from refgenie.sequences import LocalMode, SequenceInfo
from refgenie.sequences import export as export_module
from refgenie.sequences.build_fasta import main
from support.sequences import MIXED, SMALL, read_fasta, write_fasta

LENGTHS = (
    ">one\nA\n>fifty-nine\n" + "C" * 59 + "\n>sixty\n" + "G" * 60 + "\n>sixty-one with text\n"
    + "Tacg" * 15 + "t\n>many\n" + "ACGTNacgtn" * 20_000 + "\n"
)  # fmt: skip


@pytest.fixture
def imported(mode: LocalMode, tmp_path: Path) -> Callable[[str], str]:
    def do(text: str) -> str:
        return mode.import_fasta(write_fasta(tmp_path / "in.fa", text)).collection.digest

    return do


@pytest.mark.parametrize("text", [SMALL, MIXED, LENGTHS], ids=["small", "mixed", "lengths"])
@pytest.mark.parametrize("shared", [False, True], ids=["one process", "two processes"])
def test_the_files_are_what_samtools_makes_of_the_import(
    mode: LocalMode,
    imported: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    require_program: Callable[..., Path],
    text: str,
    shared: bool,
) -> None:
    if shared:
        monkeypatch.setattr(export_module, "_SHARED", 0)
    digest = imported(text)
    fasta, index, sizes = mode.export_fasta(digest, tmp_path / "out")

    assert [path.name for path in (fasta, index, sizes)] == [
        f"{digest}.fa",
        f"{digest}.fa.fai",
        f"{digest}.chrom.sizes",
    ]
    lines = fasta.read_text().splitlines()
    headers = [line for line in text.splitlines() if line.startswith(">")]
    assert [line for line in lines if line.startswith(">")] == headers
    assert read_fasta(fasta.read_text()) == read_fasta(text)
    samtools = require_program("samtools")
    again = tmp_path / "again.fa"
    again.write_bytes(fasta.read_bytes())
    subprocess.run([samtools, "faidx", again], check=True)
    assert index.read_bytes() == Path(f"{again}.fai").read_bytes()
    whole = subprocess.run(
        [samtools, "faidx", "-n", "60", again, *read_fasta(text)], check=True, capture_output=True
    ).stdout.decode()
    assert [line for line in whole.splitlines() if line[0] != ">"] == [
        line for line in lines if line[0] != ">"
    ]
    assert sizes.read_text() == "".join(
        f"{name}\t{len(residues)}\n" for name, residues in read_fasta(text).items()
    )
    assert mode.digest_fasta(fasta) == digest


@pytest.mark.parametrize("length", range(1, 340, 7))
def test_the_two_parts_have_every_residue_once(length: int) -> None:
    sequences = [
        SequenceInfo(name, residues, "", "", "", "")
        for name, residues in (("a", length), ("b", 345 - length), ("c", 60))
    ]
    parts, total = export_module.parts_of(sequences, shared=0)
    assert total == sum(3 + export_module.text_size(entry.length) for entry in sequences)
    covered = [place for part in parts for place in part_residues(part, sequences)]
    assert covered == [(number, at) for number, entry in enumerate(sequences) for at in range(entry.length)]


def part_residues(part: export_module.Part, sequences: list[SequenceInfo]) -> list[tuple[int, int]]:
    return [
        (number, at)
        for number in range(part.first, part.last + 1)
        for at in range(
            part.start if number == part.first else 0,
            part.end if number == part.last else sequences[number].length,
        )
    ]


def test_upper_case_on_demand(mode: LocalMode, imported: Callable[[str], str], tmp_path: Path) -> None:
    fasta = mode.export_fasta(imported(SMALL), tmp_path / "out", case="upper")[0]
    assert read_fasta(fasta.read_text()) == {
        name: residues.upper() for name, residues in read_fasta(SMALL).items()
    }


def test_the_console_script(
    mode: LocalMode,
    imported: Callable[[str], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest = imported(SMALL)
    script = Path(sys.executable).parent / "refgenie-build-fasta"
    subprocess.run([script, mode.store_path, digest, tmp_path / "out"], check=True)
    assert read_fasta((tmp_path / "out" / f"{digest}.fa").read_text()) == read_fasta(SMALL)

    assert main([str(mode.store_path), digest, str(tmp_path / "up"), "--case", "upper"]) == 0
    assert "acgt" not in (tmp_path / "up" / f"{digest}.fa").read_text()
    assert main([str(mode.store_path), "A" * 32, str(tmp_path / "no")]) == 3
    assert main([str(tmp_path / "nowhere"), digest, str(tmp_path / "no")]) == 3
    assert "no sequence store" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_a_genome_that_is_not_there(mode: LocalMode, tmp_path: Path) -> None:
    mode.create_store()
    with pytest.raises(NotFoundError):
        mode.export_fasta("A" * 32, tmp_path / "out")
    assert not (tmp_path / "out").exists()

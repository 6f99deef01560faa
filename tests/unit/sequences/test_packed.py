"""The short way to packed DNA reads what the engine reads."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from gtars.refget import RefgetStore

from refgenie.sequences import packed

ALPHABETS = ("ACGT", "ACGTN", "ACGTNRY", "ACGTRYKMSWBDHVN")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RefgetStore]:
    folder = tmp_path_factory.mktemp("packed")
    chance = random.Random(11)
    with (folder / "all.fa").open("w") as handle:
        for number in range(120):
            letters = ALPHABETS[number % len(ALPHABETS)]
            residues = "".join(chance.choices(letters, k=chance.randint(1, 70)))
            handle.write(f">s{number}\n{residues}\n")
    opened = RefgetStore.on_disk(str(folder / "store"))
    opened.set_quiet(True)
    opened.add_sequence_collection_from_fasta(str(folder / "all.fa"))
    return folder / "store", opened


def test_every_region_is_the_engines(store: tuple[Path, RefgetStore]) -> None:
    root, engine = store
    alphabets = set()
    for line in (root / "sequences.rgsi").read_text().splitlines()[1:]:
        _, size, alphabet, digest, *_ = line.split("\t")
        length = int(size)
        path = root / "sequences" / digest[:2] / f"{digest}.seq"
        whole = engine.get_substring(digest, 0, length)
        regions = [(a, b) for a in range(length) for b in (a, a + 1, a + 9, length) if a <= b <= length]
        for start, end in regions:
            found = packed.read(str(path), alphabet, length, start, end)
            if alphabet in {"dna2bit", "dna3bit"}:
                assert found == whole[start:end], (alphabet, start, end)
            else:
                assert found is None
        alphabets.add(alphabet)
    assert {"dna2bit", "dna3bit"} < alphabets


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0", lambda _: b""])
def test_a_file_of_another_size_is_left_to_the_engine(tmp_path: Path, change: object) -> None:
    path = tmp_path / "x.seq"
    path.write_bytes(change(bytes(10)))  # type: ignore[operator]
    assert packed.read(str(path), "dna2bit", 40, 0, 40) is None


def test_a_code_that_no_residue_has_is_left_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "x.seq"
    path.write_bytes(b"\xff" * 3)
    assert packed.read(str(path), "dna3bit", 8, 0, 8) is None

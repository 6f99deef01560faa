"""Reading: cheap to start, independent of the store's size, and without a trace."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from gtars.refget import RefgetStore

from refgenie.sequences import LocalMode
from refgenie.sequences import fast as fast_module
from refgenie.sequences.fast import fetch
from support.sequences import MIXED, SMALL, read_fasta, tree, write_fasta

OPEN_FILES = Path("/proc/self/fd")
HEAVY = {"json", "re", "typing", "pathlib", "dataclasses", "httpx", "sqlalchemy", "refget", "isal"}


def modules_after(code: str, *arguments: str) -> set[str]:
    """Modules that a fresh interpreter has after the code."""
    shown = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", shown, *arguments], check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_importing_the_room_loads_nothing() -> None:
    found = modules_after("import refgenie.sequences")
    assert not found & (HEAVY | {"gtars"})
    found = modules_after("from refgenie.sequences import LocalMode, ServerMode, make_source")
    assert not {name for name in found if name.startswith(("gtars", "refget.", "httpx", "isal"))}


def test_a_region_is_fetched_with_little_loaded(mode: LocalMode, tmp_path: Path) -> None:
    """Packed DNA without the engine, other residues with nothing but it."""
    fasta = write_fasta(tmp_path / "in.fa", ">dna\nACGTNACGTN\n>codes\nACGTKMACGT\n")
    digest = mode.import_fasta(fasta).collection.digest
    for name, residues, engine in (("dna", "GTNA", False), ("codes", "GTKM", True)):
        code = (
            "from refgenie.sequences.fast import fetch\n"
            f"assert fetch(sys.argv[1], sys.argv[2], {name!r}, 2, 6) == {residues!r}"
        )
        found = modules_after(code, str(mode.store_path), digest)
        assert ("gtars" in found) == engine
        assert not found & HEAVY


def test_a_large_collection_is_read_through_a_view_of_one_sequence(
    mode: LocalMode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_module, "_SMALL", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", MIXED)).collection.digest
    before = tree(mode.store_path)
    for name, residues in read_fasta(MIXED).items():
        assert fetch(str(mode.store_path), digest, name, 2, 8, True) == residues[2:8]
    assert tree(mode.store_path) == before
    assert not list((tmp_path / "temporary").iterdir())


def test_a_store_without_views_is_read_without_a_trace(
    mode: LocalMode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As other tools make them."""
    mode.create_store()
    store = RefgetStore.on_disk(str(mode.store_path))
    store.set_quiet(True)
    digest = store.add_sequence_collection_from_fasta(str(write_fasta(tmp_path / "in.fa")))[0].digest
    before = tree(mode.store_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with mode.open(digest) as reader:
        assert reader.fetch("chr2") == "GGGGCCCC"
    assert fetch(str(mode.store_path), digest, "chr2") == "GGGGCCCC"
    assert tree(mode.store_path) == before
    assert not list((tmp_path / "temporary").iterdir())


def test_one_genome_of_a_large_store_is_read_without_the_others(mode: LocalMode, tmp_path: Path) -> None:
    """An index of the whole store that cannot be read at all does not matter to a reader."""
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", SMALL)).collection.digest
    mode.files.sequence_index.write_bytes(b"\xff" * 1000)
    assert fetch(str(mode.store_path), digest, "chr2", 0, 4) == "GGGG"
    with mode.open(digest) as reader:
        assert reader.fetch("chrM", 0, 4) == "ACGT"


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="Linux tells which files are open")
def test_many_sequences_are_read_with_few_files_open(mode: LocalMode, tmp_path: Path) -> None:
    """An assembly of many contigs must not use up the files that a process may open."""
    alphabets = ("ACGT", "ACGTN", "ACGTRYKM", "acgtACGT", "ACGU")
    chance = random.Random(5)
    records = {f"long{n}": "".join(chance.choices(alphabets[n], k=70_000)) for n in range(len(alphabets))}
    records |= {f"short{n}": "".join(chance.choices(alphabets[n % 5], k=1 + n % 97)) for n in range(400)}
    text = "".join(f">{name}\n{residues}\n" for name, residues in records.items())
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", text)).collection.digest
    with mode.open(digest) as reader:
        before = len(list(OPEN_FILES.iterdir()))
        for name, residues in records.items():
            assert reader.fetch(name, keep_case=True) == residues
            low = len(residues) // 3
            assert reader.fetch(name, low, low * 2) == residues[low : low * 2].upper()
        assert len(list(OPEN_FILES.iterdir())) < before + 100
    assert mode.verify(digest) == []


def test_a_moved_genome_folder_is_read(mode: LocalMode, tmp_path: Path) -> None:
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa")).collection.digest
    moved = tmp_path / "elsewhere"
    mode.store_path.parent.rename(moved)
    assert fetch(str(moved / ".refget_store"), digest, "chr2", 0, 4) == "GGGG"


def test_aliases_are_pointed_anew_and_removed(mode: LocalMode, tmp_path: Path) -> None:
    first = mode.import_fasta(write_fasta(tmp_path / "a.fa", SMALL)).collection.digest
    second = mode.import_fasta(write_fasta(tmp_path / "b.fa", MIXED)).collection.digest
    mode.aliases.set_many({"a": first, "b": second, "c": first})
    mode.aliases.set_many({"a": second})
    assert mode.aliases.of_genome(second) == ["a", "b"]
    assert mode.aliases.remove_many(["b", "none"]) == ["b"]
    assert [(r.name, r.genome_digest) for r in mode.aliases.list()] == [("a", second), ("c", first)]
    store = RefgetStore.open_local(str(mode.store_path))
    assert sorted(store.list_collection_aliases("refgenie")) == ["a", "c"]

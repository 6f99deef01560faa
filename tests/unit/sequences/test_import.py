"""Import, reading and aliases of the own store, through its public interface."""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from gtars.refget import RefgetStore

from refgenie.sequences import LocalMode
from refgenie.sequences.fast import fetch
from refgenie.sequences.seqcol import digest_of_level2
from support.sequences import (
    MIXED,
    SMALL,
    local_mode,
    read_fasta,
    sequence_digest,
    tree,
    write_fasta,
)


def engine_store(folder: Path, *fastas: Path) -> Path:
    """A store that the engine made alone."""
    store = RefgetStore.on_disk(str(folder / "engine"))
    store.set_quiet(True)
    for number, fasta in enumerate(fastas):
        copy = folder / f"copy{number}.fa"
        shutil.copy(fasta, copy)
        store.add_sequence_collection_from_fasta(str(copy))
    return folder / "engine"


@pytest.mark.parametrize("text", [SMALL, MIXED], ids=["small", "mixed"])
def test_every_residue_comes_back_with_its_case(mode: LocalMode, tmp_path: Path, text: str) -> None:
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", text)).collection.digest

    with mode.open(digest) as reader:
        kept = {name: reader.fetch(name, keep_case=True) for name in reader.names}
        upper = {name: reader.fetch(name) for name in reader.names}
    assert kept == read_fasta(text)
    assert upper == {name: residues.upper() for name, residues in read_fasta(text).items()}


@pytest.mark.parametrize("text", [SMALL, MIXED], ids=["small", "mixed"])
def test_every_region_of_every_sequence_is_right(mode: LocalMode, tmp_path: Path, text: str) -> None:
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", text)).collection.digest

    with mode.open(digest) as reader:
        for name, residues in read_fasta(text).items():
            for start in range(len(residues) + 1):
                for end in range(start, len(residues) + 1):
                    got = reader.fetch(name, start, end, keep_case=True)
                    assert got == residues[start:end], (name, start, end)


def test_fast_fetch_gives_what_the_reader_gives(mode: LocalMode, tmp_path: Path) -> None:
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", MIXED)).collection.digest

    for name, residues in read_fasta(MIXED).items():
        for keep_case in (False, True):
            got = fetch(str(mode.store_path), digest, name, 3, 9, keep_case)
            assert got == (residues[3:9] if keep_case else residues[3:9].upper())


def test_digests_are_those_of_the_standard(mode: LocalMode, tmp_path: Path) -> None:
    result = mode.import_fasta(write_fasta(tmp_path / "in.fa"))

    expected = read_fasta(SMALL)
    level2 = mode.level2(result.collection.digest)
    assert level2 == {
        "names": list(expected),
        "lengths": [len(residues) for residues in expected.values()],
        "sequences": ["SQ." + sequence_digest(residues) for residues in expected.values()],
    }
    assert digest_of_level2(level2) == result.collection.digest
    assert [entry.description for entry in mode.sequences(result.collection.digest)] == [
        "the first one",
        "",
        "mitochondrion, circular",
    ]


def test_index_files_are_those_that_the_engine_writes(mode: LocalMode, tmp_path: Path) -> None:
    fastas = [
        write_fasta(tmp_path / "a.fa", SMALL),
        write_fasta(tmp_path / "b.fa", MIXED),
        write_fasta(tmp_path / "c.fa", SMALL.replace("chrM", "MT")),
    ]
    for fasta in fastas:
        mode.import_fasta(fasta)
    theirs = engine_store(tmp_path, *fastas)

    for name in ("sequences.rgsi", "collections.rgci"):
        assert (mode.store_path / name).read_bytes() == (theirs / name).read_bytes()
    ours_description = mode.files.read_manifest()
    theirs_description = type(mode.files)(theirs).read_manifest()
    for stamp in ("created_at", "modified"):
        ours_description.pop(stamp)
        theirs_description.pop(stamp)
    assert ours_description == theirs_description
    for kind in ("collections", "sequences"):
        assert tree(mode.store_path / kind) == tree(theirs / kind)


def test_the_engine_reads_the_store_and_its_aliases(mode: LocalMode, tmp_path: Path) -> None:
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa")).collection.digest
    mode.aliases.set_many({"hg38": digest, "human": digest})

    store = RefgetStore.open_local(str(mode.store_path))
    assert store.get_collection_metadata_by_alias("refgenie", "hg38").digest == digest
    assert sorted(store.list_collection_aliases("refgenie")) == ["hg38", "human"]
    assert store.store_metadata()["aliases_digest"]
    store.load_collection(digest)
    chr2 = store.get_sequence_by_name(digest, "chr2").metadata.sha512t24u
    assert store.get_substring(chr2, 2, 6) == "GGCC"


def test_the_engine_can_write_to_the_store_after_us_and_we_after_it(mode: LocalMode, tmp_path: Path) -> None:
    first = mode.import_fasta(write_fasta(tmp_path / "a.fa")).collection.digest
    store = RefgetStore.on_disk(str(mode.store_path))
    store.set_quiet(True)
    foreign = write_fasta(tmp_path / "foreign" / "b.fa", ">x\nACGTTT\n")
    second = store.add_sequence_collection_from_fasta(str(foreign))[0].digest
    third = mode.import_fasta(write_fasta(tmp_path / "c.fa", ">y\nTTTT\n")).collection.digest

    assert mode.collections() == sorted([first, second, third])
    with mode.open(second) as reader:  # has no lasting view
        assert reader.fetch("x", 1, 4) == "CGT"
    assert fetch(str(mode.store_path), second, "x", 1, 4) == "CGT"


def test_importing_again_says_so_and_changes_nothing(mode: LocalMode, tmp_path: Path) -> None:
    fasta = write_fasta(tmp_path / "in.fa")
    first = mode.import_fasta(fasta)
    before = mode.files.collection_index.read_bytes()
    again = mode.import_fasta(fasta)

    assert first.was_new
    assert not again.was_new
    assert again.collection == first.collection
    assert mode.files.collection_index.read_bytes() == before


def test_an_edited_file_is_another_genome(mode: LocalMode, tmp_path: Path) -> None:
    fasta = write_fasta(tmp_path / "in.fa")
    first = mode.import_fasta(fasta).collection.digest
    write_fasta(fasta, SMALL.replace("GGGG", "GGGT"))
    second = mode.import_fasta(fasta).collection.digest

    assert first != second
    with mode.open(second) as reader:
        assert reader.fetch("chr2") == "GGGTCCCC"


def test_nothing_is_written_beside_the_fasta(mode: LocalMode, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    fasta = write_fasta(folder / "in.fa")
    before = tree(folder)
    folder.chmod(0o555)
    mode.import_fasta(fasta)
    folder.chmod(0o755)
    assert tree(folder) == before
    assert not list((tmp_path / "genomes" / ".work").iterdir())


def compressed(kind: str, fasta: Path) -> Path:
    """The FASTA as gzip, as gzip of several members, or as BGZF; named like a plain file."""
    place = fasta.with_name(f"{kind}.fa")
    content = fasta.read_bytes()
    if kind == "gzip":
        place.write_bytes(gzip.compress(content))
    elif kind == "members":
        place.write_bytes(gzip.compress(content[:20]) + gzip.compress(content[20:]))
    else:
        place.write_bytes(subprocess.run(["bgzip", "-c", fasta], stdout=-1, check=True).stdout)
    return place


@pytest.mark.parametrize("kind", ["gzip", "members", "bgzf"])
def test_compression_is_known_by_content(mode: LocalMode, tmp_path: Path, kind: str, require_program) -> None:
    if kind == "bgzf":
        require_program("bgzip")
    fasta = write_fasta(tmp_path / "in.fa")
    plain = mode.import_fasta(fasta).collection
    assert local_mode(tmp_path / "other").import_fasta(compressed(kind, fasta)).collection == plain


def test_a_pipe_is_imported_too(mode: LocalMode, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(SMALL))
    writer.start()
    assert mode.import_fasta(pipe).collection.sequences == 3
    writer.join()


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("\n", "\r\n"),
        SMALL + "\n\n\n",
        SMALL.rstrip("\n"),
        "\n" + SMALL,
        "\r\n\r\n" + SMALL.replace("\n", "\r\n") + "\r",
    ],
    ids=["crlf", "blank end", "no line end", "blank start", "crlf mixed"],
)
def test_harmless_differences_give_the_same_genome(mode: LocalMode, tmp_path: Path, text: str) -> None:
    plain = mode.import_fasta(write_fasta(tmp_path / "in.fa")).collection
    result = mode.import_fasta(write_fasta(tmp_path / "other.fa", text))
    assert result.collection == plain
    assert not result.mask_kept


def test_another_mask_is_kept_out_or_replaces(mode: LocalMode, tmp_path: Path) -> None:
    soft = mode.import_fasta(write_fasta(tmp_path / "soft.fa"))
    upper = write_fasta(
        tmp_path / "upper.fa",
        "".join(line if line.startswith(">") else line.upper() for line in SMALL.splitlines(keepends=True)),
    )

    kept = mode.import_fasta(upper)
    assert kept.mask_kept
    assert kept.collection == soft.collection
    replaced = mode.import_fasta(upper, mask="replace")
    assert not replaced.mask_kept
    assert (replaced.collection.masking, replaced.collection.mask_digest) == ("none", None)
    with mode.open(soft.collection.digest) as reader:
        assert reader.fetch("chr1", keep_case=True) == "ACGTACGTNNNNACGT"
    again = mode.import_fasta(tmp_path / "soft.fa", mask="replace").collection
    assert again == soft.collection


def test_dna_takes_little_room(mode: LocalMode, tmp_path: Path) -> None:
    residues = "ACGTNacgtn" * 100_000
    mode.import_fasta(write_fasta(tmp_path / "in.fa", f">a\n{residues}\n"))
    used = sum(path.stat().st_size for path in (mode.store_path / "sequences").rglob("*.seq"))
    assert used <= 0.42 * len(residues)


def test_sequences_larger_than_one_piece(mode: LocalMode, tmp_path: Path) -> None:
    """Runs of case, rare residues and line ends meet the borders of the megabyte pieces."""
    one = ("ACGTN" * 40_000 + "acgtn" * 40_000 + "R" * 7 + "k" * 5) * 6
    two = "MKLV" * 400_000
    lines = "\n".join(one[at : at + 61] for at in range(0, len(one), 61))
    text = f">one\n{lines}\n>two\n{two}\n"
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", text)).collection.digest
    with mode.open(digest) as reader:
        assert reader.fetch("one", keep_case=True) == one
        assert reader.fetch("two") == two
        assert reader.fetch("one", 399_990, 400_020, keep_case=True) == one[399_990:400_020]


def test_many_sequences_with_rare_residues_are_flushed_together(
    mode: LocalMode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of RNA every sequence has them, and a collection may have hundreds of thousands."""
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    monkeypatch.setattr(os, "sync", lambda: None)
    letters = str.maketrans("01", "GU")
    text = "".join(f">r{number}\nACGU{f'{number:b}'.translate(letters)}\n" for number in range(300))
    fasta = write_fasta(tmp_path / "rna.fa", text)
    for _ in range(2):
        digest = mode.import_fasta(fasta).collection.digest
    assert len(flushed) < 100
    with mode.open(digest) as reader:
        assert {name: reader.fetch(name) for name in reader.names} == read_fasta(text)


def test_sequences_that_occur_twice(mode: LocalMode, tmp_path: Path) -> None:
    """Within a collection and between two of them; each occurrence has its own case and header."""
    text = ">a\nACGTacgu\n>b the same\nacguACGT\n>c\nACGUACGU\n>d again\nacguacgu\n"
    one = mode.import_fasta(write_fasta(tmp_path / "one.fa", text)).collection.digest
    two = mode.import_fasta(write_fasta(tmp_path / "two.fa", ">x\nACGUacgu\n")).collection.digest
    with mode.open(one) as reader:
        kept = {name: reader.fetch(name, keep_case=True) for name in reader.names}
    assert kept == read_fasta(text)
    with mode.open(two) as reader:
        assert reader.fetch("x", keep_case=True) == "ACGUacgu"
    assert len(list((mode.store_path / "sequences").rglob("*.seq"))) == 3
    assert mode.verify() == []


def test_a_folder_that_is_named_like_a_package_does_no_harm(
    mode: LocalMode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "refgenie").mkdir()
    (tmp_path / "refgenie" / "__init__.py").write_text("raise RuntimeError('the wrong one')")
    monkeypatch.chdir(tmp_path)
    assert mode.import_fasta(write_fasta(tmp_path / "in.fa")).was_new


def test_a_pipe_that_cannot_be_made_larger_will_do(
    mode: LocalMode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa")).collection.digest
    assert [entry.name for entry in mode.sequences(digest)] == list(read_fasta(SMALL))

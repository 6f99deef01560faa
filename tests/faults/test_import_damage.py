"""A store that was damaged afterwards: found, told, mended where that can be, never made worse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from gtars.refget import RefgetStore

from refgenie.errors import InvalidInputError, NotFoundError, NotPermittedError, RefgenieError
from refgenie.sequences import LocalMode
from refgenie.sequences.creation import create_store
from refgenie.sequences.fast import fetch
from support.sequences import MIXED, SMALL, local_mode, read_fasta, tree, write_fasta


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    root = tmp_path_factory.mktemp("template")
    mode = local_mode(root / "genomes")
    small = mode.import_fasta(write_fasta(root / "small.fa", SMALL)).collection.digest
    mixed = mode.import_fasta(write_fasta(root / "mixed.fa", MIXED)).collection.digest
    mode.aliases.set_many({"small": small, "mixed": mixed})
    return mode.store_path, small, mixed


@pytest.fixture
def mode(_template: tuple[Path, str, str], tmp_path: Path) -> LocalMode:
    mode = local_mode(tmp_path / "genomes")
    shutil.copytree(_template[0], mode.store_path, symlinks=True)
    return mode


@pytest.fixture
def small(_template: tuple[Path, str, str]) -> str:
    return _template[1]


@pytest.fixture
def mixed(_template: tuple[Path, str, str]) -> str:
    return _template[2]


def sequence_file(mode: LocalMode, collection: str, name: str) -> Path:
    found = {entry.name: entry.digest for entry in mode.sequences(collection)}
    return mode.files.sequence(found[name])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 0x3C
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = {"flipped": flip, "truncated": truncate, "empty": empty, "missing": Path.unlink}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_residues_are_found_and_restored_from_a_fasta(
    mode: LocalMode, mixed: str, tmp_path: Path, damage: str
) -> None:
    for name in ("dna", "protein"):
        DAMAGES[damage](sequence_file(mode, mixed, name))
    faults = mode.verify()
    assert {fault.kind for fault in faults} == {"missing" if damage == "missing" else "altered"}
    assert len(faults) == 2
    assert not any(fault.repaired for fault in faults)
    assert mode.verify(mixed) == faults

    fasta = write_fasta(tmp_path / "again.fa", MIXED)
    mended = mode.verify(repair_from=fasta)
    assert len(mended) == 2
    assert all(fault.repaired for fault in mended)
    assert mode.verify() == []
    with mode.open(mixed) as reader:
        assert reader.fetch("protein") == read_fasta(MIXED)["protein"]


def test_damaged_rare_residues_are_found_and_restored(mode: LocalMode, mixed: str, tmp_path: Path) -> None:
    rna = next(entry.digest for entry in mode.sequences(mixed) if entry.name == "rna")
    path = mode.files.exact(rna)
    path.write_bytes(path.read_bytes()[:-4] + b"AAAA")
    assert [fault.subject for fault in mode.verify()] == [rna]
    assert mode.verify(repair_from=write_fasta(tmp_path / "again.fa", MIXED))[0].repaired
    assert mode.verify() == []


RARE_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _content: b"",
    "cut in its count": lambda content: content[:11],
    "cut in its starts": lambda content: content[:20],
    "cut in its residues": lambda content: content[:-1],
    "another mark": lambda content: b"X" + content[1:],
    "a huge count": lambda content: content[:8] + b"\xff" * 8 + content[16:],
    "a huge length": lambda content: content[:-28] + b"\xff" * 8 + content[-20:],
    "no text": lambda content: content[:-20] + b"\xff" * 20,
}


@pytest.mark.parametrize("damage", RARE_DAMAGES)
def test_a_file_of_rare_residues_that_is_none_is_told_and_restored(
    mode: LocalMode, mixed: str, tmp_path: Path, damage: str
) -> None:
    rna = next(entry.digest for entry in mode.sequences(mixed) if entry.name == "rna")
    path = mode.files.exact(rna)
    path.write_bytes(RARE_DAMAGES[damage](path.read_bytes()))
    with mode.open(mixed) as reader, pytest.raises(InvalidInputError, match=f"{rna} is damaged") as caught:
        reader.fetch("rna")
    assert "--repair" in (caught.value.hint or "")
    with pytest.raises(InvalidInputError, match=f"{rna} is damaged"):
        fetch(str(mode.store_path), mixed, "rna", 0, 20)
    assert [fault.subject for fault in mode.verify()] == [rna]
    assert mode.verify(repair_from=write_fasta(tmp_path / "again.fa", MIXED))[0].repaired
    assert mode.verify() == []


def test_what_cannot_be_restored_says_so(mode: LocalMode, mixed: str, tmp_path: Path) -> None:
    flip(sequence_file(mode, mixed, "dna"))
    for source in (write_fasta(tmp_path / "other.fa", SMALL), None):
        (fault,) = mode.verify(repair=True, repair_from=source)
        assert not fault.repaired
        assert "not restored" in fault.detail


def test_importing_again_restores_too(mode: LocalMode, mixed: str, tmp_path: Path) -> None:
    flip(sequence_file(mode, mixed, "dna"))
    sequence_file(mode, mixed, "protein").unlink()
    assert not mode.import_fasta(write_fasta(tmp_path / "again.fa", MIXED)).was_new
    assert mode.verify() == []


@pytest.mark.parametrize("damage", ["truncated", "empty", "missing"])
def test_reading_damaged_residues_is_an_error_and_no_panic(mode: LocalMode, small: str, damage: str) -> None:
    DAMAGES[damage](sequence_file(mode, small, "chrM"))
    with mode.open(small) as reader:
        with pytest.raises(RefgenieError):
            reader.fetch("chrM")
        assert reader.fetch("chr2") == "GGGGCCCC"
    with pytest.raises(RefgenieError):
        fetch(str(mode.store_path), small, "chrM", 0, 24)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])


INDEX_DAMAGES = {
    "collections missing": ("collections.rgci", Path.unlink),
    "collections cut": ("collections.rgci", cut),
    "collections empty": ("collections.rgci", empty),
    "sequences cut": ("sequences.rgsi", cut),
    "description empty": ("rgstore.json", empty),
    "description missing": ("rgstore.json", Path.unlink),
    "description cut": ("rgstore.json", truncate),
    "description of something else": ("rgstore.json", lambda path: path.write_text("[]")),
    "aliases not text": (
        "aliases/collections/refgenie.tsv",
        lambda path: path.write_bytes(path.read_bytes() + b"\xff\xfe\tx\n"),
    ),
}


@pytest.mark.parametrize("damage", INDEX_DAMAGES)
def test_a_damaged_index_is_refused_by_writers_and_mended(
    mode: LocalMode, small: str, mixed: str, tmp_path: Path, damage: str
) -> None:
    whole = tree(mode.store_path)
    name, do = INDEX_DAMAGES[damage]
    do(mode.store_path / name)
    before = tree(mode.store_path)
    other = write_fasta(tmp_path / "other.fa", ">other\nACGTT\n")
    writers = [lambda: mode.aliases.set_many({"x": small})]
    if "aliases" not in damage:
        writers += [lambda: mode.import_fasta(other), lambda: mode.remove(mixed)]
    for write in writers:
        with pytest.raises((InvalidInputError, NotFoundError)) as caught:
            write()
        if not isinstance(caught.value, NotFoundError):
            assert "doctor --fix" in (caught.value.hint or "")
    assert tree(mode.store_path) == before
    assert mode.index_faults()

    assert mode.repair_index()
    assert mode.index_faults() == []
    assert mode.collections() == sorted([small, mixed])
    assert mode.aliases.resolve("small") == small
    assert mode.verify() == []
    RefgetStore.open_local(str(mode.store_path))
    for file in ("collections.rgci", "sequences.rgsi"):
        assert (mode.store_path / file).read_bytes() == whole[file]
    mode.import_fasta(other)
    assert len(mode.collections()) == 3


MIXED_UPPER = "".join(
    line if line.startswith(">") else line.upper() for line in MIXED.splitlines(keepends=True)
)
LIST_DAMAGES: dict[str, Callable[[Path], object]] = {
    "altered": lambda path: path.write_bytes(path.read_bytes().replace(b"rna", b"rnb")),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-150]),
    "empty": empty,
}


@pytest.mark.parametrize("damage", LIST_DAMAGES)
def test_a_damaged_list_of_sequences_is_set_aside_and_named(
    mode: LocalMode, small: str, mixed: str, tmp_path: Path, damage: str
) -> None:
    path, dna = mode.files.collection(mixed), sequence_file(mode, mixed, "dna")
    LIST_DAMAGES[damage](path)
    damaged = path.read_bytes()
    assert [fault.subject for fault in mode.verify()] == [mixed]
    (fault,) = [fault for fault in mode.repair_index() if not fault.repaired]
    assert fault.subject == mixed
    assert "import the FASTA again" in fault.detail
    assert mode.collections() == [small]
    assert path.with_name(f"{path.name}.damaged").read_bytes() == damaged

    assert mode.index_faults() == mode.repair_index() == []
    mode.aliases.set_many({"tiny": small})
    mode.collect_garbage()
    assert dna.exists() == (damage != "empty")
    assert mode.files.mask(mixed).exists()
    assert [fault.subject for fault in mode.set_aside()] == [mixed]
    again = mode.import_fasta(write_fasta(tmp_path / "again.fa", MIXED_UPPER))
    assert (again.was_new, again.mask_kept) == (True, True)
    assert mode.collections() == sorted([small, mixed])
    assert mode.verify() == mode.set_aside() == []


@pytest.mark.parametrize("damage", LIST_DAMAGES)
def test_a_damaged_list_of_sequences_is_restored_from_its_fasta(
    mode: LocalMode, mixed: str, tmp_path: Path, damage: str
) -> None:
    flip(sequence_file(mode, mixed, "dna"))
    LIST_DAMAGES[damage](mode.files.collection(mixed))
    (told,) = [
        fault
        for fault in mode.verify(repair_from=write_fasta(tmp_path / "other.fa", SMALL))
        if fault.subject == mixed
    ]
    assert not told.repaired
    assert "import the genome's own FASTA again" in told.detail
    assert all(
        fault.repaired for fault in mode.verify(mixed, repair_from=write_fasta(tmp_path / "m.fa", MIXED))
    )
    assert mode.verify() == []


@pytest.mark.parametrize("damage", LIST_DAMAGES)
def test_a_damaged_list_of_sequences_is_restored_by_importing_again(
    mode: LocalMode, mixed: str, tmp_path: Path, damage: str
) -> None:
    LIST_DAMAGES[damage](mode.files.collection(mixed))
    assert mode.verify() != []
    mode.import_fasta(write_fasta(tmp_path / "again.fa", MIXED))
    assert mode.verify() == []


def test_garbage_is_collected_and_nothing_else(mode: LocalMode, small: str, tmp_path: Path) -> None:
    before = tree(mode.store_path)
    orphan = mode.files.sequence("Z" * 32)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x" * 100)
    for path in (
        mode.files.exact("Z" * 32),
        mode.files.mask("Y" * 32),
        mode.store_path / ".sequences.rgsi.123.part",
        mode.files.collections / ".x.rgsi.1.part",
        mode.store_path / "sequences" / "ZZ" / ".rgstore.tmp.1.2.3",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left")
    shutil.copytree(mode.files.view(small), mode.files.view("X" * 32), symlinks=True)
    stale = mode.store_path.parent / ".work" / "import-0123"
    (stale / "store").mkdir(parents=True)
    (stale / "alive").touch()
    (stale / "store" / "big.seq").write_bytes(b"y" * 50)

    report = mode.collect_garbage()
    assert report.sequences == 1
    assert report.others == 7
    assert report.bytes >= 100 + 50 + 5 * 4
    after = tree(mode.store_path)
    after.pop("refgenie/exact/ZZ", None)
    assert after == before
    assert not stale.exists()
    empty_report = mode.collect_garbage()
    assert (empty_report.sequences, empty_report.others, empty_report.bytes) == (0, 0, 0)


def test_removal_keeps_what_others_share(mode: LocalMode, small: str, tmp_path: Path) -> None:
    other = mode.import_fasta(
        write_fasta(tmp_path / "other.fa", SMALL.replace(">chr1", ">one").replace("chrM", "MT"))
    ).collection.digest
    extra = mode.import_fasta(write_fasta(tmp_path / "extra.fa", SMALL + ">more\nACGTTTT\n"))
    mode.set_fhr(extra.collection.digest, {"schemaVersion": 1, "genome": "x"})
    mode.aliases.set_many({"extra": extra.collection.digest})
    count = len(list((mode.store_path / "sequences").rglob("*.seq")))

    mode.remove(extra.collection.digest)
    assert len(list((mode.store_path / "sequences").rglob("*.seq"))) == count - 1
    assert mode.aliases.resolve("extra") is None
    assert mode.fhr(extra.collection.digest) is None
    assert not mode.files.view(extra.collection.digest).exists()
    mode.remove(small)
    assert mode.verify() == []
    with mode.open(other) as reader:
        assert reader.fetch("one", keep_case=True) == "ACGTacgtNNNNacgt"
    with pytest.raises(NotFoundError):
        mode.remove(small)
    assert mode.collect_garbage().sequences == 0


def test_a_file_system_without_case_is_refused(tmp_path: Path) -> None:
    mode = local_mode(tmp_path / "genomes")
    with pytest.raises(NotPermittedError, match="upper from lower case"):
        create_store(mode.files, probe=lambda _folder: False)
    assert not mode.files.exists()


def test_metadata_that_is_none_is_refused(mode: LocalMode, small: str) -> None:
    for document in ({"genome": ["no", "text"]}, {"schemaVersion": object()}):
        with pytest.raises(InvalidInputError):
            mode.set_fhr(small, document)
    assert mode.fhr(small) is None
    mode.set_fhr(small, {"schemaVersion": 1, "genome": "Small"})
    store = RefgetStore.open_local(str(mode.store_path))
    assert store.get_fhr_metadata(small).genome == "Small"
    described = json.loads(mode.files.manifest.read_bytes())
    assert described["fhr_digest"]


MASK_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no first line": lambda _content: b"{",
    "another first line": lambda _content: b'{"digest": 1, "sequences": []}\n',
    "no list of blocks": lambda content: content.split(b"[[")[0] + b"4}}\n",
    "a position that is none": lambda content: content.replace(b"[[4, ", b"[[4.5, "),
    "a place that is none": lambda content: content.replace(b"16, 0, ", b"16, -999, "),
    "blocks cut off": lambda content: content.split(b"\n", 1)[0] + b"\n",
    "blocks altered": lambda content: content[:-1] + bytes([content[-1] ^ 0x3C]),
}


@pytest.mark.parametrize("damage", MASK_DAMAGES)
def test_a_damaged_mask_is_told_and_replaced(
    mode: LocalMode, small: str, tmp_path: Path, damage: str
) -> None:
    path = mode.files.mask(small)
    whole = path.read_bytes()
    path.write_bytes(MASK_DAMAGES[damage](whole))
    assert path.read_bytes() != whole
    with pytest.raises(InvalidInputError, match=r"mask .* is damaged") as caught:
        fetch(str(mode.store_path), small, "chr1", keep_case=True)
    assert "--mask replace" in (caught.value.hint or "")
    with pytest.raises(InvalidInputError, match=r"mask .* is damaged"):
        mode.export_fasta(small, tmp_path / "out")

    again = mode.import_fasta(write_fasta(tmp_path / "again.fa"), mask="replace")
    assert not again.mask_kept
    assert path.read_bytes() == whole
    assert fetch(str(mode.store_path), small, "chr1", keep_case=True) == read_fasta(SMALL)["chr1"]


def test_a_damaged_mask_is_kept_until_it_is_replaced(mode: LocalMode, small: str, tmp_path: Path) -> None:
    mode.files.mask(small).write_bytes(b"{")
    upper = write_fasta(tmp_path / "upper.fa", SMALL.replace("acgt", "ACGT"))
    for ask in (lambda: mode.collection(small), lambda: mode.import_fasta(upper)):
        with pytest.raises(InvalidInputError, match=r"mask .* is damaged"):
            ask()
    assert mode.import_fasta(upper, mask="replace").collection.masking == "none"

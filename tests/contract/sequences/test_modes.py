"""One suite that both modes of the store pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from refgenie.errors import InvalidInputError, NotFoundError, NotPermittedError
from refgenie.sequences import LocalMode, ServerMode, StoreMode
from support.sequences import MIXED, SMALL, read_fasta, tree

from .conftest import Published

NOWHERE = "A" * 32


@pytest.fixture(params=["local", "server"])
def mode(request: pytest.FixtureRequest, static_store: Published, tmp_path: Path) -> StoreMode:
    """The same two genomes, owned or behind a server."""
    if request.param == "local":
        return static_store.mode
    server = ServerMode(static_store.url, tmp_path / "cache")
    server.create_store()
    return server


def test_collections(mode: StoreMode, static_store: Published) -> None:
    assert mode.has_collection(static_store.small)
    assert not mode.has_collection(NOWHERE)
    info = mode.collection(static_store.small)
    assert (info.sequences, info.total_length, info.masking) == (3, 48, "soft")
    assert info == static_store.mode.collection(static_store.small)
    assert [entry.name for entry in mode.sequences(static_store.small)] == ["chr1", "chr2", "chrM"]


def test_levels(mode: StoreMode, static_store: Published) -> None:
    level2 = mode.level2(static_store.mixed)
    assert level2["names"] == list(read_fasta(MIXED))
    assert level2["lengths"] == [len(residues) for residues in read_fasta(MIXED).values()]
    level1 = mode.level1(static_store.mixed)
    assert set(level1) >= {"names", "lengths", "sequences", "sorted_name_length_pairs"}
    assert level1["names"] == mode.collection(static_store.mixed).names_digest


@pytest.mark.parametrize("text", [SMALL, MIXED], ids=["small", "mixed"])
def test_residues(mode: StoreMode, static_store: Published, text: str) -> None:
    digest = static_store.small if text is SMALL else static_store.mixed
    with mode.open(digest) as reader:
        assert list(reader.names) == list(read_fasta(text))
        for name, residues in read_fasta(text).items():
            assert reader.length(name) == len(residues)
            assert reader.fetch(name) == residues.upper()
            assert reader.fetch(name, 2, 7, keep_case=True) == residues[2:7]
            assert "".join(reader.stream(name, 1, None, True)) == residues[1:]
            assert reader.fetch(name, 3, 3) == ""


def test_what_is_not_there(mode: StoreMode, static_store: Published) -> None:
    for ask in (mode.collection, mode.sequences, mode.level1, mode.level2, mode.open):
        with pytest.raises(NotFoundError):
            ask(NOWHERE)
    assert mode.fhr(NOWHERE) is None
    with mode.open(static_store.small) as reader:
        with pytest.raises(NotFoundError, match="chrX"):
            reader.fetch("chrX")
        with pytest.raises(InvalidInputError, match=r"\(8\)"):
            reader.fetch("chr2", 0, 9)
        for start, end in ((-1, 4), (5, 4), (9, None)):
            with pytest.raises(InvalidInputError):
                reader.fetch("chr2", start, end)


def test_aliases(mode: StoreMode, static_store: Published) -> None:
    assert mode.aliases.resolve("small") == static_store.small
    assert mode.aliases.resolve("none") is None
    assert [record.name for record in mode.aliases.list()] == ["mixed", "small", "tiny"]
    assert {record.source for record in mode.aliases.list()} == {"store"}
    assert mode.aliases.of_genome(static_store.small) == ["small", "tiny"]


def test_metadata(mode: StoreMode, static_store: Published) -> None:
    document = mode.fhr(static_store.small)
    assert document is not None
    assert document["genome"] == "Small one"
    assert mode.fhr(static_store.mixed) is None


def test_server_mode_refuses_to_write(static_store: Published, tmp_path: Path) -> None:
    before = tree(static_store.mode.store_path)
    server = ServerMode(static_store.url)
    server.create_store()
    for name, arguments in {
        "import_fasta": (tmp_path / "small.fa",),
        "register_remote": ("http://127.0.0.1:1", static_store.small),
        "remove": (static_store.small,),
        "set_fhr": (static_store.small, {}),
        "collect_garbage": (),
    }.items():
        with pytest.raises(NotPermittedError):
            getattr(server, name)(*arguments)
        assert callable(getattr(LocalMode, name))
    assert not server.writable
    with server.open(static_store.small) as reader:
        reader.fetch("chr1")
    server.close()
    assert tree(static_store.mode.store_path) == before


def test_server_mode_asks_nothing_for_aliases_and_metadata(static_store: Published) -> None:
    server = ServerMode(static_store.url)
    server.create_store()
    assert static_store.static is not None
    asked = len(static_store.static.requests)
    assert server.aliases.resolve("tiny") == static_store.small
    assert server.fhr(static_store.small)
    assert server.aliases.list()
    assert len(static_store.static.requests) == asked
    server.close()


def test_server_mode_opens_the_store_when_it_is_first_used(static_store: Published) -> None:
    server = ServerMode(static_store.url)
    assert static_store.static is not None
    assert static_store.static.requests == []
    assert server.aliases.resolve("tiny") == static_store.small
    server.close()
    server = ServerMode(static_store.url)
    with server.open(static_store.small) as reader:
        assert reader.fetch("chr2", 0, 4) == "GGGG"
    server.close()


def test_a_republished_store_is_seen(static_store: Published, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    ServerMode(static_store.url, cache).create_store()
    static_store.mode.aliases.set_many({"later": static_store.small})
    again = ServerMode(static_store.url, cache)
    again.create_store()
    assert again.aliases.resolve("later") == static_store.small


def test_server_mode_reads_other_namespaces(static_store: Published) -> None:
    from gtars.refget import RefgetStore

    store = RefgetStore.on_disk(str(static_store.mode.store_path))
    store.add_collection_alias("ncbi", "GCF_1", static_store.mixed)
    store.add_collection_alias("ncbi", "small", static_store.mixed)
    server = ServerMode(static_store.url)
    server.create_store()
    assert server.aliases.resolve("GCF_1") == static_store.mixed
    assert server.aliases.resolve("small") == static_store.small  # refgenie's come first
    assert ("GCF_1", "ncbi") in [(record.name, record.source) for record in server.aliases.list()]
    server.close()

"""Remote genomes over both kinds of servers: found out, checked, kept, read without the server."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from refgenie.errors import NetworkError, NotFoundError
from refgenie.sequences import LocalMode, SequenceNotHereError, make_source
from refgenie.sequences.fast import fetch
from refgenie.sequences.store_files import StoreFiles
from support.disks import small_disk
from support.fault_proxy import Exchange, fault_proxy
from support.running_app import running
from support.sequences import (
    MIXED,
    SMALL,
    local_mode,
    read_fasta,
    tree,
    write_fasta,
)

from .conftest import Published, seqcol_app


@pytest.fixture
def mode(tmp_path: Path) -> LocalMode:
    return local_mode(tmp_path / "genomes")


def test_the_kind_of_server_is_found_out(remote: Published) -> None:
    source = make_source(remote.url)
    assert source.kind == ("store" if remote.static else "seqcol")
    assert source.collections() == sorted([remote.small, remote.mixed])
    assert source.level2(remote.mixed) == remote.mode.level2(remote.mixed)


def test_the_root_of_a_server_leads_to_its_seqcol_api(seqcol_api: Published) -> None:
    assert make_source(seqcol_api.url.removesuffix("/seqcol")).url == seqcol_api.url


def test_a_store_that_is_advertised_is_used(static_store: Published) -> None:
    with running(seqcol_app(static_store, store_url=static_store.url)) as url:
        source = make_source(f"{url}/seqcol")
    assert (source.kind, source.url) == ("store", static_store.url)


def test_an_advertised_store_that_is_gone_is_not(static_store: Published) -> None:
    with running(seqcol_app(static_store, store_url="http://127.0.0.1:9")) as url:
        assert make_source(f"{url}/seqcol").kind == "seqcol"


def test_registering_keeps_what_is_known(remote: Published, mode: LocalMode) -> None:
    info = mode.register_remote(remote.url, remote.mixed)
    expected = remote.mode.collection(remote.mixed)
    assert (info.digest, info.sequences, info.total_length) == (
        expected.digest,
        expected.sequences,
        expected.total_length,
    )
    assert mode.level2(remote.mixed) == remote.mode.level2(remote.mixed)
    assert mode.level1(remote.mixed) == remote.mode.level1(remote.mixed)
    assert mode.has_collection(remote.mixed)
    assert mode.origin(remote.mixed) == remote.url
    assert not list((mode.store_path / "sequences").rglob("*.seq"))
    assert mode.verify() == []


@pytest.mark.parametrize("text", [SMALL, MIXED], ids=["small", "mixed"])
def test_sequences_arrive_whole_and_are_kept(remote: Published, mode: LocalMode, text: str) -> None:
    digest = remote.small if text is SMALL else remote.mixed
    mode.register_remote(remote.url, digest)
    with mode.open(digest) as reader:
        for name, residues in read_fasta(text).items():
            assert reader.fetch(name, 1, 6) == residues[1:6].upper()
    assert mode.verify() == []
    ours = {(e.name, e.length, e.digest, e.md5, e.alphabet) for e in mode.sequences(digest)}
    theirs = {(e.name, e.length, e.digest, e.md5, e.alphabet) for e in remote.mode.sequences(digest)}
    assert ours == theirs


def test_what_was_read_once_is_read_without_the_server(mode: LocalMode, published: Published) -> None:
    with running(seqcol_app(published)) as url:
        mode.register_remote(f"{url}/seqcol", published.mixed)
        with pytest.raises(SequenceNotHereError):
            fetch(str(mode.store_path), published.mixed, "rna", 0, 5)
        with mode.open(published.mixed) as reader:
            assert reader.fetch("rna", 0, 5) == "ACGUU"
            assert reader.fetch("protein", 0, 5) == "MKLVB"
    with mode.open(published.mixed) as reader:
        assert reader.fetch("rna", 0, 5) == "ACGUU"
        with pytest.raises(NetworkError):
            reader.fetch("dna")
    assert fetch(str(mode.store_path), published.mixed, "rna", 0, 5) == "ACGUU"


def test_sequences_that_another_genome_brought_need_no_server(
    published: Published, mode: LocalMode, tmp_path: Path
) -> None:
    """A remote collection is listed before its residues were seen: how they are packed is told later."""
    with running(seqcol_app(published)) as url:
        mode.register_remote(f"{url}/seqcol", published.mixed)
    renamed = MIXED.replace(">dna", ">chr1").replace(">rna", ">chr2").replace(">protein", ">chr3")
    mode.import_fasta(write_fasta(tmp_path / "relative.fa", renamed))
    assert mode.verify() == []
    for _ in range(2):
        with mode.open(published.mixed) as reader:
            for name, residues in read_fasta(MIXED).items():
                assert reader.fetch(name) == residues.upper()
    assert fetch(str(mode.store_path), published.mixed, "dna", 2, 6) == "GTNA"
    assert mode.verify() == []


def test_a_static_store_hands_on_its_mask(static_store: Published, mode: LocalMode) -> None:
    assert mode.register_remote(static_store.url, static_store.small).masking == "soft"
    with mode.open(static_store.small) as reader:
        assert reader.fetch("chr1", keep_case=True) == read_fasta(SMALL)["chr1"]


def test_a_mask_that_the_server_fails_to_give_is_not_left_out(
    static_store: Published, mode: LocalMode
) -> None:
    """Nobody would notice later that the genome has lost its lower case."""
    with fault_proxy(static_store.url) as proxy:

        def fails(exchange: Exchange) -> None:
            exchange.answer.status = 503
            exchange.send(body=b"")

        proxy.fault(r"/masks/", fails)
        with pytest.raises(NetworkError, match="answered 503"):
            mode.register_remote(proxy.url, static_store.small)
    assert mode.collections() == []


def test_a_page_instead_of_a_mask_is_none(static_store: Published, mode: LocalMode) -> None:
    """Some servers answer a page wherever they have no file."""
    with fault_proxy(static_store.url) as proxy:

        def shows_a_page(exchange: Exchange) -> None:
            exchange.answer.headers = {"Content-Type": "text/html"}
            exchange.send(body=b"<html>nothing here</html>")

        proxy.fault(r"/masks/", shows_a_page)
        assert mode.register_remote(proxy.url, static_store.small).masking == "none"


def test_an_import_tells_the_case_that_a_server_did_not(
    remote: Published, mode: LocalMode, tmp_path: Path
) -> None:
    hidden = mode.register_remote(remote.url, remote.small)
    imported = mode.import_fasta(write_fasta(tmp_path / "small.fa", SMALL))
    assert (imported.was_new, imported.mask_kept) == (False, False)
    assert imported.collection.masking == "soft"
    assert hidden.masking == ("soft" if remote.static else "none")
    with mode.open(remote.small) as reader:
        assert reader.fetch("chr1", keep_case=True) == read_fasta(SMALL)["chr1"]


def test_a_remote_genome_is_exported_whole(remote: Published, mode: LocalMode, tmp_path: Path) -> None:
    mode.register_remote(remote.url, remote.mixed)
    fasta = mode.export_fasta(remote.mixed, tmp_path / "out", case="upper")[0]
    expected = {name: residues.upper() for name, residues in read_fasta(MIXED).items()}
    assert read_fasta(fasta.read_text()) == expected


def test_all_sequences_come_with_one_commit(
    remote: Published, mode: LocalMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode.register_remote(remote.url, remote.mixed)
    commits = []
    write = StoreFiles.write_indices
    monkeypatch.setattr(
        StoreFiles, "write_indices", lambda files, *lines: (commits.append(files), write(files, *lines))
    )
    mode.bring(remote.mixed)
    mode.bring(remote.mixed)
    assert len(commits) == (0 if remote.static else 1)
    assert mode.verify() == []
    for name, residues in read_fasta(MIXED).items():
        assert fetch(str(mode.store_path), remote.mixed, name) == residues.upper()


def test_many_collections_are_listed_at_once(remote: Published, mode: LocalMode) -> None:
    mode.register_remotes(remote.url, [remote.small, remote.mixed])
    assert mode.collections() == sorted([remote.small, remote.mixed])
    for digest in mode.collections():
        assert mode.level1(digest) == remote.mode.level1(digest)
        assert mode.origin(digest) == remote.url
    assert mode.index_faults() == []
    with mode.open(remote.small) as reader:
        assert reader.fetch("chr2") == "GGGGCCCC"


def test_a_server_that_has_its_store_advertised_since(static_store: Published, mode: LocalMode) -> None:
    """Residues come packed then, of collections that were listed without saying how."""
    with running(seqcol_app(static_store)) as url:
        mode.register_remote(f"{url}/seqcol", static_store.mixed)
    with running(seqcol_app(static_store, store_url=static_store.url)) as url:
        mode.register_remote(f"{url}/seqcol", static_store.mixed)
        with mode.open(static_store.mixed) as reader:
            for name, residues in read_fasta(MIXED).items():
                assert reader.fetch(name) == residues.upper()
    theirs = [replace(entry, description="") for entry in static_store.mode.sequences(static_store.mixed)]
    assert mode.sequences(static_store.mixed) == theirs
    assert mode.verify() == []


def test_a_server_that_moved_is_registered_again(published: Published, mode: LocalMode) -> None:
    for _ in range(2):
        with running(seqcol_app(published)) as url:
            mode.register_remote(f"{url}/seqcol", published.mixed)
            assert mode.origin(published.mixed) == f"{url}/seqcol"
    mode.files.origin(published.mixed).unlink()
    with running(seqcol_app(published)) as url:
        mode.register_remote(f"{url}/seqcol", published.mixed)
    assert mode.origin(published.mixed) is None


def test_a_damaged_list_of_sequences_is_registered_again(remote: Published, mode: LocalMode) -> None:
    mode.register_remote(remote.url, remote.mixed)
    path = mode.files.collection(remote.mixed)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"rna\t", b"rnb\t"))
    (fault,) = mode.verify(repair=True)
    assert (fault.subject, fault.repaired) == (remote.mixed, False)
    assert "register a remote one again" in fault.detail
    mode.register_remote(remote.url, remote.mixed)
    assert path.read_bytes() == whole
    assert mode.verify() == []


def test_an_address_with_a_password_is_the_users_own(
    static_store: Published, mode: LocalMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = mode.files.origin(static_store.small)
    modes = []
    flush = os.fsync

    def look(descriptor: int) -> None:
        modes.extend(path.stat().st_mode & 0o777 for path in origin.parent.glob("*"))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    url = static_store.url.replace("://", "://user:secret@")
    mode.register_remote(url, static_store.small)
    assert modes, "the file is flushed under its temporary name"
    assert set(modes) == {0o600}
    assert origin.stat().st_mode & 0o777 == 0o600
    with mode.open(static_store.small) as reader:
        assert reader.fetch("chr2") == "GGGGCCCC"


def test_importing_a_remote_genome_makes_it_an_own_one(
    remote: Published, mode: LocalMode, tmp_path: Path
) -> None:
    mode.register_remote(remote.url, remote.small)
    result = mode.import_fasta(write_fasta(tmp_path / "again.fa", SMALL))
    assert result.collection.digest == remote.small
    assert mode.origin(remote.small) is None
    assert mode.sequences(remote.small) == remote.mode.sequences(remote.small)
    with mode.open(remote.small) as reader:
        assert reader.fetch("chr2") == "GGGGCCCC"
    assert mode.verify() == []


def test_a_genome_that_is_here_stays_so(remote: Published, mode: LocalMode, tmp_path: Path) -> None:
    mode.import_fasta(write_fasta(tmp_path / "own.fa", SMALL))
    mode.register_remote(remote.url, remote.small)
    assert mode.origin(remote.small) is None


def test_a_collection_that_the_server_lacks(remote: Published, mode: LocalMode) -> None:
    with pytest.raises(NotFoundError):
        mode.register_remote(remote.url, "A" * 32)
    assert mode.collections() == []


def test_a_store_that_cannot_be_written_is_read_all_the_same(remote: Published) -> None:
    with small_disk() as disk:
        mode = local_mode(disk.folder / "genomes")
        mode.register_remote(remote.url, remote.mixed)
        before = tree(disk.folder)
        with disk.read_only():
            with mode.open(remote.mixed) as reader:
                assert reader.fetch("iupac", 4, 9) == "RYKMS"
            assert tree(disk.folder) == before


def test_removal_of_a_remote_genome(remote: Published, mode: LocalMode) -> None:
    mode.register_remote(remote.url, remote.small)
    with mode.open(remote.small) as reader:
        reader.fetch("chr1")
    mode.remove(remote.small)
    assert mode.collections() == []
    assert mode.origin(remote.small) is None
    assert not list((mode.store_path / "sequences").rglob("*.seq"))

"""Servers of remote genomes that lie, stop, or are slow: a clear error, and nothing is kept."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from refgenie.errors import (
    DigestMismatchError,
    NetworkError,
    NotFoundError,
    RefgenieError,
)
from refgenie.sequences import LocalMode, SequenceNotHereError, ServerMode, make_source
from refgenie.sequences.fast import fetch
from refgenie.sequences.seqcol import digest_of_level2, sha512t24u
from support.lying_server import (
    HTML,
    LIES,
    QUIET_HTML,
    Answer,
    altered,
    circle,
    failing,
    flaky,
    honest,
    says,
    serving,
)
from support.sequences import MIXED, SMALL, local_mode, read_fasta, tree, write_fasta


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    root = tmp_path_factory.mktemp("published")
    mode = local_mode(root / "genomes")
    small = mode.import_fasta(write_fasta(root / "small.fa", SMALL)).collection.digest
    mixed = mode.import_fasta(write_fasta(root / "mixed.fa", MIXED)).collection.digest
    mode.aliases.set_many({"small": small})
    mode.set_fhr(small, {"schemaVersion": 1})
    return mode.store_path, small, mixed


@pytest.fixture
def store(_published: tuple[Path, str, str]) -> Path:
    return _published[0]


@pytest.fixture
def small(_published: tuple[Path, str, str]) -> str:
    return _published[1]


@pytest.fixture
def mixed(_published: tuple[Path, str, str]) -> str:
    return _published[2]


@pytest.fixture
def mode(tmp_path: Path) -> LocalMode:
    return local_mode(tmp_path / "genomes")


@pytest.mark.parametrize("lie", LIES)
def test_a_sequence_that_is_no_such_thing_is_not_kept(
    store: Path, mixed: str, mode: LocalMode, lie: str
) -> None:
    with serving(store, {".seq": LIES[lie]}) as url:
        mode.register_remote(url, mixed)
        before = tree(mode.store_path)
        with mode.open(mixed) as reader, pytest.raises((DigestMismatchError, NetworkError)):
            reader.fetch("dna", 0, 3)
        assert tree(mode.store_path) == before
        assert not list((mode.store_path.parent / ".work").glob("*"))
    # The server speaks the truth again.
    with serving(store, {}) as other:
        mode.files.origin(mixed).write_text(f'{{"url": "{other}"}}')
        with mode.open(mixed) as reader:
            assert reader.fetch("iupac") == read_fasta(MIXED)["iupac"].upper()


@pytest.mark.parametrize("lie", ["html without its type", "altered", "empty"])
def test_rare_residues_that_are_none_are_not_kept(store: Path, mixed: str, mode: LocalMode, lie: str) -> None:
    with serving(store, {".res": LIES[lie]}) as url:
        mode.register_remote(url, mixed)
        with mode.open(mixed) as reader, pytest.raises(DigestMismatchError):
            reader.fetch("rna")
    assert not list(mode.store_path.rglob("*.res"))


def without_last_line(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    honest(handler, b"".join((content or b"").splitlines(keepends=True)[:-1]))


def renamed(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    honest(handler, (content or b"").replace(b"rna\t", b"rnb\t"))


def relengthened(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    honest(handler, (content or b"").replace(b"rna\t20", b"rna\t19"))


def undigested(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
    lines = (content or b"").splitlines(keepends=True)
    honest(handler, b"".join(line for line in lines if not line.startswith(b"##seqcol_digest")))


COLLECTION_LIES = {
    **{name: lie for name, lie in LIES.items() if name not in {"altered", "shorter"}},
    "without last line": without_last_line,
    "renamed": renamed,
    "relengthened": relengthened,
    "without its digest": undigested,
}


@pytest.mark.parametrize("lie", COLLECTION_LIES)
def test_a_collection_that_is_no_such_thing_is_not_registered(
    store: Path, mixed: str, mode: LocalMode, lie: str
) -> None:
    mode.create_store()
    before = tree(mode.store_path)
    with (
        serving(store, {f"collections/{mixed}": COLLECTION_LIES[lie]}) as url,
        pytest.raises((DigestMismatchError, NetworkError)),
    ):
        mode.register_remote(url, mixed)
    assert tree(mode.store_path) == before


def test_another_collection_under_the_digest_is_refused(
    store: Path, small: str, mixed: str, mode: LocalMode
) -> None:
    other = (store / "collections" / f"{small}.rgsi").read_bytes()
    with (
        serving(store, {f"collections/{mixed}": says(other)}) as url,
        pytest.raises(DigestMismatchError),
    ):
        mode.register_remote(url, mixed)
    assert mode.collections() == []


@pytest.mark.parametrize(
    ("path", "lie"),
    [
        ("sequences.rgsi", altered),
        ("collections.rgci", altered),
        ("collections.rgci", QUIET_HTML),
        ("sequences.rgsi", HTML),
        ("rgstore.json", HTML),
        ("rgstore.json", QUIET_HTML),
        ("rgstore.json", failing(404)),
        ("rgstore.json", failing(503)),
        ("rgstore.json", circle),
    ],
)
def test_a_store_whose_index_is_no_such_thing_is_not_opened(
    store: Path, tmp_path: Path, path: str, lie: Answer
) -> None:
    cache = tmp_path / "cache"
    with serving(store, {path: lie}) as url, pytest.raises((NetworkError, DigestMismatchError)):
        ServerMode(url, cache).create_store()
    assert not list(cache.rglob(path))
    with serving(store, {}) as url:
        server = ServerMode(url, cache)
        server.create_store()
        assert len(server.collections()) == 2


def test_a_server_that_does_not_end_is_left(store: Path, mixed: str, mode: LocalMode) -> None:
    sent = 0

    def endless(handler: http.server.BaseHTTPRequestHandler, _content: bytes | None) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            while sent < 400 << 20:
                sent += handler.wfile.write(b"ACGT" * (1 << 14))
        except OSError:
            return

    with serving(store, {".seq": endless}) as url:
        mode.register_remote(url, mixed)
        with mode.open(mixed) as reader, pytest.raises(DigestMismatchError):
            reader.fetch("dna", 0, 3)
    assert sent < 100 << 20


EVIL = "../../../evil"


def test_a_server_that_lists_paths_for_digests_writes_no_file(
    store: Path, mode: LocalMode, tmp_path: Path
) -> None:
    """Files are named by digests: one that is a path would lead out of every folder."""
    index = (store / "collections.rgci").read_bytes()
    listed = index + f"{EVIL}\t1\tx\tx\tx\tx\tx\tx\n".encode()
    manifest = json.loads((store / "rgstore.json").read_bytes())
    manifest["collections_digest"] = hashlib.sha256(listed).hexdigest()
    lies = {
        "collections.rgci": says(listed),
        "rgstore.json": says(json.dumps(manifest).encode()),
        "fhr": says(b"{}"),
        "evil": says(b"evil"),
    }
    folder = tmp_path / "a" / "b" / "c" / "d"
    with serving(store, lies) as url:
        with pytest.raises(NetworkError, match="no digest"):
            ServerMode(url, folder).create_store()
        with pytest.raises(NetworkError, match="no digest"):
            make_source(url).collections()
        with pytest.raises(NotFoundError, match="no digest"):
            mode.register_remote(url, EVIL)
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


@contextmanager
def canned_api(folder: Path, level2: dict[str, Any], residues: bytes) -> Iterator[tuple[str, str]]:
    """A seqcol API with one collection; its address and the collection's digest."""
    digest = digest_of_level2(level2)
    api = {
        "rgstore.json": failing(404),
        "service-info": says(json.dumps({"seqcol": {}}).encode()),
        f"collection/{digest}": says(json.dumps(level2).encode()),
        "/sequence/": says(residues),
    }
    with serving(folder, api) as url:
        yield url, digest


def test_a_collection_whose_sequences_are_paths_is_refused(mode: LocalMode, tmp_path: Path) -> None:
    level2 = {"names": ["a"], "lengths": [4], "sequences": [f"SQ.{EVIL}"]}
    with canned_api(tmp_path, level2, b"ACGT") as (url, digest), pytest.raises(DigestMismatchError):
        mode.register_remote(url, digest)
    assert mode.collections() == []


ACGT = f"SQ.{sha512t24u(b'ACGT')}"


@pytest.mark.parametrize(
    "lengths",
    [["four"], ["4"], [None], [True], [4.0], [-4], [1 << 63], [4, 4], [[4]]],
    ids=json.dumps,
)
def test_lengths_that_are_none_are_refused(mode: LocalMode, tmp_path: Path, lengths: list[object]) -> None:
    level2 = {"names": ["a"], "lengths": lengths, "sequences": [ACGT]}
    with canned_api(tmp_path, level2, b"ACGT") as (url, digest):
        with pytest.raises(DigestMismatchError):
            make_source(url).level2(digest)
        with pytest.raises(DigestMismatchError):
            mode.register_remote(url, digest)
    assert mode.collections() == []


@pytest.mark.parametrize("imported", ["never", "before", "after"])
@pytest.mark.parametrize("length", [3, 5])
def test_a_wrong_length_is_told_by_the_residues(
    mode: LocalMode, tmp_path: Path, length: int, imported: str
) -> None:
    """No digest of the collection depends on its lengths, so that a server can lie about them."""
    level2 = {"names": ["a"], "lengths": [length], "sequences": [ACGT]}
    own = write_fasta(tmp_path / "own.fa", ">own\nACGT\n")
    with canned_api(tmp_path, level2, b"ACGT") as (url, digest):
        if imported == "before":
            mode.import_fasta(own)
        mode.register_remote(url, digest)
        if imported == "after":
            mode.import_fasta(own)
        before = tree(mode.store_path)
        with pytest.raises(SequenceNotHereError):
            fetch(str(mode.store_path), digest, "a", 0, 2)
        with mode.open(digest) as reader, pytest.raises(DigestMismatchError):
            reader.fetch("a", 0, 2)
    assert tree(mode.store_path) == before
    assert mode.verify() == []


def test_what_fails_once_is_asked_again(store: Path, mixed: str, mode: LocalMode) -> None:
    with serving(store, {"/": flaky()}) as url:
        mode.register_remote(url, mixed)
        with mode.open(mixed) as reader:
            assert reader.fetch("dna", 0, 5) == "ACGTN"


def test_one_cache_serves_two_addresses(store: Path, small: str, mixed: str, tmp_path: Path) -> None:
    other = local_mode(tmp_path / "other")
    digest = other.import_fasta(write_fasta(tmp_path / "o.fa", ">o\nTTTT\n")).collection.digest
    cache = tmp_path / "cache"
    with serving(store, {}) as first, serving(other.store_path, {}) as second:
        one, two = ServerMode(first, cache), ServerMode(second, cache)
        one.create_store()
        two.create_store()
        assert one.collections() == sorted([small, mixed])
        assert two.collections() == [digest]


def test_a_dead_server_is_told_soon(mode: LocalMode, small: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        began = time.monotonic()
        with pytest.raises(NetworkError):
            mode.register_remote(f"http://127.0.0.1:{taken.getsockname()[1]}", small)
    assert time.monotonic() - began < 15


def test_a_server_that_never_answers_is_told_in_time(mode: LocalMode, small: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(NetworkError, match="in time"):
            mode.register_remote(f"http://127.0.0.1:{silent.getsockname()[1]}", small)
    assert time.monotonic() - began < 15


def test_a_server_that_drips_is_given_up(
    store: Path, small: str, mode: LocalMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refgenie.sequences.remote.folders.READ_TIMEOUT", 2.0)

    def drip(handler: http.server.BaseHTTPRequestHandler, content: bytes | None) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            for _ in range(40):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.25)
        except OSError:
            return

    began = time.monotonic()
    with serving(store, {"collections/": drip}) as url, pytest.raises(NetworkError, match="slow"):
        mode.register_remote(url, small)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("address", ["nonsense", "ftp://x/y", "http://", "http://[", "s3://"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(RefgenieError):
        make_source(address)


def test_a_server_of_something_else_is_told(tmp_path: Path) -> None:
    with serving(tmp_path, {}) as url, pytest.raises(NetworkError, match="neither"):
        make_source(url)


@pytest.mark.parametrize("lie", ["html", "altered", "shorter", "error", "reset"])
def test_a_seqcol_api_that_lies_is_not_believed(
    store: Path, mixed: str, mode: LocalMode, tmp_path: Path, lie: str
) -> None:
    """Canned answers of an API: level 2 is altered, or the residues are."""
    level2 = json.dumps(local_reading(store, tmp_path).level2(mixed)).encode()
    info = says(json.dumps({"seqcol": {}}).encode(), "application/json")
    api = {"service-info": info, "rgstore.json": failing(404)}

    def lying(true: bytes) -> Answer:
        return lambda handler, _content: LIES[lie](handler, true)

    with (
        serving(tmp_path, {**api, f"collection/{mixed}": lying(level2)}) as url,
        pytest.raises((NetworkError, DigestMismatchError)),
    ):
        mode.register_remote(url, mixed)
    assert mode.collections() == []

    residues = read_fasta(MIXED)["rna"].encode()
    answers = {f"collection/{mixed}": says(level2), "/sequence/": lying(residues)}
    with serving(tmp_path, {**api, **answers}) as url:
        mode.register_remote(url, mixed)
        with (
            mode.open(mixed) as reader,
            pytest.raises((NetworkError, DigestMismatchError, NotFoundError)),
        ):
            reader.fetch("rna")
    assert not list((mode.store_path / "sequences").rglob("*.seq"))


def local_reading(store: Path, tmp_path: Path) -> LocalMode:
    mode = local_mode(tmp_path / "copy")
    shutil.copytree(store, mode.store_path, symlinks=True)
    return mode

"""ServerMode: a RefgetStore elsewhere, read-only, through a cache of this process."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

from refgenie.core.addresses import without_credentials
from refgenie.core.progress import NoProgress, Progress
from refgenie.core.records import AliasRecord
from refgenie.errors import (
    DigestMismatchError,
    NetworkError,
    NotFoundError,
    NotPermittedError,
)
from refgenie.sequences.aliases import read_aliases
from refgenie.sequences.durable import write_bytes, writing
from refgenie.sequences.masks import is_mask
from refgenie.sequences.model import NAMESPACE, CollectionReader, SequenceInfo
from refgenie.sequences.reading import StoreReading
from refgenie.sequences.remote.arrival import Keeper
from refgenie.sequences.remote.folders import read_optional
from refgenie.sequences.remote.reader import RemoteReader
from refgenie.sequences.remote.sources import StoreSource, checked_digests, make_source
from refgenie.sequences.store_files import StoreFiles, digest_of

_AT_ONCE = 8


class StoreNamespaces:
    """Aliases of all namespaces of a remote store, read once; ``refgenie`` comes first."""

    def __init__(self) -> None:
        self._namespaces: dict[str, dict[str, str]] = {}

    def load(self, files: StoreFiles) -> None:
        """Take over the alias files that are in the cache."""
        found = {
            path.stem: read_aliases(path) for path in (files.root / "aliases" / "collections").glob("*.tsv")
        }
        self._namespaces = {
            name: found[name] for name in sorted(found, key=lambda name: (name != NAMESPACE, name))
        }

    def resolve(self, alias: str) -> str | None:
        """Digest of the genome with this alias in the first namespace that has it, or None."""
        found = self.find(alias)
        return None if found is None else found.genome_digest

    def find(self, alias: str) -> AliasRecord | None:
        """The alias with the namespace that it is from."""
        for namespace, aliases in self._namespaces.items():
            if alias in aliases:
                return AliasRecord(alias, aliases[alias], _source(namespace))
        return None

    def list(self) -> list[AliasRecord]:
        """All aliases of all namespaces, sorted by name."""
        return sorted(
            (
                AliasRecord(alias, digest, _source(namespace))
                for namespace, aliases in self._namespaces.items()
                for alias, digest in aliases.items()
            ),
            key=lambda record: (record.name, record.source),
        )

    def of_genome(self, digest: str) -> Sequence[str]:
        """The aliases of one genome, sorted."""
        return sorted(
            {
                alias
                for aliases in self._namespaces.values()
                for alias, named in aliases.items()
                if named == digest
            }
        )


def _source(namespace: str) -> str:
    return "store" if namespace == NAMESPACE else namespace


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """A remote store: where it is read from, what of it is here, and its aliases."""

    source: StoreSource
    files: StoreFiles
    aliases: StoreNamespaces

    def pull_index(self, name: str, place: Path, digest_name: str) -> None:
        """Fetch an index, unless the one that is here is that of the store's description."""
        expected = self.source.manifest.get(digest_name)
        if expected and digest_of(place) == expected:
            return
        content = self.source.folder.read(_plain_name(str(self.source.manifest.get(name, place.name))))
        if expected and hashlib.sha256(content).hexdigest() != expected:
            raise DigestMismatchError(
                f"{self.source.shown}: {place.name} is not the one that rgstore.json names"
            )
        write_bytes(place, content)

    def pull_aliases(self) -> None:
        """Fetch the aliases of all namespaces that the store advertises, of collections and of sequences."""
        for kind in ("collection", "sequence"):
            for namespace in self.source.manifest.get(f"{kind}_alias_namespaces") or []:
                path = f"aliases/{kind}s/{_plain_name(str(namespace))}.tsv"
                content = read_optional(self.source.folder, path)
                if content is not None:
                    write_bytes(self.files.root / path, content)
        self.aliases.load(self.files)

    def pull_fhr(self) -> None:
        """Fetch the FHR metadata of all collections, if the store says that it has any."""
        if not self.source.manifest.get("fhr_digest"):
            return

        def pull(digest: str) -> None:
            content = read_optional(self.source.folder, f"fhr/{digest}.fhr.json")
            if content is not None:
                write_bytes(self.files.fhr(digest), content)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(pull, self.files.index_lines()))


def read_namespaces(source: StoreSource) -> StoreNamespaces:
    """The aliases of a remote store, without the rest of it."""
    with tempfile.TemporaryDirectory(prefix="refgenie-store-") as folder:
        store = OpenedStore(source, StoreFiles(Path(folder)), StoreNamespaces())
        store.pull_aliases()
    return store.aliases


class ServerMode(StoreReading):
    """A store behind ``refget_store_url``; nothing is ever written to it.

    Args:
        url: A static RefgetStore (``http(s)://``, ``s3://``…).
        cache: Folder for what is fetched; None is a temporary one that ends with this object.
        progress: Shows long work.
    """

    writable = False

    def __init__(self, url: str, cache: Path | None = None, progress: Progress | None = None) -> None:
        self._url = url.rstrip("/")
        self._shown = without_credentials(self._url)
        self._progress = progress or NoProgress()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if cache is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="refgenie-store-")
            cache = Path(self._temporary.name)
        self._cache = cache
        self._opening = Lock()
        self._opened: OpenedStore | None = None

    @property
    def url(self) -> str:
        """The store's address."""
        return self._url

    @property
    def files(self) -> StoreFiles:
        """The cached part of the store, which is opened by the first use."""
        return self._store().files

    @property
    def aliases(self) -> StoreNamespaces:
        """Aliases of all namespaces of the store."""
        return self._store().aliases

    @property
    def store_path(self) -> Path:
        """Folder of the cached part of the store."""
        return self.files.root

    def create_store(self) -> None:
        """Open the store: its indices, aliases and FHR metadata are fetched now.

        Raises:
            NetworkError: The server does not answer, or has no RefgetStore there.
            DigestMismatchError: An index is not the one that the store's description names.
        """
        with self._opening:
            self._opened = self._open()

    def _store(self) -> OpenedStore:
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> OpenedStore:
        source = make_source(self._url)
        if not isinstance(source, StoreSource):
            raise NetworkError(f"{self._shown} is no static RefgetStore: it has no rgstore.json")
        manifest = json.dumps(source.manifest, sort_keys=True).encode()
        key = hashlib.sha256(self._url.encode() + b"\0" + manifest).hexdigest()[:32]
        store = OpenedStore(source, StoreFiles(self._cache / key), StoreNamespaces())
        with writing(str(store.files.root)):
            store.files.collections.mkdir(parents=True, exist_ok=True)
            store.pull_index("sequence_index", store.files.sequence_index, "sequences_digest")
            store.pull_index("collection_index", store.files.collection_index, "collections_digest")
            checked_digests(store.files.index_lines(), self._shown)
            store.pull_aliases()
            store.pull_fhr()
            write_bytes(store.files.manifest, json.dumps(source.manifest).encode())
        return store

    def open(self, digest: str) -> CollectionReader:
        """A reader of one collection's residues; sequences are fetched whole and checked."""
        self._require(digest)
        return RemoteReader(self.files, digest, self._keeper())

    def bring(self, entry: SequenceInfo) -> SequenceInfo:
        """Have one sequence of the store in the cache; answers what is now known of it.

        Raises:
            DigestMismatchError: Something else arrived; it was not kept.
            NetworkError, NotFoundError: It did not arrive.
        """
        return self._keeper().bring(entry)

    def close(self) -> None:
        """Remove the temporary cache."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _keeper(self) -> Keeper:
        store = self._store()
        return Keeper(lambda: store.source, store.files, self._cache / "work", None, self._progress)

    def _require(self, digest: str) -> None:
        store = self._store()
        if not store.files.listed(digest):
            raise NotFoundError(f"the store {self._shown} has no sequence collection {digest}")
        if not store.files.collection(digest).exists():
            content = store.source.collection(digest)
            mask = store.source.optional(f"masks/{digest}.mask")
            if mask is not None and is_mask(mask):
                write_bytes(store.files.mask(digest), mask)
            write_bytes(store.files.collection(digest), content)

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        """What LocalMode writes with is refused here, with the reason."""
        if name not in _WRITING:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise NotPermittedError(
                f"the sequence store {self._shown} is read-only here",
                hint="run without refget_store_url to work with the own store",
            )

        return refuse


_WRITING = {
    "collect_garbage",
    "import_fasta",
    "register_remote",
    "remove",
    "repair_index",
    "set_fhr",
    "verify",
}


def _plain_name(name: str) -> str:
    """A name from a server that cannot lead out of a folder."""
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise NetworkError(f"the store names a file {name!r}")
    return name

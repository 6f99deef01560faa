"""What kind of server an address is, and what it says about collections."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol

from refgenie.core.names import is_genome_digest
from refgenie.errors import (
    DigestMismatchError,
    NetworkError,
    NotFoundError,
    NotPermittedError,
    RefgenieError,
)
from refgenie.sequences.model import SequenceInfo
from refgenie.sequences.recovery import UNPROVEN, prove_collection
from refgenie.sequences.remote.folders import (
    HttpFolder,
    RemoteFolder,
    open_folder,
    read_optional,
)
from refgenie.sequences.seqcol import ARRAYS, ancillary_of, are_lengths, digest_of_level2, level1_of
from refgenie.sequences.store_files import (
    HEAD_ORDER,
    LEVEL1,
    SEQUENCE_COLUMNS,
    UNKNOWN,
    StoreFiles,
)

_PLAIN = "text/vnd.ga4gh.refget.v2.0.0+plain, text/plain;q=0.9, */*;q=0.1"


class RemoteSource(Protocol):
    """A server that has sequence collections.

    Attributes:
        kind: ``store`` (a static RefgetStore) or ``seqcol`` (a seqcol API).
        url: Its address.
        shown: The same without credentials, for messages.
    """

    kind: str
    url: str
    shown: str

    def collections(self) -> list[str]:
        """Digests of all collections."""
        ...

    def collection(self, digest: str) -> bytes:
        """The collection's file (``.rgsi``), proven to have this digest.

        Raises:
            NotFoundError: The server has no such collection.
            DigestMismatchError: What it answered has another digest.
        """
        ...

    def level2(self, digest: str) -> dict[str, Any]:
        """Seqcol level 2, proven to have this digest."""
        ...

    def download(self, entry: SequenceInfo, target: IO[bytes], advance: Callable[[int], None]) -> str:
        """Write a sequence to ``target``, unchecked; answers in what form.

        Returns:
            ``Encoded`` for the engine's packed form, ``Raw`` for residues.
        """
        ...

    def optional(self, path: str) -> bytes | None:
        """What the server keeps beside the standard (masks, exact residues), or None.

        Raises:
            NetworkError: The server failed, so that it is not known whether there is something.
        """
        ...


def make_source(url: str) -> RemoteSource:
    """The server behind an address.

    A static RefgetStore where ``url/rgstore.json`` is one, else a seqcol API; where the API says
    in its service-info that it has a store, that store, if it answers.

    Raises:
        NetworkError: It is neither, or does not answer.
    """
    folder = open_folder(url)
    manifest = _json_or_none(folder, "rgstore.json")
    if manifest is not None and "seqdata_path_template" in manifest:
        return StoreSource(folder, manifest)
    if not isinstance(folder, HttpFolder):
        raise NetworkError(f"{folder.shown} is no RefgetStore: it has no rgstore.json")
    for root in (folder.url, f"{folder.url}/seqcol"):
        info = _json_or_none(HttpFolder(root), "service-info")
        if info is not None and isinstance(info.get("seqcol"), dict):
            return _advertised(info["seqcol"]) or SeqcolSource(root)
    raise NetworkError(f"{folder.shown} is neither a RefgetStore nor a seqcol API")


def _advertised(seqcol: dict[str, Any]) -> RemoteSource | None:
    store = seqcol.get("refget_store")
    if not isinstance(store, dict) or not store.get("enabled") or not store.get("url"):
        return None
    try:
        folder = open_folder(str(store["url"]))
        manifest = _json_or_none(folder, "rgstore.json")
    except (NetworkError, NotPermittedError):
        return None
    return None if manifest is None else StoreSource(folder, manifest)


def _json_or_none(folder: RemoteFolder, path: str) -> dict[str, Any] | None:
    """An object, or None where the server has none there; a dead server is an error."""
    try:
        content = json.loads(read_optional(folder, path) or b"null")
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def checked_digests(found: Iterable[str], shown: str) -> list[str]:
    """The digests that a server lists, sorted; files are named by them, so nothing else is taken.

    Raises:
        NetworkError: One is no digest.
    """
    digests = sorted(found)
    for digest in digests:
        if not is_genome_digest(digest):
            raise NetworkError(f"{shown} lists a sequence collection {digest[:40]!r}, which is no digest")
    return digests


def _proven(content: bytes, digest: str, url: str) -> bytes:
    """The collection's file if its digest follows from its lines."""
    with tempfile.TemporaryDirectory(prefix="refgenie-") as folder:
        files = StoreFiles(Path(folder))
        files.collections.mkdir()
        files.collection(digest).write_bytes(content)
        try:
            prove_collection(files, digest)
        except UNPROVEN as error:
            raise DigestMismatchError(
                f"{url} answered something else than the sequence collection {digest}"
            ) from error
    return content


def _total(answer: dict[str, Any]) -> int | None:
    """How many entries a list has on all its pages, None where the server does not tell."""
    pagination = answer.get("pagination")
    total = pagination.get("total") if isinstance(pagination, dict) else None
    return total if type(total) is int else None


def _require_digest(digest: str, shown: str) -> None:
    if not is_genome_digest(digest):
        raise NotFoundError(f"{shown} has no sequence collection {digest}: that is no digest")


class StoreSource:
    """A RefgetStore behind a plain file server or object store."""

    kind = "store"

    def __init__(self, folder: RemoteFolder, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self.url, self.shown = folder.url, folder.shown
        self.manifest = manifest

    def collections(self) -> list[str]:
        """Digests of all collections."""
        content = self.folder.read(str(self.manifest.get("collection_index", "collections.rgci")))
        lines = content.decode("utf-8", "replace").splitlines()
        return checked_digests((line.split("\t")[0] for line in lines if line and line[0] != "#"), self.shown)

    def collection(self, digest: str) -> bytes:
        """The collection's file, proven."""
        _require_digest(digest, self.shown)
        try:
            content = self.folder.read(f"collections/{digest}.rgsi")
        except NotFoundError as error:
            raise NotFoundError(f"{self.shown} has no sequence collection {digest}") from error
        return _proven(content, digest, self.shown)

    def level2(self, digest: str) -> dict[str, Any]:
        """Seqcol level 2, proven."""
        rows = [
            line.decode().split("\t")
            for line in self.collection(digest).splitlines()
            if not line.startswith(b"#")
        ]
        return {
            "names": [row[0] for row in rows],
            "lengths": [int(row[1]) for row in rows],
            "sequences": [f"SQ.{row[3]}" for row in rows],
        }

    def download(self, entry: SequenceInfo, target: IO[bytes], advance: Callable[[int], None]) -> str:
        """Write the stored file; packed unless the store is not."""
        template = str(self.manifest["seqdata_path_template"])
        path = template.replace("%s2", entry.digest[:2]).replace("%s4", entry.digest[:4])
        self.folder.download(path.replace("%s", entry.digest), target, advance)
        return str(self.manifest.get("mode", "Encoded"))

    def optional(self, path: str) -> bytes | None:
        """What refgenie keeps beside its stores."""
        return read_optional(self.folder, f"refgenie/{path}")


class SeqcolSource:
    """A GA4GH seqcol API, and the refget sequences API beside it, where there is one."""

    kind = "seqcol"

    def __init__(self, url: str) -> None:
        self.folder = HttpFolder(url)
        self.url, self.shown = self.folder.url, self.folder.shown

    def collections(self) -> list[str]:
        """Digests of all collections, page by page; how long a page is, the server decides.

        Raises:
            NetworkError: It promises more than it lists, or lists what is no digest.
        """
        found: set[str] = set()
        for page in count():
            path = f"list/collection?page={page}&page_size=100"
            try:
                answer = self._json(path)
            except NotFoundError:
                if not found:
                    raise
                break  # beyond the last page, where the first ones did not tell the total
            results, total = answer.get("results"), _total(answer)
            if not isinstance(results, list):
                raise NetworkError(f"{self.shown}/{path}: the answer is no list")
            before = len(found)
            found.update(map(str, results))
            if total is not None and len(found) >= total:
                break
            if len(found) == before:  # the page is empty, or one that was here already
                if total is None:
                    break
                raise NetworkError(
                    f"{self.shown}/{path}: the server has {total} sequence collections and lists {before}"
                )
        return checked_digests(found, self.shown)

    def level2(self, digest: str) -> dict[str, Any]:
        """Seqcol level 2, proven."""
        _require_digest(digest, self.shown)
        try:
            content = self._json(f"collection/{digest}?level=2")
        except NotFoundError as error:
            raise NotFoundError(f"{self.shown} has no sequence collection {digest}") from error
        try:
            proven = digest_of_level2(content) == digest
        except (RefgenieError, ValueError, TypeError):
            proven = False
        # The collection's digest does not depend on the lengths: those must be plausible at least.
        if (
            not proven
            or len({len(content[name]) for name in ARRAYS}) != 1
            or not are_lengths(content["lengths"])
        ):
            raise DigestMismatchError(
                f"{self.shown} answered something else than the sequence collection {digest}"
            )
        return {name: content[name] for name in ("names", "lengths", "sequences")}

    def collection(self, digest: str) -> bytes:
        """The collection's file, made from level 2; MD5 and alphabet are not known yet."""
        level2 = self.level2(digest)
        head = {"seqcol_digest": digest}
        for name, value in (level1_of(level2) | ancillary_of(level2)).items():
            head[LEVEL1[name]] = value
        lines = [f"##{key}={head[key]}\n".encode() for key in ("seqcol_digest", *HEAD_ORDER)]
        lines.append(SEQUENCE_COLUMNS)
        for name, length, sequence in zip(
            level2["names"], level2["lengths"], level2["sequences"], strict=True
        ):
            bare = str(sequence).removeprefix("SQ.")
            lines.append(f"{name}\t{length}\t{UNKNOWN}\t{bare}\t\t\n".encode())
        return _proven(b"".join(lines), digest, self.shown)

    def download(self, entry: SequenceInfo, target: IO[bytes], advance: Callable[[int], None]) -> str:
        """Write the residues, from the refget API under or beside the seqcol API."""
        roots = [self.url]
        if self.url.endswith("/seqcol"):
            roots.insert(0, self.url.removesuffix("/seqcol"))
        for root in roots:
            try:
                HttpFolder(root).download(
                    f"sequence/SQ.{entry.digest}", target, advance, headers={"Accept": _PLAIN}
                )
            except NotFoundError:
                continue
            return "Raw"
        raise NotFoundError(
            f"{self.shown} does not serve sequence SQ.{entry.digest}",
            hint="the server describes collections only; register the genome from a RefgetStore",
        )

    def optional(self, path: str) -> bytes | None:  # noqa: ARG002 - the API has no such thing
        """Nothing: the API has the standard only."""
        return None

    def _json(self, path: str) -> dict[str, Any]:
        try:
            content = json.loads(self.folder.read(path, headers={"Accept": "application/json"}))
        except ValueError as error:
            raise NetworkError(f"{self.shown}/{path}: the answer is no JSON") from error
        if not isinstance(content, dict):
            raise NetworkError(f"{self.shown}/{path}: the answer is no object")
        return content

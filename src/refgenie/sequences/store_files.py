"""The RefgetStore's index files: where they lie, how they are read, and how they are replaced.

The format is the engine's (``rgstore.json`` version 1). A test compares every index that is
written here, byte for byte, with the one that the engine writes for the same content.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.sequences.collection_file import read_head, read_lines
from refgenie.sequences.durable import write_bytes, write_through
from refgenie.sequences.engine_lock import engine_lock
from refgenie.sequences.model import CollectionInfo, SequenceInfo

SEQUENCE_COLUMNS = b"#name\tlength\talphabet\tsha512t24u\tmd5\tdescription\n"
COLLECTION_COLUMNS = (
    b"#digest\tn_sequences\tnames_digest\tsequences_digest\tlengths_digest\t"
    b"name_length_pairs_digest\tsorted_name_length_pairs_digest\tsorted_sequences_digest\n"
)
LEVEL1 = {
    "names": "names_digest",
    "lengths": "lengths_digest",
    "sequences": "sequences_digest",
    "name_length_pairs": "name_length_pairs_digest",
    "sorted_name_length_pairs": "sorted_name_length_pairs_digest",
    "sorted_sequences": "sorted_sequences_digest",
}
"""Seqcol attribute to the key of the collection file's head."""
SET_ASIDE = ".rgsi.damaged"
"""Ends the name of a list of sequences that was set aside."""
UNKNOWN = "Unknown"
"""Alphabet of a remote sequence of which no residue was seen yet."""
REPAIR_HINT = "run 'refgenie doctor --fix'; nothing is written to the store until then"


class StoreFiles:
    """Paths and contents of one store on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest = root / "rgstore.json"
        self.sequence_index = root / "sequences.rgsi"
        self.collection_index = root / "collections.rgci"
        self.collections = root / "collections"
        self.beside = root / "refgenie"
        """What the engine does not keep: masks, exact residues, views, origins of remote genomes."""
        self.journal = self.beside / "commit.json"

    def sequence(self, digest: str) -> Path:
        """Packed residues of one sequence."""
        return self.root / "sequences" / digest[:2] / f"{digest}.seq"

    def collection(self, digest: str) -> Path:
        """List of one collection's sequences."""
        return self.collections / f"{digest}.rgsi"

    def damaged_collection(self, digest: str) -> Path:
        """What a damaged list of sequences is set aside as."""
        return self.collections / f"{digest}{SET_ASIDE}"

    def aliases(self, namespace: str) -> Path:
        """Aliases of collections in one namespace."""
        return self.root / "aliases" / "collections" / f"{namespace}.tsv"

    def fhr(self, digest: str) -> Path:
        """FHR metadata of one collection."""
        return self.root / "fhr" / f"{digest}.fhr.json"

    def mask(self, digest: str) -> Path:
        """Soft mask of one collection."""
        return self.beside / "masks" / f"{digest}.mask"

    def exact(self, digest: str) -> Path:
        """Residues of one sequence that its packed form cannot give back."""
        return self.beside / "exact" / digest[:2] / f"{digest}.res"

    def view(self, digest: str) -> Path:
        """A small store that lists one collection."""
        return self.beside / "views" / digest

    def origin(self, digest: str) -> Path:
        """Where the sequences of a remote collection come from."""
        return self.beside / "remote" / f"{digest}.json"

    def exists(self) -> bool:
        """Whether there is a store, be it damaged."""
        return self.manifest.exists() or self.collection_index.exists()

    def read_manifest(self) -> dict[str, Any]:
        """The content of rgstore.json.

        Raises:
            NotFoundError: There is no store.
            InvalidInputError: It is empty or damaged.
        """
        try:
            content = json.loads(self.manifest.read_bytes())
        except FileNotFoundError as error:
            if self.collection_index.exists():
                raise damaged(self.manifest, "is missing") from error
            raise NotFoundError(f"there is no sequence store in {self.root}") from error
        except ValueError as error:
            raise damaged(self.manifest, "cannot be read") from error
        if not isinstance(content, dict) or "mode" not in content:
            raise damaged(self.manifest, "is not a store's description")
        return content

    def listed(self, digest: str) -> bool:
        """Whether the index lists this collection; a scan without loading it."""
        return self.index_line(digest) is not None

    def index_line(self, digest: str) -> bytes | None:
        """The index's line of one collection, without the line end."""
        try:
            content = self.collection_index.read_bytes()
        except FileNotFoundError:
            return None
        at = content.find(b"\n" + digest.encode() + b"\t")
        return None if at < 0 else content[at + 1 :].split(b"\n", 1)[0]

    def index_lines(self) -> dict[str, bytes]:
        """Collection digest to the index's line, line end included."""
        try:
            content = self.collection_index.read_bytes()
        except FileNotFoundError:
            return {}
        return {
            line.split(b"\t", 1)[0].decode("ascii", "replace"): line
            for line in content.splitlines(keepends=True)
            if not line.startswith(b"#")
        }

    def check(self) -> None:
        """Refuse to write to a store whose index lost something.

        Raises:
            InvalidInputError: A writer that went on would lose collections for good.
        """
        manifest = self.read_manifest()
        listed = self.index_lines()
        for index, key in (
            (self.collection_index, "collections_digest"),
            (self.sequence_index, "sequences_digest"),
        ):
            recorded = manifest.get(key)
            if recorded is not None and recorded != digest_of(index):
                raise damaged(index, "is not the one that the store's description records")
        lost = [path.stem for path in self.collections.glob("*.rgsi") if path.stem not in listed]
        if lost:
            raise damaged(self.collection_index, f"does not list {len(lost)} of the collections")

    def head(self, digest: str) -> dict[str, str]:
        """The collection file's ``##key=value`` lines."""
        with self._open_collection(digest) as handle:
            return read_head(handle)

    def sequences(self, digest: str) -> list[SequenceInfo]:
        """The collection's sequences in its order."""
        with self._open_collection(digest) as handle:
            return [parse_sequence(line) for line in handle if not line.startswith(b"#")]

    def level2(self, digest: str) -> dict[str, Any]:
        """Seqcol level 2: names, lengths and sequences as lists."""
        names: list[str] = []
        lengths: list[int] = []
        sequences: list[str] = []
        with self._open_collection(digest) as handle:
            for line in handle:
                if not line.startswith(b"#"):
                    name, length, _, sequence, _ = line.decode().split("\t", 4)
                    names.append(name)
                    lengths.append(int(length))
                    sequences.append(f"SQ.{sequence}")
        return {"names": names, "lengths": lengths, "sequences": sequences}

    def lines(self, digest: str) -> Iterator[bytes]:
        """The collection file's lines of sequences, line ends included."""
        with self._open_collection(digest) as handle:
            yield from read_lines(handle)

    def info(self, digest: str) -> CollectionInfo:
        """Digests and sizes of a collection, without its mask."""
        head = self.head(digest)
        lengths = [int(line.split(b"\t", 2)[1]) for line in self.lines(digest)]
        return CollectionInfo(
            digest=digest,
            names_digest=head.get("names_digest", ""),
            sequences_digest=head.get("sequences_digest", ""),
            lengths_digest=head.get("lengths_digest", ""),
            sequences=len(lengths),
            total_length=sum(lengths),
        )

    def _open_collection(self, digest: str) -> Any:
        try:
            return self.collection(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFoundError(f"the store has no sequence collection {digest}") from error

    def write_indices(self, sequences: dict[bytes, bytes], collections: dict[str, bytes]) -> None:
        """Replace both indices (digest to line) and the description that vouches for them."""
        _write_index(self.sequence_index, SEQUENCE_COLUMNS, sequences)
        _write_index(
            self.collection_index,
            COLLECTION_COLUMNS,
            {digest.encode(): line for digest, line in collections.items()},
        )
        self.write_manifest()

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Change collection files and indices inside the block.

        The journal tells the next writer, where this one ends in between, that the files that
        do not agree were an interrupted commit and no damage.
        """
        with engine_lock(self.root):
            write_bytes(self.journal, json.dumps({"pid": os.getpid()}).encode())
            yield
            self.journal.unlink(missing_ok=True)

    def write_manifest(self) -> None:
        """Bring the description in line with the indices, aliases and metadata."""
        try:
            content = json.loads(self.manifest.read_bytes())
        except (OSError, ValueError):
            content = {}
        write_bytes(self.manifest, describe(self, content if isinstance(content, dict) else {}))

    def known(self, entry: SequenceInfo) -> SequenceInfo:
        """A collection's sequence with the MD5, alphabet and length that another collection brought.

        A remote collection is listed before its residues were seen; the same sequence may have
        come with an imported genome since.
        """
        if entry.alphabet != UNKNOWN:
            return entry
        try:
            content = self.sequence_index.read_bytes()
        except FileNotFoundError:
            return entry
        at = content.find(b"\t" + entry.digest.encode() + b"\t")
        if at < 0:
            return entry
        found = parse_sequence(content[content.rfind(b"\n", 0, at) + 1 :].split(b"\n", 1)[0])
        return replace(entry, alphabet=found.alphabet, md5=found.md5, length=found.length)

    def sequence_lines(self) -> dict[bytes, bytes]:
        """Sequence digest to the index's line, line end included."""
        try:
            content = self.sequence_index.read_bytes()
        except FileNotFoundError:
            return {}
        return {
            line.split(b"\t", 4)[3]: line
            for line in content.splitlines(keepends=True)
            if not line.startswith(b"#") and line.count(b"\t") >= 4
        }


def damaged(path: Path, what: str) -> InvalidInputError:
    """The error for an index that must not be written over."""
    return InvalidInputError(f"the sequence store is damaged: {path} {what}", hint=REPAIR_HINT)


def parse_sequence(line: bytes) -> SequenceInfo:
    """One line of a ``.rgsi`` file."""
    name, length, alphabet, digest, md5, *description = line.decode().rstrip("\r\n").split("\t", 5)
    return SequenceInfo(name, int(length), digest, md5, alphabet, "".join(description))


def sequence_line(entry: SequenceInfo) -> bytes:
    """The line of a ``.rgsi`` file for a sequence."""
    columns = [entry.name, str(entry.length), entry.alphabet, entry.digest, entry.md5]
    return ("\t".join([*columns, entry.description]) + "\n").encode()


def is_unknown(line: bytes) -> bool:
    """Whether the residues of a sequence were never seen, so that MD5 and alphabet are not known."""
    return line.split(b"\t", 3)[2] == UNKNOWN.encode()


def index_entry(head: dict[str, str], sequences: int) -> bytes:
    """The line of ``collections.rgci`` for a collection file's head."""
    columns = [head["seqcol_digest"], str(sequences)]
    columns += [head.get(key, "") for key in HEAD_ORDER]
    return ("\t".join(columns) + "\n").encode()


HEAD_ORDER = (
    "names_digest",
    "sequences_digest",
    "lengths_digest",
    "name_length_pairs_digest",
    "sorted_name_length_pairs_digest",
    "sorted_sequences_digest",
)


def describe(files: StoreFiles, before: dict[str, Any]) -> bytes:
    """The content of rgstore.json for the files that are there; keeps what it does not know."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    content: dict[str, Any] = {
        "version": 1,
        "seqdata_path_template": "sequences/%s2/%s.seq",
        "collections_path_template": "collections/%s.rgsi",
        "sequence_index": files.sequence_index.name,
        "collection_index": files.collection_index.name,
        "mode": "Encoded",
        "created_at": now,
        "ancillary_digests": True,
        "attribute_index": False,
    }
    content |= before
    namespaces = {kind: sorted(_alias_files(files, kind)) for kind in ("sequences", "collections")}
    for kind, key in (
        ("sequences", "sequence_alias_namespaces"),
        ("collections", "collection_alias_namespaces"),
    ):
        content.pop(key, None)
        if namespaces[kind]:
            content[key] = [path.stem for path in namespaces[kind]]
    content["modified"] = now
    content["collections_digest"] = digest_of(files.collection_index)
    sequences_digest = digest_of(files.sequence_index)
    if content.get("sequences_digest") != sequences_digest:
        content.pop("logical_sequence_bytes", None)
    content["sequences_digest"] = sequences_digest
    for key, paths in (
        ("aliases_digest", sorted(namespaces["sequences"] + namespaces["collections"])),
        ("fhr_digest", sorted((files.root / "fhr").glob("*.fhr.json"))),
    ):
        content.pop(key, None)
        if paths:
            content[key] = digest_of(*paths)
    if "logical_sequence_bytes" not in content:
        content["logical_sequence_bytes"] = _packed_bytes(files)
    return json.dumps(content, indent=2).encode()


def packed_size(length: int, alphabet: str) -> int:
    """Bytes that the engine's packed form of a sequence takes."""
    return (length * _BITS.get(alphabet, 8) + 7) // 8


_BITS = {"dna2bit": 2, "dna3bit": 3, "dnaio": 4, "protein": 5}
ALPHABETS = (*_BITS, "ASCII")
"""The engine's alphabets, the smallest first."""


def _packed_bytes(files: StoreFiles) -> int:
    return sum(
        packed_size(int(length), alphabet.decode())
        for _, length, alphabet, _ in (line.split(b"\t", 3) for line in files.sequence_lines().values())
    )


def _alias_files(files: StoreFiles, kind: str) -> list[Path]:
    return list((files.root / "aliases" / kind).glob("*.tsv"))


def digest_of(*paths: Path) -> str | None:
    """SHA-256 over the content of the files, hex; None where one is missing."""
    state = hashlib.sha256()
    try:
        for path in paths:
            with path.open("rb") as handle:
                while chunk := handle.read(1 << 20):
                    state.update(chunk)
    except FileNotFoundError:
        return None
    return state.hexdigest()


def _write_index(path: Path, columns: bytes, lines: dict[bytes, bytes]) -> None:
    def in_order() -> Iterable[bytes]:
        yield columns
        for key in sorted(lines):
            yield lines[key]

    write_through(path, lambda handle: handle.writelines(in_order()))

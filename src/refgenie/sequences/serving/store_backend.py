"""refget's backend protocol over a store on this machine.

refget's own backend holds every collection in memory and lists by reading them all; this one reads
the store's index, and one collection's file when that is asked for. Comparisons take time in
proportion to the collections, not to their product.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refgenie.core.names import is_genome_digest
from refgenie.errors import InvalidInputError
from refgenie.sequences.aliases import read_aliases
from refgenie.sequences.seqcol import ARRAYS, compare_level2, name_length_pairs
from refgenie.sequences.serving.index import CollectionIndex
from refgenie.sequences.serving.single import StoreOnDisk
from refgenie.sequences.store_files import LEVEL1

ATTRIBUTES = (*ARRAYS, "name_length_pairs", "sorted_sequences")
"""Attributes with a level 2; ``sorted_name_length_pairs`` is transient, its digest alone is kept."""
MAX_REGIONS = 1000
MAX_RESIDUES = 10_000_000
"""Bounds of one request for regions."""


def enriched(level2: dict[str, Any]) -> dict[str, Any]:
    """Level 2 with the attributes that follow from names, lengths and sequences."""
    return {
        **level2,
        "name_length_pairs": name_length_pairs(level2),
        "sorted_sequences": sorted(level2["sequences"]),
    }


class StoreBackend:
    """SeqColBackend of refget; ValueError and KeyError mean not found, as its router expects."""

    def __init__(self, mode: StoreOnDisk) -> None:
        self._mode = mode
        self._index = CollectionIndex()

    def has(self, digest: str) -> bool:
        """Whether the store lists this collection."""
        return is_genome_digest(digest) and digest in self._index.all(self._mode.files)

    def contains(self, digest: str) -> bool:
        """Whether there is this collection, wherever it is."""
        return self.has(digest)

    def digests(self, filters: dict[str, str] | None = None) -> list[str]:
        """Collections whose attributes have all of these digests, sorted."""
        wanted = (filters or {}).items()
        return [
            listed.digest
            for listed in self._index.all(self._mode.files).values()
            if all(listed.attributes.get(name) == digest for name, digest in wanted)
        ]

    def attribute_digests(self, attribute: str) -> set[str]:
        """Digests of one attribute of all collections; KeyError where there is no such attribute."""
        if attribute not in LEVEL1:
            raise KeyError(attribute)
        listed = self._index.all(self._mode.files).values()
        return {entry.attributes[attribute] for entry in listed if attribute in entry.attributes}

    def get_collection(self, digest: str, level: int = 2) -> dict[str, Any]:
        """A collection at level 1 or 2."""
        if not self.has(digest):
            raise ValueError(f"there is no sequence collection {digest!r} on this server")
        if level == 1:
            return self._mode.level1(digest)
        return enriched(self._mode.level2(digest))

    def get_collection_attribute(self, digest: str, attribute: str) -> list[Any]:
        """One array of a collection."""
        if attribute not in ATTRIBUTES:
            raise ValueError(f"there is no attribute {attribute!r}; there are {', '.join(ATTRIBUTES)}")
        array: list[Any] = self.get_collection(digest)[attribute]
        return array

    def get_collection_itemwise(self, digest: str, limit: int | None = None) -> list[dict[str, Any]]:
        """A collection as one object for each sequence."""
        return itemwise(self.get_collection(digest), limit)

    def get_attribute(self, attribute_name: str, attribute_digest: str) -> list[Any]:
        """An array by its own digest."""
        if attribute_name not in ATTRIBUTES:
            raise KeyError(attribute_name)
        for digest in self.digests({attribute_name: attribute_digest}):
            return self.get_collection_attribute(digest, attribute_name)
        raise KeyError(attribute_digest)

    def compare_digests(self, digest_a: str, digest_b: str) -> dict[str, Any]:
        """The comparison of two collections."""
        a, b = self.get_collection(digest_a), self.get_collection(digest_b)
        return compare_level2(a, b, digests=(digest_a, digest_b), order_of_one=True)

    def compare_digest_with_level2(self, digest: str, level2_b: dict[str, Any]) -> dict[str, Any]:
        """The comparison of a collection with one that the client has."""
        return compare_posted(digest, self.get_collection(digest), level2_b)

    def list_collections(
        self, page: int = 0, page_size: int = 100, filters: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A page of the digests."""
        return page_of(self.digests(filters), page, page_size)

    def list_attributes(self, attribute: str, page: int = 0, page_size: int = 100) -> dict[str, Any]:
        """A page of the digests of one attribute."""
        return page_of(sorted(self.attribute_digests(attribute)), page, page_size)

    def collection_count(self) -> int:
        """Number of collections."""
        return len(self._index.all(self._mode.files))

    def substrings_from_regions(self, digest: str, regions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Residues of regions, ``{chrom, start, end}``, 0-based half-open.

        Raises:
            InvalidInputError: A region is none, lies outside, or they are too many.
        """
        wanted = [_region(region) for region in regions]
        if len(wanted) > MAX_REGIONS or sum(end - start for _, start, end in wanted) > MAX_RESIDUES:
            raise InvalidInputError(
                f"at most {MAX_REGIONS} regions with {MAX_RESIDUES} residues together can be asked for"
            )
        if not self.has(digest):
            raise ValueError(digest)
        with self._mode.open(digest) as reader:
            return [
                {
                    "chrom_name": name,
                    "start": start,
                    "end": end,
                    "sequence": reader.fetch(name, start, end),
                }
                for name, start, end in wanted
            ]

    def list_alias_namespaces(self, kind: str) -> list[str]:
        """Namespaces of the store's aliases of collections or sequences."""
        return sorted(path.stem for path in self._alias_files(kind))

    def list_aliases(self, kind: str, namespace: str) -> list[str]:
        """Aliases of one namespace."""
        return sorted(self._aliases(kind, namespace))

    def resolve_alias(self, kind: str, namespace: str, alias: str) -> str | None:
        """What an alias stands for."""
        return self._aliases(kind, namespace).get(alias)

    def aliases_for(self, kind: str, digest: str) -> list[tuple[str, str]]:
        """Aliases of a collection or sequence, with their namespaces."""
        return [
            (path.stem, alias)
            for path in sorted(self._alias_files(kind))
            for alias, named in read_aliases(path).items()
            if named == digest
        ]

    def get_fhr(self, digest: str) -> dict[str, Any] | None:
        """FHR metadata of a collection."""
        return self._mode.fhr(digest) if self.has(digest) else None

    def list_fhr(self) -> list[str]:
        """Collections that have FHR metadata."""
        folder = self._mode.files.root / "fhr"
        return sorted(path.name.removesuffix(".fhr.json") for path in folder.glob("*.fhr.json"))

    def capabilities(self) -> dict[str, Any]:
        """What service-info tells of the store."""
        sequences = self._index.sequences(self._mode.files)
        return {
            "backend_type": "refget_store",
            "n_collections": self.collection_count(),
            "n_sequences": sequences,
            "has_sequence_data": sequences > 0,
            "collection_alias_namespaces": self.list_alias_namespaces("collection"),
            "sequence_alias_namespaces": self.list_alias_namespaces("sequence"),
            "fhr_metadata_collections": self.list_fhr(),
        }

    def _alias_files(self, kind: str) -> Iterable[Any]:
        return (self._mode.files.root / "aliases" / f"{kind}s").glob("*.tsv")

    def _aliases(self, kind: str, namespace: str) -> dict[str, str]:
        for path in self._alias_files(kind):
            if path.stem == namespace:
                return dict(read_aliases(path))
        return {}


def itemwise(level2: dict[str, Any], limit: int | None) -> list[dict[str, Any]]:
    """One object for each sequence, of the attributes that go by sequence."""
    collated = [name for name in (*ARRAYS, "name_length_pairs") if name in level2]
    rows = zip(*(level2[name][:limit] for name in collated), strict=True)
    return [dict(zip(collated, row, strict=True)) for row in rows]


def page_of(digests: list[str], page: int, page_size: int) -> dict[str, Any]:
    """One page in refget's form."""
    return {
        "results": digests[page * page_size : (page + 1) * page_size],
        "pagination": {"page": page, "page_size": page_size, "total": len(digests)},
    }


def compare_posted(digest: str, level2: dict[str, Any], posted: dict[str, Any]) -> dict[str, Any]:
    """The comparison of a collection with one that a client sent.

    Raises:
        InvalidInputError: What was sent is no collection.
    """
    arrays = {name: value for name, value in posted.items() if name in ATTRIBUTES}
    missing = [name for name in ARRAYS if not isinstance(arrays.get(name), list)]
    if missing or any(not isinstance(value, list) for value in arrays.values()):
        raise InvalidInputError(
            "the collection that was sent is not one at level 2"
            + (f": {', '.join(missing)} missing" if missing else "")
        )
    if len({len(arrays[name]) for name in ARRAYS}) != 1:
        raise InvalidInputError("names, lengths and sequences that were sent differ in number")
    try:
        full = {**enriched({name: arrays[name] for name in ARRAYS}), **arrays}
        return compare_level2(level2, full, digests=(digest, "POSTed seqcol"), order_of_one=True)
    except (TypeError, ValueError) as error:
        raise InvalidInputError("the collection that was sent has elements that cannot be") from error


def _region(region: dict[str, Any]) -> tuple[str, int, int]:
    name, start, end = region.get("chrom"), region.get("start"), region.get("end")
    if not isinstance(name, str) or not _is_position(start) or not _is_position(end):
        raise InvalidInputError("a region is {chrom, start, end}, 0-based half-open")
    assert isinstance(start, int)
    assert isinstance(end, int)
    if start > end:
        raise InvalidInputError(f"the region {name}:{start}-{end} ends before it starts")
    return name, start, end


def _is_position(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

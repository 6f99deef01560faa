"""What a server says that it has, checked: nothing that it says is trusted to be well formed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from refgenie.core.digests import FileRecord, asset_digest
from refgenie.core.names import (
    check_asset_name,
    check_group,
    check_seek_key,
    is_asset_digest,
    is_genome_digest,
)
from refgenie.core.records import ParentRecord, SeekKeyRecord
from refgenie.core.seek import PATH_TYPES
from refgenie.errors import (
    DigestMismatchError,
    InvalidInputError,
    NetworkError,
    NotFoundError,
)
from refgenie.transfer.clients import ServerClient

_PAGE = 1000
_MAX_SIZE = 1 << 50
_MAX_ITEMS = 10_000_000
"""A list that is longer is taken for one without an end."""
_MAX_NAME = 255
"""Bytes of a file's name that every file system takes."""


@dataclass(frozen=True, slots=True)
class OfferedArchive:
    """SHA-256 and bytes of an asset's archive."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class OfferedAsset:
    """One asset of a server.

    Attributes:
        modes: In which ways it is served: ``file``, ``archive``; empty where it is not.
        asset_class: Identifier of its class on the server: a number or a name.
        recipe: Likewise, or None.
    """

    genome_digest: str
    group: str
    name: str
    digest: str
    size: int
    description: str | None
    modes: tuple[str, ...]
    asset_class: str
    asset_class_name: str
    recipe: str | None
    seek_keys: tuple[SeekKeyRecord, ...]
    parents: tuple[ParentRecord, ...]
    custom_properties: dict[str, str]
    archive: OfferedArchive | None = None

    @property
    def registry_path(self) -> str:
        """``genome digest/group:asset``."""
        return f"{self.genome_digest}/{self.group}:{self.name}"


class Offer:
    """Reads one server's resources."""

    def __init__(self, client: ServerClient) -> None:
        self.client = client
        self.url = client.server_url

    def resolve(self, genome: str) -> str | None:
        """Digest of the genome that the server knows under this alias or digest, or None."""
        if is_genome_digest(genome):
            return genome if self.genome(genome) is not None else None
        answer = self._one("v4_alias", {"alias": genome})
        if answer is None:
            return None
        digest = answer.get("digest") or answer.get("genome_digest")
        if not isinstance(digest, str) or not is_genome_digest(digest):
            raise self._malformed(f"the alias {genome} names {digest!r}, which is no genome digest")
        return digest

    def genome(self, digest: str) -> Mapping[str, Any] | None:
        """The genome's record, or None."""
        return self._one("v4_genome", {"digest": digest})

    def genomes(self) -> list[Mapping[str, Any]]:
        """All genomes."""
        return list(self._items("v4_genomes", {}))

    def groups(self, genome_digest: str | None = None, group: str | None = None) -> list[Mapping[str, Any]]:
        """Asset groups."""
        filters = {"genome_digest": genome_digest, "asset_group_name": group}
        return list(self._items("v4_asset_groups", filters))

    def assets(
        self, genome_digest: str | None = None, group: str | None = None, name: str | None = None
    ) -> list[OfferedAsset]:
        """Assets, of one genome, group or name where given."""
        filters = {"genome_digest": genome_digest, "asset_group_name": group, "name": name}
        return [self._asset(item) for item in self._items("v4_assets", filters)]

    def asset(self, genome_digest: str, group: str, name: str | None) -> OfferedAsset | None:
        """One asset, the group's default one where no name is given; None where there is none."""
        if name is None:
            named = (item for item in self.groups(genome_digest, group) if item.get("name") == group)
            name = str(next(named, {}).get("default_asset") or "")
            if not name:
                return None
        found = self.assets(genome_digest, group, name)
        # A server that does not know a filter answers more than was asked for.
        wanted = (genome_digest, group, name)
        return next((item for item in found if (item.genome_digest, item.group, item.name) == wanted), None)

    def files(self, asset: OfferedAsset) -> tuple[FileRecord, ...]:
        """The asset's manifest, which agrees with its digest.

        Raises:
            DigestMismatchError: It does not.
        """
        answer = self.client.get("v4_asset_files", self._chosen(asset), {"digest": asset.digest})
        items = answer.get("items") if isinstance(answer, dict) else answer
        if not isinstance(items, list):
            raise self._malformed("a manifest is no list")
        files = tuple(self._file(item) for item in items)
        paths = {file.path for file in files}
        if len(paths) != len(files):
            raise self._malformed("a manifest lists a file twice")
        if any(str(parent) in paths for path in paths for parent in PurePosixPath(path).parents):
            raise self._malformed("a manifest has a file that is another one's folder")
        if asset_digest(files) != asset.digest:
            raise DigestMismatchError(
                f"{self.url}: the manifest of {asset.registry_path} does not have the asset's digest"
            )
        return files

    def archive(self, asset: OfferedAsset) -> OfferedArchive | None:
        """The asset's archive, or None."""
        if asset.archive is not None or "archive" not in asset.modes:
            return asset.archive
        ending = f"__{asset.name}.tgz"
        for item in self._items("v4_archives", {"asset_digest": asset.digest}):
            if str(item.get("path", ending)).endswith(ending):
                return self._archive(item.get("digest"), item.get("size"))
        return None

    def asset_class(self, identifier: str) -> Mapping[str, Any]:
        """Definition of an asset class, and its resolved seek keys."""
        return self._required("v4_asset_class", {"id": identifier})

    def recipe(self, identifier: str) -> Mapping[str, Any]:
        """Definition of a recipe."""
        return self._required("v4_recipe", {"id": identifier})

    def provenance(self, asset: OfferedAsset) -> dict[str, Any] | None:
        """The asset's provenance document, or None."""
        answer = self._one("v4_asset_provenance", {"digest": asset.digest}, self._chosen(asset))
        return dict(answer) if answer else None

    def seek(self, asset: OfferedAsset, seek_key: str | None, remote_class: str | None) -> Mapping[str, Any]:
        """``{uri, size, sha256, files}`` of a seek key."""
        params = {**self._chosen(asset), "seek_key": seek_key, "remote_class": remote_class}
        return self._required("v4_asset_seek", {"digest": asset.digest}, params)

    @staticmethod
    def _chosen(asset: OfferedAsset) -> dict[str, Any]:
        """Several registry paths may have one digest: these parameters choose."""
        return {
            "genome_digest": asset.genome_digest,
            "asset_group_name": asset.group,
            "name": asset.name,
        }

    def _one(
        self, operation: str, path: dict[str, str], params: dict[str, Any] | None = None
    ) -> Mapping[str, Any] | None:
        try:
            return self._required(operation, path, params)
        except NotFoundError:
            return None

    def _required(
        self, operation: str, path: dict[str, str], params: dict[str, Any] | None = None
    ) -> Mapping[str, Any]:
        answer = self.client.get(operation, params, path)
        if answer is None:  # a document that the asset does not have
            raise NotFoundError(f"{self.url} has no {operation} of {', '.join(path.values())}")
        if not isinstance(answer, dict):
            raise self._malformed(f"{operation} is no object")
        return answer

    def _items(self, operation: str, filters: Mapping[str, str | None]) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            params: dict[str, Any] = {key: value for key, value in filters.items() if value is not None}
            answer = self.client.get(operation, {**params, "offset": offset, "limit": _PAGE})
            items = answer.get("items") if isinstance(answer, dict) else None
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise self._malformed(f"{operation} has no list of items")
            yield from items
            offset += len(items)
            pagination = answer.get("pagination") if isinstance(answer, dict) else None
            total = pagination.get("total") if isinstance(pagination, dict) else None
            if not items or not isinstance(total, int) or offset >= total:
                return
            if offset > _MAX_ITEMS:
                raise self._malformed(f"{operation} does not end")

    def _asset(self, item: Mapping[str, Any]) -> OfferedAsset:
        try:
            return _read_asset(item, self)
        except InvalidInputError as error:
            raise self._malformed(error.message) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._malformed(f"an asset's record is not as it should be: {error!r}") from error

    def _archive(self, digest: Any, size: Any) -> OfferedArchive:
        if not isinstance(digest, str) or not is_asset_digest(digest) or not _is_size(size):
            raise self._malformed("an archive has no digest or size")
        return OfferedArchive(digest, size)

    def _file(self, item: Any) -> FileRecord:
        path = item.get("path") if isinstance(item, dict) else None
        if not isinstance(path, str) or not is_inner_path(path):
            raise DigestMismatchError(
                f"{self.url}: a manifest has the file {path!r}, which leaves its folder"
            )
        size, sha256 = item.get("size"), item.get("sha256")
        if not _is_size(size) or not isinstance(sha256, str) or not is_asset_digest(sha256):
            raise self._malformed(f"the file {path} has no size or SHA-256")
        return FileRecord(path, size, sha256)

    def _malformed(self, what: str) -> NetworkError:
        return NetworkError(f"{self.url} answers something unusable: {what}")


def is_inner_path(path: str) -> bool:
    """Whether a path stays in the folder that it is relative to, and can be a file's name everywhere."""
    parts = path.split("/")
    return (
        bool(path)
        and len(path.encode("utf-8", "surrogatepass")) < 4096
        and not PurePosixPath(path).is_absolute()
        and not any(part in {"", ".", ".."} for part in parts)
        and not any(len(part.encode("utf-8", "surrogatepass")) > _MAX_NAME for part in parts)
        and all(character.isprintable() for character in path)
    )


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_SIZE


def _read_asset(item: Mapping[str, Any], offer: Offer) -> OfferedAsset:
    genome, digest, size = item["genome_digest"], item["digest"], item["size"]
    if not is_genome_digest(genome) or not is_asset_digest(digest) or not _is_size(size):
        raise ValueError(f"digest {digest!r} of {genome!r}, {size!r} bytes")
    archive = None
    if item.get("archive_digest"):
        archive = offer._archive(item["archive_digest"], item.get("archive_size"))  # noqa: SLF001
    recipe = item.get("recipe_id") or item.get("recipe_name")
    name = item["asset_class_name"]
    return OfferedAsset(
        genome_digest=genome,
        group=check_group(str(item["asset_group_name"])),
        name=check_asset_name(str(item["name"])),
        digest=digest,
        size=size,
        description=item.get("description"),
        modes=tuple(mode for mode in item.get("serving_modes") or () if mode in {"file", "archive"}),
        asset_class=str(item.get("asset_class_id") or name),
        asset_class_name=str(name),
        recipe=str(recipe) if recipe else None,
        seek_keys=tuple(_seek_keys(item.get("seek_keys") or {})),
        parents=tuple(_parents(item.get("parents") or [])),
        custom_properties={
            str(key): str(value) for key, value in (item.get("custom_properties") or {}).items()
        },
        archive=archive,
    )


def _seek_keys(keys: Mapping[str, Any]) -> Iterator[SeekKeyRecord]:
    for name, key in keys.items():
        value, kind = str(key["value"]), str(key["type"])
        if kind in PATH_TYPES and value not in {"", "."} and not is_inner_path(value):
            raise InvalidInputError(f"the seek key {name} leaves the asset's folder: {value!r}")
        yield SeekKeyRecord(check_seek_key(name), value, kind, key.get("description"))


def _parents(parents: Sequence[Any]) -> Iterator[ParentRecord]:
    for number, parent in enumerate(parents):
        if isinstance(parent, Mapping):
            yield ParentRecord(
                str(parent.get("key", number)), str(parent["digest"]), str(parent["registry_path"])
            )

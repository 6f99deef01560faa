"""How a registry path becomes a path on disk: one SQL statement and a few rules.

The fast entry point of the command line and the asset service share this module, so
that both give the same answers. It imports nothing but the standard library.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

STORE = ".refget_store"
ALIAS_FILE = f"{STORE}/aliases/collections/refgenie.tsv"
"""The store's aliases of the namespace ``refgenie``, below the genome folder: the truth in local mode."""

SCHEMA_VERSIONS = frozenset({"0001", "0002"})
"""The registry's migrations that the statement below fits: they left its tables as they are."""

GENOME = "{genome}"
SCHEME = "refgenie://"

# The tail and the parameter style differ. One row per seek key; an asset without seek
# keys has one row whose key is NULL.
_SEEK = """
SELECT g.genome_digest, g.name, a.name, a.digest, a.external_path, c.name,
       k.name, k.value, k.type
FROM asset_group g
JOIN asset_class c ON c.id = g.asset_class_id
JOIN asset a ON a.asset_group_id = g.id
LEFT JOIN asset_seek_key k ON k.asset_id = a.id
WHERE g.genome_digest = {genome} AND g.name = {group} AND """

_DEFAULT = "a.is_default"
SEEK_DEFAULT_SQLITE = (_SEEK + _DEFAULT).format(genome=":genome", group=":group")
SEEK_NAMED_SQLITE = (_SEEK + "a.name = :asset").format(genome=":genome", group=":group")
SEEK_DEFAULT_POSTGRESQL = (_SEEK + _DEFAULT).format(genome="%(genome)s", group="%(group)s")
SEEK_NAMED_POSTGRESQL = (_SEEK + "a.name = %(asset)s").format(genome="%(genome)s", group="%(group)s")
ALIAS_SQLITE = "SELECT genome_digest FROM alias WHERE name = :alias"
ALIAS_POSTGRESQL = "SELECT genome_digest FROM alias WHERE name = %(alias)s"
STATE_SQLITE = "SELECT value FROM registry_state WHERE key = :key"
STATE_POSTGRESQL = "SELECT value FROM registry_state WHERE key = %(key)s"
ALIAS_STAMP_KEY = "alias_stamp"


class SeekRow:
    """One row of the statement: an asset with one of its seek keys."""

    # No dataclass or named tuple: their modules are slow to import.
    __slots__ = (
        "asset",
        "asset_class",
        "asset_digest",
        "external_path",
        "genome_digest",
        "group",
        "key",
        "type",
        "value",
    )

    def __init__(
        self,
        genome_digest: str,
        group: str,
        asset: str,
        asset_digest: str,
        external_path: str | None,
        asset_class: str,
        key: str | None,
        value: str | None,
        type: str | None,  # noqa: A002 - the column's name
    ) -> None:
        self.genome_digest = genome_digest
        self.group = group
        self.asset = asset
        self.asset_digest = asset_digest
        self.external_path = external_path
        self.asset_class = asset_class
        self.key = key
        self.value = value
        self.type = type


_GROUP = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_NAME = _GROUP | {".", "~"}
_DIGEST_LENGTH = 32


def looks_like_digest(text: str) -> bool:
    """Whether the text looks like a genome digest; the same rule as core.names, without ``re``."""
    return len(text) == _DIGEST_LENGTH and _GROUP.issuperset(text)


def split_plain(text: str) -> tuple[str, str, str | None, str | None] | None:
    """Genome, group, seek key and asset of a registry path that is certainly valid, else None.

    Stricter than RegistryPath.parse, and without its imports: what is not plain is left to it.
    """
    genome, slash, rest = text.partition("/")
    keyed, colon, asset = rest.partition(":")
    group, dot, key = keyed.partition(".")
    names = [genome, group, *([key] if dot else ()), *([asset] if colon else ())]
    if not slash or not all(names) or not _GROUP.issuperset(group):
        return None
    if any(not _NAME.issuperset(name) or name[0] in ".-~" for name in names[1:]):
        return None
    if not _NAME.issuperset(genome) or (genome[0] in ".-~" and not looks_like_digest(genome)):
        return None
    return genome, group, key if dot else None, asset if colon else None


PATH_TYPES = frozenset({"file", "directory", "prefix"})


def alias_stamp(alias_file: str | os.PathLike[str]) -> str:
    """Size and time of the store's alias file; tells whether the registry's copy is current."""
    try:
        status = os.stat(alias_file)
    except OSError:
        return "absent"
    return f"{status.st_size}:{status.st_mtime_ns}"


def read_alias_file(alias_file: str | os.PathLike[str]) -> dict[str, str]:
    """The store's aliases, name to genome digest; lines that are no alias are passed over."""
    found: dict[str, str] = {}
    try:
        with open(alias_file, encoding="utf-8", errors="surrogateescape") as handle:
            for line in handle:
                alias, tab, digest = line.rstrip("\r\n").partition("\t")
                if tab and not alias.startswith("#"):
                    found[alias] = digest.split("\t")[0]
    except OSError:
        pass
    return found


def choose_key(rows: Sequence[SeekRow], wanted: str | None) -> SeekRow | None:
    """The row of the wanted seek key; without one the default rule of registry paths.

    The default is the key named like the group, else like the asset class, else the only
    one there is; None otherwise, which means the asset's folder (or, where a key was
    wanted, that there is no such key).
    """
    keys = {row.key: row for row in rows if row.key is not None}
    if wanted is not None:
        return keys.get(wanted)
    first = rows[0]
    for name in (first.group, first.asset_class):
        if name in keys:
            return keys[name]
    return next(iter(keys.values())) if len(keys) == 1 else None


def locate(row: SeekRow, key: SeekRow | None, genome_folder: str, alias: str | None) -> str:
    """The path of an asset's seek key (of its folder where ``key`` is None).

    Args:
        row: Any row of the asset.
        key: The chosen seek key's row, or None.
        genome_folder: Absolute path.
        alias: Through this alias's links, or None for the content tree.

    Returns:
        An absolute path; for a seek key of a plain type its value.
    """
    if key is not None and key.type not in PATH_TYPES:
        return key.value or ""
    if alias is not None:
        folder = f"{genome_folder}/alias/{alias}/{row.group}/{row.asset}"
        shown = alias
    elif row.external_path is not None:
        folder, shown = row.external_path, row.genome_digest
    else:
        folder = f"{genome_folder}/data/{row.genome_digest}/{row.group}/{row.asset_digest}"
        shown = row.genome_digest
    if key is None or not key.value or key.value == ".":
        return folder
    return f"{folder}/{key.value.replace(GENOME, shown)}"


def answer(
    rows: Sequence[Sequence[Any]],
    genome_folder: str,
    alias: str | None,
    seek_key: str | None,
    *,
    absolute: bool,
    must_exist: bool,
) -> str:
    """The path that the rows of one asset give.

    Args:
        rows: What the statement answered.
        genome_folder: Absolute path.
        alias: The alias that the genome was asked with, None for a digest; the path goes through its links
            where they lead to something.
        seek_key: The wanted key, None for the default one.
        absolute: Through the content tree even where the alias's links are there.
        must_exist: Raise FileNotFoundError unless it is on disk.

    Raises:
        LookupError: There is no such asset or seek key.
        FileNotFoundError: It is not on disk, its path as the argument.
    """
    found = [SeekRow(*row) for row in rows]
    if not found:
        raise LookupError(seek_key)
    key = choose_key(found, seek_key)
    if key is None and seek_key is not None:
        raise LookupError(seek_key)
    row = found[0]
    kind = key.type if key is not None else "directory"
    if kind not in PATH_TYPES:
        return locate(row, key, genome_folder, None)
    path = locate(row, key, genome_folder, None)
    # Folders and names of links stay where the content is gone: what is asked for is the content.
    if must_exist and not exists(path, kind):
        raise FileNotFoundError(path)
    if alias is not None and not absolute:
        linked = locate(row, key, genome_folder, alias)
        if exists(linked, kind):
            return linked
    return path


def exists(path: str, key_type: str | None) -> bool:
    """Whether what a seek key promises is on disk; a prefix is when a file starts with it."""
    if key_type == "prefix":
        folder, _, start = path.rpartition("/")
        try:
            with os.scandir(folder) as entries:
                return any(entry.name.startswith(start) for entry in entries)
        except OSError:
            return False
    if key_type == "directory":
        return os.path.isdir(path)
    return os.path.exists(path)

"""Seek keys of an asset that was just built: its class's templates held against its files.

The rules are those of formats.md, section Asset class. In a template ``{genome}`` is the genome's
digest, ``{<name>}`` the build's parameter (or custom property) of that name, and any other name
in braces a wildcard within one file name; a path is a glob besides.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refgenie.core.records import AssetClassRecord, SeekKeyRecord
from refgenie.core.seek import GENOME, PATH_TYPES
from refgenie.errors import BuildFailedError

_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
_ESCAPED = re.compile(r"\[([*?\[])\]")
"""What ``glob.escape`` writes."""
_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def resolve_seek_keys(
    asset_class: AssetClassRecord,
    folder: Path,
    genome_digest: str,
    params: Mapping[str, object],
    custom_properties: Mapping[str, str],
) -> list[SeekKeyRecord]:
    """The seek keys that an asset's folder has.

    Args:
        asset_class: Its resolved seek keys are the templates.
        folder: The asset's folder, with everything in it.
        genome_digest: Stands for ``{genome}``.
        params: The build's parameters.
        custom_properties: Values of the build's custom seek keys.

    Returns:
        One record per key, in the class's order, without the optional keys that are absent. Paths
        are relative to the folder, the digest in them is ``{genome}`` again.

    Raises:
        BuildFailedError: Names every key that does not hold, and why.
    """
    named = {key: _text(value) for key, value in (*custom_properties.items(), *params.items())}
    resolver = _Resolver(folder, named | {"genome": genome_digest})
    found: list[SeekKeyRecord] = []
    faults: list[str] = []
    for name, key in asset_class.seek_keys.items():
        try:
            value = resolver.value_of(key["value"], key.get("type", "file"))
        except _DoesNotHoldError as error:
            if not (error.absent and key.get("optional")):
                faults.append(f"{name} ({error})")
            continue
        if key.get("type", "file") in PATH_TYPES:
            value = value.replace(genome_digest, GENOME)
        description = key.get("description") or None
        found.append(SeekKeyRecord(name, value, key.get("type", "file"), description))
    if faults:
        raise BuildFailedError(
            f"the output does not hold the seek keys of asset class {asset_class.name}: " + "; ".join(faults)
        )
    return found


class _DoesNotHoldError(Exception):
    """A seek key does not hold; ``absent`` says that nothing of it is there."""

    def __init__(self, reason: str, *, absent: bool = False) -> None:
        super().__init__(reason)
        self.absent = absent


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class _Resolver:
    folder: Path
    named: dict[str, str]

    def value_of(self, template: Any, kind: str) -> str:
        if kind not in PATH_TYPES:
            return self._plain(template, kind)
        shown = _NAME.sub(lambda found: self.named.get(found[1], found[0]), template)
        pattern = _NAME.sub(self._glob_piece, template)
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise _DoesNotHoldError(f"{shown} leaves the asset's folder")
        if kind == "directory":
            return self._directory(pattern, shown)
        return self._file(pattern, shown) if kind == "file" else self._prefix(pattern, shown)

    def _glob_piece(self, found: re.Match[str]) -> str:
        known = self.named.get(found[1])
        return "*" if known is None else glob.escape(known)

    def _matches(self, pattern: str) -> list[str]:
        found = glob.glob(  # noqa: PTH207 - Path.glob knows no include_hidden
            pattern, root_dir=self.folder, include_hidden=True, recursive=True
        )
        return sorted(os.path.normpath(path) for path in found)

    def _file(self, pattern: str, shown: str) -> str:
        files = [path for path in self._matches(pattern) if (self.folder / path).is_file()]
        if not files:
            raise _DoesNotHoldError(f"there is no file {shown}", absent=True)
        if len(files) > 1:
            raise _DoesNotHoldError(f"{len(files)} files match {shown}: {', '.join(files[:5])}")
        return files[0]

    def _directory(self, pattern: str, shown: str) -> str:
        folders = [path for path in self._matches(pattern) if (self.folder / path).is_dir()]
        if not folders:
            raise _DoesNotHoldError(f"there is no directory {shown}", absent=True)
        if len(folders) > 1:
            raise _DoesNotHoldError(f"{len(folders)} directories match {shown}")
        return folders[0]

    def _prefix(self, pattern: str, shown: str) -> str:
        files = [path for path in self._matches(f"{pattern}*") if (self.folder / path).is_file()]
        if not files:
            raise _DoesNotHoldError(f"no file starts with {shown}", absent=True)
        if not glob.has_magic(_ESCAPED.sub("", pattern)):
            return _ESCAPED.sub(r"\1", pattern)
        # What the wildcard stands for is what all the files have in common.
        return os.path.commonprefix(files).rstrip("./")  # noqa: RUF071 - by character is meant

    def _plain(self, template: Any, kind: str) -> str:
        if kind == "string" or isinstance(template, str):
            text = _NAME.sub(self._known, str(template))
        else:
            text = json.dumps(template)
        if kind == "string":
            return text
        try:
            value = json.loads(text)
        except ValueError:
            raise _DoesNotHoldError(f"{text!r} is no {kind}") from None
        wanted = _JSON_TYPES[kind]
        if not isinstance(value, wanted) or (kind != "boolean" and isinstance(value, bool)):
            raise _DoesNotHoldError(f"{text!r} is no {kind}")
        return text

    def _known(self, found: re.Match[str]) -> str:
        if found[1] not in self.named:
            raise _DoesNotHoldError(f"nothing is named {found[1]}", absent=True)
        return self.named[found[1]]

"""Taking a host's own paths out of a text that others see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refgenie.core.layout import Folders

# An absolute path that is no part of an address or of a relative path: /a/b, not x/a or http://a/b.
_ABSOLUTE = re.compile(r"(?<![\w./:~%}-])/(?:[^\s/'\"`:;,|&<>()=]+/)+(?P<name>[^\s/'\"`:;,|&<>()=]*)")


def without_host_paths(text: str, folders: Folders) -> str:
    """The text with the known folders named, and of every other absolute path only its last part."""
    for folder, shown in (
        (folders.genome_folder, "{genome_folder}"),
        (folders.archive_folder, "{genome_archive_folder}"),
        (Path.home(), "~"),
    ):
        for path in {str(folder), str(folder.resolve())} - {"/"}:
            text = re.sub(rf"{re.escape(path)}(?![\w.-])", shown.replace("\\", r"\\"), text)
    return _ABSOLUTE.sub(lambda match: f"…/{match['name']}", text)


def provenance_for_others(document: Mapping[str, Any], folders: Folders) -> dict[str, Any]:
    """A provenance document whose commands name no paths of this host."""

    def shown(entry: Any) -> Any:
        if isinstance(entry, str):
            return without_host_paths(entry, folders)
        if isinstance(entry, dict) and isinstance(entry.get("command"), str):
            return {**entry, "command": without_host_paths(entry["command"], folders)}
        return entry

    return {**document, "commands": [shown(entry) for entry in document.get("commands") or []]}

"""The order of versions: the highest is the default one."""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

VersionKey = tuple[int, Version, tuple[tuple[int, int, str], ...]]
_ZERO = Version("0")


def version_key(text: str) -> VersionKey:
    """Sort key: PEP 440 where the text is such a version, else by its numbers and words, below those."""
    pieces = tuple(
        (1, int(piece), "") if piece.isdigit() else (0, 0, piece)
        for piece in re.findall(r"[0-9]+|[^0-9._+-]+", text)
    )
    try:
        return (1, Version(text), pieces)
    except InvalidVersion:
        return (0, _ZERO, pieces)

"""Reads the flat YAML that `init` writes without loading a YAML library, which is slow to start."""

from __future__ import annotations

import re

_LINE = re.compile(r"([a-z_]+):[ ]+([^\s'\"&*!|>%@`{\[\]},#?-][^#'\"]*?)[ ]*(?:#.*)?\Z")


def read_flat(text: str) -> dict[str, str] | None:
    """The mapping of a YAML text of plain ``key: value`` lines; None where it is anything more."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None or ": " in match[2] or match[2].endswith(":"):
            return None
        found[match[1]] = match[2]
    return found

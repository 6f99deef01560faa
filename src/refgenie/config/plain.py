"""Reads the flat YAML that `init` writes without loading a YAML library, which is slow to start.

It imports nothing: the fast entry point of the command line uses it.
"""

from __future__ import annotations

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./~-+=@")


def read_flat(text: str) -> dict[str, str] | None:
    """The mapping of a YAML text of plain ``key: word`` lines; None where it is anything more."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        key, separator, value = line.partition(": ")
        value = value.strip()
        # Words that YAML reads as something else than a text, or that need a YAML reader.
        if (
            not separator
            or not key.isidentifier()
            or key in found
            or not value
            or not _WORD.issuperset(value)
            or not (value[0].isalpha() or value[0] in "/~.")
            or value == "~"
        ):
            return None
        found[key] = value
    return found

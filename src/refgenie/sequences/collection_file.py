"""The file of a collection (``.rgsi``): digests at its head, then a line for each sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def read_head(content: Iterable[bytes]) -> dict[str, str]:
    """The ``##key=value`` lines that a collection file begins with."""
    found: dict[str, str] = {}
    for line in content:
        if not line.startswith(b"##"):
            break
        key, _, value = line[2:].decode().strip().partition("=")
        found[key] = value
    return found


def read_lines(content: Iterable[bytes]) -> Iterator[bytes]:
    """A collection file's lines of sequences, line ends included."""
    for line in content:
        if not line.startswith(b"#"):
            yield line if line.endswith(b"\n") else line + b"\n"

"""Byte ranges of a request (RFC 9110, section 14)."""

from __future__ import annotations

import re

_UNIT = re.compile(r"\s*bytes\s*=(.*)\Z", re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"(\d{0,19})\s*-\s*(\d{0,19})\Z")
MOST = 64
"""More ranges than this in one request are answered with the whole file."""


class UnsatisfiableError(ValueError):
    """None of the ranges lies in the file."""


def parse_ranges(header: str | None, size: int) -> list[tuple[int, int]] | None:
    """The ranges that a header asks for, 0-based and half-open, in order and not overlapping.

    Args:
        header: The value of ``Range``, None where there is none.
        size: Bytes of the file.

    Returns:
        None where the whole file is to be sent: no header, another unit, or one that is not valid.

    Raises:
        UnsatisfiableError: It is valid, and nothing of it is in the file.
    """
    match = _UNIT.match(header) if header is not None else None
    if match is None:
        return None
    parts = [part.strip() for part in match[1].split(",")]
    parts = [part for part in parts if part]
    if not parts or len(parts) > MOST:
        return None
    found: list[tuple[int, int]] = []
    for part in parts:
        bounds = _RANGE.match(part)
        if bounds is None or not (bounds[1] or bounds[2]):
            return None
        if not bounds[1]:
            start, end = max(size - int(bounds[2]), 0), size
        else:
            start = int(bounds[1])
            end = min(int(bounds[2]) + 1, size) if bounds[2] else size
            if bounds[2] and int(bounds[2]) < start:
                return None
        if start < end:
            found.append((start, end))
    if not found:
        raise UnsatisfiableError
    return _joined(found)


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    ordered = sorted(ranges)
    result = [ordered[0]]
    for start, end in ordered[1:]:
        if start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result

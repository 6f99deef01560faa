"""The reading of regions as text; imports nothing, since the fast entry point uses it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_DIGITS = 18


def position(text: str) -> int | None:
    """A position; commas may stand between its thousands. None where it is none."""
    groups = text.split(",")
    if not all(group.isascii() and group.isdigit() for group in groups):
        return None
    if len(groups) > 1 and (len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:])):
        return None
    digits = "".join(groups)
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def bounds(text: str) -> tuple[int, int | None] | None:
    """What follows the colon (``start-end``, ``start-``, ``start``) as written; None: it is no range."""
    first, dash, last = text.partition("-")
    start = position(first)
    end = position(last) if dash and last else None
    if start is None or (last and end is None):
        return None
    return start, end


def split(
    text: str, has_sequence: Callable[[str], bool], *, one_based: bool = False
) -> tuple[str, int, int | None] | None:
    """Name, start and end (0-based, half-open) of a region; None where it is none. See core.region."""
    if has_sequence(text):
        return text, 0, None
    name, _, written = text.rpartition(":")
    if not name or not has_sequence(name) or (found := bounds(written)) is None:
        return None
    start, end = found[0] - one_based, found[1]
    if start < 0 or (end is not None and end < start + one_based):
        return None
    return name, start, end

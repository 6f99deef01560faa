"""Values as people read them; filters of the templates."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from urllib.parse import quote

from refgenie.core.tables import human_size

_STEPS = ((10**9, "Gb"), (10**6, "Mb"), (10**3, "kb"))


def number(value: int | None) -> str:
    """A whole number, its thousands apart."""
    return "unknown" if value is None else f"{value:,}".replace(",", " ")


def bases(value: int | None) -> str:
    """A length in residues: 3.10 Gb."""
    if value is None:
        return "unknown"
    for step, unit in _STEPS:
        if value >= step:
            return f"{value / step:.2f} {unit}"
    return f"{value} b"


def size(value: int | None) -> str:
    """Bytes: 1.5 MiB."""
    return "unknown" if value is None else human_size(value)


def moment(value: datetime | str | None) -> str:
    """A moment in UTC, to the minute."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if value else "never"


def short(digest: str, length: int = 12) -> str:
    """The beginning of a digest."""
    return digest if len(digest) <= length + 1 else f"{digest[:length]}…"


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 genome, 2 genomes."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def path_part(text: str) -> str:
    """Text as one part of an address."""
    return quote(text, safe="")


def shell_word(text: str) -> str:
    """Text as one word of a command that is copied into a shell: names of sequences hold ``|`` and ``*``."""
    return shlex.quote(text)


FILTERS = {
    "number": number,
    "bases": bases,
    "size": size,
    "moment": moment,
    "short": short,
    "plural": plural,
    "part": path_part,
    "shell": shell_word,
}

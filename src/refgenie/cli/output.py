"""What goes to standard output (the answer) and to standard error (everything else)."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refgenie.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

_UNBOUNDED = 100_000
"""Width of a table that nobody looks at on a terminal: nothing is cut."""


def plain(value: Any) -> Any:
    """A record as what JSON can hold; field names are those of the REST API."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return value


def emit_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def emit(text: str) -> None:
    """Print one line of the answer."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Tell the user something that is not the answer."""
    sys.stderr.write(f"{text}\n")


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; digests and paths are never broken."""
    from refgenie.core.tables import make_table

    return make_table(title, columns, rows)


def emit_table(drawn: Table) -> None:
    """Draw a table; on a terminal to its width, else at full width."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=_UNBOUNDED, soft_wrap=True)
    console.print(drawn)


def human_size(size: int | None) -> str:
    """Bytes as people read them."""
    from refgenie.core.tables import human_size as shown

    return shown(size)


def confirm(question: str, *, yes: bool) -> bool:
    """Ask before something that cannot be undone.

    Raises:
        UsageError: There is no terminal to answer at, and ``--yes`` was not given.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to answer at", hint="add --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def pairs(values: Iterable[str], option: str) -> dict[str, str]:
    """Read ``key=value`` options.

    Raises:
        UsageError: One has no '=' or no key, or a key comes twice with two values.
    """
    found: dict[str, str] = {}
    for value in values:
        key, equals, content = value.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} {value!r} is not of the form key=value")
        if found.get(key, content) != content:
            raise UsageError(f"{option} {key} is given twice")
        found[key] = content
    return found

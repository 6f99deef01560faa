"""The error tree with its stable codes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from refgenie.errors import RefgenieError

INTRODUCTION = """\
# Errors

This page is made from the program (`make reference`).

Every error that refgenie raises on purpose is a `refgenie.errors.RefgenieError`. The class decides the exit
code of the command line, the status of the HTTP answer and the `code` that programs may compare; the
instance has the message and, where there is one, the hint that mends the fault.

| class | meaning | exit code | HTTP status | `code` |
|---|---|---|---|---|
"""
CONCLUSION = """
Besides these, 0 means done, and 70 a bug: the program writes a report and prints its path.
"""


def subclasses(base: type[RefgenieError], depth: int = 0) -> Iterator[tuple[int, type[RefgenieError]]]:
    """The tree below a class, each with its depth, in the order of definition."""
    for kind in base.__subclasses__():
        if kind.__module__ == base.__module__:
            yield depth, kind
            yield from subclasses(kind, depth + 1)


def page() -> str:
    """One row per class; a subclass follows its parent, indented."""
    rows = [
        f"| {'&emsp;' * depth}`{kind.__name__}` | {(inspect.getdoc(kind) or '').splitlines()[0]} "
        f"| {kind.exit_code} | {kind.http_status} | `{kind.code}` |\n"
        for depth, kind in subclasses(RefgenieError)
    ]
    return INTRODUCTION + "".join(rows) + CONCLUSION

"""The environment variables that the program reads."""

from __future__ import annotations

from refgenie.config import DEFAULTS, VARIABLES

INTRODUCTION = """\
# Environment variables

This page is made from the program (`make reference`).

A constructor's argument or a command's option wins over the environment, the environment over what the
registry's configuration holds, and that over the default. `~` and `$VARIABLES` in a value are expanded.

| variable | meaning | default |
|---|---|---|
"""


def page() -> str:
    """One row per variable."""
    rows = [
        f"| `{name}` | {meaning} | {f'`{DEFAULTS[name]}`' if name in DEFAULTS else 'unset'} |\n"
        for name, meaning in VARIABLES.items()
    ]
    return INTRODUCTION + "".join(rows)

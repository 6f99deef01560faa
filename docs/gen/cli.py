"""The command line, as typer describes it."""

from __future__ import annotations

import os
import subprocess
import sys

INTRODUCTION = """\
# Command line

This page is made from the program (`make reference`). `refgenie1` is the same program as `refgenie`.
What all commands have in common is said in [Conventions of the command line](conventions.md).

"""


def page() -> str:
    """Every command with its arguments and options."""
    command = [sys.executable, "-m", "typer", "refgenie.cli.app", "utils", "docs"]
    described = subprocess.run(
        [*command, "--name", "refgenie", "--title", "refgenie"],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    if described.returncode:
        sys.exit(f"typer could not describe the program:\n{described.stderr}")
    # One level below the page's own heading.
    lines = [f"#{line}" if line.startswith("#") else line for line in described.stdout.splitlines()]
    return INTRODUCTION + "\n".join(lines).strip() + "\n"

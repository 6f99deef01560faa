"""The command line, as typer knows it; hidden groups (other spellings) are left out."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from typing import Any

import typer

INTRODUCTION = """\
# Command line

This page is made from the program (`make reference`). `refgenie1` and `python -m refgenie` are the same
program as `refgenie`. What all commands have in common is said in
[Conventions of the command line](conventions.md).
"""


def page() -> str:
    """Every command with its arguments and options."""
    os.environ["COLUMNS"] = "100"
    from refgenie.cli.app import application

    command = typer.main.get_command(application())
    context = typer.Context(command, info_name="refgenie")
    return INTRODUCTION + "".join(described(command, context, level=2))


def described(command: Any, context: Any, level: int) -> Iterator[str]:
    """Heading, meaning, usage and parameters of a command, then the same of its subcommands."""
    yield f"\n{'#' * level} `{context.command_path}`\n"
    if command.help:
        yield f"\n{inspect.cleandoc(command.help)}\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"\n```text\n{usage}\n```\n"
    yield from parameters(command, context)
    if not hasattr(command, "list_commands"):
        return
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if not child.hidden:
            inner = typer.Context(child, info_name=name, parent=context)
            yield from described(child, inner, level + 1)


def parameters(command: Any, context: Any) -> Iterator[str]:
    """A table of arguments and options, but ``--help``."""
    records = [
        (parameter.get_help_record(context), parameter)
        for parameter in command.get_params(context)
        if parameter.name != "help" and not getattr(parameter, "hidden", False)
    ]
    shown = [record for record, _ in records if record is not None]
    if not shown:
        return
    yield "\n| | |\n|---|---|\n"
    for name, meaning in shown:
        yield f"| `{cell(name)}` | {cell(meaning).replace('<', '&lt;')} |\n"


def cell(text: str) -> str:
    """Text of a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")

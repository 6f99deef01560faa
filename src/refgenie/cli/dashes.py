"""Digests may begin with a dash: as arguments they are no options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand

# A genome digest, alone or as the beginning of a registry path.
_DIGEST = re.compile(r"-[A-Za-z0-9_-]{31}(?:/.*)?\Z", re.DOTALL)
_MARK = "\ue000"  # of the private use area: nothing that a user types


class Command(TyperCommand):
    """A command whose arguments may be digests that begin with a dash."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Hide such digests from the parser."""
        options = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        marked = [f"{_MARK}{arg}" if _DIGEST.match(arg) and arg not in options else arg for arg in args]
        try:
            rest = super().parse_args(ctx, marked)
        except Exception as error:
            if isinstance(message := getattr(error, "message", None), str):
                error.message = message.replace(_MARK, "")  # type: ignore[attr-defined]
            raise
        ctx.params.update({name: _unmarked(value) for name, value in ctx.params.items()})
        return rest


def _unmarked(value: Any) -> Any:
    if type(value) is str:  # not the members of an enumeration
        return value.removeprefix(_MARK)
    if isinstance(value, list | tuple):
        return type(value)(_unmarked(item) for item in value)
    return value


def let_digests_begin_with_dashes(app: typer.Typer) -> None:
    """Make all commands of an application, and of its groups, such commands."""
    for command in _commands(app):
        command.cls = Command


def _commands(app: typer.Typer) -> Iterator[Any]:
    yield from app.registered_commands
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)

"""How arguments are told from options: digests may begin with a dash, some options take several values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand

# A genome digest, alone or as the beginning of a registry path.
_DIGEST = re.compile(r"-[A-Za-z0-9_-]{31}(?:/.*)?\Z", re.DOTALL)
_MARK = "\ue000"  # of the private use area: nothing that a user types


def begins_with_digest(argument: str) -> bool:
    """Whether an argument that begins with a dash is a digest, or a registry path that begins with one."""
    return _DIGEST.match(argument) is not None


class Command(TyperCommand):
    """A command whose arguments may be digests that begin with a dash.

    Where it has no arguments, an option that may be repeated also takes several values at once
    (``-a one two``).
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Hide such digests from the parser, and repeat options for their further values."""
        options = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        marked = [f"{_MARK}{arg}" if begins_with_digest(arg) and arg not in options else arg for arg in args]
        if all(param.param_type_name == "option" for param in self.params):
            marked = _repeated(
                marked, {name for param in self.params if _is_list(param) for name in param.opts}
            )
        try:
            rest = super().parse_args(ctx, marked)
        except Exception as error:
            if isinstance(message := getattr(error, "message", None), str):
                error.message = message.replace(_MARK, "")  # type: ignore[attr-defined]
            raise
        ctx.params.update({name: _unmarked(value) for name, value in ctx.params.items()})
        return rest


def _is_list(param: Any) -> bool:
    return bool(getattr(param, "multiple", False))


def _repeated(args: list[str], lists: set[str]) -> list[str]:
    """``-a one two`` as ``-a one -a two``."""
    written: list[str] = []
    option = None
    for place, arg in enumerate(args):
        if arg.startswith("-"):
            option = arg if arg in lists else None
        elif option is not None and args[place - 1] != option:
            written.append(option)
        written.append(arg)
    return written


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

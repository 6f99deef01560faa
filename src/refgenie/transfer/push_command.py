"""Commands that upload: templates whose values are data, never code."""

from __future__ import annotations

import shlex
import string
import subprocess
from collections.abc import Mapping

from refgenie.errors import InvalidInputError, NetworkError

PLACEHOLDERS = ("local_path", "relative_path", "prefix", "genome_archive_folder", "genome_stage_folder")
_LAST_LINES = 5


def check_push_command(template: str) -> None:
    """Refuse a template that could not be rendered.

    Raises:
        InvalidInputError: It has an unknown placeholder, or a brace too many.
    """
    render_push_command(template, dict.fromkeys(PLACEHOLDERS, "x"))


def render_push_command(template: str, values: Mapping[str, str]) -> str:
    """The command with each placeholder's value as one shell word.

    Raises:
        InvalidInputError: See check_push_command.
    """
    rendered = []
    try:
        for literal, name, form, conversion in string.Formatter().parse(template):
            rendered.append(literal)
            if name is None:
                continue
            if name not in PLACEHOLDERS or form or conversion:
                raise InvalidInputError(
                    f"the push command has the unknown placeholder {{{name}}}",
                    hint=f"known are {', '.join(f'{{{known}}}' for known in PLACEHOLDERS)}",
                )
            rendered.append(shlex.quote(values[name]))
    except ValueError as error:
        raise InvalidInputError(
            f"the push command cannot be read: {error}", hint="braces that are no placeholder are doubled"
        ) from error
    command = "".join(rendered)
    if not command.strip():
        raise InvalidInputError("the push command is empty")
    return command


def run_push_command(command: str) -> None:
    """Run a rendered command to its end.

    Raises:
        NetworkError: It failed; with the end of what it said.
    """
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-e", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines()[-_LAST_LINES:]
        raise NetworkError(f"the push command ended with code {ended.returncode}: {' | '.join(said)}")

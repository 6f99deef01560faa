"""Which programs a command calls, so that a missing one is named before a build starts.

Only what is certain is named: a program that is left out fails later, in the build; one that
is named wrongly would stop a build that could have run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_KEYWORDS = frozenset(["if", "then", "elif", "else", "while", "until", "do", "time", "!", "{"])
"""Words after which a command follows."""
_BUILTINS = frozenset(
    (  # noqa: SIM905 - reads better than a list
        ". : [ alias bg break builtin caller cd command continue declare dirs disown done echo "
        "enable esac eval exec exit export false fg fi for function getopts hash help history in "
        "jobs kill let local mapfile popd printf pushd pwd read readarray readonly return select "
        "set shift shopt source test times trap true type typeset ulimit umask unalias unset wait }"
    ).split()
)
_PROGRAM = re.compile(r"[A-Za-z0-9_./+-]*[A-Za-z0-9_+]\Z")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_SEPARATOR = re.compile(r"(\|\||&&|[;&|()\n])")
_UNREADABLE = re.compile(r"<<[^<\n][^\n]*\n|(?:^|[\s;])case\s")
"""Here-documents and `case`: what follows cannot be told from commands."""
_SUBSTITUTES = [
    (re.compile(r"\\\n"), " "),
    (re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL), '"'),  # no program has this name
    (re.compile(r"(?m)(^|\s)#.*$"), ""),
    (re.compile(r"\$\{[^}]*\}"), "$"),
    (re.compile(r"\[\[.*?\]\]|\(\(.*?\)\)", re.DOTALL), ":"),
    (re.compile(r"\w+\+?=\([^)]*\)"), ":"),  # an array
    (re.compile(r"\d*(?:&>>?|[<>]&|>>|<<<|<>|>\||[<>])(?!\()\s*[^\s;&|()<>]*"), " "),
]


def first_programs(commands: Sequence[str]) -> list[str]:
    """Programs that rendered commands certainly call, each once, in order."""
    defined = {name for text in commands for name in re.findall(r"([\w-]+)\s*\(\s*\)", text)}
    found = (program for command in commands for program in _programs(command))
    return list(dict.fromkeys(program for program in found if program not in defined))


def _programs(command: str) -> Iterator[str]:
    if unreadable := _UNREADABLE.search(command):
        command = command[: unreadable.start()]
    for pattern, replacement in _SUBSTITUTES:
        command = pattern.sub(replacement, command)
    parts = _SEPARATOR.split(command)
    for simple, separator in zip(parts[::2], [*parts[1::2], ""], strict=True):
        program = _first_word(simple)
        # What stands before `||` may be missing: the recipe has another way.
        if program and separator != "||":
            yield program


def _first_word(simple_command: str) -> str | None:
    for word in simple_command.split():
        if word in _KEYWORDS or _ASSIGNMENT.match(word):
            continue
        return word if word not in _BUILTINS and _PROGRAM.match(word) else None
    return None

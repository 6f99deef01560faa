"""Reads the commands of a documentation page, and compares what they print with what it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

BLOCK = re.compile(r'^```console(?: title="([^"]*)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
SETTINGS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r'^```\w+ title="([\w.-]+\.\w+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
ANYTHING = "..."


@dataclass(frozen=True)
class Step:
    """One command of a page and the output that the page shows; ``...`` stands for anything.

    Attributes:
        machine: The title of the console: on which machine the command is given; mostly empty.
    """

    command: str
    shown: str
    machine: str = ""

    @property
    def in_background(self) -> bool:
        """Whether the shell does not wait for the command."""
        return self.command.endswith(" &")

    def renamed(self, names: Mapping[str, str]) -> Step:
        """The step with the page's names of machines and ports replaced by those of a test."""
        command, shown = self.command, self.shown
        for page, test in names.items():
            command, shown = command.replace(page, test), shown.replace(page, test)
        return replace(self, command=command, shown=shown)

    def matches(self, output: str) -> bool:
        """Whether the output is what is shown; white space at the ends of lines does not count."""
        parts = [re.escape(part) for part in stripped(self.shown).split(ANYTHING)]
        return re.fullmatch(".*".join(parts), stripped(output), re.DOTALL) is not None


def stripped(text: str) -> str:
    """The text without white space at the ends of its lines and at its own."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def steps(page: Path) -> list[Step]:
    """All commands (``$ …``) of the page's console blocks, in order."""
    found: list[Step] = []
    for machine, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for entry in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = entry.partition("\n")
            while command.endswith("\\"):
                more, _, shown = shown.partition("\n")
                command = f"{command}\n{more}"
            found.append(Step(command, shown, machine))
    return found


def exported(page: Path) -> set[str]:
    """Names of the variables that the page's ``sh`` blocks export."""
    settings = SETTINGS.findall(page.read_text(encoding="utf-8"))
    return {
        assignment.partition("=")[0]
        for line in "".join(settings).splitlines()
        if line.startswith("export ")
        for assignment in line.split()[1:]
    }


def files(page: Path) -> dict[str, str]:
    """The files that the page shows: names, which are the titles of their blocks, and contents."""
    return dict(FILE.findall(page.read_text(encoding="utf-8")))

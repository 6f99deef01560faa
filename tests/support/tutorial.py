"""Reads the commands of a documentation page, and compares what they print with what it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANYTHING = "..."


@dataclass(frozen=True)
class Step:
    """One command of a page and the output that the page shows; ``...`` stands for anything."""

    command: str
    shown: str

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
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for entry in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = entry.partition("\n")
            while command.endswith("\\"):
                more, _, shown = shown.partition("\n")
                command = f"{command}\n{more}"
            found.append(Step(command, shown))
    return found

"""The documentation says what the program does."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
import typer

from refgenie.cli.app import application
from support.tutorial import steps

REPOSITORY = Path(__file__).resolve().parents[3]
PAGES = sorted(
    path
    for folder in ("docs/how-to", "docs/tutorials", "docs/explanation")
    for path in (REPOSITORY / folder).glob("*.md")
)


def test_the_generated_pages_are_current() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "docs.gen", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_every_page_is_in_the_navigation() -> None:
    configuration = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")}
    assert pages == set(re.findall(r"- (\S+\.md)$", configuration, re.MULTILINE))


def documented_commands() -> set[str]:
    """Headings of the reference: ``refgenie genome init``."""
    reference = (REPOSITORY / "docs/reference/cli.md").read_text(encoding="utf-8")
    return set(re.findall(r"^#+ `(refgenie[^`]*)`$", reference, re.MULTILINE))


@pytest.mark.parametrize("page", [REPOSITORY / "README.md", *PAGES], ids=lambda path: path.name)
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    known = documented_commands()
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"^\s*\$ (?:.*\$\()?(refgenie(?: [a-z][a-z-]*(?![\w/.]))+)", text, re.MULTILINE)
    for command in shown:
        words = command.split()
        prefixes = {" ".join(words[:length]) for length in (2, 3)}
        found = max(prefixes & known, key=len, default="nothing")
        # `stage PATH` is `stage add PATH`: the one group that is also a command.
        is_group = found != "refgenie stage" and any(other.startswith(f"{found} ") for other in known)
        assert found in known and not is_group, command


def is_operator(word: str) -> bool:
    """Whether it is the shell's, and ends a call."""
    return re.fullmatch(r"[()<>|&;$]+", word) is not None


def calls(command: str) -> list[list[str]]:
    """Arguments of each call of refgenie in a line of the shell."""
    words = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=True)
    words.whitespace_split = True
    parts = [list(part) for _, part in groupby(words, key=is_operator)]
    return [part[1:] for part in parts if part[0] == "refgenie"]


@pytest.mark.parametrize("page", [REPOSITORY / "README.md", *PAGES], ids=lambda path: path.name)
def test_every_option_that_a_page_shows_is_taken(page: Path) -> None:
    for step in steps(page):
        for arguments in calls(step.command):
            command = typer.main.get_command(application())
            while isinstance(command, typer.core.TyperGroup):
                # `stage PATH` is `stage add PATH`.
                name = arguments.pop(0) if arguments[0] in command.commands else "add"
                command = command.commands[name]
            command.make_context(command.name, arguments)  # parses, and runs nothing


def test_calls_of_a_line_are_found() -> None:
    line = "bwa mem $(refgenie seek a/b) \\\n x | refgenie getseq -g c 'd|e:0-1' > f"
    assert calls(line) == [["seek", "a/b"], ["getseq", "-g", "c", "d|e:0-1"]]

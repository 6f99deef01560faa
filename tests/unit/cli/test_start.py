"""The commands that pipelines call thousands of times import nothing that they do not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.console import Console

HEAVY = ("sqlalchemy", "pydantic", "yaml", "typer", "rich", "httpx", "jinja2", "alembic", "refget", "logging", "re",
         "dataclasses", "typing", "pathlib", "argparse", "inspect")  # fmt: skip

PROBE = """
import os, sys
from refgenie.cli import hot
sys.argv = ["refgenie", *sys.argv[1:]]
before = os._exit
def leave(code):
    sys.stderr.write("\\n".join(sorted({name.partition(".")[0] for name in sys.modules})))
    sys.stderr.flush()
    before(code)
os._exit = leave
hot.main()
"""


def imported_by(console: Console, *arguments: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded when the command has answered."""
    ended = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{PROBE}", *arguments],
        env=console.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stdout.strip()
    return set(ended.stderr.split())


@pytest.mark.parametrize("command", [("seek", "phage/fasta"), ("getseq", "phage", "phage1:0-4")])
def test_the_fast_commands_stay_light(run_cli: Console, tmp_path: Path, command: tuple[str, ...]) -> None:
    fasta = tmp_path / "phage.fa"
    fasta.write_text(">phage1\nACGTACGTNN\n>phage2\nAAAA\n")
    run_cli("init").succeeded()
    run_cli("genome", "init", "--fasta", fasta, "--name", "phage").succeeded()
    run_cli("build", "phage/fasta").succeeded()
    loaded = imported_by(run_cli, *command)
    assert not loaded & {*HEAVY, "gtars", "importlib"}


IMPORT_PROBE = """
import sys
from refgenie.cli import begun_import, hot
stage = begun_import.stage
def watched(*arguments, nearly_read):
    def read():
        print("loaded:", {"sqlalchemy", "gtars", "alembic", "pydantic"} & set(sys.modules), file=sys.stderr)
        nearly_read()
    return stage(*arguments, nearly_read=read)
begun_import.stage = watched
sys.argv = ["refgenie", *sys.argv[1:]]
hot.main()
"""


def test_a_fasta_is_read_before_the_services_are_loaded(run_cli: Console, tmp_path: Path) -> None:
    """They would take their memory while the engine takes most of its own."""
    fasta = tmp_path / "phage.fa"
    fasta.write_text(">phage1\nACGTACGTNN\n")
    run_cli("init").succeeded()
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT_PROBE, "genome", "init", "--fasta", fasta, "--name", "phage"],
        env=run_cli.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stderr.startswith("loaded: set()\nregistered: phage (1 sequence, 10 residues)")
    work = run_cli.genome_folder / ".work"
    assert not list(work.iterdir())


@pytest.mark.parametrize(
    "module", ["refgenie", "refgenie.server.models", "refgenie.sequences", "refgenie.errors"]
)
def test_importing_the_package_is_light(module: str) -> None:
    program = f"import sys, {module}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {
        "sqlalchemy",
        "pydantic",
        "yaml",
        "typer",
        "rich",
        "httpx",
        "jinja2",
        "gtars",
        "refget",
        "fastapi",
    }
    assert not heavy & set(ended.stdout.split())


def test_the_public_names_are_these() -> None:
    import refgenie

    assert sorted(refgenie.__all__) == ["BuildParams", "Refgenie", "RefgenieError", "__version__"]
    for name in refgenie.__all__:
        assert getattr(refgenie, name) is not None
    with pytest.raises(AttributeError):
        _ = refgenie.no_such_name  # type: ignore[attr-defined]


def test_each_command_is_known_by_the_module_that_has_it() -> None:
    from refgenie.cli.app import COMMANDS, application

    for module, words in COMMANDS.items():
        made = application(module)
        commands = {command.name for command in made.registered_commands}
        assert commands | {group.name for group in made.registered_groups} == set(words)

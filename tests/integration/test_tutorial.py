"""The tutorial's commands, run in order by a shell in a new home, print what the page shows."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.console import Console
from support.tutorial import Step, steps

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = REPOSITORY / "docs" / "tutorials" / "first-genome.md"


def test_tutorial(run_cli: Console, tmp_path: Path, require_program: Callable[..., Path]) -> None:
    require_program("bwa", "bowtie2", "samtools", "bash")
    for name in ("lambda_virus.fa", "reads.fq"):
        shutil.copy(REPOSITORY / "examples" / name, tmp_path)

    for step in steps(TUTORIAL):
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step.command],
            cwd=tmp_path,
            env=run_cli.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        said = f"$ {step.command}\n{ended.stdout}"
        assert ended.returncode == 0, said
        assert step.matches(ended.stdout), f"{said}\nbut the page shows\n{step.shown}"


@pytest.mark.parametrize(
    ("shown", "output", "fits"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n...\nc\n", "a\nb1\nb2\nc\n", True),
        ("...\n", "anything", True),
        ("", "", True),
        ("", "more than nothing", False),
        (".../x.fa", "/home/x.fb", False),
    ],
)
def test_shown_output_is_compared(shown: str, output: str, fits: bool) -> None:
    assert Step("true", shown).matches(output) is fits


def test_every_command_of_a_page_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n\n```console\n$ one \\\n  more\nshown\n$ two\n```\n\n```bash\nno\n```\n")
    assert steps(page) == [Step("one \\\n  more", "shown\n"), Step("two", "")]

"""Every measurement runs, on small data; what it measures is not judged here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import MEASUREMENTS

PROGRAMS = {"getseq": ["samtools"], "transfer": ["curl"], "download": ["nginx"]}
"""What the yardsticks are, where they are no Python packages."""
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", sorted(MEASUREMENTS))
def test_measurement(name: str, tmp_path: Path, require_program: Callable[..., Path]) -> None:
    if name in PROGRAMS:
        require_program(*PROGRAMS[name])
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--smoke", "--folder", tmp_path],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "| what | yardstick |" in ended.stdout
    assert not list(tmp_path.iterdir()), "the data were left behind"

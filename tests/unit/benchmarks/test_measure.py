"""The measurements compare what they say they compare."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measure import Command, Row, interleaved, peak_memory, seconds, table
from benchmarks.sequence_data import write_genome

MEGABYTE = 1_000_000


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_commands_take_turns_after_a_warm_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = [Command(["sh", "-c", f"echo {name} >> {log}"], prepare=lambda: None) for name in "ab"]
    times = interleaved(commands, runs=2)
    assert log.read_text().split() == ["a", "b"] * 3
    assert [len(taken) for taken in times] == [2, 2]


def test_preparation_is_not_measured() -> None:
    import time

    command = Command(["true"], prepare=lambda: time.sleep(0.5))
    assert seconds(command) < 0.4


def test_a_failure_makes_the_measurement_void() -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        seconds(Command(["sh", "-c", "exit 3"]))


def test_memory_of_children_counts() -> None:
    hold = "import time; kept = bytearray(80_000_000); time.sleep(1)"
    alone = peak_memory(Command(python("import time; time.sleep(0.5)")))
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    assert peak_memory(Command(python(parent))) > alone + 75 * MEGABYTE


def test_a_missed_bar_is_shown() -> None:
    rows = [Row("x", "y", 0.2, 0.1, bar=3), Row("z", "y", 4e6, 1e6, bar=1.5, unit="B")]
    assert table(rows).splitlines()[2:] == [
        "| x | y | 200.0 ms | 100.0 ms | 2.00× | ≤ 3× | yes |",
        "| z | y | 4 MB | 1 MB | 4.00× | ≤ 1.5× | **no** |",
    ]


def test_genomes_are_the_same_every_time(tmp_path: Path) -> None:
    first = write_genome(tmp_path / "a.fa", 50_000, chromosomes=3).read_bytes()
    assert first == write_genome(tmp_path / "b.fa", 50_000, chromosomes=3).read_bytes()
    assert first != write_genome(tmp_path / "c.fa", 50_000, chromosomes=3, seed=2).read_bytes()
    residues = b"".join(line for line in first.splitlines() if not line.startswith(b">"))
    assert 49_000 < len(residues) <= 50_000
    assert {chr(residue) for residue in residues} == set("ACGTacgtN")

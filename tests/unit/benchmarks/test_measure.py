"""The measurements compare what they say they compare."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import (
    Command,
    Row,
    highest_memory,
    interleaved,
    peak_memory,
    seconds,
    table,
    tree_memory,
)
from benchmarks.sequence_data import write_genome

MEGABYTE = 1_000_000


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_commands_take_turns_after_a_warm_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = [Command(["sh", "-c", f"echo {name} >> {log}"], prepare=lambda: None) for name in "ab"]
    times = interleaved(commands, runs=2, warm_up=1)
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


def test_the_bar_of_a_rate_is_below_it() -> None:
    row = Row("x", "y", 95e6, 100e6, bar=0.9, unit="B/s", at_least=True)
    assert row.reached
    assert table([row]).splitlines()[2] == "| x | y | 95 MB/s | 100 MB/s | 0.95× | ≥ 0.9× | yes |"
    slow = Row("x", "y", 4.0, 120.0, bar=0.05, unit="/s", at_least=True)
    assert table([slow]).splitlines()[2] == "| x | y | 4.0 /s | 120 /s | 0.03× | ≥ 0.05× | **no** |"


def test_memory_during_some_work_is_the_highest() -> None:
    code = "import sys; sys.stdin.readline(); kept = bytearray(80_000_000); del kept; print(1); sys.stdin.readline()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def work() -> None:
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()

        idle = tree_memory(process.pid)
        peak = highest_memory(process.pid, work)
        process.stdin.write(b"\n")
    assert peak > idle + 40 * MEGABYTE


def test_genomes_are_the_same_every_time(tmp_path: Path) -> None:
    first = write_genome(tmp_path / "a.fa", 50_000, chromosomes=3).read_bytes()
    assert first == write_genome(tmp_path / "b.fa", 50_000, chromosomes=3).read_bytes()
    assert first != write_genome(tmp_path / "c.fa", 50_000, chromosomes=3, seed=2).read_bytes()
    residues = b"".join(line for line in first.splitlines() if not line.startswith(b">"))
    assert 49_000 < len(residues) <= 50_000
    assert {chr(residue) for residue in residues} == set("ACGTacgtN")

"""Runs commands in turn, and makes rows of medians and ratios of what they took."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SAMPLING_INTERVAL = 0.02


@dataclass(frozen=True)
class Command:
    """A program to be measured.

    Attributes:
        arguments: Program and arguments.
        env: Environment, this process's own where None.
        prepare: Called before each run, not measured.
        output: Where standard output goes; thrown away where None.
    """

    arguments: Sequence[str | Path]
    env: Mapping[str, str] | None = None
    prepare: Callable[[], object] = field(default=lambda: None)
    output: Path | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start the program; its standard error is thrown away."""
        target = os.devnull if self.output is None else self.output
        with open(target, "wb") as output:  # noqa: PTH123 - devnull is a name
            return subprocess.Popen(
                [str(argument) for argument in self.arguments],
                env=None if self.env is None else dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
            )

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the program; a failure makes the whole measurement void."""
        if process.wait():
            raise RuntimeError(f"ended with {process.returncode}: {self.shown}")

    @property
    def shown(self) -> str:
        """The command line."""
        return " ".join(str(argument) for argument in self.arguments)


def seconds(command: Command) -> float:
    """Wall time of one run, from its start to its end."""
    command.prepare()
    begin = time.perf_counter()
    process = command.start()
    command.finish(process)
    return time.perf_counter() - begin


def interleaved(commands: Sequence[Command], runs: int, warm_up: int) -> list[list[float]]:
    """Times of each command; they take turns, so that the machine's moods meet them all."""
    for _ in range(warm_up):
        for command in commands:
            seconds(command)
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(runs):
        for taken, command in zip(times, commands, strict=True):
            taken.append(seconds(command))
    return times


def peak_memory(command: Command) -> int:
    """Largest memory of a command's processes together while it runs, in bytes; see highest_memory."""
    command.prepare()
    process = command.start()
    return highest_memory(process.pid, lambda: command.finish(process))


def highest_memory(pid: int, work: Callable[[], object]) -> int:
    """Largest memory (see tree_memory) of a process and its descendants during ``work``; sampled."""
    ended = threading.Event()
    peak = 0

    def watch() -> None:
        nonlocal peak
        while not ended.is_set():
            peak = max(peak, tree_memory(pid))
            ended.wait(SAMPLING_INTERVAL)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        ended.set()
        watcher.join()
    return peak


def tree_memory(pid: int) -> int:
    """PSS of a process and its descendants, in bytes: what they share counts once."""
    total = 0
    try:
        parent = psutil.Process(pid)
        members = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for member in members:
        try:
            total += member.memory_full_info().pss
        except psutil.Error:
            continue
    return total


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure of ours beside its yardstick's.

    Attributes:
        bar: The ratio that is permitted; the least one where ``at_least``, else the greatest.
        unit: ``s``, ``B``, ``B/s`` or ``/s``.
    """

    what: str
    yardstick: str
    ours: float
    theirs: float
    bar: float
    unit: str = "s"
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """How many times the yardstick."""
        return self.ours / self.theirs

    @property
    def reached(self) -> bool:
        """Whether the bar is reached."""
        return self.ratio >= self.bar if self.at_least else self.ratio <= self.bar

    @property
    def shown_bar(self) -> str:
        """The bar and on which side of it is good."""
        return f"{'≥' if self.at_least else '≤'} {self.bar:g}×"

    def cells(self) -> list[str]:
        """What the table shows."""
        return [
            self.what,
            self.yardstick,
            quantity(self.ours, self.unit),
            quantity(self.theirs, self.unit),
            f"{self.ratio:.2f}×",
            self.shown_bar,
            "yes" if self.reached else "**no**",
        ]


def quantity(value: float, unit: str) -> str:
    """A figure with its unit, in a size that can be read."""
    if unit == "/s":
        return f"{value:.0f} /s" if value >= 100 else f"{value:.1f} /s"
    if unit.startswith("B"):
        return f"{value / 1e6:.0f} M{unit}"
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def timed(
    what: str,
    yardstick: str,
    ours: Command,
    theirs: Command,
    *,
    bar: float,
    runs: int,
    warm_up: int | None = None,
    summary: Callable[[Iterable[float]], float] = statistics.median,
) -> Row:
    """Measure a command beside its yardstick.

    Args:
        runs: Runs of each that count.
        warm_up: Runs of each before them; one, unless there is but a single run that counts.
        summary: Median, or the minimum where a difference of a few per cent is looked for.
    """
    before = int(runs > 1) if warm_up is None else warm_up
    our_times, their_times = interleaved([ours, theirs], runs, before)
    return Row(what, yardstick, summary(our_times), summary(their_times), bar)


HEADER = ("what", "yardstick", "refgenie", "yardstick's", "ratio", "bar", "reached")


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [HEADER, ("---",) * len(HEADER), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

"""Starting a command, hearing what it says, ending it whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from refgenie.errors import BuildFailedError

GRACE = 5.0
"""Seconds that processes have between SIGTERM and SIGKILL."""

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command as the operating system is given it.

    Attributes:
        arguments: Program and arguments.
        folder: Working folder.
        environment: The whole environment.
        ending: A command that ends and removes what signals do not reach, run in any case; empty where
            there is nothing such.
        linger: Seconds that processes left behind may take to end by themselves.
    """

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    ending: Sequence[str] = ()
    linger: float = 0.0


@dataclass(frozen=True, slots=True)
class CommandUse:
    """What a command took.

    Attributes:
        exit_code: 128 and the signal's number where a signal ended it.
        wall_seconds: From start to end.
        cpu_seconds: User and system time of all its processes.
        peak_memory_bytes: Highest resident memory of all its processes together, as seen.
    """

    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


def run_command(
    invocation: Invocation, hear: Callable[[bytes], None], keep_open: Sequence[int] = ()
) -> CommandUse:
    """Run a command to its end.

    None of its processes outlives it, nor this process, nor an exception in the meantime.

    Args:
        invocation: What to run.
        hear: Told what it writes to standard output and standard error, as it comes.
        keep_open: Descriptors, such as of a lock, that stay open until the last of its processes has
            ended, even where this process dies before.

    Raises:
        BuildFailedError: It could not be started.
    """
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as report:
        try:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    str(_SUPERVISOR),
                    str(writing),
                    str(GRACE),
                    str(invocation.linger),
                    json.dumps(list(invocation.ending)),
                    *invocation.arguments,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=invocation.folder,
                env=dict(invocation.environment),
                pass_fds=(writing, *keep_open),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        try:
            _listen(process, hear)
        finally:
            _let_go(process)
        return _use(report.read(), invocation)


def _listen(process: subprocess.Popen[bytes], hear: Callable[[bytes], None]) -> None:
    assert process.stdout is not None
    while chunk := process.stdout.read1(1 << 16):  # type: ignore[attr-defined]
        hear(chunk)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Close the lifeline: the supervisor ends whatever still runs, and then itself."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    process.wait()


def _use(report: bytes, invocation: Invocation) -> CommandUse:
    answer: dict[str, Any] = (
        json.loads(report) if report else {"error": "its supervisor was ended from outside"}
    )
    if "error" in answer:
        raise BuildFailedError(f"cannot run {invocation.arguments[0]}: {answer['error']}")
    return CommandUse(
        exit_code=answer["exit_code"] if answer["exit_code"] is not None else 137,
        wall_seconds=answer["wall_seconds"],
        cpu_seconds=answer["cpu_seconds"],
        peak_memory_bytes=answer["peak_memory_bytes"],
    )

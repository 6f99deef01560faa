"""Runs the commands of one build in its runner, and says what failed."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from refgenie.build.build_log import BuildLog
from refgenie.build.commands import CommandUse, run_command
from refgenie.build.provenance import CommandRun
from refgenie.build.runners import Runner, Workplace
from refgenie.errors import BuildFailedError, DiskFullError, RefgenieError

logger = logging.getLogger("refgenie.build")

_SHOWN = 120
_NOT_FOUND = 127
_NO_SPACE = ("no space left on device", "disk quota exceeded")
_RESERVE = 1 << 16


class Execution:
    """The commands of one build, one after the other.

    Attributes:
        runs: What has run so far, the failed one too.
    """

    def __init__(
        self,
        title: str,
        runner: Runner,
        workplace: Workplace,
        log: BuildLog,
        *,
        keep_open: Sequence[int] = (),
    ) -> None:
        """Take where commands run; ``keep_open`` are descriptors that live as long as their processes."""
        self._title = title
        self._runner = runner
        self._workplace = workplace
        self._log = log
        self._keep_open = tuple(keep_open)
        self.runs: list[CommandRun] = []

    def run(self, commands: Sequence[str], kind: str = "command") -> None:
        """Run commands; the first that fails is the last.

        Raises:
            BuildFailedError: A command's exit code is not 0.
            DiskFullError: It failed for want of space.
        """
        for number, command in enumerate(commands, 1):
            what = f"{kind} {number} of {len(commands)} ({shown(command)})"
            self._log.heading(f"{kind} {number} of {len(commands)}\n{command}")
            logger.info("%s: %s", self._title, what)
            started = datetime.now(UTC)
            use = self._call(command)
            self.runs.append(CommandRun(command, started, use))
            if use.exit_code != 0:
                raise self._failure(what, use)
            self._log.check()

    def ask(self, questions: Mapping[str, str]) -> dict[str, str]:
        """The first line that each command writes to standard output.

        The exit code does not matter where there is one: many programs tell their version and fail.

        Raises:
            BuildFailedError: A command wrote nothing.
        """
        answers = {}
        for name, command in questions.items():
            answer = self._workplace.scratch / "answer"
            asking = f"{{ {command}\n}} >{shlex.quote(str(answer))}"
            self._log.heading(f"custom seek key {name}\n{command}")
            use = self._call(asking)
            answers[name] = _first_line(answer)
            if not answers[name]:
                raise self._failure(f"custom seek key {name} ({shown(command)}) wrote nothing and", use)
        return answers

    def _call(self, command: str) -> CommandUse:
        invocation = self._runner.invocation(command, self._workplace)
        return run_command(invocation, self._log.hear, self._keep_open)

    def _failure(self, what: str, use: CommandUse) -> RefgenieError:
        said = "; ".join(self._log.tail[-5:])
        log = f"; log: {self._log.path}" if self._log.is_kept else ""
        if self._is_disk_full(said):
            return DiskFullError(
                f"{self._title}: no space left on the disk while {what} ran{log}",
                hint="free some space and run the command again",
            )
        hint = None
        if use.exit_code == _NOT_FOUND and self._workplace.image:
            hint = f"the image {self._workplace.image} may lack the program"
        last = f"; it said: {said}" if said else ""
        return BuildFailedError(
            f"{self._title}: {what} ended with exit code {use.exit_code}{last}{log}",
            hint=hint,
        )

    def _is_disk_full(self, said: str) -> bool:
        if self._log.disk_full or any(sign in said.lower() for sign in _NO_SPACE):
            return True
        disk = os.statvfs(self._workplace.output_folder)
        return disk.f_bavail * disk.f_frsize < _RESERVE


def shown(command: str) -> str:
    """A command as one short line."""
    line = " ".join(command.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            line = handle.readline(4096)
    except OSError:
        return ""
    path.unlink()
    return line.decode("utf-8", "replace").replace("\0", "").strip()

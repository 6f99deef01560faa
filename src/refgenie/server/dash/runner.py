"""Runs one job: a command of refgenie, in a session of its own, so that it outlives the dashboard.

Started as ``python -m refgenie.server.dash.runner FOLDER``. It writes ``started.json`` and, at the end,
``result.json``; the command's standard output goes to ``output``, its standard error to ``log``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

GRACE = 20.0
"""Seconds that a cancelled command has to clean up after itself."""
_PAUSE = 0.1
CANCEL = "cancel"
"""File in a job's folder: it is to end, also where it had not begun when that was asked."""


def write(path: Path, document: object) -> None:
    """Write a JSON file whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(path)


def now() -> str:
    """This moment."""
    return datetime.now(UTC).isoformat()


class Cancellation:
    """Notes that the job is to end."""

    def __init__(self) -> None:
        self.asked: float | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ask for it; also a signal's handler."""
        self.asked = self.asked or time.monotonic()


def run(folder: Path) -> None:
    """Run the job in this folder to its end."""
    cancellation = Cancellation()
    if (folder / CANCEL).exists():
        write(folder / "result.json", {"code": None, "cancelled": True, "at": now()})
        return
    command = json.loads((folder / "job.json").read_text(encoding="utf-8"))["command"]
    with (folder / "output").open("wb") as output, (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "refgenie", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            env={**os.environ, "REFGENIE_PROGRESS_FILE": str(folder / "progress.json")},
            cwd=folder,
        )
        write(folder / "started.json", {"pid": os.getpid(), "child": child.pid, "at": now()})
        if (folder / CANCEL).exists():
            cancellation.ask()
        code = _wait(child, cancellation)
    (folder / "progress.json").unlink(missing_ok=True)
    write(folder / "result.json", {"code": code, "cancelled": cancellation.asked is not None, "at": now()})


def _wait(child: subprocess.Popen[bytes], cancellation: Cancellation) -> int:
    """The command's exit code; a cancelled one is asked to end, and after a while made to."""
    told = False
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(_PAUSE)
        if cancellation.asked is None:
            continue
        if not told:
            child.send_signal(signal.SIGTERM)
            told = True
        elif time.monotonic() - cancellation.asked > GRACE:
            child.kill()


if __name__ == "__main__":
    run(Path(sys.argv[1]))

"""Runs one command and ends all that it started: when it is done, when asked to, or when refgenie dies.

This file is a program of its own and imports nothing of refgenie, so that it starts fast:

    supervisor.py REPORT GRACE LINGER ENDING COMMAND [ARGUMENT …]

Standard input is a pipe of which refgenie alone has the other end. When that is closed, which a
``kill -9`` of refgenie does too, the command and all its descendants get SIGTERM, and SIGKILL
after GRACE seconds. ENDING is a command (JSON list) that ends and removes what no signal reaches, such as a
container; it is run before these signals, else at the end. Processes that are left behind when the
command ends have LINGER seconds.
REPORT is the number of a file descriptor that gets a JSON document: exit code, seconds, memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from typing import NoReturn

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_KILOBYTE = 1 if sys.platform == "darwin" else 1024
_FIRST_LOOK, _LAST_LOOK = 0.02, 1.0


class Supervisor:
    """One command and its descendants."""

    def __init__(self, arguments: list[str], ending: list[str], grace: float, linger: float) -> None:
        self._ending, self._grace, self._linger = ending, grace, linger
        self._asked_to_end = False
        self._cpu_seconds = 0.0
        self._peak_memory = self._ceiling = 0
        self._exit_code: int | None = None
        self._wake_up = self._listen_to_signals()
        _adopt_orphans()
        self._own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._started = time.monotonic()
        self._child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True)

    def run(self) -> dict[str, object]:
        """Wait for the command's end, or bring it about; what it took."""
        self._wait(lambda: self._exit_code is not None or self._asked_to_end)
        wall = time.monotonic() - self._started
        if self._asked_to_end:
            self._end_all()
        else:
            self._run_ending()
            if self._linger:
                self._wait(lambda: self._asked_to_end or not self._descendants(), self._linger)
        if self._descendants():
            self._end_all()
        return {
            "exit_code": self._exit_code,
            "wall_seconds": wall,
            "cpu_seconds": self._cpu_seconds,
            "peak_memory_bytes": self._peak_memory or self._ceiling,
        }

    def _listen_to_signals(self) -> int:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end_by_signal)
        return reading

    def _end_by_signal(self, *_: object) -> None:
        self._asked_to_end = True

    def _wait(self, done: object, seconds: float | None = None) -> None:
        assert callable(done)
        deadline = None if seconds is None else time.monotonic() + seconds
        pause = _FIRST_LOOK
        while not done():
            left = pause if deadline is None else min(pause, deadline - time.monotonic())
            if left <= 0:
                return
            self._look(left)
            pause = min(pause * 1.5, _LAST_LOOK)

    def _look(self, seconds: float) -> None:
        """Wait for something to happen, then see what there is."""
        watched = [self._wake_up] if self._asked_to_end else [self._wake_up, 0]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._wake_up in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_up, 1024)
        if 0 in ready and not os.read(0, 1024):
            self._asked_to_end = True
        self._reap()
        self._measure()

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._cpu_seconds += usage.ru_utime + usage.ru_stime
            # A child starts with its parent's figure: a low one is only known to be no higher.
            if usage.ru_maxrss > self._own_peak:
                self._peak_memory = max(self._peak_memory, usage.ru_maxrss * _KILOBYTE)
            self._ceiling = max(self._ceiling, usage.ru_maxrss * _KILOBYTE)
            if pid == self._child.pid:
                code = os.waitstatus_to_exitcode(status)
                self._exit_code = 128 - code if code < 0 else code
                self._child.returncode = code

    def _measure(self) -> None:
        total = 0
        for process in self._descendants():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        self._peak_memory = max(self._peak_memory, total)

    def _descendants(self) -> list[psutil.Process]:
        try:
            found = psutil.Process().children(recursive=True)
        except psutil.Error:
            return []
        return [process for process in found if _runs(process)]

    def _end_all(self) -> None:
        self._asked_to_end = True
        self._run_ending()
        self._signal_all(signal.SIGTERM)
        self._wait(lambda: not self._descendants(), self._grace)
        for _ in range(50):
            if not self._descendants():
                return
            self._signal_all(signal.SIGKILL)
            self._look(0.05)

    def _run_ending(self) -> None:
        if not self._ending:
            return
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                self._ending,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=30,
                check=False,
            )

    def _signal_all(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._exit_code is None:
                os.killpg(self._child.pid, number)
        for process in self._descendants():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                process.send_signal(number)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _adopt_orphans() -> None:
    """A descendant whose parent ends becomes our child, so that none is lost (Linux)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main() -> NoReturn:
    """Run; the exit code is the command's."""
    report, grace, linger, ending, *arguments = sys.argv[1:]
    os.set_inheritable(int(report), False)
    try:
        supervisor = Supervisor(arguments, json.loads(ending), float(grace), float(linger))
        answer = supervisor.run()
    except OSError as error:
        answer = {"error": f"{error.filename or arguments[0]}: {error.strerror}"}
    with contextlib.suppress(OSError), os.fdopen(int(report), "w") as handle:
        json.dump(answer, handle)
    code = answer.get("exit_code")
    sys.exit(code if isinstance(code, int) else 127)


if __name__ == "__main__":
    main()
